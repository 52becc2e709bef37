"""Shifts of sound by an explicit amount: later in time, other in frequency, along a spectrogram's bins.

Conventions
-----------
The last axis of a waveform is time: ``(..., n_samples)``. An amount is a number, or an array that broadcasts
against the leading axes: a clip of shape ``(n_samples,)`` with amounts of shape ``(n_shifts,)`` gives
``(n_shifts, n_samples)``. NumPy arrays and tensors are both accepted and come back as what went in, in their
dtype. The input is never modified. An amount of 0 returns the very samples that went in.

What is here: `time_shift`, `frequency_shift`, `bin_shift`.

References
----------
.. [1] Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed.: ch. 8 (fractional delay by the DFT),
       ch. 12 (analytic signal, single-sideband modulation).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .arrays import as_amounts, as_tensor, like_input
from .edges import surroundings

__all__ = ["bin_shift", "frequency_shift", "time_shift"]

_MARGIN = 4096  # samples; beyond it the tail of a band-limited delay is below 1e-4 of what casts it


def time_shift(
    waveform: Any,
    delay_samples: Any,
    *,
    edges: str = "zero",
    before: Any = None,
    after: Any = None,
    rng: np.random.Generator | None = None,
) -> Any:
    """Delay a sound inside its window.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
        Not modified; the last axis is time.
    delay_samples : float or array
        Positive moves the sound later. A fraction is applied as a band-limited delay.
    edges : {"zero", "circular", "context", "noise"}, default "zero"
        What enters at the vacated end: silence, what left at the other end, the recording around the window, or
        noise at the clip's background level.
    before, after : array of shape (..., n), optional
        The recording around the window, for ``"context"``. Beyond its ends there is silence.
    rng : numpy.random.Generator, optional
        Source of the noise, for ``"noise"``.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)
        Leading axes are those of the waveform broadcast against the delays.

    Raises
    ------
    InputError
        If `edges` is unknown, "context" is asked of a clip that has none, or "noise" comes without an `rng`.

    Notes
    -----
    Whole delays copy samples. A fraction multiplies the discrete Fourier transform by a phase ramp [1]_: of the
    window itself for ``"circular"``, of the window with 4096 samples of its surroundings on either side otherwise.

    References
    ----------
    .. [1] Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 8.

    Examples
    --------
    >>> time_shift(torch.tensor([1.0, 2.0, 3.0]), 1)
    tensor([0., 1., 2.])
    >>> time_shift(np.array([1.0, 2.0, 3.0]), [0, -1], edges="circular")
    array([[1., 2., 3.],
           [2., 3., 1.]])
    """
    samples = as_tensor(waveform)
    delays = as_amounts(delay_samples, samples)
    if edges == "circular":
        return like_input(_circular_delay(samples, delays), waveform)
    before, after = surroundings(samples, edges=edges, before=before, after=after, rng=rng)
    recording = torch.cat([before, samples, after], dim=-1)
    return like_input(_slide(recording, delays, before.shape[-1], samples.shape[-1]), waveform)


def _slide(recording: Tensor, delays: Tensor, opens: int, n_samples: int) -> Tensor:
    """Cut one window per delay out of a recording, where the undelayed one opens at sample `opens`."""
    whole = torch.floor(delays)
    fractions = delays - whole
    if recording.ndim == 1 and not bool(fractions.any()):
        return _copy_windows(recording, whole, opens, n_samples)
    # A window with a fraction is cut wide, delayed, and trimmed, so that it depends on nothing but its own delay.
    margin = _MARGIN if bool(fractions.any()) else 0
    furthest = recording.shape[-1] + n_samples + 2 * margin
    first = opens - margin - whole.clamp(-furthest, furthest).to(torch.int64)
    index = first[..., None] + torch.arange(n_samples + 2 * margin, device=recording.device)
    known = (index >= 0) & (index < recording.shape[-1])
    rows = recording.expand(*delays.shape, recording.shape[-1])
    cut = torch.gather(rows, -1, index.clamp(0, recording.shape[-1] - 1))
    cut = torch.where(known, cut, torch.zeros((), dtype=cut.dtype, device=cut.device))
    return _fractional_delay(cut, fractions)[..., margin : margin + n_samples]


def _copy_windows(recording: Tensor, delays: Tensor, opens: int, n_samples: int) -> Tensor:
    """Cut windows at whole delays out of one recording: the same as the general way, without an index a sample."""
    if not delays.numel():
        return recording.new_zeros((*delays.shape, n_samples))
    starts = opens - delays.clamp(opens - len(recording), opens + n_samples).to(torch.int64)
    first, last = int(starts.min()), int(starts.max()) + n_samples
    heard = torch.nn.functional.pad(recording, (-first, last - len(recording)))
    return heard.unfold(0, n_samples, 1)[starts - first]


def _circular_delay(samples: Tensor, delays: Tensor) -> Tensor:
    n_samples = samples.shape[-1]
    whole = torch.floor(delays)
    if samples.ndim == 1 and bool((delays == whole).all()):
        return _copy_windows(samples.repeat(2), torch.remainder(whole, n_samples), n_samples, n_samples)
    rows = _fractional_delay(samples.expand(*delays.shape, n_samples), delays - whole)
    index = torch.arange(n_samples, device=samples.device) - whole.to(torch.int64)[..., None]
    return torch.gather(rows, -1, torch.remainder(index, n_samples))


def _fractional_delay(rows: Tensor, fractions: Tensor) -> Tensor:
    """Delay each row circularly by a fraction of a sample in [0, 1); rows with fraction 0 are copies."""
    if not bool(fractions.any()):
        return rows
    n_samples = rows.shape[-1]
    spectrum = torch.fft.rfft(rows.to(torch.float64))
    cycles = torch.fft.rfftfreq(n_samples, dtype=torch.float64, device=rows.device)
    ramp = torch.polar(torch.ones_like(cycles), -2 * torch.pi * cycles * fractions[..., None])
    # At Nyquist only the cosine part of the ramp is a real signal; the inverse transform takes just that.
    delayed = torch.fft.irfft(spectrum * ramp, n=n_samples).to(rows.dtype)
    return torch.where((fractions == 0)[..., None], rows, delayed)


def frequency_shift(waveform: Any, offset_hz: Any, sample_rate: float) -> Any:
    """Move every component of a sound by the same number of hertz (single sideband).

    A tone at f comes out at f + offset, so a partial k·f₁ becomes k·f₁ + offset and the ratios between partials
    change: this is what a pitch shift does not do. Components that would cross 0 Hz or the Nyquist frequency are
    removed, not folded back.

    Parameters
    ----------
    waveform : Tensor or ndarray of shape (..., n_samples)
    offset_hz : float or array
        Positive moves up.
    sample_rate : float
        In hertz.

    Returns
    -------
    Tensor or ndarray of shape (..., n_samples)

    Raises
    ------
    InputError
        If the sample rate is not positive.

    References
    ----------
    .. [1] Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 12: the real part of the analytic signal
           times a complex exponential.

    Examples
    --------
    >>> seconds = np.arange(8000) / 8000
    >>> moved = frequency_shift(np.cos(2 * np.pi * 440 * seconds), 60, 8000)
    >>> bool(np.allclose(moved, np.cos(2 * np.pi * 500 * seconds)))
    True
    """
    if not sample_rate > 0:
        raise InputError(f"sample_rate={sample_rate} must be a positive number of hertz")
    samples = as_tensor(waveform)
    offsets = as_amounts(offset_hz, samples)
    n_samples = samples.shape[-1]
    hertz = torch.fft.rfftfreq(n_samples, 1 / sample_rate, dtype=torch.float64, device=samples.device)
    landing = hertz + offsets[..., None]
    slack = 1e-9 * sample_rate
    stays = (landing >= -slack) & (landing <= sample_rate / 2 + slack)
    one_sided = torch.full_like(hertz, 2.0)
    one_sided[0] = 1.0
    if n_samples % 2 == 0:
        one_sided[-1] = 1.0
    spectrum = torch.fft.rfft(samples.to(torch.float64)) * one_sided
    analytic = torch.fft.ifft(spectrum * stays, n=n_samples)
    turns = offsets[..., None] / sample_rate * torch.arange(n_samples, dtype=torch.float64, device=samples.device)
    carrier = torch.polar(torch.ones_like(turns), 2 * torch.pi * torch.frac(turns))
    moved = (analytic * carrier).real.to(samples.dtype)
    return like_input(torch.where((offsets == 0)[..., None], samples, moved), waveform)


def bin_shift(spectrogram: Any, n_bins_up: Any, *, fill: float = 0.0) -> Any:
    """Move a spectrogram along its frequency axis.

    On a linear axis this resembles a frequency shift, on a logarithmic one a pitch shift, on a mel axis neither:
    it is what "roll the mel bins" does to a model that never sees the waveform.

    Parameters
    ----------
    spectrogram : Tensor or ndarray of shape (..., n_bins, n_frames)
    n_bins_up : int or array
        Positive moves up in frequency.
    fill : float, default 0
        What enters: the value that stands for silence.

    Returns
    -------
    Tensor or ndarray of shape (..., n_bins, n_frames)

    Raises
    ------
    InputError
        If an amount is not whole, or there is no frequency axis.

    Examples
    --------
    >>> bin_shift(np.array([[1.0], [2.0], [3.0]]), 1).ravel()
    array([0., 1., 2.])
    """
    values = as_tensor(spectrogram)
    if values.ndim < 2:
        raise InputError(f"a spectrogram has shape (..., n_bins, n_frames); got {tuple(values.shape)}")
    amounts = as_amounts(n_bins_up, values, n_signal_axes=2)
    if bool((amounts != amounts.round()).any()):
        raise InputError(f"n_bins_up={amounts.tolist()}: a spectrogram is moved by whole bins")
    n_bins, n_frames = values.shape[-2:]
    source = torch.arange(n_bins, device=values.device) - amounts.to(torch.int64)[..., None]
    index = source.clamp(0, n_bins - 1)[..., None].expand(*source.shape, n_frames)
    moved = torch.gather(values.expand(*amounts.shape, n_bins, n_frames), -2, index)
    inside = ((source >= 0) & (source < n_bins))[..., None]
    return like_input(torch.where(inside, moved, torch.full_like(moved, fill)), spectrogram)
