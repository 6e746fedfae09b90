"""What a Keras layer is, in words: for tables and drawings of networks. Used in 03_conv to 06_end_to_end."""

from dataclasses import dataclass

INPUTS = {"log_mel": ("Log-mel\nspectrogram", "bands × frames"), "waveform": ("Raw audio", "steps × samples")}


@dataclass(frozen=True)
class Block:
    """One layer as drawn: what it is, its settings, its output shape without the batch, its parameters."""

    family: str
    name: str
    settings: tuple[str, ...]
    shape: tuple[int | None, ...]
    parameters: int
    slab: bool = False
    reshapes: bool = False  # whether its output has another shape than its input


def describe_layer(layer) -> Block:
    """What is to be said of a Keras layer; one of an unknown kind is shown by its class name."""
    kind, inner = type(layer).__name__, layer
    words = []
    if kind == "TimeDistributed":
        inner, words = layer.layer, ["Time-distributed"]
    if type(inner).__name__ == "Bidirectional":
        inner, words = inner.forward_layer, [*words, "bidirectional" if words else "Bidirectional"]
    kind = type(inner).__name__
    shape = tuple(layer.output.shape[1:])
    heard = layer_inputs(layer)
    family, name, settings, slab = _describe_kind(kind, inner, shape)
    if len(words) == 2:  # three words on two lines
        name = f"{words[0]}\nbi-{name}"
    elif words:
        name = f"{words[0]}\n{name}"
    if "bidirectional" in [word.lower() for word in words]:
        settings = [f"2 × {settings[0]}", *settings[1:]]
    return Block(
        family,
        name,
        tuple(filter(None, settings)),
        shape,
        layer.count_params(),
        slab,
        bool(heard) and tuple(heard[0].shape[1:]) != shape,
    )


def _describe_kind(kind: str, layer, shape) -> tuple[str, str, list[str], bool]:
    """(family, name, settings, whether it is a slab)"""
    if kind == "InputLayer":
        name, axes = INPUTS.get(layer.name, (layer.name.replace("_", " "), ""))
        return "input", name, [axes if len(shape) == 2 and shape[-1] > 1 else ""], False
    if kind.startswith(("Conv", "SeparableConv", "DepthwiseConv")):
        stride = "" if set(layer.strides) == {1} else f"stride {times(layer.strides)}"
        return (
            "convolution",
            kind,
            [f"{layer.filters} filters", f"kernel {times(layer.kernel_size)}", stride, _activation(layer)],
            False,
        )
    if kind in ("LSTM", "GRU", "SimpleRNN"):
        steps = "all steps" if layer.return_sequences else "last step only"
        return "recurrent", kind, [f"{layer.units} units", steps], False
    if kind == "Dense":
        return "dense", kind, [f"{layer.units} units", _activation(layer)], False
    if kind == "AttentionPooling":
        return "attention", "Attention\npooling", ["additive,", "summed over time"], False
    if kind == "Attention":
        return "attention", "Self-attention", ["dot-product"], False
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
    return {"relu": "ReLU", "linear": "linear"}.get(name, name)


def times(numbers) -> str:
    numbers = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    return " × ".join(str(number) for number in numbers)


def layer_inputs(layer) -> list:
    """The tensors that a layer takes; none for an input layer."""
    return list(layer.input) if isinstance(layer.input, list | tuple) else [layer.input]
