"""Draws figures/real/ from the committed records. Explained in 09_beyond_the_report."""

import re
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mercore import FACTS, PROJECT, evaluation, plots
from mercore.evaluation import published
from mercore.study import claims, records, tables
from mercore.study import plots as study_plots
from mercore.study.tables import Networks, RecordIndex
from mercore.training.runs import Run

REAL = PROJECT / "figures" / "real"
ABLATIONS = FACTS / "ablations.csv"
LEARNING = "training tracks"  # in the names of the ablations that make a learning curve
# The corpora with folds of tuned networks, each with the accuracy of a machine on its authors' own features, if any.
MACHINES = {tables.CORPORA["mood"]: published.PANDA_SVM_ACCURACY, tables.REAL_GENRES: None}
# Whose records the report's figures of a task are drawn from: the first corpus that has some by the protocol.
DRAWN = {"genre": (tables.CORPORA["genre"], "GTZAN-mini"), "mood": (tables.CORPORA["mood"],)}
RESULTS = {"genre": (7, "annex1_genre_results"), "mood": (8, "annex2_mood_results")}
FIGURES_OF_SONGS = {"genre": (9, 11), "mood": (10, 12)}


class Writer:
    """Saves figures and tables to one folder and remembers what it has written."""

    def __init__(self, folder: Path):
        """Write below `folder`."""
        self.folder = folder
        self.written: list[Path] = []

    def figure(self, fig, name: str | int, runs: list[Run], note: str = "") -> None:
        """Save a figure whose provenance is that of these runs."""
        self.written.append(plots.save(fig, name, plots.Provenance.of(*runs, note=note), self.folder))

    def table(self, table: pd.DataFrame, name: str) -> None:
        """Save a table."""
        self.written.append(plots.save_table(table, name, self.folder))


def draw(recorded: list[Run], out: Path = REAL) -> list[Path]:
    """Draw every figure and table that follows from the records, a folder a protocol; return the files."""
    index = RecordIndex(recorded)
    if not recorded:
        return []
    written = draw_ablations(out / "comparison")
    for protocol in tables.PROTOCOLS:
        written += draw_report_figures(index, protocol, out / protocol)
    comparison = Writer(out / "comparison")
    for corpus in index.corpora:
        for profile in ("report", "tuned"):
            draw_protocols(index, corpus, profile, comparison)
    for corpus in MACHINES:
        draw_folds(index, corpus, comparison)
    draw_mood_names(index, comparison)
    return written + comparison.written


def draw_report_figures(index: RecordIndex, protocol: str, out: Path) -> list[Path]:
    """Draw the report's figures 7 to 26 and both annexes by one protocol, as far as there are records; and claims."""
    found = {
        task: next(filter(None, (index.by_network(corpus, protocol) for corpus in corpora)), {})
        for task, corpora in DRAWN.items()
    }
    by_task = {task: networks for task, networks in found.items() if networks}
    if not by_task:
        return []
    writer = Writer(out)
    for task, networks in by_task.items():
        draw_results(task, networks, protocol, writer)
        draw_confusions(task, networks, writer)
        draw_reliability(task, networks[tables.best_by_validation(networks)][0], writer)
    snippets = draw_songs(by_task, writer)
    writer.table(claims.evaluate_claims(by_task, snippets).set_index("number"), "claims")
    return writer.written


def draw_results(task: str, networks: Networks, protocol: str, writer: Writer) -> None:
    """Draw figure 7 or 8 and its annex."""
    runs, (number, annex) = tables.all_runs([networks]), RESULTS[task]
    summary, classes = evaluation.summarise(runs), runs[0].classes
    writer.figure(plots.plot_accuracies(summary, task, classes, protocol), number, runs)
    source = f"{runs[0].corpus['name']}, split by {protocol}"
    writer.table(plots.annex_table(summary, task, classes, source), annex)


def draw_confusions(task: str, networks: Networks, writer: Writer) -> None:
    """Draw the confusion matrix of each of the report's networks, by its first seed."""
    for key in published.networks():
        if key in networks:
            run = networks[key][0]
            writer.figure(plots.plot_run_confusion(run), published.figure_number(task, key), [run])


def draw_reliability(task: str, run: Run, writer: Writer) -> None:
    """Draw accuracy against confidence, before and after temperature scaling."""
    if len(run.side("validation")):
        before, after, temperature = tables.calibrated(run)
        titles = run.title, f"at temperature {temperature:.2f}"
        writer.figure(study_plots.plot_reliability(before, after, titles), f"reliability_{task}", [run])


def draw_songs(by_task: dict[str, Networks], writer: Writer) -> pd.DataFrame | None:
    """Draw the composed songs as the networks of the case studies recorded them; return snippets in known sections."""
    snippets = []
    for task, key in records.CASE_NETWORKS.items():
        for run in by_task.get(task, {}).get(key, [])[:1]:
            for number, analysis in zip(FIGURES_OF_SONGS[task], records.song_analyses(run), strict=False):
                about = plots.Provenance.of_song(analysis.song, run)
                writer.written.append(plots.save(plots.plot_song(analysis), number, about, writer.folder))
                snippets.append(analysis.labelled_snippets())
    return pd.concat(snippets) if snippets else None


def draw_protocols(index: RecordIndex, corpus: str, profile: str, writer: Writer) -> None:
    """Draw the protocols compared on one corpus, and what voting and pairs of networks give by each."""
    by_protocol = index.by_protocol(corpus, profile)
    if not by_protocol:
        return
    table, runs = tables.protocol_table(by_protocol), tables.all_runs(by_protocol.values())
    slug, what = _slug(corpus) + ("_tuned" if profile == "tuned" else ""), tables.score(runs[0]).name
    fig = study_plots.plot_protocols(table, runs[0].corpus["task"], runs[0].classes, what)
    writer.figure(fig, f"protocols_{slug}", runs)
    writer.table(table.drop(columns="seeds").set_index("network"), f"protocols_{slug}")
    by_track = {protocol: networks for protocol, networks in by_protocol.items() if protocol != "clip"}
    if by_track:
        votes = {f"split by {protocol}": tables.vote_table(networks) for protocol, networks in by_track.items()}
        writer.figure(plots.plot_votes(votes, what), f"votes_{slug}", tables.all_runs(by_track.values()))
        pairs = {protocol: tables.pair_table(networks) for protocol, networks in by_track.items()}
        writer.table(pd.concat(pairs, names=["split"]), f"pairs_{slug}")


def draw_folds(index: RecordIndex, corpus: str, writer: Writer) -> None:
    """Draw tuned networks, ensembles and baselines compared on the same folds; and more of the best network."""
    folds, slug = index.folds(corpus), _slug(corpus)
    if not folds:
        return
    table, runs = tables.fold_table(folds), tables.all_runs([folds])
    pooled = f"{runs[0].config['folds']} folds, pooled"
    fig = study_plots.plot_folds(table, len(runs[0].classes), MACHINES[corpus], tables.score(runs[0]).name)
    writer.figure(fig, f"tuned_{slug}", runs, pooled)
    writer.table(table, f"tuned_{slug}")
    if networks := index.folds(corpus, baselines=False):
        best = networks[tables.best_by_validation(networks)]
        for name, fig in best_network_figures(index, best, slug).items():
            writer.figure(fig, name, best, pooled)


def best_network_figures(index: RecordIndex, best: list[Run], slug: str) -> dict[str, Figure]:
    """Plot what voting adds to one network's folds, its confusions, and moods by genre where genres are known."""
    first, test = best[0], tables.pooled_test(best)
    task, matrix = first.corpus["task"], evaluation.confusion(evaluation.vote(test), first.classes)
    figures = {
        f"clip_votes_{slug}": study_plots.plot_clip_votes({task: tables.accuracy_by_clips(test)}, {task: first.title}),
        f"confusion_{slug}": plots.plot_confusion(matrix, f"{first.title}, profile tuned: tracks"),
    }
    genres = tables.accuracy_by_genre(index, best)
    if task == "mood" and len(genres):
        title = f"Moods by genre: {first.title}, profile tuned"
        figures["moods_by_genre"] = study_plots.plot_by_genre(genres, title)
    return figures


def draw_mood_names(index: RecordIndex, writer: Writer) -> None:
    """Draw which quadrants the report's mood names stand for."""
    if networks := tables.mood_name_runs(index):
        fig = study_plots.plot_mood_names(tables.mood_name_tables(networks))
        writer.figure(fig, "mood_names", tables.all_runs([networks]))


def _slug(corpus: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", corpus.lower()).strip("_")


def read_ablations() -> tuple[pd.DataFrame, pd.DataFrame, plots.Provenance]:
    """Read data/ablations.csv: a row for each change, the unchanged network first; the learning curve; provenance."""
    table = pd.read_csv(ABLATIONS, index_col="variant")
    unchanged = table.iloc[0]
    about = plots.Provenance(
        corpus=tables.CORPORA["mood"],
        protocol="artist",
        tracks=int(unchanged["tested tracks"]),
        seed=int(unchanged["seed"]),
        profile="tuned",
        note=f"{int(unchanged['folds'])} folds, pooled; network: Conv",
    )
    fewer = table.index.str.contains(LEARNING)
    curve = pd.concat([table[fewer], table.iloc[:1]]).sort_values("training tracks")
    return table[~fewer], curve, about


def draw_ablations(out: Path) -> list[Path]:
    """Draw data/ablations.csv and its learning curve."""
    table, curve, about = read_ablations()
    return [
        plots.save(study_plots.plot_ablations(table), "ablations", about, out),
        plots.save(study_plots.plot_learning_curve(curve), "learning_curve", about, out),
    ]
