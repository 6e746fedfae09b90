"""The seven networks of the report, the same families drawn anew, and the registry that any other network joins.

Plain Keras, one short file a family. Explained in notebooks 03 to 06; preset `tuned` in 09.
"""

from mercore.networks.registry import (
    BUILDING,
    PRESETS,
    Network,
    build,
    code_digest,
    epoch_seconds,
    find,
    input_type,
    names,
    network,
    quiet_tensorflow,
    seeded,
    short_title,
    sizes,
    title,
    variant,
)

__all__ = [
    "BUILDING",
    "PRESETS",
    "Network",
    "build",
    "code_digest",
    "epoch_seconds",
    "find",
    "input_type",
    "names",
    "network",
    "quiet_tensorflow",
    "seeded",
    "short_title",
    "sizes",
    "title",
    "variant",
]
