"""The architectures that `audioinv train` knows by name.

Conventions
-----------
``cnn1d-wave`` is convolved along the waveform itself. ``cnn1d-mel`` takes mel bands as channels and is convolved
along time alone, so each weight belongs to one band. ``cnn2d-mel`` is convolved along time and frequency. Mel
front ends have 64 bands from 50 Hz to the Nyquist frequency and a hop of 10 ms.

What is here: `ARCHITECTURES`, `architecture`, `NetworkOptions`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict, Unpack

from ..errors import InputError
from ..sound.spectrogram_config import Edges, SpectrogramConfig
from .classifier import ClassifierConfig
from .model import ModelSpec
from .network_config import NetworkConfig

__all__ = ["ARCHITECTURES", "NetworkOptions", "architecture"]

ARCHITECTURES = ("cnn1d-wave", "cnn1d-mel", "cnn2d-mel")
_N_MELS = 64
_FMIN_HZ = 50.0


class NetworkOptions(TypedDict, total=False):
    """What may be chosen of a network whatever its input: fields of `NetworkConfig`."""

    channels: tuple[int, ...]
    kernel_size: int
    downsampling: str
    frequency_downsampling: str
    factor: int
    frequency_factor: int
    head: str
    padding: str
    frequency_padding: str
    frequency_awareness: str
    dropout: float


def architecture(
    name: str, spec: ModelSpec, *, front_end_edges: Edges = "zero", **options: Unpack[NetworkOptions]
) -> ClassifierConfig:
    """Return the configuration of a named architecture for a given window and set of labels.

    Parameters
    ----------
    name : {"cnn1d-wave", "cnn1d-mel", "cnn2d-mel"}
    spec : ModelSpec
        Sample rate, window and labels.
    front_end_edges : {"zero", "circular"}, default "zero"
        What a frame of the spectrogram finds beyond the window. It is chosen apart from the network's `padding`:
        frames of a recording have silence or sound beside them, and only an experiment with circular delays wants
        both circular.
    **options : NetworkOptions
        Fields of `NetworkConfig` in place of the architecture's own.

    Returns
    -------
    ClassifierConfig

    Raises
    ------
    InputError
        If the name is unknown, or the window or an option does not fit it.

    Examples
    --------
    >>> spec = ModelSpec("demo", 16000, 12800, ("kick", "snare"))
    >>> architecture("cnn2d-mel", spec).network.input_shape
    (1, 64, 81)
    >>> architecture("cnn2d-mel", spec, downsampling="polyphase", front_end_edges="circular").network.final_shape
    (4, 5)
    """
    if name not in ARCHITECTURES:
        raise InputError(f"architecture {name!r} is not one of {', '.join(ARCHITECTURES)}")
    if name == "cnn1d-wave":
        if front_end_edges != "zero":
            raise InputError(f"front_end_edges={front_end_edges!r} is for a spectrogram; {name} has none")
        wave: NetworkOptions = {"channels": (32, 64, 96, 128), "factor": 4, "dropout": 0.2, **options}
        shape: tuple[int, ...] = (1, spec.n_samples)
        return ClassifierConfig(spec, NetworkConfig(shape, len(spec.labels), stem_kernel=80, stem_stride=4, **wave))
    front_end = replace(mel_front_end(spec.sample_rate), edges=front_end_edges)
    n_frames = front_end.n_frames(spec.n_samples)
    flat = name == "cnn1d-mel"
    mel: NetworkOptions = {"channels": (64, 96, 128) if flat else (16, 32, 64, 64), "dropout": 0.2, **options}
    shape = (_N_MELS, n_frames) if flat else (1, _N_MELS, n_frames)
    return ClassifierConfig(spec, NetworkConfig(shape, len(spec.labels), **mel), front_end)


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
