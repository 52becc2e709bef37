"""Clips: sound in memory with what is around it, and the window that a model lays over it.

Conventions
-----------
A waveform is float32, mono, of shape ``(n_samples,)``, at `sample_rate` hertz, full scale at ±1. Resampling is soxr's
HQ setting. Nothing is normalised, trimmed or faded. Times are in seconds from the start of the recording.

What is here: `Clip`, `open_window`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import soxr

from ..errors import InputError
from .decoding import MOST_SAMPLES

__all__ = ["Clip", "open_window"]

FloatArray = npt.NDArray[np.float32]

_NOTHING = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Clip:
    """A stretch of mono sound, with the sound around it where the recording has more.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip itself.
    sample_rate : int
        In hertz.
    name : str
        What reports call it; for a file, its path as given.
    label, group : str, optional
        Its class, and the recording, speaker or kit that it shares with other clips.
    start_seconds : float, default 0
        Where the clip begins in its recording.
    before, after : ndarray of shape (n,), float32
        The recording just before and just after the clip: what enters the window when ``edges="context"``.

    Raises
    ------
    InputError
        If a waveform is not one-dimensional, or the sample rate is not positive.

    Examples
    --------
    >>> clip = Clip(np.zeros(800, dtype=np.float32), 8000, name="nothing")
    >>> clip.duration_seconds
    0.1
    >>> clip.end_seconds, len(clip.resampled(16000).waveform)
    (0.1, 1600)
    >>> clip.content_hash() == Clip(np.zeros(5, dtype=np.float32), 8000).content_hash()  # silence is silence
    True
    """

    waveform: FloatArray
    sample_rate: int
    name: str = "clip"
    label: str | None = None
    group: str | None = None
    start_seconds: float = 0.0
    before: FloatArray = field(default_factory=lambda: _NOTHING)
    after: FloatArray = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        if self.sample_rate <= 0:
            raise InputError(f"sample_rate={self.sample_rate} must be a positive number of hertz")
        for part in ("waveform", "before", "after"):
            given = np.asarray(getattr(self, part))
            if given.dtype.kind in "iu" and np.abs(given, dtype=np.float64).max(initial=0) > 1:
                raise InputError(f"{part} of {self.name} holds {given.dtype} beyond ±1; divide it by its full scale")
            samples = given.astype(np.float32, copy=False)
            if samples.ndim != 1:
                raise InputError(f"{part} of {self.name} has shape {samples.shape}; it must be mono, (n_samples,)")
            object.__setattr__(self, part, samples)

    @property
    def duration_seconds(self) -> float:
        """Length of the clip in seconds, without its surroundings."""
        return len(self.waveform) / self.sample_rate

    @property
    def end_seconds(self) -> float:
        """Where the clip ends in its recording, in seconds."""
        return self.start_seconds + self.duration_seconds

    def content_hash(self) -> str:
        """Hash of the decoded samples: equal for two files that hold the same sound under any name.

        Returns
        -------
        str
            SHA-256 of the 16-bit samples, in hexadecimal; silence at either end does not count.
        """
        samples = np.round(self.waveform * 32767).astype("<i2")
        heard = np.flatnonzero(samples)
        core = samples[heard[0] : heard[-1] + 1] if len(heard) else samples[:0]
        return hashlib.sha256(core.tobytes()).hexdigest()

    def _repr_html_(self) -> str:
        from .player import player_html

        label = "" if self.label is None else f" ({self.label})"
        told = f"{self.name}{label}: {self.duration_seconds:.2f} s at {self.sample_rate} Hz"
        return player_html(self.waveform, self.sample_rate, told)

    def resampled(self, sample_rate: int) -> Clip:
        """Return the clip at another sample rate, with its surroundings.

        Parameters
        ----------
        sample_rate : int
            In hertz.

        Returns
        -------
        Clip
            The clip itself, where the rate is the same already.

        Raises
        ------
        InputError
            If it would be too large to hold.
        """
        if sample_rate == self.sample_rate:
            return self
        cuts = np.cumsum([len(self.before), len(self.waveform)])
        n_after = (int(cuts[-1]) + len(self.after)) * sample_rate // self.sample_rate
        if n_after > MOST_SAMPLES:
            raise InputError(
                f"{self.name}: {n_after} samples when its {self.sample_rate} Hz become {sample_rate} Hz, above "
                f"{MOST_SAMPLES}; cut it"
            )
        whole = np.concatenate([self.before, self.waveform, self.after])
        whole = np.asarray(soxr.resample(whole, self.sample_rate, sample_rate, quality="HQ"), dtype=np.float32)
        first, last = (round(int(cut) * sample_rate / self.sample_rate) for cut in cuts)
        return replace(
            self,
            waveform=whole[first:last],
            before=whole[:first],
            after=whole[last:],
            sample_rate=sample_rate,
        )


def open_window(clip: Clip, n_samples: int, lead_samples: int = 0) -> Clip:
    """Lay a window of fixed length over a clip, as a model with a fixed input hears it.

    The window opens `lead_samples` before the clip does. Where the recording has sound there, that is what the
    window holds; where it has none, and where the clip ends early, the window holds silence.

    Parameters
    ----------
    clip : Clip
        At the model's sample rate.
    n_samples : int
        Length of the window.
    lead_samples : int, default 0
        How far before the clip the window opens.

    Returns
    -------
    Clip
        `n_samples` long. What of the recording lies outside the window is `before` and `after`.

    Examples
    --------
    >>> clip = Clip(np.float32([1, 2, 3]), 8000)
    >>> open_window(clip, 5, lead_samples=1).waveform
    array([0., 1., 2., 3., 0.], dtype=float32)
    """
    recording = np.concatenate([clip.before, clip.waveform, clip.after])
    opens = len(clip.before) - lead_samples
    closes = opens + n_samples
    window = np.zeros(n_samples, dtype=np.float32)
    first, last = max(opens, 0), min(closes, len(recording))
    if last > first:
        window[first - opens : last - opens] = recording[first:last]
    return replace(
        clip,
        waveform=window,
        start_seconds=clip.start_seconds - lead_samples / clip.sample_rate,
        before=recording[: max(opens, 0)],
        after=recording[max(closes, 0) :],
    )
