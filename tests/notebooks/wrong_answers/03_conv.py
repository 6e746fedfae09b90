"""Typical wrong answers to the exercises of 03_conv, and the points that they keep."""

CONVOLVE = """
def convolve(x, kernel, bias):
    height, width, inputs, outputs = kernel.shape
    y = np.zeros(({rows}, {columns}, outputs))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            for o in range(outputs):
                y[i, j, o] = {value}
    return y
"""
PLAIN = {"rows": "x.shape[0] - height + 1", "columns": "x.shape[1] - width + 1"}
SUM = "np.sum(x[i : i + height, j : j + width] * kernel[..., o])"
POOL = """
def max_pool(x, size):
    rows, columns = {rows}, {columns}
    y = np.zeros((rows, columns, x.shape[2]))
    for i in range(rows):
        for j in range(columns):
            y[i, j] = {value}
    return y
"""
TILES = {"rows": "x.shape[0] // size", "columns": "x.shape[1] // size"}
TILE = "x[i * size : (i + 1) * size, j * size : (j + 1) * size]"
STOP = """
def stop(history, patience):
    losses = list(history["val_loss"])
    best = 0
    for epoch in range(len(losses)):
        if losses[epoch] {below} losses[best]:
            best = epoch
        elif epoch - best {reached} patience:
            return {answer}
    return len(losses), best + 1
"""

WRONG = {
    "counting": [
        ("padding everywhere", "first, third, dense, field = 128, 876, 20 * 43 * 12 * 10 + 10, (10, 8)", 0),
        ("no biases", "first, third, dense, field = 120, 864, 90720, (10, 8)", 0),
        ("forgets that there are eight channels", "first, third, dense, field = 128, 120, 90730, (10, 8)", 0),
        ("the field without the doubled step", "first, third, dense, field = 128, 876, 90730, (8, 6)", 0),
        ("the field without the pooling", "first, third, dense, field = 128, 876, 90730, (7, 5)", 0),
    ],
    "layers": [
        (
            "forgets the bias; reshapes without dropping what is left over",
            CONVOLVE.format(**PLAIN, value=SUM)
            + "\n\ndef max_pool(x, size):\n    return x.reshape(x.shape[0] // size, size, x.shape[1] // size, size, -1).max(axis=(1, 3))",
            0,
        ),
        (
            "a kernel flipped, as in mathematics; the mean in place of the maximum",
            CONVOLVE.format(**PLAIN, value=SUM.replace("kernel[..., o]", "kernel[::-1, ::-1, :, o]") + " + bias[o]")
            + POOL.format(**TILES, value=TILE + ".mean(axis=(0, 1))"),
            0,
        ),
        (
            "the last row and column are missing; the leftover makes a tile of its own",
            CONVOLVE.format(rows="x.shape[0] - height", columns="x.shape[1] - width", value=SUM + " + bias[o]")
            + POOL.format(
                rows="-(-x.shape[0] // size)", columns="-(-x.shape[1] // size)", value=TILE + ".max(axis=(0, 1))"
            ),
            0,
        ),
        (
            "only the first channel; the maximum over all channels",
            CONVOLVE.format(
                **PLAIN,
                value=SUM.replace("j : j + width]", "j : j + width, 0]").replace("[..., o]", "[:, :, 0, o]")
                + " + bias[o]",
            )
            + POOL.format(**TILES, value=TILE + ".max()"),
            0,
        ),
        (
            "applies a ReLU as well; a maximum that begins at zero",
            CONVOLVE.format(**PLAIN, value="max(0, " + SUM + " + bias[o])")
            + POOL.format(**TILES, value="np.maximum(0, " + TILE + ".max(axis=(0, 1)))"),
            0,
        ),
        (
            "height for width; steps of one",
            CONVOLVE.format(**PLAIN, value=SUM.replace("width]", "height]") + " + bias[o]")
            + POOL.format(**TILES, value="x[i : i + size, j : j + size].max(axis=(0, 1))"),
            0,
        ),
    ],
    "stopping": [
        ("one epoch of patience too many", STOP.format(below="<", reached=">", answer="epoch + 1, best + 1"), 0),
        ("counts epochs from 0", STOP.format(below="<", reached=">=", answer="epoch, best"), 0),
        (
            "the same value counts as an improvement",
            STOP.format(below="<=", reached=">=", answer="epoch + 1, best + 1"),
            0,
        ),
        (
            "the best epoch of the whole table",
            STOP.format(below="<", reached=">=", answer="epoch + 1, int(np.argmin(losses)) + 1"),
            0,
        ),
        (
            "compares with the epoch before, not with the best",
            """
def stop(history, patience):
    losses, bad = list(history["val_loss"]), 0
    for epoch in range(1, len(losses)):
        bad = bad + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if bad == patience:
            return epoch + 1, int(np.argmin(losses[: epoch + 1])) + 1
    return len(losses), int(np.argmin(losses)) + 1
""",
            0,
        ),
        (
            "never gives patience back",
            """
def stop(history, patience):
    losses, bad, best = list(history["val_loss"]), 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            bad += 1
        if bad == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1
""",
            0,
        ),
    ],
    "rates": [
        (
            "rows and columns exchanged",
            "def recall_precision(matrix):\n    right = pd.Series(np.diag(matrix), matrix.index)\n    return (right / matrix.sum(axis=0)).fillna(0), (right / matrix.sum(axis=1)).fillna(0)",
            0,
        ),
        (
            "the diagonal's share of all clips",
            "def recall_precision(matrix):\n    right = pd.Series(np.diag(matrix), matrix.index)\n    return right / matrix.to_numpy().sum(), right / matrix.to_numpy().sum()",
            0,
        ),
        (
            "a class never given has no number",
            "def recall_precision(matrix):\n    right = pd.Series(np.diag(matrix), matrix.index)\n    return right / matrix.sum(axis=1), right / matrix.sum(axis=0)",
            0,
        ),
    ],
}
