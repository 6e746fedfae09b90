"""Training: settings, the fit itself, runs on disk, pretrained models.

Explained in 03_conv."""

from mercore.training.trainer import (
    EPOCH_SECONDS,
    OFF,
    PROFILES,
    Profile,
    divide,
    estimate,
    prepare,
    profile,
    train,
)

__all__ = [
    "EPOCH_SECONDS",
    "OFF",
    "PROFILES",
    "Profile",
    "divide",
    "estimate",
    "prepare",
    "profile",
    "train",
]
