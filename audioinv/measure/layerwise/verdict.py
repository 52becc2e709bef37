"""What a layer does under a shift: invariant, equivariant with a stride, neither, or nothing that could be judged.

Conventions
-----------
A layer is judged by two ratios: NV, how much its units vary over shifts by how much they vary from clip to clip, and
NVSE, the same after the shift has been undone (`measure.layerwise.unit_variance`). Relative errors would not do: a
large constant part, such as a bias, makes every one of them small. A ratio up to the *tolerance* counts as 0. Two
*floors* say what cannot be told from 0 at all: how much the layer differs when the same input comes twice, and
rounding. A ratio up to the larger floor is called exact; if that floor exceeds the tolerance, nothing can be decided.

A ratio is taken over all shifts of the sweep, and again over the multiples of the layer's stride alone: a layer of
stride 2 promises nothing about a shift by 1, and a sweep of multiples alone says nothing about the shifts between.

What is here: `Verdict`, `Ratios`, `Floors`, `decide`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan

__all__ = ["KINDS", "Floors", "Ratios", "Verdict", "decide"]

KINDS = ("invariant", "equivariant", "neither", "dead", "undecided")


@dataclass(frozen=True)
class Ratios:
    """A ratio of variations, over all shifts and over those that are multiples of the stride.

    Parameters
    ----------
    every_shift : float
        ``nan`` where undefined.
    multiples : float
        ``nan`` where undefined, and where no shift but 0 is a multiple.
    """

    every_shift: float
    multiples: float


@dataclass(frozen=True)
class Floors:
    """What a ratio cannot be told from 0 below, in units of the layer's variation from clip to clip.

    Parameters
    ----------
    repeat : float
        Difference between two calls with the same input.
    rounding : float
        Of float32 at the size of the layer's activations.
    """

    repeat: float
    rounding: float

    @property
    def level(self) -> float:
        """The larger of the two."""
        return max(self.repeat, self.rounding)


@dataclass(frozen=True)
class Verdict:
    """What a layer does under a shift.

    Parameters
    ----------
    kind : {"invariant", "equivariant", "neither", "dead", "undecided"}
        "dead": no unit tells any two clips apart, so that being steady under a shift means nothing.
    stride : int
        Of the layer, in steps of the input; for a layer without the axis that of the last map that had it.
    every_shift : bool, default False
        Whether it holds between the multiples of the stride as well, at shifts that the sweep had.
    exact : bool, default False
        Whether it holds to rounding, not only to the tolerance.
    """

    kind: str
    stride: int
    every_shift: bool = False
    exact: bool = False

    def __str__(self) -> str:
        if self.kind not in ("invariant", "equivariant"):
            return self.kind
        text = self.kind
        if self.kind == "equivariant":
            text += f", stride {self.stride}" + (" (and between)" if self.every_shift and self.stride > 1 else "")
        elif not self.every_shift and self.stride > 1:
            text += f" to multiples of {self.stride}"
        return text + (", exactly" if self.exact else "")


def decide(
    invariance: Ratios, equivariance: Ratios, floors: Floors, *, stride: int, between: bool, tolerance: float
) -> Verdict:
    """Judge a layer by its ratios.

    Parameters
    ----------
    invariance : Ratios
        NV; ``nan`` over every shift means that all units are dead.
    equivariance : Ratios
        NVSE; ``nan`` for a layer without the axis.
    floors : Floors
    stride : int
    between : bool
        Whether the sweep has shifts that are no multiples of the stride.
    tolerance : float
        Ratio up to which the layer counts as steady.

    Returns
    -------
    Verdict
        Invariance before equivariance, every shift before multiples only.

    Examples
    --------
    >>> floors = Floors(repeat=0.0, rounding=1e-6)
    >>> str(decide(Ratios(0.8, 0.8), Ratios(0.3, 0.004), floors, stride=2, between=True, tolerance=0.01))
    'equivariant, stride 2'
    >>> str(decide(Ratios(1e-7, 1e-7), Ratios(0.9, 0.9), floors, stride=1, between=False, tolerance=0.01))
    'invariant, exactly'
    """
    if isnan(invariance.every_shift):
        return Verdict("dead", stride)
    if not floors.level <= tolerance:
        return Verdict("undecided", stride)
    for kind, ratios in (("invariant", invariance), ("equivariant", equivariance)):
        for every_shift, ratio in ((True, ratios.every_shift if between else nan), (False, ratios.multiples)):
            if ratio <= tolerance:
                return Verdict(kind, stride, every_shift, ratio <= floors.level)
    return Verdict("neither", stride)
