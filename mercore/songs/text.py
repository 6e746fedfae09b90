"""Sentences on songs: headlines and warnings for 08_case_studies, the song explorer and `predict`."""

import numpy as np

from mercore.corpora import class_label
from mercore.evaluation import wilson
from mercore.evaluation.text import clock, escape_markdown, percent, plural
from mercore.songs.analysis import Analysis
from mercore.songs.predict import MAX_LINE, Prediction
from mercore.songs.reliability import OOD_THRESHOLD, Reliability
from mercore.songs.song import Song, one_line
from mercore.training.runs import Run

SHOWN = 0.005  # a class with a smaller share isn't printed


def describe_origin(song: Song, run: Run) -> str:
    """Say whether the network was trained on music like this song; a warning where it wasn't (Markdown)."""
    task, corpus, title = run.corpus["task"], escape_markdown(run.corpus["name"]), f"*{escape_markdown(song.title)}*"
    trained_on_composed = run.corpus.get("kind") == "composed"
    if trained_on_composed and song.composed:
        return f"{title} and the training data of the {task} network come from the same composer."
    if trained_on_composed:
        return (
            f"⚠ **Warning:** the {task} network was trained on composed music only ({corpus}), without voices or "
            f"recordings, so its answer is no statement about {title}. Train on recordings: set `{task.upper()}`."
        )
    if song.composed:
        return (
            f"⚠ **Warning:** {title} was composed by this project, while the {task} network was trained on {corpus}. "
            "Its test accuracy there doesn't carry over to this song."
        )
    return f"{title} is your own file, and the {task} network was trained on {corpus}. How alike are they?"


def describe_shares(analysis: Analysis) -> str:
    """Say which classes are the most frequent, and whether the first has a majority (Markdown)."""
    shares = analysis.shares().sort_values("share", ascending=False, kind="stable")
    names, n, first = (
        [escape_markdown(class_label(name)) for name in shares.index],
        len(analysis.starts),
        shares.iloc[0],
    )
    text = (
        f"Most frequent is {names[0]} with {first['snippets']:.0f} of {n} snippets (interval "
        f"{percent(first['low'])} to {percent(first['high'])})"
    )
    if first["snippets"] == n:
        text += ", the only class that occurs"
    else:
        text += f", then {names[1]} with {shares['snippets'].iloc[1]:.0f}"
    if first["low"] > 0.5:
        return f"{text}. By this network, that is most of the song."
    if first["high"] < 0.5:
        return f"{text}. By this network, that isn't most of the song."
    return f"{text}. The interval includes 50 %: {plural(n, 'snippet')} can't say whether that is most of the song."


def describe_agreement(analysis: Analysis, run: Run) -> str:
    """Say how many snippets get their section's label, and how many would if the answers were shuffled (Markdown)."""
    table, name = analysis.labelled_snippets(), f"*{escape_markdown(analysis.song.title)}*, {analysis.task}: "
    if table.empty:
        return f"{name}no section with a label is known, so there is nothing to check."
    correct, n = int((table["label"] == table["predicted"]).sum()), len(table)
    low, high = wilson(correct, n)
    labels, answers = (table[column].value_counts(normalize=True) for column in ("label", "predicted"))
    return (
        f"{name}**{correct} of {n}** snippets get the label of their section, {percent(correct / n)} (interval "
        f"{percent(low)} to {percent(high)}); with the same answers in random order "
        f"{percent(labels.mul(answers, fill_value=0).sum())} would. On its test clips the network gets "
        f"{percent(run.accuracy('test'))} right."
    )


def describe_reliability(found: Reliability, analysis: Analysis, run: Run) -> list[str]:
    """Return the warnings of `assess_reliability` as sentences (Markdown), and last what they rest on."""
    sound = f"The song's average spectrum lies {found.distance:.2f} from the training data (threshold {OOD_THRESHOLD})"
    if run.input != "log_mel":
        level = f"{abs(found.distance):.0f} dB {'louder' if found.distance > 0 else 'quieter'}"
        sound = f"The song is {level} than the training data, which is all that is compared for raw audio"
    confidence = f"the highest probability is {found.confidence:.2f} on average"
    if not np.isnan(found.test_confidence):
        test = percent(run.accuracy("test"))
        confidence += f", on the run's test clips {found.test_confidence:.2f} with {test} correct"
    warnings = [f"⚠ **{name.capitalize()}:** {text}." for name, text in found.warnings().items()]
    return [*warnings, f"{sound}; {confidence}. This is no evidence that the {analysis.task} is right."]


def format_prediction(prediction: Prediction) -> str:
    """Return what `predict` prints of a song: shares with intervals, the most frequent first, and warnings."""
    song = prediction.song
    by = f", {song.artist}" if song.artist else ""
    lines = [f"{one_line(str(song.path), MAX_LINE)}: {song.title}{by} ({clock(song.duration)})"]
    for own in prediction.results:
        run, analysis, found = own.run, own.analysis, own.reliability
        lines.append(f"  {analysis.task} by {run.id}, trained on {run.corpus['name']}; {found.snippets} snippets")
        shares = analysis.shares().sort_values("share", ascending=False, kind="stable")
        for name, row in shares[shares["share"] >= SHOWN].iterrows():
            share, low, high = (100 * row[column] for column in ("share", "low", "high"))
            lines.append(f"    {class_label(str(name)):<20} {share:3.0f} %   [{low:.0f}, {high:.0f}]")
        if run.corpus.get("kind") == "composed" and not song.composed:
            lines.append("    ! this network was trained on composed music only: no statement about a recording")
        lines += [f"    ! {name}: {text}" for name, text in found.warnings().items()]
    return "\n".join(lines)
