"""Figures of a results folder: one door for all kinds, and the files they go into.

Conventions
-----------
A kind is a function that takes results and keyword options and returns a figure or an animation, and the function that
reads such results from their folder. PNG is drawn at 200 dots an inch; in SVG and PDF text stays text, to be searched
and edited. Files do not depend on the day they are written.

What is here: `Kind` and `KINDS`, `find_kind`, `draw`, `save_figure`, `check_suffix`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from matplotlib.figure import Figure

from ..errors import InputError
from .animation import MOVING, Animation, sweep_animation, write_animation
from .budget_figure import budget_figure
from .budget_results import load_budget
from .class_figure import classes_figure
from .curves import curves_figure
from .figure_style import styling
from .harmonic_figures import harmonics_figure
from .heatmap import heatmap_figure
from .layer_figures import layers_figure
from .layer_results import load_layers
from .pair_figure import pairs_figure
from .pair_results import load_pairs
from .profile_figure import profile_figure
from .profile_results import load_profile
from .results import load_results
from .shift_amount import SOUND_AXES
from .sliding_figure import sliding_figure
from .sliding_results import load_sliding
from .spectrogram_figures import spectrogram_figure
from .study_figure import study_figure
from .study_results import load_study
from .study_scatter import scatter_figure

__all__ = ["KINDS", "Kind", "check_suffix", "draw", "find_kind", "save_figure"]

_UNDATED: dict[str, dict[str, Any]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
_STILL = tuple(_UNDATED)
_PNG_DPI = 200


@dataclass(frozen=True)
class Kind:
    """What draws a kind of figure, and what reads the results that it draws.

    Parameters
    ----------
    draw : callable
        From results and keyword options to a figure or an animation.
    load : callable
        From a folder to results.
    suffixes : tuple of str, default ``(".png", ".svg", ".pdf")``
        Of the files it can become, the usual one first.
    """

    draw: Callable[..., Any]
    load: Callable[[Path], Any]
    suffixes: tuple[str, ...] = _STILL


KINDS: MappingProxyType[str, Kind] = MappingProxyType(
    {
        "curves": Kind(curves_figure, load_results),
        "classes": Kind(classes_figure, load_results),
        "heatmap": Kind(heatmap_figure, load_results),
        "spectrogram": Kind(spectrogram_figure, load_results),
        "harmonics": Kind(harmonics_figure, load_results),
        "layers": Kind(layers_figure, load_layers),
        "budget": Kind(budget_figure, load_budget),
        "sliding": Kind(sliding_figure, load_sliding),
        "study": Kind(study_figure, load_study),
        "scatter": Kind(scatter_figure, load_study),
        "animation": Kind(sweep_animation, load_results, MOVING),
        "profile": Kind(profile_figure, load_profile),
        "pairs": Kind(pairs_figure, load_pairs),
    }
)


def find_kind(name: str) -> Kind:
    """Return a kind by its name.

    Parameters
    ----------
    name : str
        One of `KINDS`.

    Returns
    -------
    Kind

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in KINDS:
        raise InputError(f"no figure {name!r}; there are {', '.join(KINDS)}")
    return KINDS[name]


def draw(results: Any, kind: str, **options: Any) -> Any:
    """Draw a figure of results.

    Parameters
    ----------
    results : Results, LayerResults, BudgetResults, SlidingResults or ProfileResults
        As the kind's ``load`` reads them.
    kind : str
        One of `KINDS`.
    **options
        Of the function behind the kind.

    Returns
    -------
    Figure or Animation

    Raises
    ------
    InputError
        If the kind is unknown, an option is not one of the kind's, or a value does not fit the results.

    Examples
    --------
    >>> sorted(KINDS)[:3]
    ['animation', 'budget', 'classes']
    """
    function = find_kind(kind).draw
    unknown = sorted(set(options) - _options_of(function))
    if unknown:
        raise InputError(f"the figure {kind} has no use for {', '.join(unknown)}; leave it out")
    return function(results, **options)


def _options_of(function: Callable[..., Figure]) -> set[str]:
    """Return the names of a kind's options; open keywords stand for the shifts of sound."""
    parameters = inspect.signature(function).parameters.values()
    named = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    takes_shifts = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    return named | (set(SOUND_AXES) if takes_shifts else set())


def save_figure(figure: Figure | Animation, path: str | os.PathLike[str]) -> Path:
    """Write a figure as PNG, SVG or PDF, or an animation as GIF or MP4.

    Parameters
    ----------
    figure : Figure or Animation
    path : str or path
        Its suffix says the format; folders on the way are made.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the suffix is none of these, the file cannot be written, or there is no ffmpeg to write an MP4.
    """
    target = Path(path)
    check_suffix(target, MOVING if isinstance(figure, Animation) else _STILL)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(figure, Animation):
            write_animation(figure, target)
        else:
            suffix = target.suffix.lower()
            with styling():
                figure.savefig(target, format=suffix[1:], dpi=_PNG_DPI, metadata=_UNDATED[suffix])
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error})") from error
    return target


def check_suffix(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse a file that is not named for a format of its figure.

    Parameters
    ----------
    path : Path
    suffixes : tuple of str
        Those of the kind.

    Raises
    ------
    InputError
        If its suffix is another.
    """
    if path.suffix.lower() not in suffixes:
        thing = "animations" if suffixes == MOVING else "figures"
        raise InputError(f"{path}: {thing} are written as {', '.join(suffixes)}; the suffix says which")
