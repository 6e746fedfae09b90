"""How nbgrader makes and grades the exercises; `make assignment` and `make grade` copy it into their course folder."""

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    GetGrades,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
)

from mercore.workbook.grading import CELL_SECONDS, GRACE, ExecuteWithLimits

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.course_id = "mercore"
c.ClearSolutions.code_stub = {"python": "# your answer here"}
c.ClearSolutions.text_stub = "*Your answer here*"

c.Autograde.autograde_preprocessors = [
    ExecuteWithLimits,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    CheckCellMetadata,
]
c.ExecuteWithLimits.timeout, c.ExecuteWithLimits.iopub_timeout = CELL_SECONDS, GRACE
c.KernelManager.transport = "ipc"  # sockets in a folder: a kernel in a sandbox has no network, not even loopback
c.HTMLExporter.sanitize_html = True  # a feedback page holds what a student's code printed
# No text/html: sanitised, a table or a player would be a heap of tags.
c.NbConvertBase.display_data_priority = ["text/markdown", "image/png", "image/jpeg", "text/plain"]
c.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, CSSHTMLHeaderPreprocessor]  # hidden tests stay hidden
