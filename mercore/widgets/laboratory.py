"""The hyperparameter laboratory: turn a knob, train, compare. Explained in 10_laboratory.

Training runs in a thread, so the kernel stays usable. Finished and stopped trainings are runs like any other, below
data/runs.
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

from mercore import UserError, evaluation, plots, training
from mercore.corpora import splits
from mercore.corpora.corpus import Corpus
from mercore.evaluation.text import percent, plural
from mercore.plots import text as wording
from mercore.training import fit, runs
from mercore.widgets.panel import KEYBOARD, Panel, Sentence, as_html, png
from mercore.widgets.settings import BATCH_SIZES, CONFLICTNET, Settings, as_papermill, as_python, refusals

TRAINING = threading.Lock()  # one at a time in a kernel: two would only slow each other down
REDRAWN_AFTER = 1.0  # s, at the earliest
LIKE_PROFILE = "as the profile"  # ipywidgets takes None for no choice
COLUMNS = ("run", "test", "95 % from", "95 % to", "validation", "train", "epochs", "seconds", "parameters")


class Laboratory(Panel):
    """Set a training, start and stop it, watch its curves, and compare this session's runs.

    corpora: by task. shown: keys of `networks.TITLES`, those of the notebook it stands in, or all. runs_so_far: of
    the notebook, to be compared with. Settings start at the profile's. `runs` has them and the session's on these
    corpora, the newest last.
    """

    # Of this kernel, whichever laboratory began them: its cell may be run again.
    running: "_Listener | None" = None  # of the training at hand
    session: ClassVar[dict[str, runs.Run]] = {}  # what was trained, by id, the newest last

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
        self.runs, self._busy = self._known_runs(), False
        self._make_controls(shown, profile, protocol, seed)
        self._make_outputs()
        super().__init__([self._layout()], self._picture_of(self.runs))
        self._check()
        self._show_session()

    def _known_runs(self) -> list[runs.Run]:
        """The notebook's and the session's, each once; those on other music have nothing to be compared with here."""
        here = {(corpus.task, corpus.fingerprint) for corpus in self.corpora.values()}
        session = {key: run for key, run in list(Laboratory.session.items())  # a thread may be adding to it
                   if (run.corpus["task"], run.corpus["fingerprint"]) in here}  # fmt: skip
        return [run for run in self.runs_so_far if run.id not in session] + list(session.values())

    # What is set

    def _make_controls(self, shown: tuple[str, ...], profile: str, protocol: str, seed: int) -> None:
        from mercore import networks  # imports TensorFlow, which the other explorers may not need

        self._filling = False
        shown = shown or networks.names()
        known = {networks.title(key): (key, "report") for key in shown}
        known |= {f"{networks.title(key)}, ConflictNET's front end": (key, CONFLICTNET)
                  for key in shown if "conflictnet" in networks.find(key).variants}  # fmt: skip
        rates = [(f"{rate:g}", rate) for rate in (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 1e-2, 3e-2)]
        widths = [(f"{n:g} ×", n) for n in (0.25, 0.5, 1.0, 1.5, 2.0)]
        units, dropout = ([(LIKE_PROFILE, LIKE_PROFILE), *((f"{n:g}", n) for n in values)]
                          for values in ((8, 16, 32, 64, 128), (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)))  # fmt: skip
        bands = [(str(n), n) for n in (32, 48, 64, 96, 128, 160, 192, 256)]
        self.controls = {
            "task": w.Dropdown(options=list(self.corpora)),
            "network": w.Dropdown(options=known),
            "profile": w.Dropdown(options=list(training.PROFILES), value=profile),
            "clip_seconds": w.FloatSlider(min=0.5, max=10, step=0.5, readout_format=".1f"),
            "n_mels": w.SelectionSlider(options=bands, value=128),
            "width": w.SelectionSlider(options=widths, value=1.0),
            "units": w.Dropdown(options=units),
            "dropout": w.Dropdown(options=dropout),
            "learning_rate": w.SelectionSlider(options=rates, value=1e-3),
            "batch_size": w.SelectionSlider(options=[(str(n), n) for n in BATCH_SIZES], value=32),
            "epochs": w.IntSlider(min=1, max=60),
            "augment": w.Dropdown(options={LIKE_PROFILE: LIKE_PROFILE, "on": True, "off": False}),
            "protocol": w.Dropdown(options=["auto", *splits.PROTOCOLS], value=protocol),
            "seed": w.IntText(value=seed),
        }
        self._like_profile()
        for name, control in self.controls.items():
            control.description = LABELS[name]
            control.style.description_width = "8.5em"
            control.layout.width = "23em"
            control.continuous_update = False
            control.observe(self._like_profile if name == "profile" else self._check, "value")

    def _like_profile(self, _change=None) -> None:
        """Every setting that a profile has as the chosen one has it."""
        chosen = training.profile(self.controls["profile"].value)
        self._filling = True
        for name in FIELDS:
            value = getattr(chosen, name)
            self.controls[name].value = LIKE_PROFILE if value is None else value
        self._filling = False
        if hasattr(self, "train"):
            self._check()

    @property
    def settings(self) -> Settings:
        """What is set now."""
        value = {name: None if control.value == LIKE_PROFILE else control.value
                 for name, control in self.controls.items()}  # fmt: skip
        chosen = training.profile(value["profile"])
        changes = {name: value[name] for name in FIELDS if value[name] != getattr(chosen, name)}
        network, front_end = value["network"]
        about = {name: value[name] for name in ("task", "profile", "protocol", "seed", "augment")}
        return Settings(network=network, front_end=front_end, changes=changes, **about)

    def _check(self, _change=None) -> None:
        """Say beside a setting why it can't work, and let nobody train with it."""
        if self._filling:
            return
        settings = self.settings
        corpus = self.corpora[settings.task]
        found = refusals(settings, corpus)
        self.train.disabled = bool(found) or self._busy
        for name, note in self.notes.items():
            note.say(found.get(name, ""), "alert")
        self.code.value = (
            "# In a shell, in the folder notebooks:\nmkdir -p ../build\n"
            f"{as_papermill(settings, corpus, self.corpus_seed)}\n\n"
            f"# Or in Python:\n{as_python(settings, corpus, self.corpus_seed)}"
        )

    # What is shown

    def _make_outputs(self) -> None:
        self.notes = {name: Sentence() for name in self.controls}
        for note in self.notes.values():
            note.add_class("mercore-refused")
        self.train = w.Button(description="Train", button_style="primary", icon="play")
        self.stop = w.Button(description="Stop", icon="stop", disabled=True)
        self.train.on_click(self._start)
        self.stop.on_click(self._ask_to_stop)
        self.progress = w.IntProgress(min=0, max=1, description="Step", layout=w.Layout(width="16em"))
        self.status = Sentence("Nothing trained yet in this laboratory.", "status")
        self.curves = w.Image(format="png", layout=w.Layout(max_width="100%", width="56em", display="none"))
        self.result = w.HTML()
        self.confusion = w.Image(format="png", layout=w.Layout(max_width="100%", width="56em", display="none"))
        self.sort_by = w.Dropdown(options=COLUMNS, value="test", description="Sort by")
        self.compared = w.SelectMultiple(description="Compare", options=[], rows=5, layout=w.Layout(width="48em"))
        self.table = w.HTML()
        self.sort_by.observe(self._show_table, "value")
        self.compared.observe(self._show_comparison, "value")
        self.comparison = w.Image(format="png", layout=w.Layout(max_width="100%", width="56em", display="none"))
        self.code = w.Textarea(layout=w.Layout(width="calc(100% - 8px)", height="13.5em", display="none"))
        self.show_code = w.ToggleButton(description="As a command", icon="terminal")
        self.show_code.observe(lambda change: _show(self.code, change["new"]), "value")

    def _layout(self) -> w.Widget:
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        rows = [
            w.VBox([control, self.notes[name]], layout={"width": "26em"}) for name, control in self.controls.items()
        ]
        settings = w.HBox(rows, layout=wrap | {"max_width": "82em", "align_items": "flex-start"})
        buttons = w.HBox([self.train, self.stop, self.progress, self.show_code], layout=wrap)
        several_of_them = Sentence("Mark several by Ctrl and a click, or by Shift and the arrow keys.")
        heading = w.HTML("<b>Runs of this session</b>")
        self.together = w.VBox([heading, self.sort_by, self.table, self.compared, several_of_them, self.comparison])
        style = w.HTML(STYLE)
        return w.VBox(
            [style, Sentence(KEYBOARD), settings, buttons, self.status, self.code, self.curves, self.result,
             self.confusion, self.together]
        )  # fmt: skip

    def _show_table(self, _change=None) -> None:
        table = session_table(self.runs)
        ascending = self.sort_by.value in ("run", "seconds", "parameters", "epochs")
        self.table.value = table.sort_values(self.sort_by.value, ascending=ascending).to_html(
            index=False, float_format="%.3f", classes="mercore-runs", border=0
        )

    def _show_comparison(self, _change=None) -> None:
        chosen = [run for n, run in enumerate(self.runs) if n in self.compared.value]
        _show(self.comparison, len(chosen) > 0)
        if chosen:
            self.comparison.value = png(self._picture_of(chosen))

    def _picture_of(self, shown: list[runs.Run]) -> Figure:
        names = pd.Series([run_name(run) for run in shown], dtype=str)
        again = names.groupby(names).cumcount()  # as two that were stopped
        names += again.map(lambda n: f" ({n + 1})" if n else "")
        return plots.plot_comparison(dict(zip(names, (run.history for run in shown), strict=True)))

    def _draw_curves(self, name: str, history: pd.DataFrame, epochs: int) -> None:
        self.curves.value = png(plots.plot_comparison({name: history}, epochs))
        _show(self.curves, not history.empty)

    # Training

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
        self.result.value = ""
        for shown in (self.curves, self.confusion):
            _show(shown, False)
        threading.Thread(target=self._train, args=(self.settings, Laboratory.running), daemon=True).start()

    def _ask_to_stop(self, _button=None) -> None:
        self.stop.disabled = True
        if Laboratory.running:
            Laboratory.running.stopped = True
            self.status.say("Stopping after the step at hand.")

    def _train(self, settings: Settings, listener: "_Listener") -> None:
        try:
            run = training.train(self.corpora[settings.task], listener=listener, **settings.arguments)
            Laboratory.running, self.stop.disabled = None, True  # from here on there is nothing to stop
            self._show_run(run, reused=not listener.steps)
        except UserError as error:
            self.status.say(f"Not trained: {error}")  # no alert, as it may just have been stopped
        except Exception as error:  # in a thread nobody else would see it
            self.status.say(f"Not trained, by a fault of this program: {type(error).__name__}: {error}", "alert")
            self.result.value = f"<pre>{html.escape(traceback.format_exc())}</pre>"
        finally:
            Laboratory.running, self._busy, self.stop.disabled = None, False, True
            TRAINING.release()
            self._check()

    def _show_run(self, run: runs.Run, reused: bool) -> None:
        Laboratory.session.pop(run.id, None)
        Laboratory.session[run.id] = run
        self.runs = self._known_runs()
        ended = "Done: this very training was there already." if reused else "Done."
        if "stopped" in run.config:
            epochs = run.config["stopped"]
            ended = f"Stopped after {plural(epochs, 'whole epoch')}."
            if not epochs:
                ended = "Stopped in the first epoch, its weights as they were."
        self.status.say(f"{ended} Kept as {run.id}.")
        lines = [wording.tell_accuracy(run), *run.notes]
        self.result.value = "".join(f"<p>{as_html(line)}</p>" for line in lines)
        self._draw_curves(run_name(run), run.history, run.config["epochs"])
        tested = len(run.side("test")) > 0
        if tested:
            self.confusion.value = png(plots.plot_run_confusion(run))
        _show(self.confusion, tested)
        self._show_session()

    def _show_session(self) -> None:
        """The table, and the latest four compared; nothing while there is none."""
        _show(self.together, bool(self.runs))
        self._show_table()
        self.compared.options = [(run_name(run), n) for n, run in enumerate(self.runs)]
        self.compared.value = tuple(range(max(0, len(self.runs) - 4), len(self.runs)))


class _Listener(fit.Listener):
    """Shows in a laboratory how its training goes."""

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
        text = f"Epoch {number} of at most {settings.epochs}: {percent(last['accuracy'])} of training right"
        if "val_accuracy" in history:
            text += f", {percent(last['val_accuracy'])} of validation"
        self.report(f"{text}; {last['seconds']:.1f} s.")
        if time.monotonic() - self.drawn > REDRAWN_AFTER:
            self.laboratory._draw_curves("this training", history, settings.epochs)
            self.drawn = time.monotonic()


def session_table(trained: list[runs.Run]) -> pd.DataFrame:
    """A row a run: its name; test accuracy with its interval, validation, train; epochs, seconds, parameters."""
    rows = []
    for run in trained:
        test = evaluation.accuracy_interval(run.side("test"))
        sides = run.accuracy("validation"), run.accuracy("train")
        rows.append((run_name(run), *test, *sides, len(run.history), round(run.timings["training"]), run.parameters))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def run_name(run: runs.Run) -> str:
    """A run in a few words: network, task, what differs from its profile."""
    config, chosen = run.config, training.profile(run.config["profile"])
    changes = [
        f"{LABELS[name].lower().split(',')[0]} {getattr(run.settings, name):g}"
        for name in FIELDS
        if getattr(run.settings, name) != getattr(chosen, name)
    ]
    front_end = ["ConflictNET"] if config["front_end"] == CONFLICTNET else []
    usual = config["preset"] == "tuned" or run.input == "log_mel"
    changes += [] if config["augment"] == usual else [f"augmentation {'on' if config['augment'] else 'off'}"]
    stopped = ["stopped"] if "stopped" in config else []
    words = [run.title, run.corpus["task"], config["profile"], config["protocol"], f"seed {config['seed']}"]
    return ", ".join([*words, *front_end, *changes, *stopped])


def _show(widget: w.Widget, shown: bool) -> None:
    widget.layout.display = None if shown else "none"


FIELDS = ("clip_seconds", "n_mels", "width", "units", "dropout", "learning_rate", "batch_size", "epochs")
LABELS = {
    "task": "Task",
    "network": "Network",
    "profile": "Profile",
    "clip_seconds": "Clip length (s)",
    "n_mels": "Mel bands",
    "width": "Filters (× preset)",
    "units": "Units",
    "dropout": "Dropout",
    "learning_rate": "Learning rate",
    "batch_size": "Batch (clips)",
    "epochs": "Epochs, at most",
    "augment": "Augmentation",
    "protocol": "Split by",
    "seed": "Seed",
}
STYLE = """<style>
.mercore-refused { color: var(--jp-error-color1, #b3261e); font-weight: 600; }
.mercore-runs { border-collapse: collapse; }
.mercore-runs td, .mercore-runs th { padding: 2px 10px; text-align: right; }
.mercore-runs td:first-child, .mercore-runs th:first-child { text-align: left; }
</style>"""
