"""Explain a prediction: which moments of a clip matter to a network, by several methods, and whether they agree.

Grad-CAM and occlusion are explained in 03_conv, attention and filters in 05_conv_recurrent and 06_end_to_end. A
network has the methods that its layers allow; occlusion needs nothing but predictions, so it is the check on the rest.
"""

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from mercore import UserError, features
from mercore.corpora.clips import CLIP_SECONDS
from mercore.evaluation.layers import receptive_fields
from mercore.features import HOP_LENGTH, SAMPLE_RATE
from mercore.training.runs import MODEL

METHODS = {"grad_cam": "Grad-CAM", "attention": "attention", "occlusion": "occlusion"}
ATTENTION = ("AttentionPooling", "Attention")  # classes of layers
WINDOW = 2.0  # s, the length of what is played as having mattered most
COVER, STEP = 0.3, 0.1  # s, how much occlusion covers at once, and how far it moves on
GRID = 0.01  # s, to which the start of the window is found
Curve = tuple[np.ndarray, np.ndarray]  # moments (s) and how much each matters


def input_type(model) -> str:
    """Return the feature type that a network takes (a key of `features.FEATURES`), by the shape of its input."""
    return next(name for name in features.FEATURES if features.shape(name)[1] == model.input_shape[2])


def times(feature: str) -> np.ndarray:
    """Return the middle (s) of each frame of a log-mel, or step of a waveform, of a clip."""
    rows, columns = features.shape(feature)
    if feature == "log_mel":
        return np.arange(columns) * HOP_LENGTH / SAMPLE_RATE  # librosa centres frame i on sample i * hop
    return (np.arange(rows) + 0.5) * columns / SAMPLE_RATE


def methods(model) -> tuple[str, ...]:
    """Return the keys of METHODS that a network has; occlusion, the check, comes last."""
    kinds = {type(layer).__name__ for layer in model.layers}
    able = {"grad_cam": "Conv2D" in kinds, "attention": kinds.intersection(ATTENTION), "occlusion": True}
    return tuple(method for method, possible in able.items() if possible)


def grad_cam(model, x: np.ndarray, class_index: int) -> np.ndarray:
    """Compute how much each place of a standardised log-mel (bands, frames) speaks for a class, from 0 to 1.

    The maps of the last convolution are weighted by the mean gradient of the class's score (before the softmax) with
    respect to them, summed, cut off at 0 and interpolated to the input's size (Selvaraju et al. 2017, "Grad-CAM").
    """
    import keras  # slow to import
    import tensorflow as tf

    if "grad_cam" not in methods(model):
        raise UserError(f"{model.name} has no convolution over bands and frames, which Grad-CAM needs")
    last = max(n for n, layer in enumerate(model.layers) if type(layer).__name__ == "Conv2D")
    # Normalisation and ReLU belong to the convolution: negative outputs aren't found patterns.
    while type(model.layers[last + 1]).__name__ in ("BatchNormalization", "ReLU", "Activation"):
        last += 1
    head = model.layers[-1]
    with tf.GradientTape() as tape:
        maps, before = _part(model, model.layers[last].output, head.input)(x[None], training=False)
        score = keras.ops.matmul(before, head.kernel)[0, class_index]  # its bias has no gradient
    weights = keras.ops.mean(tape.gradient(score, maps), axis=(0, 1, 2))
    cam = np.maximum(np.asarray(maps[0]) @ np.asarray(weights), 0)
    fields = receptive_fields(model)
    jumps = fields[fields.index == "Conv2D"].iloc[-1]["jump"]
    for axis, (jump, size) in enumerate(zip(jumps, x.shape, strict=True)):
        middles = (np.arange(cam.shape[axis]) + 0.5) * jump - 0.5
        cam = np.apply_along_axis(partial(np.interp, np.arange(size), middles), axis, cam)
    return cam / cam.max() if cam.max() > 1e-12 else np.zeros_like(cam)


@lru_cache(maxsize=8)
def _part(model, *outputs):
    """Return the network up to some of its layers' outputs."""
    import keras

    return keras.Model(model.input, outputs[0] if len(outputs) == 1 else list(outputs))


@lru_cache(maxsize=8)  # compiling takes longer than predicting; once for batches of all sizes
def _compiled(model, output):
    """Return the network up to a layer's output, as a function of features (n, *shape)."""
    import tensorflow as tf

    part, given = _part(model, output), tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    return tf.function(lambda x: part(x, training=False), input_signature=[given])


def attention(model, x: np.ndarray) -> Curve:
    """Return the moments (s) of the steps of the attention layer, and their weights for a standardised waveform.

    The weights sum to 1. Additive attention has one per step; of dot-product attention, in which each step attends to
    all, this is the mean over the attending steps (formulas in 06_end_to_end).
    """
    if "attention" not in methods(model):
        raise UserError(f"{model.name} in this preset has no attention layer")
    layer = next(layer for layer in model.layers if type(layer).__name__ in ATTENTION)
    additive = hasattr(layer, "weights_over_time")
    steps = _compiled(model, layer.input if additive else layer.input[0])(x[None])
    if additive:
        weights = np.asarray(layer.weights_over_time(steps))[0, :, 0]
    else:
        weights = np.asarray(layer([steps, steps], return_attention_scores=True)[1])[0].mean(axis=0)
    last = receptive_fields(model).iloc[-1]  # of the layers before the recurrent one
    middles = np.arange(len(weights)) * last["jump"][0] + last["field"][0] / 2
    return middles * x.shape[1] / SAMPLE_RATE, weights


def frequency_responses(model, n_fft: int = 2048) -> tuple[np.ndarray, np.ndarray]:
    """Compute frequencies (Hz) and the magnitude response (frequencies, filters) of the filters of the first layer.

    Its kernels are read as filters on the waveform, of 186 samples on the report's frames, 256 in preset `tuned`.
    """
    first = next((layer for layer in model.layers if type(layer).__name__ == "Conv1D"), None)
    if first is None or input_type(model) == "log_mel":
        raise UserError(f"{model.name} takes log-mels: its first layer has no filters on the waveform")
    kernels = first.get_weights()[0].reshape(-1, first.filters)
    return np.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE), np.abs(np.fft.rfft(kernels, n_fft, axis=0))


def mask(x: np.ndarray, feature: str, start: float, end: float, keep: bool = False) -> np.ndarray:
    """Return a copy of standardised features with 0, the training mean, from start to end (s); `keep`: elsewhere."""
    inside = (times(feature) >= start) & (times(feature) < end)
    covered = ~inside if keep else inside
    return np.where(covered if feature == "log_mel" else covered[:, None], np.float32(0), x)


def occlusion(model, x: np.ndarray, class_index: int, width: float = COVER, step: float = STEP) -> Curve:
    """Compute how far the probability of a class falls when a stretch of a clip, `width` s long, is covered.

    The stretch moves on by `step` s. Values below 0: the class gets more likely. After Zeiler and Fergus 2014,
    "Visualizing and understanding convolutional networks", who cover squares of pictures.
    """
    moments = np.arange(step / 2, CLIP_SECONDS, step)
    copies = [mask(x, input_type(model), moment - width / 2, moment + width / 2) for moment in moments]
    p = _probabilities(model, [x, *copies], class_index)
    return moments, p[0] - p[1:]


def _probabilities(model, clips: list[np.ndarray], class_index: int) -> np.ndarray:
    return np.asarray(_compiled(model, model.output)(np.stack(clips)))[:, class_index]


def best_window(moments: np.ndarray, values: np.ndarray, width: float = WINDOW) -> float:
    """Return the start (s) of the `width` seconds of the clip with the largest mean importance, the middle of ties."""
    grid = np.arange(0, CLIP_SECONDS + GRID / 2, GRID)
    total = np.concatenate([[0], np.cumsum(np.interp(grid, moments, values))])
    length = round(width / GRID)
    sums = total[length:-1] - total[: -length - 1]
    best = np.flatnonzero(sums >= sums.max() - 1e-6 * max(np.abs(total).max(), 1e-12))
    return float(grid[best[len(best) // 2]])


@dataclass(frozen=True)
class Agreement:
    """Whether a method and occlusion rank the moments of a clip alike.

    Attributes:
        rho: Spearman's rank correlation over time; NaN if either curve is constant.
        by_chance: The share of circular shifts of one curve against the other that give as much: two smooth curves
            often look alike.
        apart: The distance between the starts of their best windows (s).
        largest: The largest change of probability by occlusion.
    """

    rho: float
    by_chance: float
    apart: float
    largest: float

    @property
    def verdict(self) -> str:
        """Agree, in part, disagree; unchecked if occlusion changes next to nothing, flat if a curve is constant."""
        if self.largest < 0.01:
            return "unchecked"
        if np.isnan(self.rho):
            return "flat"
        if self.rho < 0.2:
            return "disagree"
        return "agree" if self.rho >= 0.5 and self.by_chance <= 0.1 and self.apart <= 0.5 else "in part"


def compare(method: Curve, occluded: Curve) -> Agreement:
    """Compare the importance by a method with that by occlusion."""
    moments, falls = occluded
    inside = (moments >= method[0][0]) & (moments <= method[0][-1])  # attention's first step has its middle later
    moments, falls = moments[inside], falls[inside]
    largest = float(np.abs(falls).max())
    apart = abs(best_window(*method) - best_window(*occluded))
    values = np.interp(moments, *method)
    if np.ptp(values) < 1e-9 or np.ptp(falls) < 1e-9:
        return Agreement(np.nan, np.nan, apart, largest)
    a, b = rankdata(values), rankdata(falls)
    rho = np.array([np.corrcoef(a, np.roll(b, shift))[0, 1] for shift in range(len(b))])
    return Agreement(float(rho[0]), float(np.mean(rho[1:] >= rho[0])), apart, largest)


@dataclass(frozen=True)
class Explanation:
    """How much each moment of a clip matters for a class, by each of a network's methods.

    Attributes:
        clip: A row of the run's predictions.
        class_name: The class.
        probability: The probability of the class.
        samples: The clip (66150,).
        importance: By method, moments (s) and values (Grad-CAM: share of the largest; attention: weight times number
            of steps; occlusion: fall of the probability).
        cam: The map of Grad-CAM (128, 130), or None.
        windows: By method, the start (s) of the two seconds that matter most.
        kept: By method, the probability with those two seconds alone.
        covered: By method, the probability with those two seconds covered.
    """

    clip: pd.Series
    class_name: str
    probability: float
    samples: np.ndarray
    importance: dict[str, Curve]
    cam: np.ndarray | None
    windows: dict[str, float]
    kept: dict[str, float]
    covered: dict[str, float]

    @property
    def log_mel(self) -> np.ndarray:
        """The clip's spectrogram in dB (128, 130)."""
        return features.log_mel(self.samples)

    def window(self, method: str) -> np.ndarray:
        """Return the samples of the two seconds that matter most."""
        first = round(self.windows[method] * SAMPLE_RATE)
        return self.samples[first : first + round(WINDOW * SAMPLE_RATE)]

    def agreement(self, method: str) -> Agreement:
        """Compare a method with occlusion."""
        return compare(self.importance[method], self.importance["occlusion"])


def explain_clip(run, corpus, clip: pd.Series, class_name: str = "") -> Explanation:
    """Explain a network's prediction for one clip.

    Args:
        run: A training with its weights, on clips of 3 s; else UserError.
        corpus: The corpus that it was trained on.
        clip: A row of its predictions.
        class_name: The class to explain; default: the predicted one.
    """
    _check(run, corpus, clip)
    class_name = class_name or clip["predicted"]
    model, index = run.model(), run.classes.index(class_name)
    samples = features.slice_clip(features.load(corpus.tracks.loc[clip["track"], "path"]), clip["start"])
    x = run.compute_features(samples, np.zeros(1))[0]
    importance, cam = {}, None
    for method in methods(model):
        if method == "grad_cam":
            cam = grad_cam(model, x, index)
            importance[method] = times(run.input), cam.mean(axis=0) / max(cam.mean(axis=0).max(), 1e-12)
        elif method == "attention":
            moments, weights = attention(model, x)
            importance[method] = moments, weights * len(weights)
        else:
            importance[method] = occlusion(model, x, index)
    windows = {method: best_window(*curve) for method, curve in importance.items()}
    trials = [mask(x, run.input, a, a + WINDOW, keep) for keep in (True, False) for a in windows.values()]
    p = _probabilities(model, [x, *trials], index)
    kept, covered = (dict(zip(windows, part, strict=True)) for part in np.split(p[1:].astype(float), 2))
    return Explanation(clip, class_name, float(p[0]), samples, importance, cam, windows, kept, covered)


def _check(run, corpus, clip: pd.Series) -> None:
    name = run.id or run.title
    if not (run.folder / MODEL).exists():
        raise UserError(f"{name}: the run has no weights here, so its predictions can't be explained")
    if clip["track"] not in corpus.tracks.index:
        raise UserError(f"{clip['track']}: isn't in {corpus.name}; give the corpus that the run was trained on")
    used = run.settings.features
    if (run.clip_seconds, used.sample_rate, used.hop_length) != (CLIP_SECONDS, SAMPLE_RATE, HOP_LENGTH):
        raise UserError(f"{name}: only networks on clips of {CLIP_SECONDS:g} s and the usual frames can be explained")


def clips_to_explain(run) -> pd.DataFrame:
    """Return the run's test clips or, without any, those of validation, else of training."""
    return next((rows for side in ("test", "validation") if len(rows := run.side(side))), run.predictions)


def typical_clip(run) -> pd.Series:
    """Return, of the correctly classified clips (if any), the one whose probability is nearest to the median."""
    clips = clips_to_explain(run)
    right = clips[clips["predicted"] == clips["label"]]
    clips = right if len(right) else clips
    certain = clips[[f"p_{name}" for name in run.classes]].max(axis=1)
    return clips.loc[(certain - certain.median()).abs().idxmin()]


def agreement_survey(run, corpus, count: int = 12, seed: int = 0) -> pd.DataFrame:
    """Compare each method with occlusion on `count` clips of different tracks.

    Returns:
        A row per clip and method: track, start, method, rho, by_chance, apart, verdict (see `Agreement`).
    """
    clips = clips_to_explain(run).sample(frac=1, random_state=seed).drop_duplicates("track").head(count)
    rows = []
    for _, clip in clips.iterrows():
        explanation = explain_clip(run, corpus, clip)
        for method in [name for name in explanation.importance if name != "occlusion"]:
            found = explanation.agreement(method)
            rows.append((clip["track"], clip["start"], method, found.rho, found.by_chance, found.apart, found.verdict))
    return pd.DataFrame(rows, columns=["track", "start", "method", "rho", "by_chance", "apart", "verdict"])
