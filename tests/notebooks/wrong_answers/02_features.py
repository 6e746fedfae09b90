"""Typical wrong answers to the exercises of 02_features, and the points that they keep."""

BANK = """
def mel_filters(rate, n_fft, n_mels):
    lines = np.linspace(0, rate / 2, 1 + n_fft // 2)
    {corners}
    bank = np.zeros((n_mels, len(lines)))
    for i in range(n_mels):
        low, peak, high = corners[i : i + 3]
        bank[i] = np.maximum(0, np.minimum((lines - low) / (peak - low), (high - lines) / (high - peak)))
    return {result}
"""
HTK = "corners = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 1400), n_mels + 2) / 2595) - 1)"

WRONG = {
    "stft-size": [
        ("frames that aren't centred", "rows, columns, apart, brightest = 513, 427, 21.53, 20", 0),
        ("as many rows as samples in a frame", "rows, columns, apart, brightest = 1024, 431, 21.53, 20", 0),
        ("forgets the first frame, and row 0", "rows, columns, apart, brightest = 512, 430, 21.53, 21", 0),
        ("the settings of the notebook", "rows, columns, apart, brightest = 1025, 216, 10.77, 41", 0),
    ],
    "mel-bank": [
        (
            "equal distances in hertz",
            BANK.format(corners="corners = np.linspace(0, rate / 2, n_mels + 2)", result="bank"),
            0,
        ),
        (
            "rounds the corners to lines of the spectrum",
            BANK.format(
                corners=HTK + "\n    corners = np.floor((n_fft + 1) * corners / rate) * rate / n_fft",
                result="np.nan_to_num(bank)",
            ),
            0,
        ),
        (
            "Slaney's formula",
            BANK.format(corners="corners = librosa.mel_frequencies(n_mels + 2, fmin=0, fmax=rate / 2)", result="bank"),
            0,
        ),
        ("Slaney's heights", BANK.format(corners=HTK, result="bank * (2 / (corners[2:] - corners[:-2]))[:, None]"), 0),
        (
            "librosa's own",
            "def mel_filters(rate, n_fft, n_mels):\n    return librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, htk=True, norm=None)",
            0,
        ),
        (
            "the rate of the corpus, whatever is asked for",
            BANK.format(
                corners="rate = 22_050\n    lines = np.linspace(0, rate / 2, 1 + n_fft // 2)\n    " + HTK,
                result="bank",
            ),
            0,
        ),
    ],
    "fair-scaler": [
        (
            "learns from all clips",
            "def standardise(x, train):\n    return (x - x.mean(axis=(0, 2), keepdims=True)) / x.std(axis=(0, 2), keepdims=True)",
            0,
        ),
        (
            "each side by its own mean and deviation",
            """
def standardise(x, train):
    out = np.empty_like(x)
    for side in (train, ~train):
        out[side] = (x[side] - x[side].mean(axis=(0, 2), keepdims=True)) / x[side].std(axis=(0, 2), keepdims=True)
    return out
""",
            0,
        ),
        (
            "one mean for all bands",
            "def standardise(x, train):\n    return (x - x[train].mean()) / x[train].std()",
            0,
        ),
        (
            "a mean for each frame, as in the report's waveforms",
            "def standardise(x, train):\n    return (x - x[train].mean(axis=0)) / x[train].std(axis=0)",
            0,
        ),
        (
            "changes what it is given",
            "def standardise(x, train):\n    m, s = x[train].mean(axis=(0, 2), keepdims=True), x[train].std(axis=(0, 2), keepdims=True)\n    x -= m\n    x /= s\n    return x",
            0,
        ),
        (
            "each clip by itself",
            "def standardise(x, train):\n    return (x - x.mean(axis=2, keepdims=True)) / x.std(axis=2, keepdims=True)",
            0,
        ),
    ],
    "missing": [
        (
            "takes what was rebuilt for the dull one",
            'recording, griffin_lim, without_lows, without_highs = "D", "C", "A", "B"',
            0,
        ),
        ("low and high exchanged", 'recording, griffin_lim, without_lows, without_highs = "D", "B", "C", "A"', 0),
        ("numbers", "recording, griffin_lim, without_lows, without_highs = 4, 2, 1, 3", 0),
    ],
}
