"""What the committed records of trainings on real music show together. Explained in 09_beyond_the_report.

`draw` takes what `records.load_all` returns and writes every figure of it, one folder a protocol.
"""

import re
from pathlib import Path

import pandas as pd

from mercore import PROJECT, UserError, calibration, evaluation, figures, ledger, mood_names, published, records, runs

REAL = PROJECT / "figures" / "real"
PROTOCOLS = ("clip", "track", "artist")
CORPORA = {"genre": "4Q genre tags", "mood": "4Q"}  # those whose figures are drawn one by one
FIGURES_OF_SONGS = {"genre": (9, 11), "mood": (10, 12)}
UNEVEN = 2.0  # from so many times as many tracks in one class as in another on, recalls are averaged


def by_network(several: list[runs.Run], corpus: str, protocol: str) -> dict[str, list[runs.Run]]:
    """The runs of the report's networks on a corpus by a protocol, for each network by seed; only seeds all have.

    Raises UserError where two of them differ in more than that, as in the clips of a track.
    """
    found: dict[str, dict[int, runs.Run]] = {}
    for run in several:
        c = run.config
        if (run.corpus["name"], c["protocol"], c["profile"], c.get("fold")) == (corpus, protocol, "report", None):
            other = found.setdefault(c["network"], {}).setdefault(c["seed"], run)
            if other is not run:
                raise UserError(f"{other.id} and {run.id} are of one network, seed and protocol: move one away")
    seeds = set.intersection(*(set(of) for of in found.values())) if found else set()
    return {key: [found[key][seed] for seed in sorted(seeds)] for key in published.ORDER if seeds and key in found}


def pooled_test(own: list[runs.Run]) -> pd.DataFrame:
    """The test predictions of several runs, usually the seeds of one network, together."""
    return pd.concat([run.side("test") for run in own], ignore_index=True)


def is_uneven(run: runs.Run) -> bool:
    """Whether the classes of a run's corpus differ so much in size that accuracy would be one of the largest."""
    tracks = run.predictions.drop_duplicates("track")["label"].value_counts()
    return bool(tracks.max() >= UNEVEN * tracks.min())


def protocol_table(several: list[runs.Run], corpus: str) -> pd.DataFrame:
    """A row for each network and protocol: accuracy, low, high over all its seeds together, seeds (a list).

    Where the classes are uneven (`is_uneven`) the accuracies are balanced ones.
    """
    rows = []
    for protocol in PROTOCOLS:
        for key, own in by_network(several, corpus, protocol).items():
            interval = evaluation.balanced_interval if is_uneven(own[0]) else evaluation.accuracy_interval
            rows.append((key, protocol, *interval(pooled_test(own)), [interval(run.side("test"))[0] for run in own]))
    return pd.DataFrame(rows, columns=["network", "protocol", "accuracy", "low", "high", "seeds"])


def vote_table(own: dict[str, list[runs.Run]]) -> pd.DataFrame:
    """What voting adds, a row a network: accuracy of clips; of tracks by the mean (with low, high) and by majority."""
    rows = {}
    for key, several in own.items():
        voted = {
            how: pd.concat([evaluation.vote(run.side("test"), how) for run in several]) for how in ("mean", "majority")
        }
        tracks, low, high = evaluation.accuracy_interval(voted["mean"])
        clips, majority = evaluation.accuracy(pooled_test(several)), evaluation.accuracy(voted["majority"])
        rows[key] = clips, tracks, low, high, majority
    columns = ["clips", "tracks", "low", "high", "majority"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("network")


def pair_table(own: dict[str, list[runs.Run]]) -> pd.DataFrame:
    """Each network against the one with the best validation accuracy, on the same test tracks, a row each.

    Columns: difference, low, high (track accuracy less the best's, all seeds together; paired bootstrap of artists),
    best_alone, other_alone, p (McNemar's test on the votes of the first seed), beaten (the interval is below zero).
    """
    best = best_by_validation(own)
    voted = {key: [evaluation.vote(run.side("test")) for run in several] for key, several in own.items()}
    rows = {}
    for key in voted:
        if key != best:
            together = (pd.concat(voted[which], ignore_index=True) for which in (best, key))
            difference, low, high = evaluation.difference_interval(*together)
            counts = evaluation.mcnemar(voted[best][0], voted[key][0])
            rows[key] = best, difference, low, high, *counts, high < 0
    columns = ["best", "difference", "low", "high", "best_alone", "other_alone", "p", "beaten"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("network")


def best_by_validation(own: dict[str, list[runs.Run]]) -> str:
    """The network with the highest mean validation accuracy, or that of training where there is no validation."""
    side = "validation" if len(next(iter(own.values()))[0].side("validation")) else "train"
    return max(own, key=lambda key: sum(run.accuracy(side) for run in own[key]) / len(own[key]))


def mood_name_tables(several: list[runs.Run]) -> dict[str, pd.DataFrame]:
    """`mood_names.bootstrap` of each network, with its test clips by the report's own protocol, all seeds."""
    own = by_network(several, CORPORA["mood"], published.PROTOCOL)
    return {key: mood_names.bootstrap(key, pooled_test(of)) for key, of in own.items()}


def calibrated(run: runs.Run) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Test predictions before and after temperature scaling, and the temperature, chosen on validation clips.

    Raises ValueError where there are none.
    """
    if run.side("validation").empty:
        raise ValueError(f"{run.id} has no validation clips to choose a temperature on")
    by = calibration.temperature(run.side("validation"))
    return run.side("test"), calibration.tempered(run.side("test"), by), by


def accuracy_by_clips(predictions: pd.DataFrame, seed: int = 0, draws: int = 20) -> pd.DataFrame:
    """Track accuracy by the number of clips that vote, drawn at random from each track: clips, accuracy, low, high.

    predictions: clips of one side. Up to as many clips as the track with the fewest has; the mean over `draws`.
    """
    rows = []
    for k in range(1, predictions.groupby("track").size().min() + 1):
        votes = [
            evaluation.vote(predictions.groupby("track", sort=False).sample(k, random_state=seed * draws + n))
            for n in range(draws)
        ]
        every = pd.concat(votes, ignore_index=True)
        rows.append((k, *evaluation.accuracy_interval(every)))
    return pd.DataFrame(rows, columns=["clips", "accuracy", "low", "high"])


def accuracy_by_genre(several: list[runs.Run], moods: list[runs.Run]) -> pd.DataFrame:
    """How a mood network does on tracks of each genre, where a record of the genre corpus names it: a row each.

    several: all records. moods: runs of one mood network. Columns: tracks; accuracy, low, high; likeliest, the share
    of the genre's tracks whose mood is its most frequent one, which knowing the genre alone would give.
    """
    genres = pd.concat(
        [run.predictions[["track", "label"]] for run in several if run.corpus["name"] == CORPORA["genre"]]
    ).drop_duplicates("track")
    test = pooled_test(moods).merge(genres.rename(columns={"label": "genre"}), on="track")
    rows = {}
    for genre, own in test.groupby("genre"):
        tracks = own.drop_duplicates("track")["label"]
        rows[genre] = len(tracks), *evaluation.accuracy_interval(own), tracks.value_counts(normalize=True).max()
    columns = ["tracks", "accuracy", "low", "high", "likeliest"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("genre")


def draw(several: list[runs.Run], out: Path = REAL) -> list[Path]:
    """Every figure and table that follows from these records; returns the files."""
    written = []
    for protocol in PROTOCOLS:
        own = {task: by_network(several, name, protocol) for task, name in CORPORA.items()}
        own = {task: found for task, found in own.items() if found}
        if own:
            written += _draw_protocol(own, protocol, out / protocol)
    for name in dict.fromkeys(run.corpus["name"] for run in several):
        written += _draw_comparison(several, name, out / "comparison")
    if tables := mood_name_tables(several):
        used = [run for of in by_network(several, CORPORA["mood"], published.PROTOCOL).values() for run in of]
        fig = figures.plot_mood_names(tables)
        written.append(figures.save(fig, "mood_names", figures.Provenance.of(*used), out / "comparison"))
    return written


def _draw_protocol(own: dict[str, dict[str, list[runs.Run]]], protocol: str, out: Path) -> list[Path]:
    """The report's figures 7 to 26 and both annexes by one protocol, as far as there are records; and the ledger."""
    written = []
    for task, of_task in own.items():
        every = [run for several in of_task.values() for run in several]
        summary, classes = evaluation.summarise(every), every[0].classes
        about = figures.Provenance.of(*every)
        fig = figures.plot_accuracies(summary, task, classes, protocol)
        table = figures.annex_table(summary, task, classes, f"{every[0].corpus['name']}, split by {protocol}")
        number, annex = (7, "annex1_genre_results") if task == "genre" else (8, "annex2_mood_results")
        written += [figures.save(fig, number, about, out), figures.save_table(table, annex, out)]
        for key, (first, *_) in of_task.items():
            fig = figures.plot_run_confusion(first)
            written.append(figures.save(fig, published.figure(task, key), figures.Provenance.of(first), out))
        run = of_task[best_by_validation(of_task)][0]
        if len(run.side("validation")):
            before, after, by = calibrated(run)
            fig = figures.plot_reliability(before, after, (run.title, f"at temperature {by:.2f}"))
            written.append(figures.save(fig, f"reliability_{task}", figures.Provenance.of(run), out))
    written += _draw_songs(own, out)
    claims = ledger.settle(own).set_index("number")
    return [*written, figures.save_table(claims, "claims", out)]


def _draw_songs(own: dict[str, dict[str, list[runs.Run]]], out: Path) -> list[Path]:
    """Figures 9 to 12: what the two networks of the case studies made of the composed songs."""
    written = []
    for task, key in records.CASE_STUDIES.items():
        for run in own.get(task, {}).get(key, [])[:1]:
            for number, analysis in zip(FIGURES_OF_SONGS[task], records.analyses(run), strict=False):
                fig = figures.plot_song(analysis)
                written.append(figures.save(fig, number, figures.Provenance.of_song(analysis.song, run), out))
    return written


def _draw_comparison(several: list[runs.Run], corpus: str, out: Path) -> list[Path]:
    """The protocols side by side on one corpus, and what voting and pairs of networks add by each."""
    table = protocol_table(several, corpus)
    if table.empty:
        return []
    slug = re.sub(r"[^a-z0-9]+", "_", corpus.lower()).strip("_")
    own = {protocol: by_network(several, corpus, protocol) for protocol in PROTOCOLS}
    every = [run for of in own.values() for several in of.values() for run in several]
    about = figures.Provenance.of(*every)
    what = "balanced accuracy" if is_uneven(every[0]) else "accuracy"
    fig = figures.plot_protocols(table, every[0].corpus["task"], every[0].classes, what)
    written = [figures.save(fig, f"protocols_{slug}", about, out)]
    written.append(figures.save_table(table.drop(columns="seeds").set_index("network"), f"protocols_{slug}", out))
    whole = {f"split by {name}": vote_table(of) for name, of in own.items() if of and name != "clip"}
    if whole:
        used = [run for name, of in own.items() if name != "clip" for several in of.values() for run in several]
        written.append(figures.save(figures.plot_votes(whole), f"votes_{slug}", figures.Provenance.of(*used), out))
        pairs = pd.concat({name: pair_table(of) for name, of in own.items() if of and name != "clip"}, names=["split"])
        written.append(figures.save_table(pairs, f"pairs_{slug}", out))
    return written
