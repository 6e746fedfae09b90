"""What the committed records of trainings on real music show together. Explained in 09_beyond_the_report.

`draw` takes what `records.load_all` returns and writes every figure of it, one folder a protocol.
"""

from pathlib import Path

import pandas as pd

from mercore import PROJECT, UserError, calibration, evaluation, figures, ledger, mood_names, published, runs

REAL = PROJECT / "figures" / "real"
PROTOCOLS = ("clip", "track", "artist")


def by_network(
    several: list[runs.Run], task: str, protocol: str, profile: str = "report"
) -> dict[str, list[runs.Run]]:
    """The runs of the seven networks on a task by a protocol, for each network by seed; only seeds that all have.

    Raises UserError where two of them differ in more than that, as in the corpus or in the clips of a track.
    """
    found: dict[str, dict[int, runs.Run]] = {}
    for run in several:
        c = run.config
        if (run.corpus["task"], c["protocol"], c["profile"], c.get("fold")) == (task, protocol, profile, None):
            other = found.setdefault(c["network"], {}).setdefault(c["seed"], run)
            if other is not run:
                raise UserError(f"{other.id} and {run.id} are of one network, seed and protocol: move one away")
    seeds = set.intersection(*(set(of) for of in found.values())) if found else set()
    return {key: [found[key][seed] for seed in sorted(seeds)] for key in published.ORDER if seeds and key in found}


def protocol_table(several: list[runs.Run], task: str) -> pd.DataFrame:
    """A row for each network and protocol: accuracy, low, high over all its seeds together, seeds (a list)."""
    rows = []
    for protocol in PROTOCOLS:
        for key, own in by_network(several, task, protocol).items():
            estimate, low, high = evaluation.accuracy_interval(pd.concat([run.side("test") for run in own]))
            rows.append((key, protocol, estimate, low, high, [run.accuracy() for run in own]))
    return pd.DataFrame(rows, columns=["network", "protocol", "accuracy", "low", "high", "seeds"])


def mood_name_tables(several: list[runs.Run]) -> dict[str, pd.DataFrame]:
    """`mood_names.bootstrap` of each network, with its test clips by the report's own protocol, all seeds."""
    own = by_network(several, "mood", "clip")
    return {key: mood_names.bootstrap(key, pd.concat([run.side("test") for run in of])) for key, of in own.items()}


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


def draw(several: list[runs.Run], out: Path = REAL) -> list[Path]:
    """Every figure and table that follows from these records; returns the files."""
    written = []
    for protocol in PROTOCOLS:
        if own := by_network(several, "mood", protocol):
            written += _draw_protocol(own, protocol, out / protocol)
    everything = [run for protocol in PROTOCOLS for of in by_network(several, "mood", protocol).values() for run in of]
    if everything:
        about, target = figures.Provenance.of(*everything), out / "comparison"
        fig = figures.plot_protocols(protocol_table(several, "mood"), "mood", len(everything[0].classes))
        written.append(figures.save(fig, "protocols_mood", about, target))
    if tables := mood_name_tables(several):
        used = [run for of in by_network(several, "mood", "clip").values() for run in of]
        fig = figures.plot_mood_names(tables)
        written.append(figures.save(fig, "mood_names", figures.Provenance.of(*used), out / "comparison"))
    return written


def _draw_protocol(own: dict[str, list[runs.Run]], protocol: str, out: Path) -> list[Path]:
    every = [run for of in own.values() for run in of]
    summary = evaluation.summarise(every)
    about = figures.Provenance.of(*every)
    fig = figures.plot_accuracies(summary, "mood", every[0].classes, protocol)
    table = figures.annex_table(summary, "mood", every[0].classes, f"{every[0].corpus['name']}, split by {protocol}")
    written = [figures.save(fig, 8, about, out), figures.save_table(table, "annex2_mood_results", out)]
    for key, (first, *_) in own.items():
        fig = figures.plot_run_confusion(first)
        written.append(figures.save(fig, published.figure("mood", key), figures.Provenance.of(first), out))
    best = max(own, key=lambda key: sum(run.accuracy("validation") for run in own[key]))
    before, after, by = calibrated(own[best][0])
    fig = figures.plot_reliability(before, after, (own[best][0].title, f"at temperature {by:.2f}"))
    written.append(figures.save(fig, "reliability_mood", figures.Provenance.of(own[best][0]), out))
    written.append(figures.save_table(ledger.settle({"mood": own}).set_index("number"), "claims_mood", out))
    return written
