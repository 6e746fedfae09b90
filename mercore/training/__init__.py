"""Training: settings in one frozen object, the fit itself, runs on disk, pretrained models. Explained in notebook 03.

    run = training.train(corpus, "conv", epochs=5)

A network is the key of a registered one, or any function `build(n_classes, shape) -> keras.Model`.
"""

from mercore.training.config import PROFILES, TrainingConfig, estimate, profile
from mercore.training.fit import Listener, Stopped
from mercore.training.trainer import Prepared, configure, prepare, split_corpus, train

__all__ = [
    "PROFILES",
    "Listener",
    "Prepared",
    "Stopped",
    "TrainingConfig",
    "configure",
    "estimate",
    "prepare",
    "profile",
    "split_corpus",
    "train",
]
