"""Which operator belongs to an axis of this room.

What is here: `change_along`.
"""

from __future__ import annotations

from ..operators import Operator
from .filter import Filter
from .gain import Gain
from .mask import Mask
from .noise import Noise
from .order import Order
from .polarity import Polarity
from .resolution import Resolution
from .reverb import Reverb
from .reverse import Reverse
from .speed import Speed
from .stretch import Stretch

__all__ = ["change_along"]


def change_along(axis: str, variant: str, *, seed: int = 0, anchor_samples: int = 0) -> Operator:
    """Return the operator of an axis.

    Parameters
    ----------
    axis : {"stretch", "speed", "gain", "noise", "filter", "reverb", "mask", "reverse", "order", "polarity", \
"resolution"}
    variant : str
        Of the axis, as `audioinv.sound.grid.ShiftGrid` has it; not looked at where there is one only.
    seed : int, default 0
        Of noise, echoes and orders.
    anchor_samples : int, default 0
        The moment that stays in place when the duration changes.

    Returns
    -------
    Operator

    Examples
    --------
    >>> change_along("noise", "pink").engine
    'pink'
    """
    operators: dict[str, Operator] = {
        "stretch": Stretch(anchor_samples),
        "speed": Speed(anchor_samples),
        "gain": Gain(variant),
        "noise": Noise(variant, seed),
        "filter": Filter(variant),
        "reverb": Reverb(seed),
        "mask": Mask(variant),
        "reverse": Reverse(),
        "order": Order(seed),
        "polarity": Polarity(),
        "resolution": Resolution(variant),
    }
    return operators[axis]
