"""What is known of a model that audioinv did not write, in lines: each value of its spec, and who said it.

Conventions
-----------
Functions return lines and print nothing. What is missing is named with what to give.

What is here: `spec_lines`, `frame_line`.
"""

from __future__ import annotations

from typing import Any

from ..counts import count_text
from ..nets.adapters.resolution import ASKED, Resolved
from ..nets.model import ModelSpec

__all__ = ["frame_line", "spec_lines"]

_MOST_LABELS = 3


def spec_lines(title: str, known: Resolved) -> list[str]:
    """Write the spec of a model, a line a value.

    Parameters
    ----------
    title : str
        What the model is.
    known : Resolved

    Returns
    -------
    list of str

    Examples
    --------
    >>> from audioinv.nets.adapters.declaration import Declaration
    >>> from audioinv.nets.adapters.resolution import resolve
    >>> for line in spec_lines("net: ONNX", resolve([("flag", Declaration(sample_rate=16000))])):
    ...     print(line.rstrip())
    net: ONNX
      sample_rate      16000 Hz  flag
      input_samples    missing   give --input-samples N
      labels           missing   give --labels FILE
      activation       missing   give --activation softmax|sigmoid|none
    """
    said = known.declaration.said()
    rows = [
        (key, _shown(key, said[key]), known.origins[key]) if key in said else (key, "missing", f"give {remedy}")
        for key, remedy in ASKED.items()
    ]
    rows += [(key, _shown(key, said[key]), known.origins[key]) for key in said if key not in ASKED]
    width = max(len(value) for _, value, _ in rows) + 2
    return [title, *(f"  {key:<17}{value:<{width}}{origin}" for key, value, origin in rows)]


def frame_line(spec: ModelSpec, n_frames: int) -> str:
    """Say how a model answers along time.

    Parameters
    ----------
    spec : ModelSpec
    n_frames : int
        Answers to one window.

    Returns
    -------
    str

    Examples
    --------
    >>> frame_line(ModelSpec("net", 16000, 16000, ("a", "b"), frames="max", frame_samples=160), 101)
    '  along time       101 answers a window, 10 ms apart (frame_samples)'
    """
    source = "the window by their number; say frame_samples if it is otherwise"
    if spec.windows is not None:
        source = "hop_samples"
    elif spec.frame_samples is not None:
        source = "frame_samples"
    apart = 1000 * spec.spacing_samples(n_frames) / spec.sample_rate
    return f"  {'along time':<17}{count_text(n_frames, 'answer')} a window, {apart:.4g} ms apart ({source})"


def _shown(key: str, value: Any) -> str:
    if key == "sample_rate":
        return f"{value} Hz"
    if key == "labels":
        more = ", …" if len(value) > _MOST_LABELS else ""
        return f"{len(value)}: {', '.join(value[:_MOST_LABELS])}{more}"
    if isinstance(value, dict):
        return ", ".join(f"{name} = {entry}" for name, entry in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
