"""Words for shifts and names, the same in every figure and on the page.

Conventions
-----------
Units are written out where they are not of common use. Texts that came from outside are made printable and short here,
and escaped where they are used.

What is here: `axis_title`, `amount_title`, `shift_label`, `range_text`, `is_reason`, `share_text`,
`shown_name`, `lines_html`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import PurePath
from typing import Any

from .text import size

__all__ = [
    "amount_title",
    "axis_title",
    "is_reason",
    "lines_html",
    "range_text",
    "share_text",
    "shift_label",
    "shown_name",
]

_TITLES = {"freq": "frequency", "bins": "spectrogram bins"}
_AMOUNTS = {
    "time": "delay",
    "freq": "frequency shift",
    "pitch": "pitch shift",
    "bins": "bin shift",
    "stretch": "stretch",
    "speed": "change of speed",
    "noise": "noise",
    "filter": "attenuation outside the band",
    "reverb": "reverberation",
    "mask": "mask",
    "reverse": "reversed stretches",
    "order": "shuffle",
    "polarity": "turn of phase",
    "resolution": "loss of resolution",
}
# A measure can be undefined, an axis cannot: reasons name the measure, cautions do not.
_REASON = re.compile(r"(accuracy|[a-z]+\.[a-z0-9_]+): ")
_UNITS = {"st": "semitones", "ct": "cents", "smp": "samples", "frame": "frames"}


def axis_title(axis: str) -> str:
    """Name an axis in a title.

    Parameters
    ----------
    axis : str

    Returns
    -------
    str

    Examples
    --------
    >>> axis_title("freq")
    'frequency'
    """
    return _TITLES.get(axis, axis)


def amount_title(axis: str) -> str:
    """Name what is done to a sound along an axis.

    Parameters
    ----------
    axis : str

    Returns
    -------
    str

    Examples
    --------
    >>> amount_title("time")
    'delay'
    """
    return _AMOUNTS.get(axis, axis)


def shift_label(axis: str, unit: str) -> str:
    """Label the amounts of shift along an axis, with their unit.

    Parameters
    ----------
    axis, unit : str

    Returns
    -------
    str

    Examples
    --------
    >>> shift_label("pitch", "st")
    'pitch shift (semitones)'
    """
    return f"{amount_title(axis)} ({_UNITS.get(unit, unit)})"


def shown_name(name: str, n_characters: int = 36) -> str:
    """Make a name fit for a figure: its last two parts if it is a path, printable, and not too long.

    Parameters
    ----------
    name : str
    n_characters : int, default 36
        Longer names lose their middle.

    Returns
    -------
    str

    Examples
    --------
    >>> shown_name("clips/drums/kick/808.flac")
    'kick/808.flac'
    >>> shown_name("a-name-that-goes-on-and-on.wav", 15)
    'a-name-…-on.wav'
    """
    tail = "/".join(PurePath(name).parts[-2:])
    clean = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c).startswith("C") else c for c in tail)
    if len(clean) <= n_characters:
        return clean
    left = (n_characters - 1) // 2
    return f"{clean[:left]}…{clean[left + 1 - n_characters :]}"


def range_text(summary: Mapping[str, Any]) -> str:
    """Write the range of a sweep.

    Parameters
    ----------
    summary : mapping
        Of an axis, from ``summary.json``.

    Returns
    -------
    str

    Examples
    --------
    >>> range_text({"shifts": [-50.0, 0.0, 50.0], "unit": "ms"})
    '±50 ms'
    """
    low, high = summary["shifts"][0], summary["shifts"][-1]
    if low == -high:
        return f"±{size(high, summary['unit'])}"
    return f"{low:g} to {size(high, summary['unit'])}".replace("-", "−")


def lines_html(lines: Iterable[str]) -> str:
    """Show the lines of a terminal in a notebook.

    Parameters
    ----------
    lines : iterable of str

    Returns
    -------
    str
        HTML, escaped.

    Examples
    --------
    >>> lines_html(["a < b"])
    '<pre>a &lt; b</pre>'
    """
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def is_reason(warning: str) -> bool:
    """Tell whether a line of ``warnings`` only says why a number is undefined.

    Parameters
    ----------
    warning : str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_reason("time.wobble: no clip has a value"), is_reason("time: 2 of 3 clips are silent")
    (True, False)
    """
    return _REASON.match(warning) is not None


def share_text(share: float | None) -> str:
    """Write a share as a percentage; a dash where it is undefined.

    Parameters
    ----------
    share : float, optional

    Returns
    -------
    str
        Never 0 % or 100 % unless it is.

    Examples
    --------
    >>> share_text(0.996), share_text(0.999), share_text(1.0)
    ('99.6 %', '99.9 %', '100 %')
    """
    if share is None:
        return "–"
    digits = 1 if 0 < share < 0.01 or 0.99 < share < 1 else 0
    return f"{min(max(100 * share, 0.1), 99.9) if digits else 100 * share:.{digits}f} %"
