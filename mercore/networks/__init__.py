"""The seven networks of the report, and the same families drawn anew.

Explained in 03_conv to 06_end_to_end."""

from mercore.networks.report import (
    BUILDING,
    KEYS,
    PRESETS,
    SIZES,
    TITLES,
    AttentionPooling,
    TimeDistributed,
    build,
    input_kind,
    keras,
    seeded,
    sizes_of,
)

__all__ = [
    "BUILDING",
    "KEYS",
    "PRESETS",
    "SIZES",
    "TITLES",
    "AttentionPooling",
    "TimeDistributed",
    "build",
    "input_kind",
    "keras",
    "seeded",
    "sizes_of",
]
