"""Typical wrong answers to the exercises of 04_recurrent, and the points that they keep."""

FAIR = """
def fair_units(bands, units):
    allowed = {lstm}
    g = 1
    while {gru} <= allowed:
        g += 1
    return g{less}
"""
LSTM, GRU = "4 * (units * (bands + units) + units)", "3 * (g * (bands + g) + 2 * g)"
READ = """
def read(frames, W, U, b):
    def sigma(v):
        return 1 / (1 + np.exp(-v))

    u = U.shape[0]
    h, out = np.zeros(u), []
    for x in frames:
        z = sigma(x @ W[:, :u] + h @ U[:, :u] + b[0, :u] + b[1, :u])
        r = sigma(x @ W[:, u : 2 * u] + h @ U[:, u : 2 * u] + b[0, u : 2 * u] + b[1, u : 2 * u])
        new = np.tanh({new})
        h = {mixed}
        out.append(h)
    return {result}
"""
NEW = "x @ W[:, 2 * u :] + b[0, 2 * u :] + r * (h @ U[:, 2 * u :] + b[1, 2 * u :])"
MIXED, RESULT = "z * h + (1 - z) * new", "np.array(out)"
BLIND = """
def blind(frames, bands, classes):
    return keras.Sequential([keras.Input((frames, bands)), {middle}, layers.Dense(classes, activation="softmax")])
"""

WRONG = {
    "shapes": [
        ("directions are added, not put side by side", "a, b, c, d = (8, 24), (8, 65, 24), (8, 24), (8, 32, 24)", 0),
        ("a state for each band", "a, b, c, d = (8, 128, 24), (8, 65, 24), (8, 128, 48), (8, 32, 48)", 0),
        ("pools with the frame that is left over", "a, b, c, d = (8, 24), (8, 65, 24), (8, 48), (8, 33, 48)", 0),
        ("averages bands", "a, b, c, d = (8, 24), (8, 65, 24), (8, 48), (8, 65, 48)", 0),
        ("lists", "a, b, c, d = [8, 24], [8, 65, 24], [8, 48], [8, 32, 48]", 0),
    ],
    "fair": [
        (
            "three quarters of the lines, four thirds of the units",
            "def fair_units(bands, units):\n    return units * 4 // 3",
            0,
        ),
        ("one bias in each line of the GRU", FAIR.format(lstm=LSTM, gru=GRU.replace("2 * g", "g"), less=" - 1"), 0),
        ("one too many", FAIR.format(lstm=LSTM, gru=GRU, less=""), 0),
        ("only one of the two is bidirectional", FAIR.format(lstm=LSTM, gru="2 * " + GRU, less=" - 1"), 0),
        ("the same number of units", "def fair_units(bands, units):\n    return units", 0),
        ("learnt by heart", "def fair_units(bands, units):\n    return 78", 0),
    ],
    "gru-steps": [
        ("z and 1 - z exchanged", READ.format(new=NEW, mixed="(1 - z) * h + z * new", result=RESULT), 0),
        (
            "r before the product",
            READ.format(
                new="x @ W[:, 2 * u :] + b[0, 2 * u :] + (r * h) @ U[:, 2 * u :] + b[1, 2 * u :]",
                mixed=MIXED,
                result=RESULT,
            ),
            0,
        ),
        (
            "only the first row of biases",
            READ.replace(" + b[1, :u]", "")
            .replace(" + b[1, u : 2 * u]", "")
            .format(new=NEW.replace(" + b[1, 2 * u :]", ""), mixed=MIXED, result=RESULT),
            0,
        ),
        ("the last state only", READ.format(new=NEW, mixed=MIXED, result="h"), 0),
        (
            "z and r exchanged",
            READ.replace("z = ", "r_ = ")
            .replace("r = sigma", "z = sigma")
            .replace("r_ = ", "r = ")
            .format(new=NEW, mixed=MIXED, result=RESULT),
            0,
        ),
        (
            "the second bias outside of r",
            READ.format(
                new="x @ W[:, 2 * u :] + b[0, 2 * u :] + r * (h @ U[:, 2 * u :]) + b[1, 2 * u :]",
                mixed=MIXED,
                result=RESULT,
            ),
            0,
        ),
    ],
    "blind-net": [
        ("the mean frame only", BLIND.format(middle="layers.GlobalAveragePooling1D()"), 0),
        ("a GRU", BLIND.format(middle="layers.GRU(16)"), 0),
        (
            "convolution and pooling",
            BLIND.format(middle='layers.Conv1D(16, 3, activation="relu"), layers.GlobalAveragePooling1D()'),
            0,
        ),
        (
            "a dense layer on all frames",
            BLIND.format(middle='layers.Flatten(), layers.Dense(32, activation="relu")'),
            0,
        ),
        (
            "both directions, so that order can't matter",
            BLIND.format(middle="layers.Bidirectional(layers.GRU(16))"),
            0,
        ),
        (
            "the mean before the dense layer",
            BLIND.format(middle='layers.GlobalAveragePooling1D(), layers.Dense(32, activation="relu")'),
            0,
        ),
        (
            "dense without a non-linear function",
            BLIND.format(middle="layers.Dense(32), layers.GlobalAveragePooling1D()"),
            0,
        ),
    ],
}
