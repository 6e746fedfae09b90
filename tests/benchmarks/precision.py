"""Whether bfloat16 pays: a network trained in single precision against the same in Keras' policy mixed_bfloat16.

    .venv/bin/python tests/benchmarks/precision.py

Seconds for 1,000 clips as in epoch_seconds.py: one thread, random clips. A ratio above 1 says that single precision,
which is in use, is the faster one.
"""

import epoch_seconds  # first, as it says how many threads TensorFlow has
import keras
from measuring import Row, show

from mercore import networks


def in_precision(policy: str, key: str, preset: str) -> float:
    """`epoch_seconds.seconds` under a policy of Keras."""
    dtypes = keras.mixed_precision
    dtypes.set_dtype_policy(policy)
    try:
        return epoch_seconds.seconds(key, preset)
    finally:
        dtypes.set_dtype_policy("float32")


def measure() -> list[Row]:
    """A row a network, by the report's sizes and by ours."""
    return [
        Row(
            f"1,000 clips of {key}, {preset}",
            *(in_precision(policy, key, preset) for policy in ("float32", "mixed_bfloat16")),
            "s",
            "in bfloat16",
        )
        for preset in ("report", "tuned")
        for key in networks.names()
    ]


if __name__ == "__main__":
    show(measure())
