"""Names of points, in a column beside the axes, each tied to its point by a hair line that crosses no other.

Conventions
-----------
The column has places of equal height from top to bottom. Points and places are matched so that the lines together are
as short as can be: of two lines that cross, the ends could be exchanged, and both would be shorter [1]_. Names of two
lines fit where `column_inches` is kept to.

References
----------
.. [1] van Lint & Wilson, A Course in Combinatorics, 2nd ed., ch. 5 (matchings), and Bekos et al., Boundary labeling:
   Models and efficient algorithms for rectangular maps, Computational Geometry 36, 2007.

What is here: `label_points`, `column_inches`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from scipy.optimize import linear_sum_assignment

from .figure_style import QUIET

__all__ = ["column_inches", "label_points"]

FloatArray = npt.NDArray[np.floating]

_COLUMN_AT = 1.07  # of the width of the axes
_LINE_CHARACTERS = 17
_PLACE_INCHES = 0.29
_LEAST_PLACES = 11


def column_inches(n_names: int) -> float:
    """Return the least height of axes beside which names of two lines do not touch.

    Parameters
    ----------
    n_names : int

    Returns
    -------
    float
    """
    return _PLACE_INCHES * max(n_names, _LEAST_PLACES)


def label_points(ax: Axes, points: FloatArray, names: Sequence[str], colours: Sequence[str]) -> list[Annotation]:
    """Write the names of points at the right of the axes.

    Parameters
    ----------
    ax : Axes
        With the limits that it will have.
    points : ndarray of shape (n_points, 2)
        In data coordinates.
    names, colours : sequence of str

    Returns
    -------
    list of Annotation
        In the order of the points.
    """
    n_places = max(len(names), _LEAST_PLACES)
    places = np.stack([np.full(n_places, _COLUMN_AT), 1 - (np.arange(n_places) + 0.5) / n_places], axis=1)
    within = ax.transAxes.inverted().transform(ax.transData.transform(points))
    _, matched = linear_sum_assignment(np.linalg.norm(within[:, None] - places[None], axis=2))
    return [
        ax.annotate(
            textwrap.fill(name, _LINE_CHARACTERS),
            (float(x), float(y)),
            (float(places[place][0]), float(places[place][1])),
            textcoords="axes fraction",
            ha="left",
            va="center",
            linespacing=1,
            color=colour,
            arrowprops={
                "arrowstyle": "-",
                "color": QUIET,
                "linewidth": 0.5,
                "shrinkA": 0,
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
            zorder=4,
        )
        for (x, y), name, colour, place in zip(points, names, colours, matched, strict=True)
    ]
