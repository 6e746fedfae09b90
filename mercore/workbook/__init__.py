"""Run the notebooks, publish their figures, write the book, hand out and grade exercises. Explained in notebook 00.

Nothing imports this room but the command line, the tests and the checks in the exercises.
"""

from mercore.workbook.runner import DEFAULTS, NOTEBOOKS, build_name, notebooks, parse_literal, publish, run

__all__ = ["DEFAULTS", "NOTEBOOKS", "build_name", "notebooks", "parse_literal", "publish", "run"]
