"""Noise added to a sound: white, pink, or a recording.

Keeps the sound, and lays something over it. The neutral amount, no noise at all, would be a signal-to-noise ratio of
infinity; so amounts count the noise instead, in percent of the sound's level: 0 is none, 10 is 20 dB below the sound,
100 as loud as it. A grid may be written in decibels of signal-to-noise ratio (``0:40:5dB``) and becomes such percents
(`audioinv.sound.grid`).

Conventions
-----------
Level is the root mean square over the whole window, silence included, and the noise has exactly the level asked for.
White noise has the same power in every hertz, pink in every octave. One noise is drawn for a sound, the same at all
amounts. A silent sound gets none.

What is here: `add_noise`, `Noise`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...errors import InputError
from ..arrays import as_amounts, as_tensor, like_input
from ..audio import load_clip
from ..clip import Clip
from .change import Change, clip_rng, keep_neutral

__all__ = ["COLOURS", "Noise", "add_noise"]

FloatArray = npt.NDArray[np.float64]

COLOURS = ("white", "pink")


def add_noise(
    waveform: Any,
    noise_percent: Any,
    rng: np.random.Generator,
    *,
    colour: str = "white",
    recording: npt.ArrayLike | None = None,
) -> Any:
    """Lay noise over a sound.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    noise_percent : float or array
        Root mean square of the noise in percent of that of the sound; 0 or more.
    rng : numpy.random.Generator
    colour : {"white", "pink"}, default "white"
    recording : array of shape (n,), optional
        Takes the place of coloured noise: a stretch of it from a random place on, from its start again after its end.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Raises
    ------
    InputError
        If an amount is negative, the colour unknown, or the recording silent.

    Examples
    --------
    >>> tone = np.sin(np.arange(8000) / 8)
    >>> noise = add_noise(tone, 10.0, np.random.default_rng(0)) - tone
    >>> bool(np.isclose(10 * np.log10((tone**2).sum() / (noise**2).sum()), 20))
    True
    """
    samples = as_tensor(waveform)
    percents = as_amounts(noise_percent, samples)
    if bool((percents < 0).any()):
        raise InputError(f"noise_percent={float(percents.min()):g} must be 0 or more; 0 is no noise")
    shape = tuple(samples.shape)
    drawn = _coloured(shape, rng, colour) if recording is None else _stretches(shape, rng, np.asarray(recording))
    noise = torch.as_tensor(drawn, device=samples.device)
    loudness = samples.double().square().mean(-1, keepdim=True).sqrt()
    loud = noise * (loudness / noise.square().mean(-1, keepdim=True).sqrt())
    return like_input(keep_neutral(samples, percents, samples + percents[..., None] / 100 * loud), waveform)


def _coloured(shape: tuple[int, ...], rng: np.random.Generator, colour: str) -> FloatArray:
    if colour not in COLOURS:
        raise InputError(f"colour={colour!r} is not one of {', '.join(COLOURS)}")
    white = rng.standard_normal(shape)
    if colour == "white":
        return white
    spectrum = np.fft.rfft(white)
    bins = np.arange(spectrum.shape[-1])
    return np.fft.irfft(spectrum * np.where(bins > 0, np.maximum(bins, 1) ** -0.5, 0.0), n=shape[-1])


def _stretches(shape: tuple[int, ...], rng: np.random.Generator, recording: npt.NDArray[Any]) -> FloatArray:
    if recording.ndim != 1 or not np.any(recording):
        raise InputError(f"a recording of noise must be mono and not silent; got shape {recording.shape}")
    first = rng.integers(len(recording), size=shape[:-1])
    found = np.take(recording.astype(np.float64), first[..., None] + np.arange(shape[-1]), mode="wrap")
    if not found.any(axis=-1).all():
        raise InputError("the recording of noise is silent for a whole window; give one that sounds throughout")
    return np.asarray(found)


@functools.cache
def _read(path: str, sample_rate: int) -> npt.NDArray[np.float32]:
    return load_clip(path, sample_rate=sample_rate).waveform


@dataclass(frozen=True)
class Noise(Change):
    """Noise in percent of the clip's level; see `add_noise`.

    Parameters
    ----------
    engine : str, default "white"
        ``"white"``, ``"pink"``, or the path of a recording.
    seed : int, default 0
        Of the noise; every clip has its own.
    """

    engine: str = "white"
    seed: int = 0
    axis = "noise"

    def shift(self, clip: Clip, amounts: Any) -> Tensor:
        """Return the clip with each amount of noise."""
        waveform, rng = torch.from_numpy(clip.waveform), clip_rng(clip, self.seed)
        if self.engine in COLOURS:
            noisy: Tensor = add_noise(waveform, amounts, rng, colour=self.engine)
        else:
            noisy = add_noise(waveform, amounts, rng, recording=_read(self.engine, clip.sample_rate))
        return noisy

    def energy_kept(self, clip: Clip, amounts: FloatArray, shifted: Tensor) -> FloatArray:
        """Return 1: all of the sound is still there."""
        return np.where(np.any(clip.waveform), np.ones(len(amounts)), np.nan)
