"""Grids of shifts: ``-50:50:1ms`` as written by a user, and the amounts it stands for.

Conventions
-----------
A grid is written ``FIRST:LAST:STEPunit`` or, for one amount, ``AMOUNTunit``. Both ends are included where the
step meets them. Amounts ascend and always hold 0, the unchanged sound that everything is compared with.
Decimal arithmetic keeps 0.1 exactly 0.1. Where an axis has variants, one may be named in front:
``pink:0:40:5dB``, ``vorbis:100%``; the first that has the unit is meant otherwise. Units by axis:

==========  =============================================  ===============================  ===================
axis        units                                          variants                         operators count in
==========  =============================================  ===============================  ===================
time        ``ms``, ``s``, ``smp`` (samples), ``frame``                                     samples
freq        ``Hz``, ``kHz``                                                                 hertz
pitch       ``st`` (semitones), ``ct`` (cents)                                              semitones
bins        ``bins``                                                                        spectrogram bins
stretch     ``%`` longer                                                                    percent
speed       ``%`` faster                                                                    percent
gain        ``dB``                                         linear, clip                     decibels
noise       ``%`` of the sound's level; ``dB`` of          white, pink, FILE                percent
            signal-to-noise ratio becomes such percents
filter      ``dB`` by which the rest is turned down        telephone, low…, high…, band…    decibels
reverb      ``s``, ``ms`` of reverberation time                                             seconds
mask        ``ms``, ``s``; ``oct``                         time; band                       samples; octaves
reverse     ``ms``, ``s``, ``smp`` of a stretch                                             samples
order       ``cuts``                                                                        cuts
polarity    ``deg``                                                                         degrees
resolution  ``oct`` of rate; ``bit`` taken; ``%``          rate; bits; vorbis, mp3, opus    as written
==========  =============================================  ===============================  ===================

What is here: `ShiftGrid`, `parse_grid`; `percent_of_snr` and `snr_of_percent`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ..errors import InputError

__all__ = ["AXES", "MAX_SHIFTS", "ShiftGrid", "parse_grid", "percent_of_snr", "snr_of_percent"]

_TIMES = {"ms": "ms", "s": "s", "smp": "smp"}
_UNITS: dict[str, dict[str, str]] = {
    "time": {**_TIMES, "frame": "frame", "frames": "frame"},
    "freq": {"hz": "Hz", "khz": "kHz"},
    "pitch": {"st": "st", "ct": "ct"},
    "bins": {"bins": "bins", "bin": "bins", "": "bins"},
    "stretch": {"%": "%"},
    "speed": {"%": "%"},
    "gain": {"db": "dB"},
    "noise": {"%": "%"},
    "filter": {"db": "dB"},
    "reverb": {"s": "s", "ms": "ms"},
    "mask": {"ms": "ms", "s": "s", "oct": "oct"},
    "reverse": _TIMES,
    "order": {"cuts": "cuts", "cut": "cuts"},
    "polarity": {"deg": "deg"},
    "resolution": {"oct": "oct", "bit": "bit", "bits": "bit", "%": "%"},
}
AXES = tuple(_UNITS)
MAX_SHIFTS = 100_000
_VARIANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "gain": {"linear": ("dB",), "clip": ("dB",)},
    "noise": {"white": ("%",), "pink": ("%",), r".*[./].*": ("%",)},
    "filter": {"telephone": ("dB",), r"(low|high)\d*": ("dB",), r"band(\d+-\d+)?": ("dB",)},
    "mask": {"time": ("ms", "s"), "band": ("oct",)},
    "resolution": {"rate": ("oct",), "bits": ("bit",), "vorbis": ("%",), "mp3": ("%",), "opus": ("%",)},
}
"""The variants of an axis, as patterns, with the units that each takes; the first of a unit is the default."""
_LEAST_SNR = -120  # dB
_GREATEST, _GREATEST_ELSE = {"dB": 200.0}, 1e8  # of any other unit
_ONE_WAY = frozenset({"noise", "reverb", "mask", "reverse", "order", "resolution"})
_WHOLE = {"bins": "bins are moved", "order": "a sound is cut"}
_SCALES = {"s": 1.0, "ms": 0.001, "kHz": 1000.0, "ct": 0.01}
_EXAMPLES = {
    "time": "-50:50:1ms",
    "freq": "-100:100:10Hz",
    "pitch": "-2:2:0.5st",
    "bins": "-4:4:1bins",
    "stretch": "-30:30:10%",
    "speed": "-20:20:5%",
    "gain": "-20:20:5dB",
    "noise": "0:40:5dB",
    "filter": "telephone:0:60:10dB",
    "reverb": "0:1:0.2s",
    "mask": "0:200:20ms",
    "reverse": "0:100:10ms",
    "order": "0:7:1cuts",
    "polarity": "180deg",
    "resolution": "0:3:0.5oct",
}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_VARIANT = r"\s*(?:([a-zA-Z./~][^:]*):)?"
_RANGE = re.compile(rf"{_VARIANT}\s*({_NUMBER})\s*:\s*({_NUMBER})\s*:\s*({_NUMBER})\s*([a-zA-Z%]*)\s*")
_SINGLE = re.compile(rf"{_VARIANT}\s*({_NUMBER})\s*([a-zA-Z%]*)\s*")


@dataclass(frozen=True)
class ShiftGrid:
    """The amounts to shift by along one axis.

    Parameters
    ----------
    axis : str
        One of `AXES`.
    amounts : tuple of float
        In `unit`; made ascending, without repetition and with 0.
    unit : str
        One of the axis' units.
    variant : str, optional
        Of the axis, where it has some; the first that takes the unit if not given.

    Raises
    ------
    InputError
        If the axis, the unit or the variant is unknown, there are too many amounts, or one is no finite number, beyond
        what single precision and whole numbers of samples can hold, or below 0 where an axis has one direction only.

    Examples
    --------
    >>> grid = ShiftGrid("time", (-50.0, 50.0), "ms")
    >>> grid.amounts, str(grid)
    ((-50.0, 0.0, 50.0), '-50 … 50 ms, 3 shifts')
    """

    axis: str
    amounts: tuple[float, ...]
    unit: str
    variant: str = ""

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise InputError(f"axis={self.axis!r} is not one of {', '.join(AXES)}")
        if self.unit not in _UNITS[self.axis].values():
            raise InputError(f"unit={self.unit!r} does not fit the axis {self.axis}; {_known_units(self.axis)}")
        if not np.isfinite(self.amounts).all():
            raise InputError(f"the shifts of axis {self.axis} must be finite numbers; got {self.amounts}")
        greatest, farthest = _GREATEST.get(self.unit, _GREATEST_ELSE), max(map(abs, self.amounts), default=0.0)
        if farthest > greatest:
            raise InputError(f"{self.axis}: {farthest:g} {self.unit} is out of range; at most {greatest:g} either way")
        if len(self.amounts) > MAX_SHIFTS:
            raise InputError(f"{len(self.amounts)} shifts along {self.axis}; at most {MAX_SHIFTS}: use a coarser step")
        object.__setattr__(self, "variant", _choose_variant(self.axis, self.unit, self.variant))
        object.__setattr__(self, "amounts", tuple(sorted({0.0, *map(float, self.amounts)})))
        if self.axis in _WHOLE and any(amount != int(amount) for amount in self.amounts):
            raise InputError(f"{_WHOLE[self.axis]} by whole numbers; give a whole step such as {_EXAMPLES[self.axis]}")
        if self.axis in _ONE_WAY and self.amounts[0] < 0:
            raise InputError(f"{self.axis}={self.amounts[0]:g} {self.unit} is below 0, which is no change at all")

    def natural(self, sample_rate: int, hop_length: int | None = None) -> npt.NDArray[np.float64]:
        """Return the amounts in the unit that the operators count in.

        Parameters
        ----------
        sample_rate : int
            In hertz; used on the time axis.
        hop_length : int, optional
            Samples per frame; needed when the unit is ``frame``.

        Returns
        -------
        ndarray of shape (n_shifts,)
            As the table above says.

        Raises
        ------
        InputError
            If the unit is ``frame`` and the model has no frames.

        Examples
        --------
        >>> ShiftGrid("time", (-0.5, 0.5), "ms").natural(16000)
        array([-8.,  0.,  8.])
        """
        if self.unit == "frame" and hop_length is None:
            raise InputError("shifts in frames need a model whose hop is known; give them in ms or smp")
        in_samples = self.unit in ("s", "ms") and self.axis != "reverb"
        scale = hop_length if self.unit == "frame" and hop_length else _SCALES.get(self.unit, 1.0)
        natural = np.asarray(self.amounts, dtype=np.float64) * (sample_rate if in_samples else 1) * scale
        nearest = np.round(natural)
        # 0.0625 ms is one sample at 16 kHz; binary rounding must not make it 1.0000000000000002.
        return np.where(np.abs(natural - nearest) < 1e-9 * np.maximum(1, np.abs(natural)), nearest, natural)

    def __str__(self) -> str:
        first, last = self.amounts[0], self.amounts[-1]
        named = f"{self.variant} " if self.variant else ""
        return f"{named}{first:g} … {last:g} {self.unit}, {len(self.amounts)} shifts"


def _known_units(axis: str) -> str:
    return f"known units: {', '.join(dict.fromkeys(_UNITS[axis].values()))}"


def _no_such_unit(axis: str, text: str, written: str, *, ranged: bool) -> str:
    """Say that a unit is missing or does not fit, with an example of the kind that was written."""
    fitting = f"{text.removesuffix(written)}{next(iter(_UNITS[axis].values()))}"
    if not written:
        return f"{axis}={text!r} has no unit; write e.g. {fitting} ({_known_units(axis)})"
    example = _EXAMPLES[axis] if ranged else fitting
    return f"{axis}={text!r}: the unit {written} does not fit; {_known_units(axis)}, e.g. {example}"


def _choose_variant(axis: str, unit: str, variant: str) -> str:
    """Return a variant that takes the unit: the one named, or the first."""
    known = _VARIANTS.get(axis, {})
    fitting = [pattern for pattern, units in known.items() if unit in units]
    if not variant:
        return fitting[0] if fitting else ""
    if not any(re.fullmatch(pattern, variant) for pattern in fitting):
        raise InputError(f"{axis} has no variant {variant!r} in {unit}; write it as in {_EXAMPLES[axis]}")
    return variant


def parse_grid(axis: str, text: str) -> ShiftGrid:
    """Read a grid as a user writes it.

    Parameters
    ----------
    axis : str
        One of `AXES`.
    text : str
        ``FIRST:LAST:STEPunit`` or ``AMOUNTunit``, with ``VARIANT:`` before it where the axis has some.

    Returns
    -------
    ShiftGrid

    Raises
    ------
    InputError
        If the text is not a grid, its step is not positive, or its unit does not fit the axis.

    Examples
    --------
    >>> parse_grid("time", "-0.2:0.2:0.1s").amounts
    (-0.2, -0.1, 0.0, 0.1, 0.2)
    >>> parse_grid("pitch", "50ct")
    ShiftGrid(axis='pitch', amounts=(0.0, 50.0), unit='ct', variant='')
    >>> parse_grid("noise", "pink:0:20:20dB")
    ShiftGrid(axis='noise', amounts=(0.0, 10.0, 100.0), unit='%', variant='pink')
    """
    if axis not in AXES:
        raise InputError(f"axis={axis!r} is not one of {', '.join(AXES)}")
    if not isinstance(text, str):
        raise InputError(f"{axis}={text!r} is neither text nor a ShiftGrid; write it as in {_EXAMPLES[axis]!r}")
    ranged, single = _RANGE.fullmatch(text), _SINGLE.fullmatch(text)
    if ranged:
        variant, written = ranged.group(1), ranged.group(5)
        first, last, step = (Decimal(number) for number in ranged.groups()[1:4])
    elif single:
        variant, written = single.group(1), single.group(3)
        first = last = Decimal(single.group(2))
        step = Decimal(1)
    else:
        raise InputError(f"{axis}={text!r} is not a grid; write FIRST:LAST:STEPunit, e.g. {_EXAMPLES[axis]}")
    as_snr = axis == "noise" and written.lower() == "db"
    unit = "%" if as_snr else _UNITS[axis].get(written.lower())
    if unit is None:
        raise InputError(_no_such_unit(axis, text.strip(), written, ranged=ranged is not None))
    amounts = _ladder(axis, text, first, last, step)
    return ShiftGrid(axis, tuple(map(percent_of_snr, amounts)) if as_snr else amounts, unit, variant or "")


def _ladder(axis: str, text: str, first: Decimal, last: Decimal, step: Decimal) -> tuple[float, ...]:
    """Return the amounts from first to last."""
    if step <= 0 or last < first:
        raise InputError(f"{axis}={text!r}: the step must be positive and FIRST not above LAST, e.g. {_EXAMPLES[axis]}")
    count = int((last - first) / step) + 1
    if count > MAX_SHIFTS:
        written = text if len(text) < 80 else f"{text[:40]}…"
        asked = f"{count:,}" if count <= 1e15 else "more than 10¹⁵"
        raise InputError(f"{axis}={written!r} asks for {asked} shifts; at most {MAX_SHIFTS}: use a coarser step")
    return tuple(float(first + step * i) for i in range(count))


def percent_of_snr(snr_db: float) -> float:
    """Return the level of noise in percent of the sound's, from a signal-to-noise ratio.

    Parameters
    ----------
    snr_db : float

    Returns
    -------
    float
        To six digits.

    Raises
    ------
    InputError
        If the noise would be far above all that can be heard, or written in single precision.

    Examples
    --------
    >>> percent_of_snr(20.0), percent_of_snr(15.0)
    (10.0, 17.7828)
    """
    if snr_db < _LEAST_SNR:
        raise InputError(f"a signal-to-noise ratio of {snr_db:g} dB; give one of {_LEAST_SNR} dB or more")
    return float(f"{100 * 10 ** (-snr_db / 20):.6g}")


def snr_of_percent(percent: float) -> float:
    """Return the signal-to-noise ratio in decibels.

    Parameters
    ----------
    percent : float

    Returns
    -------
    float
        ``nan`` without noise, where there is no ratio.

    Examples
    --------
    >>> snr_of_percent(10.0)
    20.0
    """
    return float(20 * np.log10(100 / percent)) if percent > 0 else float("nan")
