"""The settings of the network inputs, in one place. Explained in 02_features."""

from dataclasses import asdict, dataclass

SAMPLE_RATE, N_FFT, HOP_LENGTH, N_MELS, TOP_DB = 22_050, 2048, 512, 128, 80.0


@dataclass(frozen=True)
class FeatureSettings:
    """Settings of the features; part of a run's identity and of a saved model."""

    sample_rate: int = SAMPLE_RATE  # Hz
    n_fft: int = N_FFT  # samples in one window, a Hann window
    hop_length: int = HOP_LENGTH  # samples from one frame to the next
    n_mels: int = N_MELS  # mel bands
    top_db: float = TOP_DB  # the dynamic range: what lies further below a clip's maximum is cut off (dB)
    version: int = 1  # raise it with every change of the code that gives the same settings other values

    def differences(self, other: "FeatureSettings") -> str:
        """Return the settings in which another one differs, with both values: "n_fft 2048, not 1024"."""
        mine, theirs = asdict(self), asdict(other)
        return ", ".join(f"{name} {mine[name]}, not {theirs[name]}" for name in mine if mine[name] != theirs[name])


DEFAULT = FeatureSettings()
