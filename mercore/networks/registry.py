"""The registry of networks: each is declared once, with its title, order, input and the sizes of each preset.

    @networks.network("small", title="Small", short="Small", input="log_mel")
    def build_small(n_classes, shape):
        ...
        return keras.Model(inputs, outputs)

From then on the network can be trained, is offered in the laboratory, and has its place in tables and figures.
"""

import hashlib
import inspect
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from unittest import mock

from mercore import UserError, features

PRESETS = ("quick", "report", "tuned")
FAMILIES = ("conv", "recurrent", "conv_recurrent", "end_to_end", "tuned")  # the modules of this room
BUILDING = threading.Lock()  # hold it to set the seeds, which all threads share, and to build a network from them


@dataclass(frozen=True)
class Variant:
    """How a network is built in one preset."""

    build: partial
    sizes: dict  # further arguments of `build`, which a user may change
    input: str  # the feature type
    seconds: float | None  # of an epoch over 1,000 clips, if measured


@dataclass(frozen=True)
class Network:
    """A registered network."""

    key: str  # what it is called in code
    title: str  # its name in prose
    short: str  # its name in figures; may hold a line break
    order: float  # its place in figures and tables
    input: str  # its feature type, a key of `features.FEATURES`
    variants: dict[str, Variant] = field(default_factory=dict)  # by preset


_REGISTRY: dict[str, Network] = {}


def network(
    key: str,
    title: str,
    short: str | None = None,
    input: str = "log_mel",
    order: float = 100,
    sizes: dict[str, dict] | None = None,
    seconds: dict[str, float] | None = None,
    **fixed,
) -> Callable:
    """Register the decorated function as the builder of a network.

    Args:
        key: What the network is called in code.
        title: Its name in prose.
        short: Its name in figures; default: the title.
        input: Its feature type, "log_mel" or "waveform".
        order: Its place in figures; those that give none come last, in the order of their registration.
        sizes: The arguments of the function in each preset; default: none, in every preset.
        seconds: Measured seconds of an epoch over 1,000 clips, by preset, for estimates.
        **fixed: Further arguments of the function, the same in every preset.

    Returns:
        A decorator for a function `build(n_classes, shape, **sizes) -> keras.Model`.
    """

    def register(build: Callable) -> Callable:
        if not build.__module__.startswith("mercore.networks."):
            _load_families()  # so that the user's networks come after them
        known = {preset: {} for preset in PRESETS} if sizes is None else sizes
        variants = {
            preset: Variant(partial(build, **fixed), own, input, (seconds or {}).get(preset))
            for preset, own in known.items()
        }
        _REGISTRY[key] = Network(key, title, short or title, order, input, variants)
        return build

    return register


def variant(key: str, preset: str, input: str | None = None, seconds: float | None = None, **fixed) -> Callable:
    """Register the decorated function as the builder of a registered network in one more preset, see `network`."""

    def register(build: Callable) -> Callable:
        if key not in _REGISTRY:
            _load_families()  # this module was imported by itself, before those that it adds to
        own = _REGISTRY[key]
        own.variants[preset] = Variant(partial(build, **fixed), {}, input or own.input, seconds)
        return build

    return register


def names() -> tuple[str, ...]:
    """Return the keys of all registered networks, in the order of the figures."""
    _load_families()
    return tuple(own.key for own in sorted(_REGISTRY.values(), key=lambda own: own.order))


def find(key: str) -> Network:
    """Return a registered network; raises ValueError for an unknown key."""
    if key not in names():
        raise ValueError(f"unknown network {key!r}: choose one of {', '.join(names())}")
    return _REGISTRY[key]


def title(key: str) -> str:
    """Return a network's name in prose; that of a network that isn't registered is its key."""
    return find(key).title if key in _REGISTRY else key


def short_title(key: str) -> str:
    """Return a network's name in figures; that of a network that isn't registered is its key."""
    return find(key).short if key in _REGISTRY else key


def input_type(key: str, front_end: str = "report") -> str:
    """Return the feature type that a network takes: a key of `features.FEATURES`."""
    own = find(key)
    return own.variants[front_end].input if front_end != "report" else own.input


def sizes(key: str, preset: str = "quick") -> dict:
    """Return the sizes of a network in a preset, as `build` takes them."""
    return dict(_find_variant(key, preset).sizes)


def epoch_seconds(key: str, preset: str) -> float:
    """Return how long one epoch over 1,000 clips takes on one core (s); of an unmeasured network the longest known.

    Measured once on one core of an AMD EPYC with AVX-512 by tests/benchmarks/epoch_seconds.py; machines differ
    twofold and more.
    """
    measured = {k: n.variants[preset].seconds for k, n in _REGISTRY.items() if preset in n.variants}
    return measured.get(key) or max(seconds or 0 for seconds in measured.values())


def _find_variant(key: str, preset: str) -> Variant:
    variants = find(key).variants
    if preset not in variants:
        raise ValueError(f"unknown preset {preset!r} of {key}: choose one of {', '.join(variants)}")
    return variants[preset]


def build(key: str, n_classes: int = 10, preset: str = "quick", shape: tuple[int, int] | None = None, **options):
    """Build a registered network, not compiled.

    Args:
        key: One of `names()`.
        n_classes: The number of classes.
        preset: "quick" (small), "report" (the report's layers and sizes) or "tuned" (the families drawn anew).
        shape: The shape of the input; default: that of a clip of 3 s, see `features.shape`.
        **options: Sizes of the preset to change: `width` (times the filters), `units`, `dropout`; of the end-to-end
            networks also `attention` ("additive" or "dot") and `front_end` ("report" or "conflictnet").

    Returns:
        A keras.Model with n_classes probabilities as output.

    Raises:
        ValueError: For an unknown network, preset or kind of attention.
        UserError: For a size that the network hasn't in this preset, or an input too small for it.
    """
    front_end = options.pop("front_end", "report")
    if front_end != "report" and preset == "tuned":
        raise ValueError("preset tuned has neither attention nor another front end to choose")
    own = _find_variant(key, preset if front_end == "report" else front_end)
    usual = features.shape(own.input)
    try:
        return own.build(n_classes, shape or usual, **_change_sizes(own.sizes, options, key, preset))
    except ValueError as error:
        if shape in (None, usual):
            raise  # the usual input fits every network: this is another fault
        raise UserError(
            f"an input of {shape[0]} x {shape[1]} is too small for {title(key)}: a pooling or convolution has "
            "nothing left to work on; take longer clips or more bands"
        ) from error


def _change_sizes(sizes: dict, options: dict, key: str, preset: str) -> dict:
    """Return the sizes with these changes; None, and a width of 1, change nothing."""
    changed = dict(sizes)
    for name, value in options.items():
        if value is None or (name, value) in (("width", 1), ("attention", "additive")):
            continue
        field_name = "filters" if name == "width" else name
        if field_name not in sizes:
            raise UserError(f"{title(key)} has no {field_name} to set in preset {preset}; leave them as they are")
        changed[field_name] = tuple(max(1, round(n * value)) for n in sizes["filters"]) if name == "width" else value
    return changed


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make what is built within follow from the seed, whatever other threads draw from Python's random numbers.

    Keras draws the seeds of weights and dropout by `random.randint`; the threads of a cluster's worker draw from the
    same generator, so within this context that function has a generator of its own.
    """
    import keras

    with BUILDING:
        keras.backend.clear_session(free_memory=False)
        keras.utils.set_random_seed(seed)
        with mock.patch.object(random, "randint", random.Random(seed).randint):
            yield


def code_digest(key: str, preset: str, front_end: str = "report") -> str | None:
    """Return 12 hex digits that change with the source of a network's builder.

    Returns None for a builder outside this package: its source may rest on code elsewhere, so that only the built
    network says what it is.
    """
    source = _find_variant(key, preset if front_end == "report" else front_end).build.func
    if not source.__module__.startswith("mercore.networks."):
        return None
    files = (Path(inspect.getfile(source)), Path(__file__).with_name("layers.py"))
    return hashlib.sha256("".join(file.read_text(encoding="utf-8") for file in files).encode()).hexdigest()[:12]


@cache
def _load_families() -> None:
    """Import the modules that register this package's networks, and TensorFlow with them, at the first use."""
    quiet_tensorflow()
    for name in FAMILIES:
        import_module(f"mercore.networks.{name}")


@cache
def quiet_tensorflow() -> None:
    """Import TensorFlow without the notices about missing GPUs that it prints whatever its log level."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what matters comes as an exception
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # it warns of every graph traced again, as a second network's is
        tf.config.list_physical_devices("GPU")  # the first use of a device is announced too
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
