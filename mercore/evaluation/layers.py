"""The layers of a Keras model: in words, as a table, and how much of the input each one depends on.

Explained in 03_conv; used in 04 to 06.
"""

import re
from dataclasses import dataclass

import pandas as pd

INPUTS = {"log_mel": ("Log-mel\nspectrogram", "bands × frames"), "waveform": ("Raw audio", "steps × samples")}
# Layers that treat every place alone, or only give the same numbers another shape.
POINTWISE = {"InputLayer", "Reshape", "Permute", "Dropout", "SpatialDropout1D", "SpatialDropout2D"}
POINTWISE |= {"BatchNormalization", "Activation", "ReLU"}


@dataclass(frozen=True)
class Block:
    """A layer as it is drawn.

    Attributes:
        family: Its kind, which decides the colour.
        name: What it is called; may hold a line break.
        settings: Its settings in words.
        shape: Its output shape without the batch.
        parameters: The number of its parameters.
        slab: Whether it only pools, normalises, drops or reshapes.
        reshapes: Whether its output has another shape than its input.
    """

    family: str
    name: str
    settings: tuple[str, ...]
    shape: tuple[int | None, ...]
    parameters: int
    slab: bool = False
    reshapes: bool = False


def describe_layer(layer) -> Block:
    """Describe a Keras layer; one of an unknown kind by its class name."""
    inner, wrappers = layer, []
    if type(inner).__name__ == "TimeDistributed":
        inner, wrappers = inner.layer, ["Time-distributed"]
    both_ways = type(inner).__name__ == "Bidirectional"
    if both_ways:
        inner, wrappers = inner.forward_layer, [*wrappers, "Bidirectional"]
    shape = tuple(layer.output.shape[1:])
    family, name, settings, slab = _describe_kind(type(inner).__name__, inner, shape)
    if wrappers:
        name = f"{wrappers[0]}\n{'bi-' if len(wrappers) == 2 else ''}{name}"
    if both_ways:
        settings = [f"2 × {settings[0]}", *settings[1:]]
    given = layer_inputs(layer)
    reshapes = bool(given) and tuple(given[0].shape[1:]) != shape
    return Block(family, name, tuple(filter(None, settings)), shape, layer.count_params(), slab, reshapes)


def _describe_kind(kind: str, layer, shape) -> tuple[str, str, list[str], bool]:
    """Family, name, settings, and whether it is a slab."""
    if kind == "InputLayer":
        name, axes = INPUTS.get(layer.name, (layer.name.replace("_", " "), ""))
        return "input", name, [axes if len(shape) == 2 and shape[-1] > 1 else ""], False
    if kind.startswith(("Conv", "SeparableConv", "DepthwiseConv")):
        stride = "" if set(layer.strides) == {1} else f"stride {times(layer.strides)}"
        settings = [f"{layer.filters} filters", f"kernel {times(layer.kernel_size)}", stride, _activation(layer)]
        return "convolution", kind, settings, False
    if kind in ("LSTM", "GRU", "SimpleRNN"):
        steps = "all steps" if layer.return_sequences else "last step only"
        return "recurrent", kind, [f"{layer.units} units", steps], False
    if kind == "Dense":
        return "dense", kind, [f"{layer.units} units", _activation(layer)], False
    if kind == "AttentionPooling":
        return "attention", "Attention\npooling", ["additive,", "summed over time"], False
    if kind == "Attention":
        return "attention", "Self-attention", ["dot-product"], False
    return _describe_slab(kind, layer)


def _describe_slab(kind: str, layer) -> tuple[str, str, list[str], bool]:
    if kind == "StatisticsPooling":
        return "pooling", "statistics over places", [], True
    if kind == "LogPower":
        return "pooling", f"log-power, {layer.frames} steps", [], True
    if kind.startswith("Global"):
        return "pooling", "mean over time" if "Average" in kind else "maximum over time", [], True
    if "Pooling" in kind:
        name = ("average" if kind.startswith("Average") else "max") + f"-pooling {times(layer.pool_size)}"
        if layer.strides != layer.pool_size:
            name += f", stride {times(layer.strides)}"
        return "pooling", name, [], True
    if kind == "BatchNormalization":
        return "normalisation", "batch normalisation", [f"{layer.count_params():,} parameters"], True
    if "Dropout" in kind:
        return "dropout", f"{'spatial ' * kind.startswith('Spatial')}dropout {layer.rate:g}", [], True
    if kind in ("Flatten", "Reshape", "Permute"):
        return "reshaping", {"Permute": "swap axes"}.get(kind, kind.lower()), [], True
    if kind in ("Activation", "ReLU", "Softmax"):
        return "activation", _activation(layer) or kind, [], True
    return "other", kind, [], False


def _activation(layer) -> str:
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return {"relu": "ReLU"}.get(name, name)


def times(numbers: int | tuple[int | None, ...]) -> str:
    """Return sizes as "2 × 4"."""
    return " × ".join(str(number) for number in ((numbers,) if isinstance(numbers, int) else numbers))


def layer_inputs(layer) -> list:
    """Return the tensors that a layer takes; none for an input layer."""
    return list(layer.input) if isinstance(layer.input, list | tuple) else [layer.input]


def layer_table(model) -> pd.DataFrame:
    """Return a row per layer of a Keras model, by number and kind: settings, output (its shape), parameters."""
    rows, names = [], []
    for number, layer in enumerate(model.layers):
        block = describe_layer(layer)
        name, *size = re.split(r" (?=\d)", block.name.replace("\n", " "), maxsplit=1)
        settings = size or ([] if block.slab else [part.rstrip(",") for part in block.settings])
        output = " × ".join(str(size) for size in block.shape)
        rows.append({"settings": ", ".join(settings), "output": output, "parameters": block.parameters})
        names.append((number, name))
    return pd.DataFrame(rows, index=pd.MultiIndex.from_tuples(names, names=["", "layer"]))


def compare_presets(key: str, n_classes: int = 10) -> pd.DataFrame:
    """Return the layers whose settings differ between the presets `report` and `quick`, and the network's size."""
    from mercore import networks  # imports TensorFlow

    tables = {preset: layer_table(networks.build(key, n_classes, preset)) for preset in ("report", "quick")}
    table = pd.concat(tables, axis=1)
    differ = table[table["report", "settings"] != table["quick", "settings"]]
    total = {(preset, "parameters"): part["parameters"].sum() for preset, part in tables.items()}
    total = pd.DataFrame(total, index=pd.MultiIndex.from_tuples([("", "whole network")], names=table.index.names))
    return pd.concat([differ, total.reindex(columns=table.columns, fill_value="")])


def receptive_fields(model) -> pd.DataFrame:
    """Compute how much of the input one output of each convolution or pooling depends on.

    The recursion is field += (kernel - 1) * jump, then jump *= stride (Araujo, Norris and Sim 2019, "Computing
    receptive fields of convolutional neural networks").

    Args:
        model: A Keras model; layers after the first that is neither convolution nor pooling are left out.

    Returns:
        A row per layer with kernel, stride, jump (places of the input between neighbouring outputs) and field (places
        that one output sees), each a tuple by axis of the input (bands and frames, or steps).
    """
    rows, names = [], []
    field: tuple[int, ...] = ()
    jump: tuple[int, ...] = ()
    for layer in model.layers:
        kernel = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
        if kernel is None:
            if type(layer).__name__ not in POINTWISE:
                break
            continue
        if not field:
            field = jump = (1,) * len(kernel)
        field = tuple(f + (k - 1) * j for f, k, j in zip(field, kernel, jump, strict=True))
        jump = tuple(j * s for j, s in zip(jump, layer.strides, strict=True))
        names.append(describe_layer(layer).name)
        rows.append({"kernel": tuple(kernel), "stride": tuple(layer.strides), "jump": jump, "field": field})
    return pd.DataFrame(rows, index=pd.Index(names, name="layer"), columns=["kernel", "stride", "jump", "field"])
