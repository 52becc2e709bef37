"""The architectures that `audioinv train` knows by name.

Conventions
-----------
``cnn1d-wave`` is convolved along the waveform itself. ``cnn1d-mel`` takes mel bands as channels and is convolved
along time alone, so each weight belongs to one band. ``cnn2d-mel`` is convolved along time and frequency. Mel
front ends have 64 bands from 50 Hz to the Nyquist frequency and a hop of 10 ms.

What is here: `ARCHITECTURES`, `architecture`.
"""

from __future__ import annotations

from ..errors import InputError
from ..sound.spectrogram import SpectrogramConfig
from .classifier import ClassifierConfig
from .model import ModelSpec
from .networks import NetworkConfig

__all__ = ["ARCHITECTURES", "architecture"]

ARCHITECTURES = ("cnn1d-wave", "cnn1d-mel", "cnn2d-mel")
_N_MELS = 64
_FMIN_HZ = 50.0


def architecture(name: str, spec: ModelSpec, *, head: str = "average", padding: str = "zero") -> ClassifierConfig:
    """Return the configuration of a named architecture for a given window and set of labels.

    Parameters
    ----------
    name : {"cnn1d-wave", "cnn1d-mel", "cnn2d-mel"}
    spec : ModelSpec
        Sample rate, window and labels.
    head : {"flatten", "average", "max"}, default "average"
    padding : {"zero", "circular"}, default "zero"
        Along time.

    Returns
    -------
    ClassifierConfig

    Raises
    ------
    InputError
        If the name is unknown, or the window is too short for it.

    Examples
    --------
    >>> spec = ModelSpec("demo", 16000, 12800, ("kick", "snare"))
    >>> architecture("cnn2d-mel", spec).network.input_shape
    (1, 64, 81)
    """
    if name not in ARCHITECTURES:
        raise InputError(f"architecture {name!r} is not one of {', '.join(ARCHITECTURES)}")
    common = {"n_classes": len(spec.labels), "head": head, "padding": padding}
    if name == "cnn1d-wave":
        network = NetworkConfig(
            input_shape=(1, spec.n_samples),
            channels=(32, 64, 96, 128),
            stem_kernel=80,
            stem_stride=4,
            factor=4,
            dropout=0.2,
            **common,  # type: ignore[arg-type]
        )
        return ClassifierConfig(spec, network)
    front_end = mel_front_end(spec.sample_rate)
    n_frames = 1 + spec.n_samples // front_end.hop_length
    shape = (_N_MELS, n_frames) if name == "cnn1d-mel" else (1, _N_MELS, n_frames)
    channels = (64, 96, 128) if name == "cnn1d-mel" else (16, 32, 64, 64)
    network = NetworkConfig(input_shape=shape, channels=channels, dropout=0.2, **common)  # type: ignore[arg-type]
    return ClassifierConfig(spec, network, front_end)


def mel_front_end(sample_rate: int) -> SpectrogramConfig:
    """Return the mel front end that the architectures share.

    Parameters
    ----------
    sample_rate : int
        In hertz.

    Returns
    -------
    SpectrogramConfig
        64 bands, windows of at least 32 ms, a hop of 10 ms.
    """
    n_fft = 1 << max(5, round(sample_rate * 0.032) - 1).bit_length()
    return SpectrogramConfig(
        kind="mel",
        sample_rate=sample_rate,
        n_fft=n_fft,
        hop_length=max(1, round(sample_rate * 0.010)),
        n_bins=_N_MELS,
        fmin=_FMIN_HZ,
        fmax=sample_rate / 2,
    )
