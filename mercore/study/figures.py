"""Draws figures/real/ from the committed records. Explained in 09_beyond_the_report."""

import re
from pathlib import Path

import pandas as pd

from mercore import FACTS, PROJECT, evaluation, plots, songs
from mercore.evaluation import published
from mercore.study import claims as ledger
from mercore.study import plots as study_plots
from mercore.study import records
from mercore.study import tables as beyond
from mercore.training import runs

REAL = PROJECT / "figures" / "real"
ABLATIONS = FACTS / "ablations.csv"
LEARNING = "training tracks"  # in the names of the ablations that make a learning curve
# The corpora with folds of tuned networks, each with the accuracy of a machine on its authors' own features, if any.
MACHINES = {beyond.CORPORA["mood"]: published.PANDA_SVM_ACCURACY, beyond.REAL_GENRES: None}
# Whose records the report's figures of a task are drawn from: the first corpus that has some by the protocol.
DRAWN = {"genre": (beyond.CORPORA["genre"], "GTZAN-mini"), "mood": (beyond.CORPORA["mood"],)}
FIGURES_OF_SONGS = {"genre": (9, 11), "mood": (10, 12)}


def draw(several: list[runs.Run], out: Path = REAL) -> list[Path]:
    """Every figure and table that follows from these records, a folder a protocol; returns the files.

    several: what `records.load_all` returns.
    """
    written = [] if not several else _draw_ablations(out / "comparison")
    for protocol in beyond.PROTOCOLS:
        own = {task: _first_recorded(several, names, protocol) for task, names in DRAWN.items()}
        own = {task: found for task, found in own.items() if found}
        if own:
            written += _draw_protocol(own, protocol, out / protocol)
    for name in dict.fromkeys(run.corpus["name"] for run in several):
        for profile in ("report", "tuned"):
            written += _draw_comparison(several, name, profile, out / "comparison")
    for name in MACHINES:
        written += _draw_folds(several, name, out / "comparison")
    if tables := beyond.mood_name_tables(several):
        used = [run for of in beyond.mood_name_runs(several).values() for run in of]
        fig = study_plots.plot_mood_names(tables)
        written.append(plots.save(fig, "mood_names", plots.Provenance.of(*used), out / "comparison"))
    return written


def _first_recorded(several: list[runs.Run], names: tuple[str, ...], protocol: str) -> dict[str, list[runs.Run]]:
    """`beyond.by_network` of the first of these corpora that has records by the protocol; empty where none has."""
    return next(filter(None, (beyond.by_network(several, name, protocol) for name in names)), {})


def _draw_protocol(own: dict[str, dict[str, list[runs.Run]]], protocol: str, out: Path) -> list[Path]:
    """The report's figures 7 to 26 and both annexes by one protocol, as far as there are records; and the ledger."""
    written = []
    for task, of_task in own.items():
        every = [run for several in of_task.values() for run in several]
        summary, classes = evaluation.summarise(every), every[0].classes
        about = plots.Provenance.of(*every)
        fig = plots.plot_accuracies(summary, task, classes, protocol)
        table = plots.annex_table(summary, task, classes, f"{every[0].corpus['name']}, split by {protocol}")
        number, annex = (7, "annex1_genre_results") if task == "genre" else (8, "annex2_mood_results")
        written += [plots.save(fig, number, about, out), plots.save_table(table, annex, out)]
        for key, (first, *_) in of_task.items():
            fig = plots.plot_run_confusion(first)
            written.append(plots.save(fig, published.figure_number(task, key), plots.Provenance.of(first), out))
        run = of_task[beyond.best_by_validation(of_task)][0]
        if len(run.side("validation")):
            before, after, by = beyond.calibrated(run)
            fig = study_plots.plot_reliability(before, after, (run.title, f"at temperature {by:.2f}"))
            written.append(plots.save(fig, f"reliability_{task}", plots.Provenance.of(run), out))
    analyses = _analyses(own)
    for number, run, analysis in analyses:
        about = plots.Provenance.of_song(analysis.song, run)
        written.append(plots.save(plots.plot_song(analysis), number, about, out))
    snippets = pd.concat([analysis.labelled_snippets() for *_, analysis in analyses]) if analyses else None
    claims = ledger.settle(own, snippets).set_index("number")
    return [*written, plots.save_table(claims, "claims", out)]


def _analyses(own: dict[str, dict[str, list[runs.Run]]]) -> list[tuple[int, runs.Run, songs.Analysis]]:
    """What the two networks of the case studies made of the composed songs, each with the number of its figure."""
    return [
        (number, run, analysis)
        for task, key in records.CASE_NETWORKS.items()
        for run in own.get(task, {}).get(key, [])[:1]
        for number, analysis in zip(FIGURES_OF_SONGS[task], records.analyses(run), strict=False)
    ]


def _draw_comparison(several: list[runs.Run], corpus: str, profile: str, out: Path) -> list[Path]:
    """The protocols side by side on one corpus, and what voting and pairs of networks add by each."""
    table = beyond.protocol_table(several, corpus, profile)
    if table.empty:
        return []
    slug = _slug(corpus) + ("_tuned" if profile == "tuned" else "")
    by_protocol = {protocol: beyond.by_network(several, corpus, protocol, profile) for protocol in beyond.PROTOCOLS}
    by_protocol = {protocol: own for protocol, own in by_protocol.items() if own}
    used = beyond.compared(several, corpus, profile)
    about, first = plots.Provenance.of(*used), used[0]
    what = beyond.score(first).name
    fig = study_plots.plot_protocols(table, first.corpus["task"], first.classes, what)
    written = [
        plots.save(fig, f"protocols_{slug}", about, out),
        plots.save_table(table.drop(columns="seeds").set_index("network"), f"protocols_{slug}", out),
    ]
    whole = {protocol: own for protocol, own in by_protocol.items() if protocol != "clip"}
    if whole:
        votes = {f"split by {protocol}": beyond.vote_table(own) for protocol, own in whole.items()}
        fig = plots.plot_votes(votes, what)
        about = plots.Provenance.of(*(run for run in used if run.config["protocol"] in whole))
        pairs = pd.concat({protocol: beyond.pair_table(own) for protocol, own in whole.items()}, names=["split"])
        written.append(plots.save(fig, f"votes_{slug}", about, out))
        written.append(plots.save_table(pairs, f"pairs_{slug}", out))
    return written


def _draw_folds(several: list[runs.Run], corpus: str, out: Path) -> list[Path]:
    """The tuned networks, alone and together, beside the baselines on the same folds; and more of the best of them."""
    found = beyond.folds_of(several, corpus)
    used = [run for of in found.values() for run in of]
    if not used:
        return []
    table = beyond.fold_table(several, corpus)
    pooled = f"{used[0].config['folds']} folds, pooled"
    fig = study_plots.plot_folds(table, len(used[0].classes), MACHINES[corpus], beyond.score(used[0]).name)
    name = f"tuned_{_slug(corpus)}"
    written = [
        plots.save(fig, name, plots.Provenance.of(*used, note=pooled), out),
        plots.save_table(table, name, out),
    ]
    if networks := {key: of for key, of in found.items() if key in published.ORDER}:
        best = networks[beyond.best_by_validation(networks)]
        written += _draw_best(several, best, plots.Provenance.of(*best, note=pooled), out)
    return written


def _draw_best(several: list[runs.Run], best: list[runs.Run], about: plots.Provenance, out: Path) -> list[Path]:
    """Of one network's folds: what voting adds, its confusions, and moods by genre where genres are known."""
    first, test, slug = best[0], beyond.pooled_test(best), _slug(best[0].corpus["name"])
    curves = {first.corpus["task"]: beyond.accuracy_by_clips(test)}
    matrix = evaluation.confusion(evaluation.vote(test), first.classes)
    drawn = {
        f"clip_votes_{slug}": study_plots.plot_clip_votes(curves, {first.corpus["task"]: first.title}),
        f"confusion_{slug}": plots.plot_confusion(matrix, f"{first.title}, profile tuned: tracks"),
    }
    genres = beyond.accuracy_by_genre(several, best)
    if first.corpus["task"] == "mood" and len(genres):
        drawn["moods_by_genre"] = study_plots.plot_by_genre(genres, f"Moods by genre: {first.title}, profile tuned")
    return [plots.save(fig, name, about, out) for name, fig in drawn.items()]


def _slug(corpus: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", corpus.lower()).strip("_")


def ablations() -> tuple[pd.DataFrame, pd.DataFrame, plots.Provenance]:
    """What tests/benchmarks/ablations.py has measured: a row a change; a row a number of training tracks; whence.

    Both tables have the network as it is, the first one in its first row, the learning curve in its last.
    """
    table = pd.read_csv(ABLATIONS, index_col="variant")
    row = table.iloc[0]
    about = plots.Provenance(
        corpus=beyond.CORPORA["mood"],
        protocol="artist",
        tracks=int(row["tested tracks"]),
        seed=int(row["seed"]),
        profile="tuned",
        note=f"{int(row['folds'])} folds, pooled; network: Conv",
    )
    fewer = table.index.str.contains(LEARNING)
    curve = pd.concat([table[fewer], table.iloc[:1]]).sort_values("training tracks")
    return table[~fewer], curve, about


def _draw_ablations(out: Path) -> list[Path]:
    table, curve, about = ablations()
    drawn = {"ablations": study_plots.plot_ablations(table), "learning_curve": study_plots.plot_learning_curve(curve)}
    return [plots.save(fig, name, about, out) for name, fig in drawn.items()]
