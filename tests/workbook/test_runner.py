"""The runner: its settings, what it refuses, and that a bad notebook or figure fails a run."""

import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from mercore import UserError, __main__
from mercore.workbook import execution, runner

KERNELSPEC = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def one_notebook(own_folders, monkeypatch):
    """A folder of notebooks with one, 99_trial, that has to draw trial.png; returns a function that writes it."""
    folder = own_folders / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(runner, "NOTEBOOKS", folder)
    monkeypatch.setattr(execution, "figures_of", lambda notebook: ["trial.png"])

    def write(code: str) -> Path:
        cells = [new_code_cell("SEED = 0  # any", metadata={"tags": ["parameters"]}), new_code_cell(code)]
        nbformat.write(new_notebook(cells=cells, metadata=KERNELSPEC), folder / "99_trial.ipynb")
        return folder / "99_trial.ipynb"

    return write


DRAW = """
import os, numpy as np, matplotlib.pyplot as plt
plt.imsave(os.environ["MERCORE_FIGURES"] + "/trial.png", np.random.default_rng(SEED).random((50, 50, 3)))
"""


def execute(notebook: Path, out: Path, monkeypatch):
    (out / "figures").mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("MERCORE_FIGURES", str(out / "figures"))
    return execution.execute(notebook, out, {"SEED": 3}, timeout=60)


def test_a_notebook_that_draws_its_figure_passes(one_notebook, own_folders, monkeypatch):
    outcome = execute(one_notebook(DRAW), own_folders / "out", monkeypatch)
    assert (outcome.notebook, outcome.figures) == ("99_trial", 1)
    assert outcome.peak_mb > 20


def test_the_kernel_is_this_environments_own(one_notebook, own_folders, monkeypatch):
    """Also where another environment has registered a kernel of the same name."""
    other = own_folders / "home" / "share" / "jupyter" / "kernels" / "python3"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text('{"argv": ["/nowhere/python"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(own_folders / "home" / "share" / "jupyter"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    code = f"import sys; assert sys.prefix == {sys.prefix!r}, sys.prefix\n{DRAW}"
    execute(one_notebook(code), own_folders / "out", monkeypatch)


def test_a_failing_cell_is_named(one_notebook, own_folders, monkeypatch):
    with pytest.raises(UserError, match=r"99_trial.ipynb failed in cell \[3\]: ZeroDivisionError"):
        execute(one_notebook("1 / 0"), own_folders / "out", monkeypatch)


@pytest.fixture
def out(own_folders, monkeypatch):
    """A run's folder in which the notebook 99_trial has to draw trial.png."""
    monkeypatch.setattr(execution, "figures_of", lambda notebook: ["trial.png"])
    (own_folders / "out" / "figures").mkdir(parents=True)
    return own_folders / "out"


def draw(out: Path, noise: float = 1) -> Path:
    pixels = noise * np.random.default_rng(0).random((50, 50, 3))
    Image.fromarray((255 * pixels).astype(np.uint8)).save(out / "figures" / "trial.png")
    return out / "figures" / "trial.png"


def test_a_missing_figure_is_named(one_notebook, own_folders, monkeypatch):
    with pytest.raises(UserError, match=r"99_trial: trial.png is missing"):
        execute(one_notebook("pass"), own_folders / "out", monkeypatch)


def test_a_blank_figure_is_named(out):
    draw(out, noise=0)
    with pytest.raises(UserError, match=r"trial.png is blank"):
        execution._check_figures("99_trial", out, {})


def test_a_figure_of_an_earlier_run_does_not_count(out):
    os.utime(draw(out), (time.time() - 3600,) * 2)
    with pytest.raises(UserError, match=r"trial.png is older than this run"):
        execution._check_figures("99_trial", out, execution._file_stamps("99_trial", out))


def test_a_figure_counts_though_the_clock_was_set_back_meanwhile(out):
    draw(out)
    before = execution._file_stamps("99_trial", out)
    os.utime(draw(out), (time.time() - 7200,) * 2)
    execution._check_figures("99_trial", out, before)


def test_a_notebook_that_fails_for_want_of_room_leaves_the_older_one(one_notebook, own_folders, monkeypatch):
    """What papermill writes is cut off by the disk; what was there is worth more."""
    import papermill

    notebook, out = one_notebook(DRAW), own_folders / "out"
    execute(notebook, out, monkeypatch)
    whole = (out / notebook.name).read_bytes()

    def cut_off(source, target, **_):
        Path(target).write_text('{"cells": [')
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(papermill, "execute_notebook", cut_off)
    with pytest.raises(UserError, match=r"99_trial.ipynb: can't be written \(No space left on device\)"):
        execute(notebook, out, monkeypatch)
    assert (out / notebook.name).read_bytes() == whole


def several(folder: Path, **cells: str) -> list[Path]:
    """Notebooks of one cell each."""
    for name, code in cells.items():
        nbformat.write(new_notebook(cells=[new_code_cell(code)], metadata=KERNELSPEC), folder / f"{name}.ipynb")
    return [folder / f"{name}.ipynb" for name in cells]


@pytest.mark.slow
def test_notebooks_that_use_trainings_wait_for_those_that_train(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "NEEDS", {"a_uses": ("b_trains", "not_chosen")})
    mark = str(tmp_path / "mark")
    cells = {
        "a_uses": f"open({mark!r}).close()",
        "b_trains": f"import time; time.sleep(1); open({mark!r}, 'w').close()",
    }
    outcomes = execution.execute_all(several(tmp_path, **cells), tmp_path, {}, timeout=60)
    assert [outcome.notebook for outcome in outcomes] == ["a_uses", "b_trains"]


def test_the_first_failure_ends_the_other_notebooks(tmp_path):
    started = time.time()
    with pytest.raises(UserError, match=r"b.ipynb failed in cell \[1\]: ZeroDivisionError"):
        execution.execute_all(
            several(tmp_path, a="import time; time.sleep(300)", b="1 / 0"), tmp_path, {}, timeout=600
        )
    assert time.time() - started < 200


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["GENER=x"], "GENER=x: no notebook knows this; use NAME=value with"),
        (["smoke"], "no notebook knows this"),
        (["GENRE=/no/such/folder"], "GENRE=/no/such/folder: there is no such file or folder"),
        (["PROFILE=fast"], "choose one of smoke, quick, report"),
        (["PROFILE=tuned"], "the notebooks are about the report's networks"),
        (["PROTOCOL=song"], "PROTOCOL=song: choose one of auto"),
        (["SEED=x"], "SEED=x: must be a whole number from 0 to 2^32 - 1"),
        (["ONLY=03,77"], "there is no notebook 77"),
    ],
)
def test_a_setting_that_cannot_work_is_one_clear_line(words, message, capsys, own_folders):
    assert __main__.main(["figures", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_options_of_lab_reach_jupyterlab_and_others_are_refused(monkeypatch, capsys):
    called = []
    monkeypatch.setattr(subprocess, "call", lambda arguments: called.extend(arguments))
    assert __main__.main(["lab", "--no-browser", "--port=8899"]) == 0
    assert called[-2:] == ["--no-browser", "--port=8899"]
    with pytest.raises(SystemExit):
        __main__.main(["check", "embedded", "--no-browser"])
    assert "unrecognized arguments: --no-browser" in capsys.readouterr().err


def test_an_empty_folder_is_refused_before_any_notebook_runs(tmp_path, capsys, own_folders):
    (tmp_path / "leer und größer").mkdir()
    assert __main__.main(["figures", f"GENRE={tmp_path / 'leer und größer'}", "PROFILE=smoke"]) == 2
    assert "is empty" in capsys.readouterr().err


def test_settings_reach_the_notebooks_that_know_them(tmp_path):
    settings, only = runner.parse_settings([f"GENRE={tmp_path}", "SEED=4", "ONLY=3,7", "FRESH=1"])
    assert settings["GENRE"] == str(tmp_path)
    assert (settings["SEED"], settings["REUSE"], only) == (4, False, "3,7")
    assert [path.name[:2] for path in runner.notebooks(only)] == ["03", "07"]


@pytest.mark.parametrize(("word", "reuse"), [("False", False), ("0", False), ("True", True), ("1", True)])
def test_reuse_from_the_command_line_is_a_truth_value(word, reuse):
    assert runner.parse_settings([f"REUSE={word}"])[0]["REUSE"] is reuse


def test_publishing_refuses_figures_of_the_embedded_corpus(own_folders, monkeypatch):
    from mercore import plots

    monkeypatch.setattr(runner, "PROJECT", own_folders)
    folder = own_folders / "build" / "trial" / "figures"
    for number, corpus, composed in ((7, "embedded genre", True), (8, "4Q", False)):
        fig, ax = plots.new_figure(3, 3)
        ax.plot(np.arange(5), np.arange(5) ** 2)
        about = plots.Provenance(corpus=corpus, protocol="artist", seed=0, composed=composed)
        plots.save(fig, number, about, out=folder)
    plots.save(fig, "beyond_the_report", plots.Provenance(corpus="4Q", protocol="artist", seed=0), out=folder)
    written = {str(path.relative_to(own_folders)) for path in runner.publish("trial")}
    assert written == {"figures/real/artist/fig08_mood_results.png", "figures/real/artist/fig08_mood_results.svg"}
    with pytest.raises(UserError, match="there are trial"):
        runner.publish("nothing")


def test_a_notebook_is_run_again_where_it_or_its_settings_have_changed(one_notebook, own_folders, monkeypatch):
    notebook, out = one_notebook(DRAW), own_folders / "out"
    done = out / notebook.name

    def is_done(**settings) -> bool:
        return runner._is_current(done, notebook, {"SEED": 3, "PROFILE": "quick"} | settings)

    assert not is_done()
    execute(notebook, out, monkeypatch)
    assert is_done() and is_done(REUSE=False) and not is_done(SEED=4)
    whole = done.read_text("utf-8")
    done.write_text(whole[: len(whole) // 2], "utf-8")
    assert not is_done()
    done.write_text(whole, "utf-8")
    one_notebook(DRAW + "1 + 1")
    assert not is_done()
    one_notebook(DRAW + "1 / 0")
    with pytest.raises(UserError, match="99_trial"):
        execute(notebook, out, monkeypatch)
    assert not is_done()


def test_only_what_is_missing_is_run(one_notebook, own_folders, monkeypatch):
    notebook, ran = one_notebook(DRAW), []
    monkeypatch.setattr(runner, "_open_corpora", lambda settings: {})
    monkeypatch.setattr(runner, "build_name", lambda settings, corpora: "out")
    monkeypatch.setattr(runner, "_execute", lambda missing, settings, corpora: ran.append([p.stem for p in missing]))
    out = own_folders / "build" / "out"
    assert runner.execute_if_needed(["SEED=3"]) == [out / notebook.name] and ran == [["99_trial"]]
    execute(notebook, out, monkeypatch)
    runner.execute_if_needed(["SEED=3"])
    assert len(ran) == 1
    runner.execute_if_needed(["SEED=3", "FRESH=1"])
    assert len(ran) == 2
