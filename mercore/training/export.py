"""A network for use elsewhere: one folder that plain Keras opens, with nothing of this project. See 08_case_studies.

The folder is a TensorFlow SavedModel whose one function takes clips of sound, not features: log-mel-spectrogram and
standardisation are part of it, so nobody has to repeat them. Layers of this project are in it as operations, so its
user needs none of its code.
"""

import errno
import json
import shutil
from pathlib import Path

import numpy as np

from mercore import UserError, build_dir, features
from mercore._files import atomic_directory
from mercore.training import pretrained, runs

PREPROCESSING, LABELS, README = "preprocessing.json", "labels.txt", "README.md"


def export(run: runs.Run, to: str | Path | None = None) -> Path:
    """Write the network of a run as a folder, `to` or build/exports/<id>; returns it.

    Raises UserError where there is something of that name already or the folder can't be written to.
    """
    target = Path(to).expanduser() if to else build_dir() / "exports" / run.id
    if target.exists():
        raise UserError(f"{target} is there already: name another folder with --to, or move it away first")
    try:
        # In a folder of the user's, so under a name that is surely ours.
        with atomic_directory(target.parent, ".mercore-export-") as scratch:
            _write_network(run, scratch)
            about = describe(run)
            (scratch / PREPROCESSING).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
            (scratch / LABELS).write_text("\n".join(run.classes) + "\n", encoding="utf-8")
            (scratch / README).write_text(_readme(run, about, target.name), encoding="utf-8")
            if (run.folder / pretrained.CARD).is_file():
                shutil.copyfile(run.folder / pretrained.CARD, scratch / pretrained.CARD)
            return scratch.rename(target)
    except OSError as error:
        raise UserError(
            f"{target}: can't be written ({error.strerror or error}); name another folder with --to"
        ) from error


def describe(run: runs.Run) -> dict:
    """What the exported network does with sound before its first layer, with the numbers for doing it anew."""
    kind = features.KINDS[run.kind]
    settings = dict(kind.settings)
    if run.kind == "log_mel":
        settings |= {"n_mels": run.n_mels, "window": "hann", "center": True, "pad_mode": "zeros", "mel": "slaney"}
    return {
        "run": run.id,
        "task": run.corpus["task"],
        "corpus": run.corpus["name"],
        "classes": list(run.classes),
        "sample_rate": features.SAMPLE_RATE,
        "channels": "mono, the mean of all",
        "seconds": run.clip_seconds,
        "samples": round(run.clip_seconds * features.SAMPLE_RATE),
        "features": run.kind,
        "shape": list(features.shape(run.kind, run.clip_seconds, run.n_mels)),
        "settings": settings,
        "normalisation": {
            "formula": "(features - mean) / sd",
            "per": run.normaliser.per,
            "mean": run.normaliser.mean.ravel().tolist(),
            "sd": run.normaliser.sd.ravel().tolist(),
        },
        "notes": list(run.notes),
    }


def _write_network(run: runs.Run, folder: Path) -> None:
    import keras

    from mercore.networks.report import tf

    samples = round(run.clip_seconds * features.SAMPLE_RATE)
    model, extract = run.model(), _extractor(run)

    def serve(clips):
        return model(extract(clips), training=False)

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", serve, [tf.TensorSpec((None, samples), tf.float32, name="clips")])
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:  # what TensorFlow makes of a full disk, among others
        raise OSError(errno.EIO, error.message) from error


def _extractor(run: runs.Run):
    """The run's features and its normalisation as TensorFlow operations: (n, samples) to (n, *shape)."""
    from mercore.networks.report import tf

    mean, sd = tf.constant(run.normaliser.mean, tf.float32), tf.constant(run.normaliser.sd, tf.float32)
    shape = features.shape(run.kind, run.clip_seconds, run.n_mels)
    if run.kind != "log_mel":
        return lambda clips: (tf.reshape(clips[:, : int(np.prod(shape))], (-1, *shape)) - mean) / sd

    import librosa

    filters = librosa.filters.mel(sr=features.SAMPLE_RATE, n_fft=features.N_FFT, n_mels=run.n_mels)
    filters = tf.constant(filters.T, tf.float32)

    def log_mel(clips):
        around = features.N_FFT // 2
        frames = tf.signal.stft(
            tf.pad(clips, ((0, 0), (around, around))), features.N_FFT, features.HOP_LENGTH, features.N_FFT
        )
        power = tf.transpose(tf.square(tf.abs(frames)) @ filters, (0, 2, 1))
        db = 10 / np.log(10).astype(np.float32) * tf.math.log(tf.maximum(power, 1e-10))  # as librosa's power_to_db
        db = tf.maximum(db, tf.reduce_max(db, axis=(1, 2), keepdims=True) - features.TOP_DB)
        return (db - mean) / sd

    return log_mel


def _readme(run: runs.Run, about: dict, name: str) -> str:
    accuracy = run.accuracy("test")
    tested = "it was not tested" if np.isnan(accuracy) else f"it gets {accuracy:.3f} of that corpus' test clips right"
    if (run.folder / pretrained.CARD).is_file():
        tested = f"how good others are that were trained alike stands in `{pretrained.CARD}`"
    notes = "".join(f"- {note}\n" for note in run.notes)
    return f"""# {about["task"]} of a clip of music: {run.title}

Trained on {about["corpus"]} (run `{run.id}`); {tested}. It names one of its classes whatever it is given.

{notes}
In Python, in the folder that holds the folder `{name}`:

```python
import keras, librosa
network = keras.layers.TFSMLayer("{name}", call_endpoint="serve")
print(network(librosa.load("song.mp3", sr={about["sample_rate"]}, duration={about["seconds"]:g})[0][None]))
```

In: clips of {about["seconds"]:g} s, mono, {about["sample_rate"]:,} Hz, full scale 1: float32 (n, {about["samples"]}).
Out: probabilities (n, {len(run.classes)}) in the order of `{LABELS}`. What happens to the sound on its way is part
of the network, and written down in `{PREPROCESSING}`. Needs Keras 3 with TensorFlow, and librosa or whatever reads
your files.
"""
