"""Which moments of a clip a network listens to, by several methods, and whether they agree.

Explained in 03_conv (Grad-CAM and occlusion), 05_conv_recurrent and 06_end_to_end (attention, filters). A network
has the methods that its layers allow, `methods(model)`; occlusion asks nothing but its answers, so all have it, and
it serves as the check on the others.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from mercore import UserError
from mercore.corpora.clips import CLIP_SECONDS
from mercore.evaluation.layers import receptive_fields
from mercore.features import FEATURES, HOP_LENGTH, SAMPLE_RATE, load, log_mel, shape, slice_clip
from mercore.training import runs

METHODS = {"grad_cam": "Grad-CAM", "attention": "attention", "occlusion": "occlusion"}
WINDOW = 2.0  # s, of what is played as having mattered most
COVER, STEP = 0.3, 0.1  # s: how much occlusion covers at once, and how far it moves on
GRID = 0.01  # s, to which the start of the window is found
NOTICEABLE = 0.01  # of probability: if no covering changes more, occlusion has nothing to say
CLEAR, BY_CHANCE, NEAR, NONE = 0.5, 0.1, 0.5, 0.2  # what `Agreement.verdict` goes by


def input_type(model) -> str:
    """The kind of features (a key of `features.FEATURES`) that a network takes, by the shape of its input."""
    return next(name for name in FEATURES if shape(name)[1] == model.input_shape[2])


def times(kind: str) -> np.ndarray:
    """When (s) in the clip the frames of a log-mel, or the steps of a waveform, have their middle."""
    rows, columns = shape(kind)
    if kind == "log_mel":
        return np.arange(columns) * HOP_LENGTH / SAMPLE_RATE  # librosa centres frame i on sample i * hop
    return (np.arange(rows) + 0.5) * columns / SAMPLE_RATE


def methods(model) -> tuple[str, ...]:
    """The keys of METHODS that can be asked of this network; occlusion, the check, comes last."""
    kinds = [type(layer).__name__ for layer in model.layers]
    able = {"grad_cam": "Conv2D" in kinds, "attention": {"AttentionPooling", "Attention"} & {*kinds}}
    return (*(method for method, possible in able.items() if possible), "occlusion")


def grad_cam(model, x: np.ndarray, class_index: int) -> np.ndarray:
    """How much each place of a log-mel spoke for a class: (128 bands, 130 frames), none below 0, 1 at most.

    `x` (128, 130) is normalised. The maps of the last convolution, each weighted by the mean gradient of the class'
    score (before the softmax) with respect to it, summed, cut off at 0 and interpolated to the input's size; all 0
    where nothing spoke for it. Selvaraju et al. 2017, "Grad-CAM". UserError for a network without such maps.
    """
    import keras  # slow to import, so not above
    import tensorflow as tf

    if "grad_cam" not in methods(model):
        raise UserError(f"{model.name} has no convolution over bands and frames, which Grad-CAM needs")
    last = max(n for n, layer in enumerate(model.layers) if type(layer).__name__ == "Conv2D")
    # What follows it place by place (normalisation, ReLU) belongs to it: negative answers are no patterns found.
    while type(model.layers[last + 1]).__name__ in ("BatchNormalization", "ReLU", "Activation"):
        last += 1
    head = model.layers[-1]
    with tf.GradientTape() as tape:
        maps, before = _part(model, model.layers[last].output, head.input)(x[None], training=False)
        score = keras.ops.matmul(before, head.kernel)[0, class_index]  # its bias has no gradient
    weights = keras.ops.mean(tape.gradient(score, maps), axis=(0, 1, 2))
    found = np.maximum(np.asarray(maps[0]) @ np.asarray(weights), 0)
    fields = receptive_fields(model)
    jumps = fields[fields.index == "Conv2D"].iloc[-1]["jump"]
    for axis, (jump, size) in enumerate(zip(jumps, x.shape, strict=True)):
        found = np.apply_along_axis(_stretch, axis, found, jump, size)
    return found / found.max() if found.max() > 1e-12 else np.zeros_like(found)


def _stretch(cells: np.ndarray, jump: int, size: int) -> np.ndarray:
    """Cells (n,) of `jump` places each, interpolated to `size` places."""
    return np.interp(np.arange(size), (np.arange(len(cells)) + 0.5) * jump - 0.5, cells)


@lru_cache(maxsize=8)
def _part(model, *outputs):
    """The network up to some of its layers' outputs."""
    import keras

    return keras.Model(model.input, outputs[0] if len(outputs) == 1 else list(outputs))


@lru_cache(maxsize=8)  # compiling takes longer than answering; once for batches of all sizes
def _compiled(model, output):
    """The network up to a layer's output, as a function of features (n, *shape)."""
    import tensorflow as tf

    part, given = _part(model, output), tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    return tf.function(lambda x: part(x, training=False), input_signature=[given])


def attention(model, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """When (s, the middle of what is heard) the steps of the attention layer are, and their weights, adding up to 1.

    `x` is a normalised waveform. Additive attention has one weight a step; of dot-product attention, in which each
    step looks at all, this is the mean over those that look (formulas in 06_end_to_end). UserError where the network
    has none.
    """
    if "attention" not in methods(model):
        raise UserError(f"{model.name} in this preset has no attention layer")
    layer = next(layer for layer in model.layers if type(layer).__name__ in ("AttentionPooling", "Attention"))
    entering = layer.input if hasattr(layer, "weights_over_time") else layer.input[0]
    steps = _compiled(model, entering)(x[None])
    if hasattr(layer, "weights_over_time"):
        weights = np.asarray(layer.weights_over_time(steps))[0, :, 0]
    else:
        weights = np.asarray(layer([steps, steps], return_attention_scores=True)[1])[0].mean(axis=0)
    last = receptive_fields(model).iloc[-1]  # of the layers before the recurrent one
    middles = np.arange(len(weights)) * last["jump"][0] + last["field"][0] / 2
    return middles * x.shape[1] / SAMPLE_RATE, weights


def frequency_responses(model, n_fft: int = 2048) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz (n_fft // 2 + 1,) and what each filter of the first layer makes of them (.., filters).

    The magnitude of the Fourier transform of the kernels, which are read as filters on the plain waveform: of 186
    samples on the report's frames, of 256 in preset `tuned`. UserError for a network that is given log-mels.
    """
    first = next((layer for layer in model.layers if type(layer).__name__ == "Conv1D"), None)
    if first is None or input_type(model) == "log_mel":
        raise UserError(f"{model.name} is given log-mels: its first layer has no filters on the waveform")
    kernels = first.get_weights()[0].reshape(-1, first.filters)
    return np.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE), np.abs(np.fft.rfft(kernels, n_fft, axis=0))


def cover(x: np.ndarray, kind: str, start: float, end: float, keep: bool = False) -> np.ndarray:
    """A copy of normalised features with what lies from start to end (s) at the training mean, which is 0.

    keep: the other way round, that stretch stays and all else is covered.
    """
    inside = (times(kind) >= start) & (times(kind) < end)
    if keep:
        inside = ~inside
    return np.where(inside if kind == "log_mel" else inside[:, None], np.float32(0), x)


def occlusion(
    model, x: np.ndarray, class_index: int, width: float = COVER, step: float = STEP
) -> tuple[np.ndarray, np.ndarray]:
    """Moments (s), every `step`, and how far the probability of the class falls with `width` s around each covered.

    `x` is one clip's normalised features. A value below 0: without that stretch the class is likelier. Zeiler and
    Fergus 2014, "Visualizing and understanding convolutional networks", there with grey squares on pictures.
    """
    kind = input_type(model)
    moments = np.arange(step / 2, CLIP_SECONDS, step)
    copies = [cover(x, kind, moment - width / 2, moment + width / 2) for moment in moments]
    p = _probabilities(model, [x, *copies], class_index)
    return moments, p[0] - p[1:]


def _probabilities(model, clips: list[np.ndarray], class_index: int) -> np.ndarray:
    return np.asarray(_compiled(model, model.output)(np.stack(clips)))[:, class_index]


def best_window(moments: np.ndarray, values: np.ndarray, width: float = WINDOW) -> float:
    """Where (s) the `width` seconds of the clip begin over which the mean importance is largest.

    Of several as good, the middle one: where nothing stands out, the middle of the clip.
    """
    grid = np.arange(0, CLIP_SECONDS + GRID / 2, GRID)
    total = np.concatenate([[0], np.cumsum(np.interp(grid, moments, values))])
    length = round(width / GRID)
    sums = total[length:-1] - total[: -length - 1]
    best = np.flatnonzero(sums >= sums.max() - 1e-6 * max(np.abs(total).max(), 1e-12))
    return float(grid[best[len(best) // 2]])


@dataclass(frozen=True)
class Agreement:
    """How far a method and occlusion put the moments of one clip into the same order.

    rho: Spearman's rank correlation over time, NaN where either is the same throughout. by_chance: the share of
    the shifts of one curve against the other, around the clip, that give as much: two smooth curves often look alike.
    apart: s between the starts of the two windows. largest: the largest change of probability that any covering made.
    """

    rho: float
    by_chance: float
    apart: float
    largest: float

    @property
    def verdict(self) -> str:
        """agree, in part, disagree; unchecked where covering changes next to nothing; flat where there's no order."""
        if self.largest < NOTICEABLE:
            return "unchecked"
        if np.isnan(self.rho):
            return "flat"
        if self.rho < NONE:
            return "disagree"
        clear = self.rho >= CLEAR and self.by_chance <= BY_CHANCE and self.apart <= NEAR
        return "agree" if clear else "in part"


def compare(method: tuple[np.ndarray, np.ndarray], checked_by: tuple[np.ndarray, np.ndarray]) -> Agreement:
    """The agreement of two courses (moments in s, values): a method's, and occlusion's."""
    moments, falls = checked_by
    inside = (moments >= method[0][0]) & (moments <= method[0][-1])  # attention's first step has its middle later
    moments, falls = moments[inside], falls[inside]
    largest = float(np.abs(falls).max())
    apart = abs(best_window(*method) - best_window(*checked_by))
    values = np.interp(moments, *method)
    if np.ptp(values) < 1e-9 or np.ptp(falls) < 1e-9:
        return Agreement(np.nan, np.nan, apart, largest)
    a, b = rankdata(values), rankdata(falls)
    rho = np.array([np.corrcoef(a, np.roll(b, shift))[0, 1] for shift in range(len(b))])
    return Agreement(float(rho[0]), float(np.mean(rho[1:] >= rho[0])), apart, largest)


@dataclass(frozen=True)
class Heard:
    """One clip, one class, and how much each moment mattered for it by each of the network's methods.

    clip: a row of the run's predictions. samples: (66150,). courses: by method, moments (s) and importance
    (Grad-CAM: share of its largest; attention: weight times steps; occlusion: fall of the probability). cam:
    Grad-CAM's map, (128, 130), or None. probability: of the class, from 0 to 1.
    """

    clip: pd.Series
    class_name: str
    probability: float
    samples: np.ndarray
    courses: dict[str, tuple[np.ndarray, np.ndarray]]
    cam: np.ndarray | None
    windows: dict[str, float]  # where (s in the clip) the two seconds begin that mattered most
    kept: dict[str, float]  # probability with those two seconds alone
    covered: dict[str, float]  # and with all but them

    @cached_property
    def log_mel(self) -> np.ndarray:
        """The clip's spectrogram in dB, (128, 130)."""
        return log_mel(self.samples)

    def window(self, method: str) -> np.ndarray:
        """The samples of the two seconds that mattered most."""
        first = round(self.windows[method] * SAMPLE_RATE)
        return self.samples[first : first + round(WINDOW * SAMPLE_RATE)]

    def agreement(self, method: str) -> Agreement:
        """Of a method with occlusion."""
        return compare(self.courses[method], self.courses["occlusion"])


def listen(run, corpus, clip: pd.Series, class_name: str = "") -> Heard:
    """Ask the network of a run about one clip (a row of its predictions) and a class, by default the predicted one."""
    if not (run.folder / runs.MODEL).exists():
        raise UserError(f"{run.id or run.title}: the run has no weights here, so its network can't be asked")
    if clip["track"] not in corpus.tracks.index:
        raise UserError(f"{clip['track']}: isn't in {corpus.name}; give the corpus that the run was trained on")
    if run.clip_seconds != CLIP_SECONDS:
        raise UserError(f"{run.id}: hears {run.clip_seconds:g} s at once; this is for clips of {CLIP_SECONDS:g} s")
    class_name = class_name or clip["predicted"]
    model, index = run.model(), run.classes.index(class_name)
    kind = input_type(model)
    samples = slice_clip(load(corpus.tracks.loc[clip["track"], "path"]), clip["start"])
    x = run.compute_features(samples, np.zeros(1))[0]
    courses, cam = {}, None
    for method in methods(model):
        if method == "grad_cam":
            cam = grad_cam(model, x, index)
            courses[method] = times(kind), cam.mean(axis=0) / max(cam.mean(axis=0).max(), 1e-12)
        elif method == "attention":
            moments, weights = attention(model, x)
            courses[method] = moments, weights * len(weights)
        else:
            courses[method] = occlusion(model, x, index)
    windows = {method: best_window(*course) for method, course in courses.items()}
    stretches = [(start, start + WINDOW) for start in windows.values()]
    trials = [cover(x, kind, *stretch, keep=keep) for keep in (True, False) for stretch in stretches]
    p = _probabilities(model, [x, *trials], index)
    kept, covered = (dict(zip(windows, part, strict=True)) for part in np.split(p[1:].astype(float), 2))
    return Heard(clip, class_name, float(p[0]), samples, courses, cam, windows, kept, covered)


def clips_of(run) -> pd.DataFrame:
    """The run's test clips; where no clip could be tested, those of validation, else of training."""
    return next((rows for side in ("test", "validation") if len(rows := run.side(side))), run.predictions)


def typical_clip(run) -> pd.Series:
    """Of the clips classified rightly (if any) the one whose probability is nearest to the median: no show-piece."""
    clips = clips_of(run)
    right = clips[clips["predicted"] == clips["label"]]
    clips = right if len(right) else clips
    certain = clips[[f"p_{name}" for name in run.classes]].max(axis=1)
    return clips.loc[(certain - certain.median()).abs().idxmin()]


def survey(run, corpus, count: int = 12, seed: int = 0) -> pd.DataFrame:
    """Methods against occlusion for `count` clips, each of another track: one clip is an anecdote.

    One row a clip and method but occlusion: track, start, method, rho, by_chance, apart, verdict (see `Agreement`).
    """
    clips = clips_of(run).sample(frac=1, random_state=seed).drop_duplicates("track").head(count)
    rows = []
    for _, clip in clips.iterrows():
        heard = listen(run, corpus, clip)
        for method in [name for name in heard.courses if name != "occlusion"]:
            found = heard.agreement(method)
            rows.append(
                {"track": clip["track"], "start": clip["start"], "method": method, "rho": found.rho}
                | {"by_chance": found.by_chance, "apart": found.apart, "verdict": found.verdict}
            )
    return pd.DataFrame(rows, columns=["track", "start", "method", "rho", "by_chance", "apart", "verdict"])
