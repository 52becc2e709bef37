"""Figures of a results folder: one door for all kinds, and the files they go into.

Conventions
-----------
A kind is a function that takes results and keyword options and returns a figure. PNG is drawn at 200 dots an inch; in
SVG and PDF text stays text, to be searched and edited. Files do not depend on the day they are written.

What is here: `KINDS`, `draw`, `save_figure`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from ..errors import InputError
from .budget_figure import budget_figure
from .class_figure import classes_figure
from .curves import curves_figure
from .figure_style import styling
from .harmonic_figures import harmonics_figure
from .heatmap import heatmap_figure
from .layer_figures import layers_figure
from .shift_amount import SOUND_AXES
from .sliding_figure import sliding_figure
from .spectrogram_figures import spectrogram_figure

if TYPE_CHECKING:
    from .budget_results import BudgetResults
    from .layer_results import LayerResults
    from .results import Results
    from .sliding_results import SlidingResults

__all__ = ["KINDS", "draw", "save_figure"]

KINDS: MappingProxyType[str, Callable[..., Figure]] = MappingProxyType(
    {
        "curves": curves_figure,
        "classes": classes_figure,
        "heatmap": heatmap_figure,
        "spectrogram": spectrogram_figure,
        "harmonics": harmonics_figure,
        "layers": layers_figure,
        "sliding": sliding_figure,
        "budget": budget_figure,
    }
)
_UNDATED: dict[str, dict[str, Any]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
_PNG_DPI = 200


def draw(results: Results | LayerResults | SlidingResults | BudgetResults, kind: str, **options: Any) -> Figure:
    """Draw a figure of results.

    Parameters
    ----------
    results : Results, LayerResults, SlidingResults or BudgetResults
        The last three for layers, sliding and budget.
    kind : {"curves", "classes", "heatmap", "spectrogram", "harmonics", "layers", "sliding", "budget"}
    **options
        Of the function behind the kind; see `KINDS`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the kind is unknown, an option is not one of the kind's, or a value does not fit the results.

    Examples
    --------
    >>> sorted(KINDS)
    ['budget', 'classes', 'curves', 'harmonics', 'heatmap', 'layers', 'sliding', 'spectrogram']
    """
    if kind not in KINDS:
        raise InputError(f"no figure {kind!r}; there are {', '.join(KINDS)}")
    unknown = sorted(set(options) - _options_of(KINDS[kind]))
    if unknown:
        raise InputError(f"the figure {kind} has no use for {', '.join(unknown)}; leave it out")
    return KINDS[kind](results, **options)


def _options_of(function: Callable[..., Figure]) -> set[str]:
    """Return the names of a kind's options; open keywords stand for the shifts of sound."""
    parameters = inspect.signature(function).parameters.values()
    named = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    takes_shifts = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    return named | (set(SOUND_AXES) if takes_shifts else set())


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure as PNG, SVG or PDF.

    Parameters
    ----------
    figure : Figure
    path : str or path
        Its suffix says the format; folders on the way are made.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the suffix is none of these, or the file cannot be written.
    """
    target = Path(path)
    check_suffix(target)
    suffix = target.suffix.lower()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with styling():
            figure.savefig(target, format=suffix[1:], dpi=_PNG_DPI, metadata=_UNDATED[suffix])
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error})") from error
    return target


def check_suffix(path: Path) -> None:
    """Refuse a file that is not named for a format of figures.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        If its suffix is unknown.
    """
    if path.suffix.lower() not in _UNDATED:
        raise InputError(f"{path}: figures are written as {', '.join(_UNDATED)}; the suffix says which")
