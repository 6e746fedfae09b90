"""Save what networks predict for songs: figures, tables and numbers. Used by `mercore predict`."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from mercore.plots.provenance import Provenance, save, write_whole
from mercore.plots.songs import plot_song_overview
from mercore.songs.predict import Prediction, Result, prediction_table, to_dict


def save_prediction(prediction: Prediction, folder: Path, name: str) -> list[Path]:
    """Write the overview of a song, its shares and all else as folder/name.png, .csv and .json.

    Args:
        prediction: From `predict.predict_song` with `over_time`.
        folder: Where to write.
        name: From `output_names`.

    Returns:
        The paths of the files. Several networks of one task have a figure each.
    """
    by_task: dict[str, list[Result]] = {}
    for result in prediction.results:
        by_task.setdefault(result.analysis.task, []).append(result)
    written = []
    for n in range(max(map(len, by_task.values()))):
        shown = {task: results[n] for task, results in by_task.items() if n < len(results)}
        analyses = {task: result.analysis for task, result in shown.items()}
        fig = plot_song_overview(analyses, {task: result.over_time for task, result in shown.items()})
        provenance = Provenance.of_song(prediction.song, *(result.run for result in shown.values()))
        written.append(save(fig, name if n == 0 else f"{name}--{n + 1}", provenance, folder))
    table = prediction_table(prediction).to_csv(index=False, float_format="%.4f", lineterminator="\n")
    written.append(write_whole(folder / f"{name}.csv", table))
    text = json.dumps(to_dict(prediction), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return [*written, write_whole(folder / f"{name}.json", text)]


def output_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for the files of each song, without special characters and different also in lower case."""
    names: list[str] = []
    for path in paths:
        wanted = re.sub(r"[^\w-]+|-{2,}", "_", path.stem).strip("_")[:80] or "song"
        name, n = wanted, 1
        while name.lower() in map(str.lower, names):
            name, n = f"{wanted}_{n + 1}", n + 1
        names.append(name)
    return names
