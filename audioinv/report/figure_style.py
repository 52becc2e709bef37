"""How figures look: type, colours, sizes, and how texts from outside come in.

Conventions
-----------
Sizes are in inches, type in points; at 3.5 inches width, one column of a paper, no letter is below 8 points. Colours
are those of Okabe and Ito, and a line never differs from another by its colour alone. matplotlib's settings are changed
inside a context only. Text that a user brought along is drawn as it stands: no mathematics, no markup.

What is here: `styling` and `styled`; `ReportFigure`, `new_figure`, `new_axes`, `n_grid_rows`, `grid_axes`,
`label_left_only`, `head_figure`; `ModelStyle`, `model_style`; `cell_edges`; widths and colours.
"""

from __future__ import annotations

import functools
import io
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "COLUMN_INCHES",
    "INK",
    "PAGE_INCHES",
    "PAPER",
    "QUIET",
    "ModelStyle",
    "ReportFigure",
    "cell_edges",
    "grid_axes",
    "head_figure",
    "label_left_only",
    "model_style",
    "n_grid_rows",
    "new_axes",
    "new_figure",
    "styled",
    "styling",
]

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

COLUMN_INCHES, PAGE_INCHES = 3.5, 7.2
"""One column of a paper, and its whole page."""
_PANEL_INCHES = 1.75
"""The least width at which a panel can be read; a column of a paper holds two, a page four."""
_CHARACTERS_PER_INCH = 14
"""Of a heading of 9 points in narrow letters; wider ones get fewer."""
INK, QUIET, PAPER = "#262626", "#767676", "#ffffff"
_OKABE_ITO = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#f0e442")
_DASHES = ("solid", (0, (9, 2)), (0, (9, 2, 1.5, 2)), (0, (9, 2, 1.5, 2, 1.5, 2)), (0, (1.2, 1.2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_FALLBACKS = ("Noto Sans CJK SC", "Noto Sans", "Arial Unicode MS", "Microsoft YaHei", "Hiragino Sans")
_SETTINGS: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.titlesize": 9,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": "none",
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "text.color": INK,
    "xtick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.color": QUIET,
    "ytick.labelcolor": INK,
    "text.usetex": False,
    "text.parse_math": False,
    "savefig.bbox": None,
    "svg.fonttype": "none",
    "svg.hashsalt": "audioinv",
    "pdf.fonttype": 42,
}


@contextmanager
def styling() -> Iterator[None]:
    """Let matplotlib draw in the house's style inside a ``with``."""
    families = ["DejaVu Sans", *_installed(_FALLBACKS)]
    settings: Any = {**_SETTINGS, "font.family": families}
    with mpl.rc_context(settings), warnings.catch_warnings():
        # A name in a script that no font has is drawn as boxes in PNG, and stays text in SVG.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@functools.cache
def _installed(families: tuple[str, ...]) -> tuple[str, ...]:
    from matplotlib import font_manager

    known = set(font_manager.get_font_names())
    return tuple(family for family in families if family in known)


def styled(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Make a function draw in the house's style, whatever matplotlib is set to.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
    """

    @functools.wraps(function)
    def drawn(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        with styling():
            return function(*args, **kwargs)

    return drawn


class ReportFigure(Figure):
    """A figure that a notebook shows although no pyplot knows of it."""

    def _repr_png_(self) -> bytes:
        """Draw for a notebook."""
        with styling(), io.BytesIO() as stream:
            self.savefig(stream, format="png", dpi=144)
            return stream.getvalue()


def new_figure(width_inches: float, height_inches: float) -> ReportFigure:
    """Return an empty figure whose parts make room for each other.

    Parameters
    ----------
    width_inches, height_inches : float

    Returns
    -------
    ReportFigure
    """
    return ReportFigure(figsize=(width_inches, height_inches), layout="constrained")


def head_figure(figure: Figure, text: str) -> None:
    """Write a heading over a figure, in as many lines as its width asks for.

    Parameters
    ----------
    figure : Figure
    text : str
        A line break starts a new line.
    """
    n_characters = int(figure.get_figwidth() * _CHARACTERS_PER_INCH)
    while n_characters:
        lines = [line for part in text.split("\n") for line in textwrap.wrap(part, n_characters)]
        heading = figure.suptitle("\n".join(lines), x=0.01, ha="left")
        n_characters -= 1
        if heading.get_window_extent().width < 0.98 * figure.bbox.width:
            return


def new_axes(ax: Axes | None, width_inches: float = COLUMN_INCHES, height_inches: float = 2.6) -> Axes:
    """Return the axes handed in, or those of a new figure.

    Parameters
    ----------
    ax : Axes, optional
    width_inches, height_inches : float
        Of the new figure.

    Returns
    -------
    Axes
    """
    return new_figure(width_inches, height_inches).subplots() if ax is None else ax


def n_grid_rows(n_panels: int, width_inches: float, panel_inches: float = _PANEL_INCHES) -> int:
    """Return how many rows panels need where none may be too narrow to read.

    Parameters
    ----------
    n_panels : int
    width_inches : float
        Of the figure.
    panel_inches : float, default 1.75
        The least width of a panel.

    Returns
    -------
    int

    Examples
    --------
    >>> n_grid_rows(3, PAGE_INCHES), n_grid_rows(11, PAGE_INCHES), n_grid_rows(3, COLUMN_INCHES)
    (1, 3, 2)
    """
    return -(-n_panels // max(1, int(width_inches / panel_inches)))


def grid_axes(figure: Figure, n_panels: int, panel_inches: float = _PANEL_INCHES) -> list[Axes]:
    """Lay out panels in rows that share their vertical axis, each with a horizontal axis of its own.

    Parameters
    ----------
    figure : Figure
    n_panels : int
    panel_inches : float, default 1.75
        The least width of a panel.

    Returns
    -------
    list of Axes
        Row by row; places left over in the last row stay empty.
    """
    n_rows = n_grid_rows(n_panels, figure.get_figwidth(), panel_inches)
    grid = figure.subplots(n_rows, -(-n_panels // n_rows), sharey=True, squeeze=False)
    for spare in grid.flat[n_panels:]:
        spare.remove()
    return list(grid.flat[:n_panels])


def label_left_only(panels: Iterable[Axes]) -> None:
    """Take the labels of the vertical axis from all panels but those at the left.

    Parameters
    ----------
    panels : iterable of Axes
        Of `grid_axes`, drawn.
    """
    for panel in panels:
        place = panel.get_subplotspec()
        if place is not None and not place.is_first_col():
            panel.set_ylabel("")
            panel.tick_params(axis="y", labelleft=False)


@dataclass(frozen=True)
class ModelStyle:
    """How one model's line is told from the others': by colour, dashes and marker.

    Parameters
    ----------
    colour : str
    dashes : str or tuple
        A line style of matplotlib.
    marker : str
    """

    colour: str
    dashes: Any
    marker: str


def model_style(index: int) -> ModelStyle:
    """Return the style of the model at a place in the list of models.

    Parameters
    ----------
    index : int
        From 0; the first 280 differ.

    Returns
    -------
    ModelStyle

    Examples
    --------
    >>> model_style(0).colour
    '#0072b2'
    """
    dashes = _DASHES[index % len(_DASHES)]
    return ModelStyle(_OKABE_ITO[index % len(_OKABE_ITO)], dashes, _MARKERS[index % len(_MARKERS)])


def cell_edges(centres: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the borders of the cells around points on an axis: half-way between neighbours.

    Parameters
    ----------
    centres : ndarray of shape (n,)
        Ascending.

    Returns
    -------
    ndarray of shape (n + 1,)

    Examples
    --------
    >>> cell_edges(np.array([0.0, 1.0, 3.0]))
    array([-0.5,  0.5,  2. ,  4. ])
    """
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middles = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middles[0]], middles, [2 * centres[-1] - middles[-1]]])
