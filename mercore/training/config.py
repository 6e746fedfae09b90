"""The settings of a training, in one frozen object, and the profiles that name the usual ones. Explained in 03_conv.

The recipe of profile `report` is the one published with the report: Adam at its default rate, batches of 128, at most
30 epochs, early stopping after 5 epochs without a better validation loss, a tenth of the learning rate after 3, and
the weights of the last epoch, not of the best one. Which augmentation the report used is not published; ours, small
shifts in time and frequency as Keras' ImageDataGenerator makes them, is our choice. Profile `tuned` is another
recipe, chosen on validation artists of 4Q; see 09_beyond_the_report.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from math import prod

from mercore import UserError, features, networks
from mercore.corpora import Corpus
from mercore.corpora.clips import CLIP_SECONDS
from mercore.features import FeatureSettings

LIMITS = {
    "seed": (0, 2**32 - 1),
    "folds": (2, 1_000),
    "fold": (0, 1_000),
    "epochs": (1, 10_000),
    "batch_size": (1, 10_000),
    "learning_rate": (0, 10),
    "clips_per_track": (1, 10_000),
    "clip_seconds": (0.01, 60),
    "width": (0.01, 16),
    "units": (1, 2_048),
    "dropout": (0, 1),
    "n_mels": (1, 1_024),
}


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training but the corpus; stored whole in its record."""

    profile: str  # the name of the profile it began with
    preset: str  # which sizes of the network, see `networks.build`
    epochs: int  # at most
    batch_size: int  # clips a step
    learning_rate: float  # at the start
    monitor: str  # what is watched on the validation side: "loss" or "accuracy"
    patience: int  # epochs without a better one before the training stops
    plateau: int | None  # epochs without a better one before the rate falls to a tenth; None: half a cosine
    restore_best: bool  # keep the weights of the best epoch, else those of the last one
    clips_per_track: int
    network: str = ""  # the key of the network, or the name of one's own function
    input: str = "log_mel"  # the feature type that it takes, a key of `features.FEATURES`
    protocol: str = "artist"  # how the clips are split, see `mercore.corpora.splits`
    seed: int = 0  # of the split, the weights and the order of the clips
    folds: int | None = None  # None: one split
    fold: int | None = None  # which of them is tested
    tracks_per_class: int | None = None  # at most so many; None: all
    train_share: float = 0.0  # of the training tracks, for learning curves; 0: all
    label_smoothing: float = 0.0
    weight_decay: float = 0.0  # above 0: AdamW
    clip_seconds: float = CLIP_SECONDS
    width: float = 1.0  # times the preset's filters
    units: int | None = None  # of the recurrent layers; None: the preset's
    dropout: float | None = None  # None: the preset's
    augment: bool | None = None  # change training clips at random; None: for mel networks, and all of preset tuned
    scaler: str = "train"  # or "all", to let the normalisation see the test clips as the report's did
    attention: str = "additive"  # of the end-to-end networks; or "dot"
    front_end: str = "report"  # of the end-to-end networks; or "conflictnet"
    features: FeatureSettings = field(default_factory=FeatureSettings)

    def __post_init__(self):
        """Raise UserError for a value that can't work."""
        if self.scaler not in ("train", "all"):
            raise UserError(f'scaler must be "train" or "all", not {self.scaler!r}')
        values = asdict(self) | {"n_mels": self.n_mels}
        for name, (least, most) in LIMITS.items():
            if values[name] is not None and not least <= values[name] <= most:
                raise UserError(f"{name} must lie between {least:g} and {most:g}, not {values[name]!r:.80}")

    @property
    def n_mels(self) -> int:
        """The number of mel bands."""
        return self.features.n_mels

    @property
    def sizes(self) -> dict:
        """What it changes in the sizes of the preset, as `networks.build` takes them."""
        return {name: getattr(self, name) for name in ("width", "units", "dropout", "attention", "front_end")}

    def change(self, **changes) -> "TrainingConfig":
        """Return a copy with other values; feature settings (n_fft, n_mels, ...) may be named like all others.

        Raises:
            UserError: For a setting that there isn't, or a value that can't work.
        """
        of_features = {field.name for field in fields(FeatureSettings)} & changes.keys()
        inner = replace(changes.pop("features", self.features), **{name: changes.pop(name) for name in of_features})
        if unknown := changes.keys() - {field.name for field in fields(self)}:
            raise UserError(f"there is no setting {', '.join(sorted(unknown))} of a training")
        return replace(self, features=inner, **changes)

    @classmethod
    def from_record(cls, config: dict) -> "TrainingConfig":
        """Return the settings in a run's record; what else the record holds is left out."""
        known = {field.name: config[field.name] for field in fields(cls) if field.name in config}
        return cls(**known | {"features": FeatureSettings(**config["features"])})


# With few validation artists a network that errs with confidence has its best loss after an epoch or two, long before
# its best accuracy; so `quick` watches the accuracy.
PROFILES = {
    "smoke": TrainingConfig(
        "smoke", "quick", 1, 32, 1e-3, "accuracy", 5, 3, True, clips_per_track=2, tracks_per_class=6
    ),
    "quick": TrainingConfig("quick", "quick", 8, 32, 3e-3, "accuracy", 5, None, True, clips_per_track=10),
    "report": TrainingConfig("report", "report", 30, 128, 1e-3, "loss", 5, 3, False, clips_per_track=10),
    "tuned": TrainingConfig(
        "tuned", "tuned", 12, 32, 2e-3, "loss", 12, None, False, 10, label_smoothing=0.1, weight_decay=1e-3
    ),
}


def profile(name: str) -> TrainingConfig:
    """Return the profile of that name; raises UserError for an unknown one."""
    if name not in PROFILES:
        raise UserError(f"unknown profile {name!r}: choose one of {', '.join(PROFILES)}")
    return PROFILES[name]


def estimate(config: TrainingConfig, corpora: Iterable[Corpus]) -> tuple[dict[str, float], float]:
    """Return at most how long each registered network trains on all corpora (s), and their caches (bytes)."""
    n_clips = 0
    for corpus in corpora:
        tracks = len(corpus.usable)
        if config.tracks_per_class:
            tracks = min(tracks, config.tracks_per_class * len(corpus.classes))
        n_clips += tracks * config.clips_per_track
    seconds = {
        key: networks.epoch_seconds(key, config.preset) * config.epochs * n_clips / 1000 for key in networks.names()
    }
    return seconds, n_clips * 2.0 * sum(prod(features.shape(name)) for name in ("log_mel", "waveform"))
