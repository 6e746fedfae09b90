"""Split clips into training, validation and test sides. Explained in 01_data and 07_results.

The protocols:
    clip: Clips at random, as the report did: parts of a track are on all sides (leaky).
    track: All clips of a track on one side; so are copies and repeated recordings.
    artist: All tracks of an artist on one side too; a track of unknown artist is only trained.
    fault_filtered: GTZAN's published split without its known faults (Kereliuk, Sturm, Larsen 2015).
    given: The sides that a folder's own tracks.csv names.
    all: Every clip is trained and none tested: for weights to publish (`training.pretrained`), not for results.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from mercore import UserError

PROTOCOLS = ("clip", "track", "artist", "fault_filtered", "given")
SIDES = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """The side of every clip, and row numbers of the clips on each side."""

    protocol: str  # that was run
    asked: str  # the protocol asked for
    side: np.ndarray  # one name per clip: train, validation, test, or none where the clip is left out
    seed: int
    folds: int | None
    fold: int | None
    notes: tuple[str, ...]  # what a reader must know
    untestable: tuple[str, ...]  # classes without a training or a test side; scores cover the others

    @property
    def train(self) -> np.ndarray:
        """Row numbers of the training clips."""
        return np.flatnonzero(self.side == "train")

    @property
    def validation(self) -> np.ndarray:
        """Row numbers of the validation clips."""
        return np.flatnonzero(self.side == "validation")

    @property
    def test(self) -> np.ndarray:
        """Row numbers of the test clips."""
        return np.flatnonzero(self.side == "test")


def make(
    corpus,
    clips: pd.DataFrame,
    protocol: str = "artist",
    seed: int = 0,
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
    folds: int | None = None,
    fold: int | None = None,
) -> Split:
    """Split the clips of a corpus, once by `fractions` or into grouped folds.

    In each class, groups (clips, tracks or artists, by protocol) go to train first, then to test, then to validation.

    Args:
        corpus: The `Corpus`.
        clips: Its clip table, from `clips.cut`.
        protocol: One of PROTOCOLS, 'all', or 'auto' for `default_protocol`, which 'fault_filtered' also falls back
            to if the corpus isn't GTZAN. Without any artist, 'artist' falls back to 'track'. `notes` say so.
        seed: Of the draw.
        fractions: Of train, validation and test.
        folds: Number of folds instead of `fractions`.
        fold: The fold that is tested, from 0; validation is drawn from the others.

    Raises:
        UserError: The arguments don't fit, or no class can be both trained and tested.
    """
    if protocol == "all":
        note = "every clip trained, nothing was tested"
        return Split(protocol, protocol, np.full(len(clips), "train", object), seed, None, None, (note,), ())
    asked, (protocol, notes) = protocol, _resolve_protocol(corpus, clips, protocol)
    _check(corpus, protocol, fractions, folds, fold)
    units = _units(corpus, clips, protocol)
    if protocol in ("fault_filtered", "given"):
        side = _given_sides(units, fractions, seed, notes)
    else:
        if protocol == "artist" and units["train_only"].any():
            unknown = (units["artist"] == "").sum()
            notes.append(f"{unknown} tracks of unknown artist (and their duplicates) are used for training only")
        side = _drawn_sides(units, fractions, seed, folds, fold)
    side, untestable = _drop_untrained(units, side, corpus.classes, protocol, notes)
    if protocol != "clip":
        side = side[units.index.get_indexer(clips["track"])]
    side = np.where(np.isin(side, SIDES), side, "none").astype(object)
    return Split(protocol, asked, side, seed, folds, fold, tuple(notes), untestable)


def subsample_training_tracks(split: Split, clips: pd.DataFrame, share: float) -> Split:
    """Keep a stratified share (above 0, at most 1) of the training tracks; smaller shares are parts of larger ones.

    At least one track of each class is left.
    """
    if not 0 < share <= 1:
        raise UserError(f"the share of the training tracks must be above 0 and at most 1, not {share}")
    tracks = clips.iloc[split.train].drop_duplicates("track")[["track", "label"]]
    tracks = tracks.sample(frac=1, random_state=split.seed)
    turn = tracks.groupby("label").cumcount()
    size = tracks.groupby("label")["track"].transform("size")
    dropped = tracks.loc[turn >= np.maximum(1, np.round(share * size)), "track"]
    side = np.where((split.side == "train") & clips["track"].isin(dropped), "none", split.side)
    note = f"learns from {len(tracks) - len(dropped)} of the {len(tracks)} training tracks"
    return replace(split, side=side, notes=(*split.notes, note))


def default_protocol(corpus) -> str:
    """Return 'given' if the corpus brings a split, else 'artist', else 'track'.

    'track' is for a corpus in which over a fifth of the classes have too few artists to be tested by artist.
    """
    usable = corpus.usable
    if corpus.kind != "gtzan" and {"train", "test"} <= set(usable["split"]):
        return "given"
    if not corpus.has_artists:
        return "track"
    try:
        untestable = make(corpus, usable.rename_axis("track").reset_index(), "artist").untestable
    except UserError:
        return "track"
    return "artist" if len(untestable) <= 0.2 * len(corpus.classes) else "track"


def _resolve_protocol(corpus, clips: pd.DataFrame, protocol: str) -> tuple[str, list[str]]:
    """Return the protocol to run, and notes on why it isn't the one asked for."""
    notes = []
    if protocol == "auto":
        protocol = default_protocol(corpus)
        if protocol == "track" and corpus.has_artists:
            notes.append("too few artists in too many classes: split by track, so artists are on both sides")
    if protocol == "fault_filtered" and corpus.kind != "gtzan":
        protocol = default_protocol(corpus)  # asked for genre and mood alike, but only GTZAN has it
        notes.append(f"no fault-filtered split is known but for GTZAN: split by {protocol}")
    if protocol == "artist" and not (clips["artist"] != "").any():
        protocol = "track"
        notes.append("no artist is known: split by track instead of by artist")
    return protocol, notes


def _check(corpus, protocol: str, fractions, folds: int | None, fold: int | None) -> None:
    if protocol not in PROTOCOLS:
        raise UserError(f"unknown protocol {protocol!r}: choose one of auto, {', '.join(PROTOCOLS)}")
    if min(fractions) <= 0 or not np.isclose(sum(fractions), 1):
        raise UserError(f"the shares of train, validation and test must be above 0 and add up to 1: {fractions}")
    if (folds is None) != (fold is None) or (folds and fold is not None and not 0 <= fold < folds >= 2):
        raise UserError(f"give folds (2 or more) and fold (0 to folds - 1) together, not {folds} and {fold}")
    if protocol in ("fault_filtered", "given"):
        if folds:
            raise UserError(f"{protocol} is one fixed split: it has no folds")
        if not {"train", "test"} <= set(corpus.usable["split"]):
            raise UserError(f"{corpus.name}: names no training and test tracks (a column `split` in tracks.csv)")


def _units(corpus, clips: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Return what is dealt out, one row each: label, artist, group (int, what stays together), train_only, split.

    Under `clip` these are the clips, otherwise the tracks (by index).
    """
    if protocol == "clip":
        return clips[["label", "artist"]].assign(group=np.arange(len(clips)), train_only=False, split="")
    tracks = clips.drop_duplicates("track").set_index("track")[["label", "artist"]]
    tracks = tracks.join(corpus.tracks[["same_as", "split"]])
    by_artist = protocol == "artist" or (protocol in ("fault_filtered", "given") and (tracks["artist"] != "").any())
    tracks["group"] = _connected_groups(tracks, by_artist)
    unknown = (tracks["artist"] == "") & (protocol == "artist")
    tracks["train_only"] = unknown.groupby(tracks["group"]).transform("any")
    return tracks


def _connected_groups(tracks: pd.DataFrame, by_artist: bool) -> np.ndarray:
    """Return a number per track, equal for tracks linked by `same_as` or artist, directly or through others."""
    own = "track " + tracks.index.to_series()
    other = ("track " + tracks["same_as"]).where(tracks["same_as"] != "", own)
    artist = ("artist " + tracks["artist"].str.strip().str.casefold()).where(tracks["artist"] != "", own)
    left, right = np.r_[own, own], np.r_[other, artist if by_artist else own]
    codes, names = pd.factorize(np.r_[left, right])
    ends = codes[: len(left)], codes[len(left) :]
    links = coo_array((np.ones(len(left)), ends), shape=(len(names), len(names)))
    return pd.factorize(connected_components(links, directed=False)[1][codes[: len(tracks)]])[0]


def _drawn_sides(units: pd.DataFrame, fractions, seed: int, folds: int | None, fold: int | None) -> np.ndarray:
    counts = pd.crosstab(units["group"], units["label"]).to_numpy()  # groups x classes
    groups = (counts > 0).sum(axis=0)
    free = ~units.groupby("group")["train_only"].any().to_numpy()
    pool = np.ones(len(counts), bool)
    if folds and fold is not None:
        rng = np.random.default_rng([seed, folds, fold])
        learnable = ~(counts[:, groups == 1] > 0).any(axis=1)  # the only group of a class has to train
        test = _fold(units, free & learnable, seed, folds, fold)
    else:
        rng = np.random.default_rng(seed)
        test = _draw(counts, fractions[2], pool, free, np.where(groups > 2, 2, 1), rng)
    pool &= ~test
    validation = _draw(counts, fractions[1], pool, free & pool, 1, rng)
    return np.select([test, validation], ["test", "validation"], "train")[units["group"]]


def _draw(counts, share: float, pool, free, keep, rng: np.random.Generator) -> np.ndarray:
    """Return the groups (a mask) of one side: in each class about `share` of all tracks, and one group if possible.

    Unlike StratifiedGroupKFold it leaves every class at least `keep` groups, which small corpora need.

    counts: tracks, groups x classes. pool: groups not on another side yet. free: groups that may be drawn. Per class,
    groups are taken in random order as long as they fit below the target, then those that bring it closest to it,
    unless its other classes lose more by that.
    """
    target, has = share * counts.sum(axis=0), counts > 0
    taken, have, left = np.zeros(len(counts), bool), np.zeros(counts.shape[1]), has[pool].sum(axis=0)

    def take(group: int) -> None:
        nonlocal have, left
        taken[group] = True
        have, left = have + counts[group], left - has[group]

    def possible(groups):  # not taken, and none of its classes left with too few
        return ~taken[groups] & ((left - 1 >= keep) | ~has[groups]).all(axis=-1)

    for k in np.argsort(has[free].sum(axis=0), kind="stable"):  # the class with the least choice first
        groups = rng.permutation(np.flatnonzero(free & has[:, k]))
        for group in groups:
            if possible(group) and (have + counts[group] <= target + 1e-9)[has[group]].all():
                take(group)
        while len(groups):
            nearer = (np.abs(have - target) - np.abs(have + counts[groups] - target)) / target
            gain = np.where(possible(groups), nearer.sum(axis=1), -np.inf)
            fits = (gain > 0) & (nearer[:, k] > 0)
            if fits.any():  # ranked by this class alone, or artists of many classes would be preferred
                take(groups[np.where(fits, nearer[:, k], -np.inf).argmax()])
            elif have[k] == 0 and gain.max() > -np.inf:
                take(groups[gain.argmax()])
            else:
                break
    return taken


def _fold(units: pd.DataFrame, free: np.ndarray, seed: int, folds: int, fold: int) -> np.ndarray:
    """Return the groups (a mask) of one of the folds into which the free groups are dealt, stratified by class."""
    rows = units[free[units["group"]]]
    if rows["group"].nunique() < folds:
        raise UserError(f"{folds} folds need as many groups; there are {rows['group'].nunique()} to test")
    single = rows["group"].is_unique
    splitter = (StratifiedKFold if single else StratifiedGroupKFold)(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # of classes with fewer groups than folds: `untestable` names them
        warnings.simplefilter("ignore")
        try:
            _, test = list(splitter.split(rows, rows["label"], rows["group"]))[fold]
        except ValueError as error:
            raise UserError(f"{folds} folds are more than any class has tracks; take fewer") from error
    chosen = np.zeros(len(free), bool)
    chosen[rows["group"].to_numpy()[test]] = True
    return chosen


def _given_sides(units: pd.DataFrame, fractions, seed: int, notes: list[str]) -> np.ndarray:
    """Return the sides as named; if no track is named for validation, groups of the training side are drawn."""
    side = units["split"].to_numpy(object)
    sides = units[side != ""].groupby("group")["split"]
    if crossing := int((sides.nunique() > 1).sum()):
        notes.append(f"{crossing} artists or linked recordings have tracks on more than one side of this split")
    if unplaced := int((side == "").sum()):
        notes.append(f"{unplaced} tracks have no side in this split and are left out")
    if "validation" not in side:
        counts = pd.crosstab(units["group"], units["label"]).to_numpy()
        pool = (units["split"] == "train").groupby(units["group"]).all().to_numpy()
        drawn = _draw(counts, fractions[1], pool, pool, 1, np.random.default_rng(seed))
        side = np.where(drawn[units["group"]], "validation", side)
        notes.append("this split names no validation tracks: drawn from its training side")
    return side


def _drop_untrained(units: pd.DataFrame, side, classes, protocol: str, notes: list[str]):
    """Leave out tests of classes that no track trains; return the sides and the classes that can't be tested."""
    there = {name: set(units["label"][side == name]) for name in SIDES}
    untrained = ~units["label"].isin(there["train"]).to_numpy()
    side = np.where(untrained, "", side)
    untestable = tuple(c for c in classes if c not in there["train"] & there["test"])
    group = {"clip": "clips", "artist": "artists"}.get(protocol, "tracks")
    if len(untestable) == len(classes):
        hint = "; protocol track needs only two tracks a class" if protocol == "artist" else ""
        raise UserError(f"no class has enough {group} for a training and a test side{hint}")
    if untestable:
        notes.append(f"not tested, too few {group}: {', '.join(untestable)}")
    if unvalidated := [c for c in classes if c not in there["validation"] and c not in untestable]:
        notes.append(f"not validated, too few {group}: {', '.join(unvalidated)}")
    return side, untestable
