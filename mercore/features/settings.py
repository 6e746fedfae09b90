"""The settings of the network inputs, in one place. Explained in 02_features."""

from dataclasses import asdict, dataclass

SAMPLE_RATE, N_FFT, HOP_LENGTH, N_MELS, TOP_DB = 22_050, 2048, 512, 128, 80.0


@dataclass(frozen=True)
class FeatureSettings:
    """Settings of the features; part of a run's identity and of a saved model.

    Attributes:
        sample_rate: Samples per second (Hz).
        n_fft: Samples in one window, a Hann window.
        hop_length: Samples from one frame to the next.
        n_mels: The number of mel bands.
        top_db: The dynamic range: values further below a clip's maximum are cut off (dB).
        version: Raise it with every change of the code that gives the same settings other values.
    """

    sample_rate: int = SAMPLE_RATE
    n_fft: int = N_FFT
    hop_length: int = HOP_LENGTH
    n_mels: int = N_MELS
    top_db: float = TOP_DB
    version: int = 1

    def differences(self, other: "FeatureSettings") -> str:
        """Return the settings in which another one differs, with both values: "n_fft 2048, not 1024"."""
        mine, theirs = asdict(self), asdict(other)
        return ", ".join(f"{name} {mine[name]}, not {theirs[name]}" for name in mine if mine[name] != theirs[name])


DEFAULT = FeatureSettings()
