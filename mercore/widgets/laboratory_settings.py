"""The settings of the laboratory: what can be chosen, what can't work, and the same training written elsewhere."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from mercore import UserError, features, networks, training
from mercore.corpora import Corpus
from mercore.training.runs import Run

CHANGEABLE = ("clip_seconds", "n_mels", "width", "units", "dropout", "learning_rate", "batch_size", "epochs")
CHOICES: dict[str, tuple] = {
    "n_mels": (32, 48, 64, 96, 128, 160, 192, 256),
    "width": (0.25, 0.5, 1.0, 1.5, 2.0),
    "units": (8, 16, 32, 64, 128),
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    "learning_rate": (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 1e-2, 3e-2),
    "batch_size": (8, 16, 32, 64, 128, 256),
}
MAX_SEED = 2**32 - 1
MAX_STEP_SECONDS = 1.0  # by the measured times; machines are up to twice as slow, and Stop waits for a step


@dataclass(frozen=True)
class Settings:
    """Hold one training: a task and what `training.train` takes, as options the seed, protocol and changed fields."""

    task: str
    network: str
    profile: str = "quick"
    options: dict = field(default_factory=dict)

    @property
    def complete(self) -> training.TrainingConfig:
        """The profile with the changes."""
        changes = {name: value for name, value in self.options.items() if name in CHANGEABLE}
        return training.profile(self.profile).change(**changes)


def _source(corpus: Corpus) -> str:
    """Return what `corpora.open_corpus` takes to open this corpus again."""
    return "embedded" if corpus.kind == "composed" else str(corpus.root)


def as_python(settings: Settings, corpus: Corpus, corpus_seed: int = 0) -> str:
    """Return the training as three lines of Python."""
    options = ", ".join(f"{name}={value!r}" for name, value in settings.options.items())
    return (
        "from mercore import corpora, training\n"
        f"corpus = corpora.open_corpus({_source(corpus)!r}, {settings.task!r}, seed={corpus_seed})\n"
        f"run = training.train(corpus, {settings.network!r}, {settings.profile!r}, {options})"
    )


def as_papermill(settings: Settings, corpus: Corpus, corpus_seed: int = 0) -> str:
    """Return the training as a papermill command for the folder of the notebooks."""
    given = {settings.task.upper(): _source(corpus), "TASK": settings.task, "NETWORK": settings.network}
    given |= {"PROFILE": settings.profile, "SEED": str(corpus_seed)}
    given |= {"TRAINING_SEED" if name == "seed" else name.upper(): value for name, value in settings.options.items()}
    words = ["../.venv/bin/papermill", "10_laboratory.ipynb", "../build/10_laboratory.ipynb"]
    for name, value in given.items():
        words += ["-p", name, str(value)]
    return shlex.join(words)


def validate(settings: Settings, corpus: Corpus) -> dict[str, str]:
    """Return why a training can't work, by the name of the setting that would have to change; empty if it can."""
    return dict(islice(_faults(settings, corpus), 1))  # one at a time: the next often follows from the first


def _faults(settings: Settings, corpus: Corpus) -> Iterator[tuple[str, str]]:
    options, complete, tracks = settings.options, settings.complete, corpus.usable
    seed, protocol, front_end = options.get("seed", 0), options.get("protocol"), options.get("front_end", "report")
    kind, seconds = networks.input_type(settings.network, front_end), complete.clip_seconds
    if not 0 <= seed <= MAX_SEED:
        yield "seed", f"{seed:,} can't be a seed: take a whole number from 0 to {MAX_SEED:,}."
    if "n_mels" in options and kind != "log_mel":
        yield "n_mels", "The input of this network is the waveform: it has no mel bands."
    if front_end != "report" and complete.preset == "tuned":
        yield "profile", "ConflictNET's front end has its own sizes: take profile quick or report."
    for name in ("width", "units", "dropout"):
        sizes = ((name, getattr(complete, name)),)
        if name in options and (why := _build_error(settings.network, complete.preset, front_end, None, sizes)):
            yield name, why
    shape = features.shape(kind, seconds, complete.features)
    if why := _build_error(settings.network, complete.preset, front_end, shape, (("width", complete.width),)):
        yield "n_mels" if "n_mels" in options else "clip_seconds", why
    if lost := sorted(set(corpus.classes) - set(tracks[tracks["duration"] >= seconds]["label"])):
        yield "clip_seconds", f"No track of {', '.join(lost)} is as long as {seconds:g} s."
    if protocol == "given" and not (tracks["split"] != "").any():
        yield "protocol", f"{corpus.name} brings no split along: take auto."
    if protocol == "artist" and not corpus.has_artists:
        yield "protocol", f"No artist of {corpus.name} is known: take track."
    if complete.batch_size > (most := _max_batch(settings.network, complete, front_end)):
        yield "batch_size", f"Stop couldn't answer within 2 s with more clips a step: take {most} at most."


@lru_cache(256)  # building takes a fifth of a second
def _build_error(network: str, preset: str, front_end: str, shape: tuple | None, sizes: tuple) -> str:
    """Return why a network can't be built with this input and these sizes, if it can't."""
    try:
        with networks.BUILDING:
            networks.build(network, 4, preset, front_end=front_end, shape=shape, **dict(sizes))
    except UserError as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}."
    return ""


def _max_batch(network: str, complete: training.TrainingConfig, front_end: str) -> int:
    """Return the largest batch whose steps are so short that Stop answers within two seconds."""
    if front_end != "report":
        return 16  # known to be slow; measured
    seconds = networks.epoch_seconds(network, complete.preset) / 1000  # a clip of 3 s
    seconds *= complete.clip_seconds / 3 * complete.width
    seconds *= max(1, complete.n_mels / 128) * max(1, (complete.units or 0) / 64)
    sizes = CHOICES["batch_size"]
    return max((n for n in sizes if n * seconds <= MAX_STEP_SECONDS), default=min(sizes))


def run_name(run: Run) -> str:
    """Return a run in a few words: network, task, profile, split, seed, and what differs from the profile."""
    config, profile = run.config, training.profile(run.config["profile"])
    words = [run.title, run.corpus["task"], config["profile"], config["protocol"], f"seed {config['seed']}"]
    words += ["ConflictNET"] if config["front_end"] != "report" else []
    changed = [name for name in CHANGEABLE if getattr(run.settings, name) != getattr(profile, name)]
    words += [f"{name.replace('_', ' ')} {getattr(run.settings, name):g}" for name in changed]
    usual = config["preset"] == "tuned" or run.input == "log_mel"
    words += [] if config["augment"] == usual else [f"augmentation {'on' if config['augment'] else 'off'}"]
    return ", ".join(words + (["stopped"] if "stopped" in config else []))
