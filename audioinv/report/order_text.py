"""How a model takes changes of order, in words and a table.

Conventions
-----------
A dash is a number that is undefined. "Answers that change" is the share of the changed versions at which the answer is
another, mean over clips or pairs; "never" the share of clips or pairs whose answer no version changes.

What is here: `order_lines`, `order_finding`, `order_cells`, `change_title`, `ORDER_HEADINGS`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..counts import count_text
from ..measure.statistics import Estimate
from .analysis_files import with_null
from .order_results import OrderChange, OrderResults
from .text import aligned, interval, wrapped
from .wording import share_text, shown_name

__all__ = ["ORDER_HEADINGS", "change_title", "order_cells", "order_finding", "order_lines"]

ORDER_HEADINGS = ("change", "answers that change", "never", "scores move by", "n")
_TITLES = {
    "permuted": "segments shuffled",
    "rotated": "rotated, order kept",
    "backwards": "played backwards",
    "joined": "A·B against B·A",
}


def change_title(change: OrderChange, gap_seconds: float = math.nan) -> str:
    """Name a change of order.

    Parameters
    ----------
    change : OrderChange
    gap_seconds : float, optional
        Silence between two joined sounds.

    Returns
    -------
    str
    """
    gap = "" if math.isnan(gap_seconds) else f", {1000 * gap_seconds:.4g} ms between"
    return _TITLES[change.name] + gap


def order_cells(change: OrderChange, gap_seconds: float = math.nan) -> tuple[str, ...]:
    """Write a change of order as a row under `ORDER_HEADINGS`.

    Parameters
    ----------
    change : OrderChange
    gap_seconds : float, optional

    Returns
    -------
    tuple of str
    """
    numbers = (_told(found) for found in (change.sensitivity, change.unchanged, change.distance))
    return (change_title(change, gap_seconds), *numbers, str(change.sensitivity.n))


def order_finding(found: OrderResults) -> str:
    """Set what shuffling does beside what rotating does, which keeps the order.

    Parameters
    ----------
    found : OrderResults

    Returns
    -------
    str
    """
    shuffled, rotated = (share_text(with_null(one.sensitivity.value)) for one in (found.permuted, found.rotated))
    return (
        f"{shown_name(found.model)}: shuffling changes {shuffled} of the answers, rotating, which keeps the order, "
        f"{rotated}; beyond place and seams {_told(found.order_beyond_place)}"
    )


def order_lines(found: OrderResults) -> Iterator[str]:
    """Lay out what changes of order do to the answers.

    Parameters
    ----------
    found : OrderResults

    Yields
    ------
    str
    """
    config = found.config
    yield from wrapped(
        f"{found.model}: {count_text(len(found.clips), 'clip')}, {config.n_segments} segments, "
        f"{count_text(config.n_orders, 'order')}; accuracy {_told(found.accuracy)} as they are"
    )
    yield ""
    yield from aligned([ORDER_HEADINGS, *(order_cells(change, gap) for gap, change in found.changes)])
    yield ""
    yield from wrapped(order_finding(found))
    for caution in found.cautions:
        yield from wrapped(f"! {caution}")


def _told(estimate: Estimate) -> str:
    return interval(with_null(vars(estimate))).replace("-", "−")
