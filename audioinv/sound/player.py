"""A sound as a small player of an HTML page or a notebook.

Conventions
-----------
A waveform is float32, mono, of shape ``(n_samples,)``, full scale at ±1. It goes in as 16-bit FLAC, inside the text,
and plays when asked to only. Sounds that are to be compared are given one gain.

What is here: `player_html`, `common_gain`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape

import numpy as np
import numpy.typing as npt
import soundfile

__all__ = ["common_gain", "player_html"]

FloatArray = npt.NDArray[np.float32]

_HEADROOM = 0.99


def common_gain(waveforms: Iterable[FloatArray]) -> float:
    """Return the gain that keeps all of several sounds below full scale, 1 where they are.

    Parameters
    ----------
    waveforms : iterable of ndarray of shape (n_samples,)

    Returns
    -------
    float

    Examples
    --------
    >>> common_gain([np.float32([0.5, -0.2]), np.float32([0.0])]), round(common_gain([np.float32([-1.98])]), 3)
    (1.0, 0.5)
    """
    peak = max((float(np.abs(waveform).max(initial=0.0)) for waveform in waveforms), default=0.0)
    return min(1.0, _HEADROOM / peak) if peak else 1.0


def player_html(waveform: FloatArray, sample_rate: int, title: str, *, gain: float | None = None) -> str:
    """Return a player with the sound inside.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
    sample_rate : int
        In hertz.
    title : str
        What stands beside it; any text.
    gain : float, optional
        That of `common_gain` for this sound alone if not given.

    Returns
    -------
    str
        HTML, escaped.
    """
    scale = common_gain([waveform]) if gain is None else gain
    with io.BytesIO() as stream:
        soundfile.write(stream, scale * waveform, sample_rate, format="FLAC", subtype="PCM_16")
        sound = base64.b64encode(stream.getvalue()).decode("ascii")
    told = escape(title)
    source = f"data:audio/flac;base64,{sound}"
    return f'<figure><figcaption>{told}</figcaption><audio controls preload="none" src="{source}"></audio></figure>'
