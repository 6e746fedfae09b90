"""What networks make of songs, in sentences (Markdown) that are true whatever the song. Explained in 08_case_studies.

`analysis` is from `songs.analyse`, `over_time` a table of its `over_time()`.
"""

import numpy as np
import pandas as pd

from mercore import evaluation
from mercore.corpora.labels import class_label
from mercore.evaluation.text import clock, escape_markdown, percent, plural


def _named(label: str) -> str:
    """A class as it is written everywhere, for use in Markdown."""
    return escape_markdown(class_label(label))


def tell_song(song) -> str:
    """Title, artist, length, and whether sections are known."""
    by = f" by {escape_markdown(song.artist)}" if song.artist else ""
    known = "no sections known" if song.sections is None else plural(len(song.sections), "known section")
    return f"*{escape_markdown(song.title)}*{by}: {clock(song.duration)} min, {known}."


def tell_origin(song, run) -> str:
    """Whether the network of `run` has learnt from music like this song; a warning where it can't have."""
    task, corpus, title = run.corpus["task"], escape_markdown(run.corpus["name"]), f"*{escape_markdown(song.title)}*"
    if corpus.startswith("embedded") and not song.composed:
        return (
            f"⚠ **Warning:** {title} is a file of your own, and all that the {task} network has ever heard is "
            f"music composed by a program and played by sampled instruments ({corpus}): no voice, no real guitar, no "
            f"mastered recording. What it says of this song is no statement about its {task}. For one, train on "
            f"recordings: set `{task.upper()}` to a folder of them."
        )
    if corpus.startswith("embedded"):
        return f"{title} and what the {task} network learnt from were composed by this project: like and like."
    if song.composed:
        return (
            f"⚠ **Warning:** {title} was composed and rendered by this project, while the {task} network "
            f"learnt from {corpus}. Its test accuracy there doesn't carry over to this song."
        )
    return (
        f"{title} is a file of your own, and the {task} network learnt from {corpus}. How much they have in "
        "common (style, decade, sound) only you can tell."
    )


def tell_snippets(analysis) -> str:
    """How much of the song its snippets cover, and how many overlap."""
    starts, song, length = analysis.starts, analysis.song, analysis.seconds
    times = np.arange(0, song.duration, 0.05)
    latest = np.searchsorted(starts, times, side="right") - 1
    covered = np.mean((latest >= 0) & (times < starts[latest] + length))
    return (
        f"*{escape_markdown(song.title)}:* {plural(len(starts), 'snippet')} make {length * len(starts):.0f} s of "
        f"sound, drawn from {song.duration:.0f} s. They cover {percent(covered)} of the song, and "
        f"{(np.diff(starts) < length).sum()} of them overlap with the next one. Cut end to end, the song holds "
        f"{int(song.duration / length)}."
    )


def tell_shares(analysis) -> str:
    """The classes predicted most often with their intervals, and what is known of the song's time."""
    shares, task, sections = analysis.shares(), analysis.task, analysis.song.sections
    shares = shares.sort_values("share", ascending=False, kind="stable")
    n, first = len(analysis.starts), shares.iloc[0]
    text = (
        f"Most frequent is {_named(shares.index[0])} with {first['snippets']:.0f} of {n} snippets (interval "
        f"{percent(first['low'])} to {percent(first['high'])})"
    )
    if first["snippets"] == n:
        text += ", the only class that occurs. "
    else:
        text += (
            f", then {_named(shares.index[1])} with {shares['snippets'].iloc[1]:.0f}; "
            f"{(shares['snippets'] > 0).sum()} of {len(shares)} classes occur. "
        )
    if first["low"] > 0.5:
        text += "The interval lies above 50 %: by this network, that is most of the song."
    elif first["high"] < 0.5:
        text += "The interval lies below 50 %: by this network, that isn't most of the song."
    else:
        text += f"The interval includes 50 %: whether that is most of the song, {plural(n, 'snippet')} can't tell."
    if sections is not None and task in sections:
        seconds = (sections["end"] - sections["start"]).groupby(sections[task]).sum().sort_values()
        longest, share = _named(seconds.index[-1]), seconds.iloc[-1] / analysis.song.duration
        if len(seconds) == 1:
            text += f" By its sections the song is {longest} throughout."
        else:
            text += (
                f" By its sections the song has {len(seconds)} {task}s, the longest being {longest} with "
                f"{percent(share)} of its time."
            )
    return text


def tell_agreement(analysis, run) -> str:
    """The share of snippets that got their section's label, beside what the same answers would get in any order."""
    table = analysis.in_sections()
    name, n = f"*{escape_markdown(analysis.song.title)}*, {analysis.task}: ", len(table)
    if not n:
        return name + "no section with a label is known, so there is nothing to check."
    right = int((table["label"] == table["predicted"]).sum())
    low, high = evaluation.wilson(right, n)
    shares = [table[column].value_counts(normalize=True) for column in ("label", "predicted")]
    return (
        f"{name}**{right} of {n}** snippets get the label of their section, {percent(right / n)} (interval "
        f"{percent(low)} to {percent(high)}). Dealt out to the snippets at random, the same answers would agree in "
        f"{percent(shares[0].mul(shares[1], fill_value=0).sum())}. On the test clips of its corpus the network got "
        f"{percent(run.accuracy('test'))} right."
    )


def tell_changes(over_time: pd.DataFrame, analysis) -> str:
    """How often the predicted class changes from window to window, and how often that of the sections does."""
    predicted, sections, task = over_time.idxmax(axis=1), analysis.song.sections, analysis.task
    changes = int((predicted != predicted.shift()).sum()) - 1
    text = (
        f"*{escape_markdown(analysis.song.title)}*, {task}: over {plural(len(predicted), 'window')} the predicted "
        f"class changes {plural(changes, 'time')}"
    )
    if sections is not None and task in sections:
        real = int((sections[task] != sections[task].shift()).sum()) - 1
        text += f", that of the known sections {plural(real, 'time')}"
    return text + "."


def tell_scan(over_time: pd.DataFrame, analysis) -> str:
    """How many of the snippets' intervals include the share that a moving window finds."""
    shares = analysis.shares()
    found = over_time.idxmax(axis=1).value_counts(normalize=True).reindex(shares.index, fill_value=0)
    inside = found.between(shares["low"] - 1e-9, shares["high"] + 1e-9)  # bounds of 0 and 1 are rounded
    away = (found - shares["share"]).abs()
    return (
        f"*{escape_markdown(analysis.song.title)}*, {analysis.task}: {inside.sum()} of {len(shares)} intervals "
        f"include the share of the moving window; the largest difference is {100 * away.max():.1f} points "
        f"({_named(away.idxmax())})."
    )


def tell_confidence(confidence: pd.Series, run, songs: list[str], strange: list[str]) -> str:
    """Mean highest probabilities (by name, "test clips" among them) of songs and strange sounds against test clips."""
    test, right = confidence["test clips"], run.accuracy("test")
    text = (
        f"**{run.corpus['task'].capitalize()}:** on test clips the highest probability is {test:.2f} on average, and "
        f"{percent(right)} of them are right. "
    )
    for name in songs:
        compared = "higher" if confidence[name] > test else "lower"
        text += f"On *{escape_markdown(name)}* it is {confidence[name]:.2f}, {compared}. "
    surer = [name for name in strange if confidence[name] > test]
    if surer:
        return text + f"On {' and '.join(surer)} the network is surer than on music."
    return text + f"On none of {', '.join(strange)} is it as sure as on music."
