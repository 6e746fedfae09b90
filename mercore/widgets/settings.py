"""What the laboratory can set, what of it doesn't go together, and how the same training is written elsewhere.

Explained in 10_laboratory.
"""

import shlex
from dataclasses import dataclass, field
from functools import lru_cache

from mercore import UserError, features, networks, training
from mercore.corpora.corpus import Corpus

HIGHEST_SEED = 2**32 - 1
PATIENCE = 2.0  # s: Stop answers between two steps, so none may take longer
SLOWER = 2  # times as long as measured may a step take: as much do machines differ from hour to hour
CONFLICTNET = "conflictnet"


@dataclass(frozen=True)
class Settings:
    """One training: a network on a task's corpus, a profile, and what differs from it (`changes`: its fields)."""

    task: str
    network: str
    front_end: str = "report"
    profile: str = "quick"
    protocol: str = "auto"
    seed: int = 0
    augment: bool | None = None
    changes: dict = field(default_factory=dict)

    @property
    def complete(self) -> training.TrainingConfig:
        """The profile with the changes."""
        return training.profile(self.profile).change(**self.changes)

    @property
    def arguments(self) -> dict:
        """What `training.train` takes after the corpus, without what is its default."""
        options = {"protocol": self.protocol, "seed": self.seed, "augment": self.augment, "front_end": self.front_end}
        default = {"augment": None, "front_end": "report"}
        options = {name: value for name, value in options.items() if name not in default or value != default[name]}
        return {"network": self.network, "profile_name": self.profile, **options, **self.changes}


def source(corpus: Corpus) -> str:
    """How a corpus is named to open it again: 'embedded', or its folder."""
    return "embedded" if corpus.name.startswith("embedded") else str(corpus.root)


def as_python(settings: Settings, corpus: Corpus, corpus_seed: int = 0) -> str:
    """The training in three lines of Python."""
    key, profile, *options = settings.arguments.items()
    words = [repr(key[1]), repr(profile[1]), *(f"{name}={value!r}" for name, value in options)]
    return (
        "from mercore import corpora, training\n"
        f"corpus = corpora.open_corpus({source(corpus)!r}, {settings.task!r}, seed={corpus_seed})\n"
        f"run = training.train(corpus, {', '.join(words)})"
    )


def as_papermill(settings: Settings, corpus: Corpus, corpus_seed: int = 0) -> str:
    """The training as a command, to be given in the folder of the notebooks."""
    given = {
        settings.task.upper(): source(corpus),
        "TASK": settings.task,
        "NETWORK": settings.network,
        "FRONT_END": settings.front_end,
        "PROFILE": settings.profile,
        "PROTOCOL": settings.protocol,
        "SEED": corpus_seed,
        "TRAINING_SEED": settings.seed,
        "AUGMENT": settings.augment,
        **{name.upper(): value for name, value in settings.changes.items()},
    }
    words = ["../.venv/bin/papermill", "10_laboratory.ipynb", "../build/10_laboratory.ipynb"]
    for name, value in given.items():
        if value is not None:
            words += ["-p", name, str(value)]
    return shlex.join(words)


def refusals(settings: Settings, corpus: Corpus) -> dict[str, str]:
    """What can't work, by the name of the setting that would have to change, each with a sentence that says why."""
    found = {}
    for check in (_check_seed, _check_input, _check_sizes, _check_shape, _check_clips, _check_protocol, _check_step):
        if not found:  # one at a time: the next often follows from the first
            found |= check(settings, corpus)
    return found


def _check_seed(settings: Settings, corpus: Corpus) -> dict[str, str]:
    if 0 <= settings.seed <= HIGHEST_SEED:
        return {}
    return {"seed": f"{settings.seed:,} can't be a seed: take a whole number from 0 to {HIGHEST_SEED:,}."}


def _check_input(settings: Settings, corpus: Corpus) -> dict[str, str]:
    if networks.input_type(settings.network) != "log_mel" and "n_mels" in settings.changes:
        return {"n_mels": "This network hears the waveform: it has no mel bands."}
    if settings.front_end == CONFLICTNET and settings.profile == "tuned":
        return {"profile": "ConflictNET's front end has its own sizes: take profile quick or report."}
    return {}


def _check_sizes(settings: Settings, corpus: Corpus) -> dict[str, str]:
    """Sizes that the network hasn't in this profile."""
    for name in ("width", "units", "dropout"):
        if name in settings.changes and (why := _try_to_build(settings, None, name)):
            return {name: why}
    return {}


def _check_shape(settings: Settings, corpus: Corpus) -> dict[str, str]:
    """Clips too short, or bands too few, for the network's poolings."""
    kind, asked = networks.input_type(settings.network, settings.front_end), settings.complete
    why = _try_to_build(settings, features.shape(kind, asked.clip_seconds, asked.features), "width")
    return {"n_mels" if "n_mels" in settings.changes else "clip_seconds": why} if why else {}


def _try_to_build(settings: Settings, shape: tuple[int, int] | None, *sizes: str) -> str:
    chosen = tuple((name, value) for name, value in settings.changes.items() if name in sizes)
    return _build_error(settings.network, settings.complete.preset, settings.front_end, shape, chosen)


@lru_cache(256)  # building takes a fifth of a second
def _build_error(network: str, preset: str, front_end: str, shape, sizes: tuple) -> str:
    try:
        with networks.BUILDING:
            networks.build(network, 4, preset, front_end=front_end, shape=shape, **dict(sizes))
    except UserError as error:
        text = str(error)
        return text[0].upper() + text[1:] + "."
    return ""


def _check_clips(settings: Settings, corpus: Corpus) -> dict[str, str]:
    """Clips that are longer than tracks."""
    seconds, tracks = settings.complete.clip_seconds, corpus.usable
    long_enough = tracks[tracks["duration"] >= seconds]
    lost = sorted(set(corpus.classes) - set(long_enough["label"]))
    if lost:
        return {"clip_seconds": f"No track of {', '.join(lost)} is as long as {seconds:g} s."}
    return {}


def _check_protocol(settings: Settings, corpus: Corpus) -> dict[str, str]:
    if settings.protocol == "given" and not (corpus.usable["split"] != "").any():
        return {"protocol": f"{corpus.name} brings no split along: take auto."}
    if settings.protocol == "artist" and not corpus.has_artists:
        return {"protocol": f"No artist of {corpus.name} is known: take track."}
    return {}


def _check_step(settings: Settings, corpus: Corpus) -> dict[str, str]:
    """Steps so long that Stop couldn't answer; ConflictNET's front end is known to be slow and capped instead."""
    asked = settings.complete
    if settings.front_end == CONFLICTNET:
        most = 16
    else:
        a_clip = networks.epoch_seconds(settings.network, asked.preset) / 1000 * asked.clip_seconds / 3
        a_clip *= asked.width * max(1, asked.n_mels / 128) * max(1, (asked.units or 0) / 64)
        most = int(PATIENCE / SLOWER / a_clip)
    if asked.batch_size <= most:
        return {}
    return {
        "batch_size": f"A step of {asked.batch_size} clips takes too long with this network for Stop to answer within "
        f"{PATIENCE:g} s: take {max(n for n in BATCH_SIZES if n <= max(most, BATCH_SIZES[0]))} at most."
    }


BATCH_SIZES = (8, 16, 32, 64, 128, 256)
