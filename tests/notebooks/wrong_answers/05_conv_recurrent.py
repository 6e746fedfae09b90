"""Typical wrong answers to the exercises of 05_conv_recurrent, and the points that they keep."""

WRONG = {
    "reaches": [
        ("forgets the second direction", "rows, steps, numbers, handed_on = 8, 16, 40, 160", 0),
        ("forgets the stride of the first convolution", "rows, steps, numbers, handed_on = 16, 32, 40, 640", 0),
        ("takes the last states of all steps", "rows, steps, numbers, handed_on = 8, 16, 40, 8 * 16 * 40", 0),
    ],
    "one-step": [
        (
            "counts hops, not windows",
            """
def one_step(stack):
    frames, hop = 1, 1
    for kernel, stride in stack:
        frames += (kernel - 1) * hop
        hop *= stride
    return hop * 512 / 22.05, frames * 512 / 22.05
""",
            0,
        ),
        (
            "forgets that layers behind a stride see more",
            """
def one_step(stack):
    frames, hop = 1, 1
    for kernel, stride in stack:
        frames += kernel - 1
        hop *= stride
    return hop * 512 / 22.05, ((frames - 1) * 512 + 2048) / 22.05
""",
            0,
        ),
        (
            "a layer's own stride enters before its kernel",
            """
def one_step(stack):
    frames, hop = 1, 1
    for kernel, stride in stack:
        hop *= stride
        frames += (kernel - 1) * hop
    return hop * 512 / 22.05, ((frames - 1) * 512 + 2048) / 22.05
""",
            0,
        ),
    ],
    "join": [
        (
            "reshapes without turning the picture: rows and moments mixed",
            """
def conv_recurrent(bands, frames, filters, units, classes):
    clips = keras.Input((bands, frames))
    x = layers.Reshape((bands, frames, 1))(clips)
    for n in filters:
        x = layers.MaxPooling2D(2)(layers.Conv2D(n, 3, padding="same", activation="relu")(x))
    x = layers.Reshape((x.shape[2], x.shape[1] * x.shape[3]))(x)
    x = layers.Bidirectional(layers.GRU(units))(x)
    return keras.Model(clips, layers.Dense(classes, activation="softmax")(x))
""",
            2,
        ),
        (
            "walks along frequency",
            """
def conv_recurrent(bands, frames, filters, units, classes):
    clips = keras.Input((bands, frames))
    x = layers.Reshape((bands, frames, 1))(clips)
    for n in filters:
        x = layers.MaxPooling2D(2)(layers.Conv2D(n, 3, padding="same", activation="relu")(x))
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.Bidirectional(layers.GRU(units))(x)
    return keras.Model(clips, layers.Dense(classes, activation="softmax")(x))
""",
            0,
        ),
        (
            "the notebook's reading, row by row",
            """
def conv_recurrent(bands, frames, filters, units, classes):
    clips = keras.Input((bands, frames))
    x = layers.Reshape((bands, frames, 1))(clips)
    for n in filters:
        x = layers.MaxPooling2D(2)(layers.Conv2D(n, 3, padding="same", activation="relu")(x))
    x = layers.TimeDistributed(layers.Bidirectional(layers.GRU(units)))(x)
    return keras.Model(clips, layers.Dense(classes, activation="softmax")(layers.Flatten()(x)))
""",
            0,
        ),
        (
            "hands on all steps, and one direction only",
            """
def conv_recurrent(bands, frames, filters, units, classes):
    clips = keras.Input((bands, frames))
    x = layers.Reshape((bands, frames, 1))(clips)
    for n in filters:
        x = layers.MaxPooling2D(2)(layers.Conv2D(n, 3, padding="same", activation="relu")(x))
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.Flatten()(layers.GRU(units, return_sequences=True)(x))
    return keras.Model(clips, layers.Dense(classes, activation="softmax")(x))
""",
            0,
        ),
    ],
    "meet": [
        (
            "only the difference of the two trebles",
            """
def interaction(score, basses, trebles):
    pictures = np.array([[basses[0], trebles[0]], [basses[0], trebles[1]]])
    return abs(np.diff(score(pictures))[0])
in_rows_meet, in_one_vector_meet = False, True
""",
            0,
        ),
        (
            "exchanges bass and treble together",
            """
def interaction(score, basses, trebles):
    first, second = score(np.array([[basses[0], trebles[0]], [basses[1], trebles[1]]]))
    return abs(first - second)
in_rows_meet, in_one_vector_meet = True, True
""",
            0,
        ),
        (
            "right function, but believes that flatten brings the rows together",
            """
def interaction(score, basses, trebles):
    a, b, c, d = score(np.array([[bass, treble] for bass in basses for treble in trebles]))
    return abs((b - a) - (d - c))
in_rows_meet, in_one_vector_meet = True, True
""",
            0,
        ),
    ],
}
