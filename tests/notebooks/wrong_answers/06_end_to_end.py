"""Typical wrong answers to the exercises of 06_end_to_end, and the points that they keep."""

WRONG = {
    "windows": [
        (
            "one window too few",
            """
def windows(samples, length, hop):
    count = (len(samples) - length) // hop
    return np.stack([samples[i * hop : i * hop + length] for i in range(count)])
length, hop, count = 186, 31, 2123
""",
            0,
        ),
        (
            "windows don't overlap: a hop of a whole kernel",
            """
def windows(samples, length, hop):
    return np.stack([samples[i : i + length] for i in range(0, len(samples) - length + 1, hop)])
length, hop, count = 186, 186, 354
""",
            0,
        ),
        (
            "right function, but counts the steps and not the windows",
            """
def windows(samples, length, hop):
    return np.stack([samples[i : i + length] for i in range(0, len(samples) - length + 1, hop)])
length, hop, count = 186, 31, 2129
""",
            0,
        ),
    ],
    "octave": [
        (
            "no padding",
            """
def peak_and_octave(kernel):
    answer = np.abs(np.fft.rfft(kernel.ravel()))
    peak = answer.argmax()
    return peak * 22_050 / 186, 20 * np.log10(answer[peak] / answer[2 * peak])
""",
            0,
        ),
        (
            "ten instead of twenty",
            """
def peak_and_octave(kernel):
    answer = np.abs(np.fft.rfft(kernel.ravel(), 8192))
    peak = answer.argmax()
    return peak * 22_050 / 8192, 10 * np.log10(answer[peak] / answer[2 * peak])
""",
            0,
        ),
        (
            "natural logarithm",
            """
def peak_and_octave(kernel):
    answer = np.abs(np.fft.rfft(kernel.ravel(), 8192))
    peak = answer.argmax()
    return peak * 22_050 / 8192, 20 * np.log(answer[peak] / answer[2 * peak])
""",
            0,
        ),
        (
            "samples read across the steps",
            """
def peak_and_octave(kernel):
    answer = np.abs(np.fft.rfft(kernel.T.ravel(), 8192))
    peak = answer[:2000].argmax()
    return peak * 22_050 / 8192, 20 * np.log10(answer[peak] / answer[2 * peak])
""",
            0,
        ),
    ],
    "attend": [
        (
            "forgets tanh",
            """
def attend(x, w, b):
    e = np.exp(x @ w + b)
    alpha = e / e.sum(axis=1, keepdims=True)
    return alpha, (alpha[..., None] * x).sum(axis=1)
""",
            0,
        ),
        (
            "softmax over all clips together",
            """
def attend(x, w, b):
    e = np.exp(np.tanh(x @ w + b))
    alpha = e / e.sum()
    return alpha, (alpha[..., None] * x).sum(axis=1)
""",
            0,
        ),
        (
            "the mean instead of the sum of the weighted steps",
            """
def attend(x, w, b):
    e = np.exp(np.tanh(x @ w + b))
    alpha = e / e.sum(axis=1, keepdims=True)
    return alpha, (alpha[..., None] * x).mean(axis=1)
""",
            0,
        ),
    ],
    "heaviest": [
        (
            "the others have a score of 0",
            """
def heaviest(steps, c):
    return np.exp(c) / (np.exp(c) + steps - 1)
def factor_for(steps, share):
    return np.log((steps - 1) * share / (1 - share))
""",
            0,
        ),
        (
            "the ratio to another, taken for a share",
            """
def heaviest(steps, c):
    return np.exp(2 * c) / steps
def factor_for(steps, share):
    return np.log(share * steps) / 2
""",
            0,
        ),
        (
            "counts the step itself among the others",
            """
def heaviest(steps, c):
    return np.exp(c) / (np.exp(c) + steps * np.exp(-c))
def factor_for(steps, share):
    return np.log((steps - 1) * share / (1 - share)) / 2
""",
            1,
        ),
    ],
    "unnoticed": [
        (
            "takes the blurred clip for harmless, it sounds most like music",
            'blurred, backwards, shuffled, harmless = "C", "A", "B", "C"',
            0,
        ),
        ("mistakes shuffled for backwards", 'blurred, backwards, shuffled, harmless = "C", "B", "A", "B"', 0),
        ("takes shuffled for harmless", 'blurred, backwards, shuffled, harmless = "C", "A", "B", "B"', 0),
    ],
}
