"""A network for use elsewhere: one folder that plain Keras opens, with nothing of this project. See 08_case_studies.

The folder is a TensorFlow SavedModel that takes features, standardises them and gives probabilities. Layers of this
project are in it as operations, so its user needs none of its code; librosa computes the features.
"""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mercore import UserError, build_dir, features
from mercore._files import atomic_directory
from mercore.training import pretrained, runs

PREPROCESSING, LABELS, README = "preprocessing.json", "labels.txt", "README.md"
LOG_MEL = """mel = librosa.feature.melspectrogram(
    y=y, sr={sample_rate}, n_fft={n_fft}, hop_length={hop_length}, n_mels={n_mels})
x = librosa.power_to_db(mel, top_db={top_db:g})"""
WAVEFORM = "x = y[:{size}].reshape({shape[0]}, {shape[1]})"


def export(run: runs.Run, to: str | Path | None = None) -> Path:
    """Write the network of a run as a folder.

    Args:
        run: The run.
        to: The folder, which must not exist; default: build/exports/<id>.

    Raises:
        UserError: Where there is something of that name already or the folder can't be written to.
    """
    from tensorflow.errors import OpError  # raised by TensorFlow where the disk is full

    target = Path(to).expanduser() if to else build_dir() / "exports" / run.id
    if target.exists():
        raise UserError(f"{target}: is there already; name another folder with --to, or move it away first")
    try:
        with atomic_directory(target.parent, ".mercore-export-") as scratch:  # in a folder of the user's
            run.export_model(scratch)
            about = describe(run)
            (scratch / PREPROCESSING).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
            (scratch / LABELS).write_text("\n".join(run.classes) + "\n", encoding="utf-8")
            (scratch / README).write_text(_readme(run, about, target.name), encoding="utf-8")
            if (run.folder / pretrained.CARD).is_file():
                shutil.copyfile(run.folder / pretrained.CARD, scratch / pretrained.CARD)
            return scratch.rename(target)
    except (OSError, OpError) as error:
        reason = getattr(error, "strerror", None) or str(error).rpartition("; ")[2]
        raise UserError(f"{target}: can't be written ({reason}); name another folder with --to") from error


def describe(run: runs.Run) -> dict:
    """Return what the exported network takes and gives, with the settings of its features."""
    settings = run.settings.features
    return {
        "run": run.id,
        "task": run.corpus["task"],
        "corpus": run.corpus["name"],
        "classes": list(run.classes),
        "channels": "mono, the mean of all",
        "seconds": run.clip_seconds,
        "features": run.input,
        "shape": list(features.shape(run.input, run.clip_seconds, settings)),
        "settings": asdict(settings) | {"window": "hann", "mel": "slaney"},
        "notes": list(run.notes),
    }


def _readme(run: runs.Run, about: dict, name: str) -> str:
    accuracy = run.accuracy("test")
    tested = "it was not tested" if np.isnan(accuracy) else f"it gets {accuracy:.3f} of that corpus' test clips right"
    if (run.folder / pretrained.CARD).is_file():
        tested = f"how good others are that were trained alike stands in `{pretrained.CARD}`"
    code = LOG_MEL.format(**about["settings"])
    if run.input != "log_mel":
        code = WAVEFORM.format(size=int(np.prod(about["shape"])), shape=about["shape"])
    notes = "".join(f"- {note}\n" for note in run.notes)
    return f"""# {about["task"]} of a clip of music: {run.title}

Trained on {about["corpus"]} (run `{run.id}`); {tested}. It names one of its classes whatever it is given.

{notes}
In Python, in the folder that holds the folder `{name}`:

```python
import keras, librosa
network = keras.layers.TFSMLayer("{name}", call_endpoint="serve")
y, _ = librosa.load("song.mp3", sr={about["settings"]["sample_rate"]}, duration={about["seconds"]:g})
{code}
print(network(x[None]))
```

In: the features of clips of {about["seconds"]:g} s, float32 (n, {", ".join(map(str, about["shape"]))}). Out:
probabilities (n, {len(run.classes)}) in the order of `{LABELS}`. All settings stand in `{PREPROCESSING}`. Needs
Keras 3 with TensorFlow, and librosa.
"""
