"""The hyperparameter laboratory: change a setting, train, compare. Explained in 10_laboratory.

Training runs in a thread, so the kernel stays usable. Finished and stopped trainings are runs like any other.
"""

import html
import threading
import time
import traceback
from collections.abc import Iterable
from typing import ClassVar

import ipywidgets as w
import pandas as pd
from matplotlib.figure import Figure

from mercore import UserError, evaluation, networks, plots, training
from mercore.corpora import Corpus, splits
from mercore.evaluation.text import escape_markdown, percent, plural
from mercore.plots.text import describe_accuracy
from mercore.training import fit, runs
from mercore.widgets.laboratory_settings import (
    CHANGEABLE,
    CHOICES,
    Settings,
    as_papermill,
    as_python,
    run_name,
    validate,
)
from mercore.widgets.panel import KEYBOARD, WRAP, Panel, Rich, Sentence, png

TRAINING = threading.Lock()  # one at a time in a kernel: two would only slow each other down
REDRAW_SECONDS = 1.0  # between two pictures of the curves, at least
LIKE_PROFILE = "as the profile"  # ipywidgets takes None for no choice
COLUMNS = ("run", "test", "95 % from", "95 % to", "validation", "train", "epochs", "seconds", "parameters")


class Laboratory(Panel):
    """Set a training, start and stop it, watch its curves, and compare the runs of this session.

    Args:
        corpora: The corpora by task.
        shown: Keys of the networks to choose from; empty: all.
        runs_so_far: Runs of the notebook, to be compared with.
        profile: The profile that the settings start from.
        protocol: The split to start from.
        seed: The seed of the corpora, and the one to start from.
    """

    # Of this kernel, whichever laboratory began them: its cell may be run again.
    running: "_Listener | None" = None
    session: ClassVar[dict[str, runs.Run]] = {}  # trained in this session, by id, the newest last

    def __init__(
        self,
        corpora: dict[str, Corpus],
        shown: tuple[str, ...] = (),
        runs_so_far: Iterable[runs.Run] = (),
        profile: str = "quick",
        protocol: str = "auto",
        seed: int = 0,
    ):
        self.corpora, self.corpus_seed, self.runs_so_far = corpora, seed, list(runs_so_far)
        self.runs, self._busy, self._filling = self._known_runs(), False, False
        self.controls = _make_controls(list(corpora), shown, profile, protocol, seed)
        self._make_outputs()
        super().__init__(self._layout(), _plot_runs(self.runs))
        self._follow_profile()
        for name, control in self.controls.items():
            control.observe(self._follow_profile if name == "profile" else self._check, "value")
        self._show_session()

    def _known_runs(self) -> list[runs.Run]:
        """Return the notebook's and the session's runs on these corpora, each once."""
        here = {(corpus.task, corpus.fingerprint) for corpus in self.corpora.values()}
        session = {key: run for key, run in list(Laboratory.session.items())  # a thread may be adding to it
                   if (run.corpus["task"], run.corpus["fingerprint"]) in here}  # fmt: skip
        return [run for run in self.runs_so_far if run.id not in session] + list(session.values())

    def _follow_profile(self, _change=None) -> None:
        """Set every setting that a profile has as the chosen profile has it."""
        profile = training.profile(self.controls["profile"].value)
        self._filling = True
        for name in CHANGEABLE:
            value = getattr(profile, name)
            self.controls[name].value = LIKE_PROFILE if value is None else value
        self._filling = False
        self._check()

    @property
    def settings(self) -> Settings:
        """The settings as the controls stand now."""
        value = {name: control.value for name, control in self.controls.items()}
        value |= {name: None for name in value if value[name] == LIKE_PROFILE}
        (network, front_end), profile = value["network"], training.profile(value["profile"])
        options = {"protocol": value["protocol"], "seed": value["seed"]}
        options |= {} if value["augment"] is None else {"augment": value["augment"]}
        options |= {} if front_end == "report" else {"front_end": front_end}
        options |= {name: value[name] for name in CHANGEABLE if value[name] != getattr(profile, name)}
        return Settings(value["task"], network, value["profile"], options)

    def _check(self, _change=None) -> None:
        """Say next to a setting why it can't work, and offer to train only if all can."""
        if self._filling:
            return
        settings, seed = self.settings, self.corpus_seed
        corpus = self.corpora[settings.task]
        found = validate(settings, corpus)
        self.train.disabled = bool(found) or self._busy
        for name, note in self.notes.items():
            note.say(found.get(name, ""), "alert")
        self.code.value = (
            f"# In a shell, in the folder notebooks:\nmkdir -p ../build\n{as_papermill(settings, corpus, seed)}\n\n"
            f"# Or in Python:\n{as_python(settings, corpus, seed)}"
        )

    def _make_outputs(self) -> None:
        self.notes = {name: Sentence() for name in self.controls}
        self.train = w.Button(description="Train", button_style="primary", icon="play")
        self.stop = w.Button(description="Stop", icon="stop", disabled=True)
        self.progress = w.IntProgress(min=0, max=1, description="Step", layout={"width": "16em"})
        self.status, self.result = Sentence("Nothing trained yet in this laboratory.", "status"), Rich()
        picture = {"max_width": "100%", "width": "56em", "display": "none"}
        self.curves, self.confusion, self.comparison = (w.Image(format="png", layout=picture) for _ in range(3))
        self.sort_by, self.table = w.Dropdown(options=COLUMNS, value="test", description="Sort by"), Rich()
        self.compared = w.SelectMultiple(description="Compare", rows=5, layout={"width": "48em"})
        self.code = w.Textarea(layout={"width": "calc(100% - 8px)", "height": "13.5em", "display": "none"})
        self.show_code = w.ToggleButton(description="As a command", icon="terminal")
        self.train.on_click(self._start)
        self.stop.on_click(self._ask_to_stop)
        self.sort_by.observe(self._show_table, "value")
        self.compared.observe(self._show_comparison, "value")
        self.show_code.observe(lambda change: _show(self.code, change["new"]), "value")

    def _layout(self) -> list[w.Widget]:
        cells = [
            w.VBox([control, self.notes[name]], layout={"width": "26em"}) for name, control in self.controls.items()
        ]
        settings = w.HBox(cells, layout=WRAP | {"max_width": "82em", "align_items": "flex-start"})
        buttons = w.HBox([self.train, self.stop, self.progress, self.show_code], layout=WRAP)
        heading = w.HTML("<b>Runs of this session</b>")
        hint = Sentence("Mark several by Ctrl and a click, or by Shift and the arrow keys.")
        self.together = w.VBox([heading, self.sort_by, self.table, self.compared, hint, self.comparison])
        outputs = [self.status, self.code, self.curves, self.result, self.confusion, self.together]
        return [Sentence(KEYBOARD), settings, buttons, *outputs]

    def _show_table(self, _change=None) -> None:
        ascending = self.sort_by.value in ("run", "seconds", "parameters", "epochs")
        table = session_table(self.runs).sort_values(self.sort_by.value, ascending=ascending)
        self.table.show(table.to_html(index=False, float_format="%.3f", classes="mercore-runs"), "text/html")

    def _show_comparison(self, _change=None) -> None:
        chosen = [self.runs[n] for n in self.compared.value]
        _show(self.comparison, bool(chosen))
        if chosen:
            self.comparison.value = png(_plot_runs(chosen))

    def _draw_curves(self, name: str, history: pd.DataFrame, epochs: int) -> None:
        self.curves.value = png(plots.plot_histories({name: history}, epochs))
        _show(self.curves, not history.empty)

    def _start(self, _button=None) -> None:
        if self._busy:  # a double click
            return
        if not TRAINING.acquire(blocking=False):
            self.status.say("Another laboratory of this notebook is training: wait, or press Stop, here or there.")
            self.stop.disabled = False
            return
        self._busy, Laboratory.running = True, _Listener(self)
        self.train.disabled, self.stop.disabled = True, False
        self.status.say("Preparing the clips and their features.")
        self.result.show("")
        _show(self.curves, False)
        _show(self.confusion, False)
        threading.Thread(target=self._train, args=(self.settings, Laboratory.running), daemon=True).start()

    def _ask_to_stop(self, _button=None) -> None:
        self.stop.disabled = True
        if Laboratory.running:
            Laboratory.running.stopped = True
            self.status.say("Stopping after this step.")

    def _train(self, settings: Settings, listener: "_Listener") -> None:
        corpus, network, profile = self.corpora[settings.task], settings.network, settings.profile
        try:
            run = training.train(corpus, network, profile, listener=listener, **settings.options)
            Laboratory.running, self.stop.disabled = None, True  # from here on there is nothing to stop
            self._show_run(run, reused=not listener.steps)
        except UserError as error:
            self.status.say(f"Not trained: {error}")  # no alert, as it may just have been stopped
        except Exception as error:  # in a thread nobody else would see it
            self.status.say(f"Not trained, by a fault of this program: {type(error).__name__}: {error}", "alert")
            self.result.show(f"<pre>{html.escape(traceback.format_exc())}</pre>")
        finally:
            Laboratory.running, self._busy, self.stop.disabled = None, False, True
            TRAINING.release()
            self._check()

    def _show_run(self, run: runs.Run, reused: bool) -> None:
        Laboratory.session.pop(run.id, None)
        Laboratory.session[run.id] = run
        self.runs = self._known_runs()
        ended = "Done: an identical training was there already." if reused else "Done."
        if "stopped" in run.config:
            whole = plural(run.config["stopped"], "whole epoch")
            ended = f"Stopped after {whole}." if run.config["stopped"] else "Stopped in the first epoch, untrained."
        self.status.say(f"{ended} Kept as {run.id}.")
        self.result.show("\n\n".join([describe_accuracy(run), *map(escape_markdown, run.notes)]))
        self._draw_curves(run_name(run), run.history, run.config["epochs"])
        if len(run.side("test")):
            self.confusion.value = png(plots.plot_run_confusion(run))
            _show(self.confusion, True)
        self._show_session()

    def _show_session(self) -> None:
        """Show the table, and compare the latest four runs; show nothing while there is none."""
        _show(self.together, bool(self.runs))
        self._show_table()
        self.compared.options = [(run_name(run), n) for n, run in enumerate(self.runs)]
        self.compared.value = tuple(range(max(0, len(self.runs) - 4), len(self.runs)))


class _Listener(fit.Listener):
    """Show in a laboratory how its training goes."""

    interactive = True

    def __init__(self, laboratory: Laboratory):
        self.laboratory, self.stopped, self.steps, self.drawn, self.shown = laboratory, False, 0, 0.0, 0.0

    def report(self, text: str) -> None:
        self.laboratory.status.say(text)

    def step(self, done: int, total: int) -> None:
        self.steps += 1
        if done == total or time.monotonic() - self.shown > 0.2:
            self.laboratory.progress.max, self.laboratory.progress.value = total, done
            self.shown = time.monotonic()

    def epoch(self, history: pd.DataFrame, settings: training.TrainingConfig) -> None:
        last, number = history.iloc[-1], len(history)
        line = f"Epoch {number} of at most {settings.epochs}: {percent(last['accuracy'])} of training correct"
        if "val_accuracy" in history:
            line += f", {percent(last['val_accuracy'])} of validation"
        self.report(f"{line}; {last['seconds']:.1f} s.")
        if time.monotonic() - self.drawn > REDRAW_SECONDS:
            self.laboratory._draw_curves("this training", history, settings.epochs)
            self.drawn = time.monotonic()


def _make_controls(tasks: list[str], shown: tuple[str, ...], profile: str, protocol: str, seed: int) -> dict:
    """Return the controls by the name of their setting, in the order of the panel."""
    shown, slider, usual = shown or networks.names(), w.SelectionSlider, [(LIKE_PROFILE, LIKE_PROFILE)]
    known = [(networks.title(key), (key, "report")) for key in shown]
    waveform = [key for key in shown if "conflictnet" in networks.find(key).variants]
    known += [(f"{networks.title(key)}, ConflictNET's front end", (key, "conflictnet")) for key in waveform]
    bands, widths, units, dropouts, rates, batches = (
        [(f"{value:g}", value) for value in values] for values in CHOICES.values()
    )
    controls = {
        "task": w.Dropdown(options=tasks, description="Task"),
        "network": w.Dropdown(options=known, description="Network"),
        "profile": w.Dropdown(options=list(training.PROFILES), value=profile, description="Profile"),
        "clip_seconds": w.FloatSlider(min=0.5, max=10, step=0.5, readout_format=".1f", description="Clip length (s)"),
        "n_mels": slider(options=bands, description="Mel bands"),
        "width": slider(options=widths, description="Filters (× preset)"),
        "units": w.Dropdown(options=usual + units, description="Units"),
        "dropout": w.Dropdown(options=usual + dropouts, description="Dropout"),
        "learning_rate": slider(options=rates, description="Learning rate"),
        "batch_size": slider(options=batches, description="Batch (clips)"),
        "epochs": w.IntSlider(min=1, max=60, description="Epochs, at most"),
        "augment": w.Dropdown(options=[*usual, ("on", True), ("off", False)], description="Augmentation"),
        "protocol": w.Dropdown(options=["auto", *splits.PROTOCOLS], value=protocol, description="Split by"),
        "seed": w.IntText(value=seed, description="Seed"),
    }
    for control in controls.values():
        control.style.description_width, control.layout.width = "8.5em", "23em"
        control.continuous_update = False
    return controls


def session_table(trained: list[runs.Run]) -> pd.DataFrame:
    """Return a row a run: accuracies of all sides, that of the test with its interval; epochs, seconds, parameters."""
    rows = []
    for run in trained:
        test = evaluation.accuracy_interval(run.side("test"))
        sides = run.accuracy("validation"), run.accuracy("train")
        rows.append((run_name(run), *test, *sides, len(run.history), round(run.timings["training"]), run.parameters))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _plot_runs(shown: list[runs.Run]) -> Figure:
    names = pd.Series([run_name(run) for run in shown], dtype=str)
    names += names.groupby(names).cumcount().map(lambda n: f" ({n + 1})" if n else "")  # as two that were stopped
    return plots.plot_histories(dict(zip(names, (run.history for run in shown), strict=True)))


def _show(widget: w.Widget, shown: bool) -> None:
    widget.layout.display = None if shown else "none"
