"""Every notebook in JupyterLab: opened, Run All Cells, nothing red."""

import os
import shutil
import time

import pytest

from mercore import workbook
from mercore.workbook import execution

from .driver import failures, has_run, open_notebook, start_all

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]
LONGEST = 400  # s for one notebook, beside another and whatever else the machine does


def names_in_order() -> list[str]:
    """Those that others wait for come last."""
    names = [path.stem for path in workbook.notebooks()]
    return sorted(names, key=lambda name: name in execution.NEEDS)


@pytest.fixture
def trained(lab, smoke_run, composed_music):
    """What papermill has trained is there for JupyterLab, too."""
    for folder in ("embedded", "cache", "runs"):
        shutil.copytree(composed_music / folder, lab.data / folder, copy_function=os.link, dirs_exist_ok=True)


@pytest.mark.usefixtures("trained")
def test_every_notebook_runs(new_page, lab):
    """In profile smoke, two at a time, since one leaves half of two cores idle; all that went wrong is told.

    Notebook 03 trains, as a reader sees it; the others take the trainings that are there.
    """
    waiting, open_pages, wrong = names_in_order(), {}, {}
    while waiting or open_pages:
        free = len(open_pages) < 2 and not (waiting and waiting[0] in execution.NEEDS and needed(open_pages))
        if waiting and free:
            name, page = waiting.pop(0), new_page()
            notebook = next(path for path in workbook.notebooks() if path.stem == name)
            open_notebook(page, lab.copy_notebook(notebook, PROFILE="smoke", REUSE=name != "03_conv"))
            start_all(page)
            open_pages[name] = page, time.time()
            continue
        for name, (page, started) in list(open_pages.items()):
            late = time.time() - started > LONGEST
            if has_run(page) or late:
                wrong[name] = [f"not done after {LONGEST} s"] if late else failures(page)
                print(f"{name}: {time.time() - started:.0f} s")
                page.close()
                lab.end_kernels(f"{name}.ipynb")
                del open_pages[name]
        time.sleep(0.3)
    assert {name: found for name, found in wrong.items() if found} == {}


def needed(open_pages: dict) -> bool:
    """Whether a notebook is running whose trainings others use."""
    return any(name not in execution.NEEDS for name in open_pages)
