"""One layer under one kind of shift: what single clips show of it, and what all come to.

Conventions
-----------
Definitions are those of `map_errors`, `local_error`, `unit_variance`, `unit_invariance`, `sampling_bias` and
`verdict`, next door. Shifts are in the steps of the input here: samples, bins or hertz. A number that is undefined is
``nan``.

What is here: `LayerRecord` for a clip, `LayerSummary` and `summarize_layer` for all clips; `multiples_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from .layer_survey import MapAxis
from .map_errors import MapErrors
from .unit_invariance import anova_f, firing_rates, variant_units
from .unit_variance import distance_to_unshifted, unit_distances, unit_variances
from .verdict import Floors, Ratios, Verdict, decide

__all__ = [
    "LayerRecord",
    "LayerSummary",
    "multiples_of",
    "summarize_layer",
]

FloatArray = npt.NDArray[np.floating]

_NAN = float("nan")
_ROUNDINGS = 64  # float32 roundings that add up on the way to a value, generously


@dataclass(frozen=True, eq=False)
class LayerRecord:
    """What one clip shows of one layer.

    Parameters
    ----------
    errors : tuple of MapErrors
        One for each shift.
    units : ndarray of shape (n_shifts, n_units)
    undone : ndarray of shape (n_shifts, n_movable_units)
    repeat_difference, level : float
        Root mean squares: of the difference between two calls with the clip, and of its map.
    local_invariance_error, local_equivariance_error : float
        #24, in activation squared by unit of shift squared.
    local_disagreement : float
        Between differences at one and two steps.
    sampling_bias : float
        #31; ``nan`` for a layer that does not pool.
    """

    errors: tuple[MapErrors, ...]
    units: FloatArray
    undone: FloatArray
    repeat_difference: float
    level: float
    local_invariance_error: float
    local_equivariance_error: float
    local_disagreement: float
    sampling_bias: float


@dataclass(frozen=True)
class LayerSummary:
    """What all clips together show of one layer under one kind of shift.

    Parameters
    ----------
    lies : MapAxis
    verdict : Verdict
    floors : Floors
    n_units, n_dead : int
        Units that were followed, and those of them that answer every clip alike.
    tv, sv, nv, td, sd, nd : float
        Means over live units (#25, #26); NV and ND are ratios of these means.
    nv_multiples : float
        NV over the shifts that are multiples of the stride.
    tvse, svse, nvse, nvse_multiples, dses : float
        The same with the shift undone (#27); DSES is the root mean square over units.
    variant_units : float
        Share of units that an analysis of variance finds to heed the shift, by Holm at 0.01 (#28).
    firing_score : float
        Goodfellow's L / G, mean over units (#29).
    invariance_error, equivariance_error, best_lag_error, framewise_agreement, commutation_error : float
        Means over clips and shifts other than 0; those of the expected lag over multiples of the stride, where the
        sweep has any.
    equivariance_error_between : float
        Mean at the shifts that are no multiples of the stride.
    local_invariance_error, local_equivariance_error, local_disagreement, sampling_bias : float
        Means over clips (#24, #31).
    """

    lies: MapAxis
    verdict: Verdict
    floors: Floors
    n_units: int
    n_dead: int
    tv: float
    sv: float
    nv: float
    nv_multiples: float
    td: float
    sd: float
    nd: float
    tvse: float
    svse: float
    nvse: float
    nvse_multiples: float
    dses: float
    variant_units: float
    firing_score: float
    invariance_error: float
    equivariance_error: float
    equivariance_error_between: float
    best_lag_error: float
    framewise_agreement: float
    commutation_error: float
    local_invariance_error: float
    local_equivariance_error: float
    local_disagreement: float
    sampling_bias: float


def multiples_of(stride: int, shifts: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which shifts are multiples of a stride; 0 is one.

    Parameters
    ----------
    stride : int
    shifts : ndarray of shape (n_shifts,)
        In steps of the input.

    Returns
    -------
    ndarray of shape (n_shifts,), bool

    Examples
    --------
    >>> multiples_of(2, np.array([0.0, 0.5, 1.0, 2.0]))
    array([ True, False, False,  True])
    """
    return np.asarray(np.abs(shifts / stride - np.round(shifts / stride)) < 1e-9)


def summarize_layer(
    lies: MapAxis, records: Sequence[LayerRecord], shifts: FloatArray, *, tolerance: float
) -> LayerSummary:
    """Sum up what clips show of one layer, and judge it.

    Parameters
    ----------
    lies : MapAxis
    records : sequence of LayerRecord
        Two at least.
    shifts : ndarray of shape (n_shifts,)
        In steps of the input, with 0 and another among them.
    tolerance : float
        Of the verdict.

    Returns
    -------
    LayerSummary
    """
    units = np.stack([record.units for record in records])
    undone = np.stack([record.undone for record in records])
    zero = int(np.flatnonzero(shifts == 0)[0])
    multiples = multiples_of(lies.stride, shifts)
    variances, distances, same = unit_variances(units), unit_distances(units), unit_variances(undone)
    live = ~variances.dead
    sv, svse = _mean(variances.over_clips[live]), _mean(same.over_clips[~same.dead])
    floors = _floors(records, sv)
    nv = Ratios(variances.layer_ratio, _ratio_over(units, multiples))
    nvse = Ratios(same.layer_ratio, _ratio_over(undone, multiples))
    heeds = variant_units(anova_f(units), len(records), len(shifts))
    return LayerSummary(
        lies=lies,
        verdict=decide(nv, nvse, floors, stride=lies.stride, between=not multiples.all(), tolerance=tolerance),
        floors=floors,
        n_units=len(live),
        n_dead=int((~live).sum()),
        tv=_mean(variances.over_shifts[live]),
        sv=sv,
        nv=nv.every_shift,
        nv_multiples=nv.multiples,
        td=_mean(distances.over_shifts[live]),
        sd=_mean(distances.over_clips[live]),
        nd=distances.layer_ratio,
        tvse=_mean(same.over_shifts[~same.dead]),
        svse=svse,
        nvse=nvse.every_shift,
        nvse_multiples=nvse.multiples,
        dses=_mean(distance_to_unshifted(undone, zero) ** 2) ** 0.5,
        variant_units=_mean(heeds[live]),
        firing_score=_mean(firing_rates(units, zero).score),
        local_invariance_error=_mean([record.local_invariance_error for record in records]),
        local_equivariance_error=_mean([record.local_equivariance_error for record in records]),
        local_disagreement=_mean([record.local_disagreement for record in records]),
        sampling_bias=_mean([record.sampling_bias for record in records]),
        **_mean_errors(records, shifts != 0, multiples),
    )


def _mean(values: FloatArray | Sequence[float] | npt.NDArray[np.bool_]) -> float:
    """Mean of what is defined; ``nan`` if nothing is."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else _NAN


def _ratio_over(activations: FloatArray, chosen: npt.NDArray[np.bool_]) -> float:
    return unit_variances(activations[:, chosen]).layer_ratio if chosen.sum() > 1 else _NAN


def _floors(records: Sequence[LayerRecord], sv: float) -> Floors:
    """Set the difference between two calls, and rounding, against the variation from clip to clip."""
    repeat = max(record.repeat_difference for record in records)
    rounding = _ROUNDINGS * float(np.finfo(np.float32).eps) * max(record.level for record in records)
    return Floors(repeat / sv, rounding / sv) if sv > 0 else Floors(_NAN, _NAN)


def _mean_errors(
    records: Sequence[LayerRecord], moved: npt.NDArray[np.bool_], multiples: npt.NDArray[np.bool_]
) -> dict[str, float]:
    """Average the errors over clips and shifts: at multiples of the stride where the sweep has any, and between."""
    table = {
        field.name: np.array([[getattr(errors, field.name) for errors in record.errors] for record in records])
        for field in fields(MapErrors)
    }
    on_grid = moved & multiples if (moved & multiples).any() else moved
    at_lag = ("equivariance_error", "best_lag_error", "framewise_agreement", "commutation_error")
    return {
        "invariance_error": _mean(table["invariance_error"][:, moved]),
        "equivariance_error_between": _mean(table["equivariance_error"][:, moved & ~multiples]),
        **{name: _mean(table[name][:, on_grid]) for name in at_lag},
    }
