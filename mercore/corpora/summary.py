"""Describe a corpus in a table and as text. Used in 00_setup and 01_data."""

import os
import textwrap

import pandas as pd

from mercore.corpora._folders import printable_path
from mercore.corpora.corpus import Corpus


def count_classes(corpus: Corpus) -> pd.DataFrame:
    """Count usable tracks, named artists, tracks without an artist, and minutes.

    Returns:
        One row a class, with the columns tracks, artists, artist unknown, minutes.
    """
    by = corpus.usable.groupby("label")
    table = pd.DataFrame(
        {
            "tracks": by.size(),
            "artists": by.artist.agg(lambda names: names[names != ""].nunique()),
            "artist unknown": by.artist.agg(lambda names: int((names == "").sum())),
            "minutes": by.duration.sum().div(60).round(1),
        }
    )
    return table.reindex(list(corpus.classes)).rename_axis("class")


def summarise(corpus: Corpus) -> str:
    """Describe a corpus as text: counts by class, formats, and every fault and note by name."""
    usable, counts = corpus.usable, count_classes(corpus)
    lines = [f"{corpus.name}: {len(usable)} usable tracks of {len(corpus.tracks)}, task {corpus.task}"]
    lines += [printable_path(corpus.root), "", counts.to_string() if len(counts) else "No usable track."]
    if len(usable):
        lines += ["", _describe_formats(usable), _describe_artists(corpus, counts)]
    if len(corpus.faulty):
        lines += ["", f"Left out ({len(corpus.faulty)}):"]
        for track, row in corpus.faulty.iterrows():
            where = printable_path(os.path.relpath(row.path, corpus.root))
            lines.append(f"  {track} ({where}): {row.fault}")
    if len(noted := usable.note[usable.note != ""]):
        lines += ["", f"Used, but note ({len(noted)}):", *(f"  {track}: {note}" for track, note in noted.items())]
    closing = [*(f"Note: {note}" for note in corpus.notes), f"Licence: {corpus.licence}", f"Cite: {corpus.citation}"]
    return "\n".join([*lines, "", *(textwrap.fill(text, 110, subsequent_indent="  ") for text in closing)])


def _describe_formats(usable: pd.DataFrame) -> str:
    formats = usable.groupby(["sample_rate", "channels"]).size().sort_values(ascending=False)
    names = {1: "mono", 2: "stereo"}
    listed = [
        f"{count} at {rate:,} Hz {names.get(channels, f'{channels} channels')}"
        for (rate, channels), count in formats.items()
    ]
    length = usable.duration
    durations = f"Durations: {length.min():.2f} to {length.max():.2f} s, median {length.median():.2f} s"
    return f"Formats: {', '.join(listed)}\n{durations}"


def _describe_artists(corpus: Corpus, counts: pd.DataFrame) -> str:
    if not corpus.has_artists:
        return "Artists: none is known, so a split can keep tracks apart, but not artists."
    text = f"Artists: {corpus.usable.artist[corpus.usable.artist != ''].nunique()} named."
    if few := [str(name) for name in counts.index[counts.artists < 2]]:
        text += f" With fewer than two artists these classes can't be split by artist: {', '.join(few)}."
    return text
