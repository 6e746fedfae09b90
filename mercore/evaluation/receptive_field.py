"""What a network is made of: its layers as a table, and how much of its input each one sees.

Explained in 03_conv; used in 04 to 06.
"""

import re

import pandas as pd

from mercore.evaluation.layers import describe_layer

# Layers that treat every place alone, or only give the same numbers another shape.
POINTWISE = (
    "InputLayer",
    "Reshape",
    "Permute",
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "BatchNormalization",
    "Activation",
    "ReLU",
)


def layer_table(model) -> pd.DataFrame:
    """One row a layer: settings, output shape without the batch, parameters; the index is number and kind."""
    rows, names = [], []
    for number, layer in enumerate(model.layers):
        block = describe_layer(layer)
        name, size = re.fullmatch(r"(.*?)(?: (\d.*))?", block.name.replace("\n", " ")).groups()
        settings = [size] if size else [] if block.slab else [part.rstrip(",") for part in block.settings]
        rows.append(
            {
                "settings": ", ".join(settings),
                "output": " × ".join(str(size) for size in block.shape),
                "parameters": block.parameters,
            }
        )
        names.append((number, name))
    return pd.DataFrame(rows, index=pd.MultiIndex.from_tuples(names, names=["", "layer"]))


def compare_presets(key: str, n_classes: int = 10) -> pd.DataFrame:
    """The layers whose settings differ between the presets `report` and `quick`, and the whole network's size."""
    from mercore import networks  # imports TensorFlow

    tables = {preset: layer_table(networks.build(key, n_classes, preset)) for preset in ("report", "quick")}
    table = pd.concat(tables, axis=1)
    differ = table[table["report", "settings"] != table["quick", "settings"]]
    total = {(preset, "parameters"): part["parameters"].sum() for preset, part in tables.items()}
    total = pd.DataFrame(total, index=pd.MultiIndex.from_tuples([("", "whole network")], names=table.index.names))
    return pd.concat([differ, total.reindex(columns=table.columns, fill_value="")])


def receptive_fields(model) -> pd.DataFrame:
    """How much input one output of each convolution or pooling depends on, up to the first other layer.

    Columns by axis of the input (bands and frames for log-mels; steps for framed waveforms): kernel and stride
    of the layer, jump (places of the input between neighbouring outputs) and field (places that one output
    sees), each a tuple. The recursion: field += (kernel - 1) * jump, then jump *= stride (Araujo, Norris and
    Sim 2019, "Computing receptive fields of convolutional neural networks").
    """
    rows, names = [], []
    field = jump = None
    for layer in model.layers:
        kernel = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
        if kernel is None:
            if type(layer).__name__ not in POINTWISE:
                break
            continue
        if field is None:
            field = jump = (1,) * len(kernel)
        field = tuple(f + (k - 1) * j for f, k, j in zip(field, kernel, jump, strict=True))
        jump = tuple(j * s for j, s in zip(jump, layer.strides, strict=True))
        names.append(describe_layer(layer).name)
        rows.append({"kernel": tuple(kernel), "stride": tuple(layer.strides), "jump": jump, "field": field})
    return pd.DataFrame(rows, index=pd.Index(names, name="layer"), columns=["kernel", "stride", "jump", "field"])
