"""Run the notebooks, publish their figures, write the book, hand out and grade exercises."""

from mercore.workbook.runner import (
    DEFAULTS,
    NOTEBOOKS,
    as_value,
    label,
    notebooks,
    publish,
    run,
)

__all__ = [
    "DEFAULTS",
    "NOTEBOOKS",
    "as_value",
    "label",
    "notebooks",
    "publish",
    "run",
]
