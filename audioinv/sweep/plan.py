"""What will be swept: which axes over which ranges, what enters at the border, with which engine.

Conventions
-----------
A plan is complete before anything runs: every default has become a value, so that it can be printed, saved and
run again.

What is here: `SweepPlan`, `plan_sweep`, `default_grids`, `operator_of`, `check_window`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..nets.model import Model, ModelSpec
from ..sound.axes.registry import change_along
from ..sound.clip import Clip
from ..sound.edges import EDGES
from ..sound.grid import AXES, ShiftGrid, parse_grid
from ..sound.operators import FrequencyShift, Operator, PitchShift, TimeShift
from ..sound.pitch import check_engine
from .probing import choose_batch

__all__ = ["SILENT_PEAK", "SWEEP_ENGINES", "SweepPlan", "check_window", "default_grids", "operator_of", "plan_sweep"]

SWEEP_ENGINES = ("auto", "batched", "shared")
PRECISIONS = ("float32", "bfloat16")
_FREQUENCY_REACH_HZ, _PITCH_REACH_SEMITONES = 100, 4
SILENT_PEAK = 1e-4
"""What never goes above it, 80 dB below full scale, is silent."""
_SHORTEST_SECONDS = 0.032  # one frame of the usual front ends


@dataclass(frozen=True)
class SweepPlan:
    """A sweep with every choice made.

    Parameters
    ----------
    grids : tuple of ShiftGrid
        One for each axis.
    edges : {"zero", "circular", "context", "noise"}
    pitch_engine : {"signalsmith", "resample", "world"}
    batch_size : int
    seed : int
        Of the noise that enters with ``edges="noise"``, and of the intervals.
    engine : {"auto", "batched", "shared"}, default "auto"
        Every window by itself, or what windows have in common once; see `audioinv.sweep.engines`.
    verify : int, default 0
        How many shifts of each clip and axis are computed again, window by window, beside the one that always is.
    threads : int, optional
        That compute; as many as the process is set to if not given. Other numbers give other rounding.
    precision : {"float32", "bfloat16"}, default "float32"
        Of networks; see `audioinv.sweep.precision`.

    Raises
    ------
    InputError
        If a value is not one of those listed, or an axis stands twice.
    """

    grids: tuple[ShiftGrid, ...]
    edges: str = "zero"
    pitch_engine: str = "signalsmith"
    batch_size: int = 8
    seed: int = 0
    engine: str = "auto"
    verify: int = 0
    threads: int | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.edges not in EDGES:
            raise InputError(f"edges={self.edges!r} is not one of {', '.join(EDGES)}")
        check_engine(self.pitch_engine)
        if self.engine not in SWEEP_ENGINES:
            raise InputError(f"engine={self.engine!r} is not one of {', '.join(SWEEP_ENGINES)}")
        if self.batch_size < 1 or min(self.verify, self.seed) < 0:
            told = f"batch_size={self.batch_size} must be at least 1, verify={self.verify} and seed={self.seed}"
            raise InputError(f"{told} at least 0")
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads={self.threads} must be at least 1")
        if self.precision not in PRECISIONS:
            raise InputError(f"precision={self.precision!r} is not one of {', '.join(PRECISIONS)}")
        if self.precision != "float32" and self.engine == "shared":
            raise InputError(
                f"precision={self.precision} is not exact, as engine=shared promises; leave out one of them"
            )
        axes = [grid.axis for grid in self.grids]
        if not axes or len(set(axes)) != len(axes):
            raise InputError(f"a sweep needs each axis once; got {axes or 'none'}")

    @property
    def n_shifts(self) -> int:
        """Number of predictions for each clip and model."""
        return sum(len(grid.amounts) for grid in self.grids)


def plan_sweep(
    model: Model,
    grids: Mapping[str, str | ShiftGrid | None],
    *,
    edges: str | None = None,
    pitch_engine: str = "signalsmith",
    batch_size: int | None = None,
    seed: int = 0,
) -> SweepPlan:
    """Make every choice that the user left open.

    Parameters
    ----------
    model : Model
        Whose window the default ranges suit, and whose device the batch size.
    grids : mapping of axis to str or ShiftGrid
        What was asked for; None or missing where nothing was. If nothing at all was, `default_grids`.
    edges : str, optional
        ``"context"`` if not given: the recording around the window, and silence where it ends, which for a clip
        that is its whole recording is the same as ``"zero"``.
    pitch_engine : str, default "signalsmith"
    batch_size : int, optional
        Chosen by one window's largest map if not given; see `choose_batch`.
    seed : int, default 0

    Returns
    -------
    SweepPlan

    Raises
    ------
    InputError
        If an axis is unknown, or bins or frames are asked of a model whose front end we do not know.
    """
    unknown = sorted(set(grids) - set(AXES))
    if unknown:
        raise InputError(f"axis {', '.join(unknown)} is not one of {', '.join(AXES)}")
    asked = tuple(_as_grid(axis, grids[axis]) for axis in AXES if grids.get(axis) is not None)
    if any(grid.axis == "bins" for grid in asked) and model.front_end is None:
        raise InputError(f"bins needs a model whose spectrogram is known; {model.spec.name} takes the waveform itself")
    for grid in asked:
        grid.natural(model.spec.sample_rate, model.hop_samples)  # raises now what would fail for every clip
    return SweepPlan(
        grids=asked or default_grids(model.spec),
        edges=edges or "context",
        pitch_engine=pitch_engine,
        batch_size=batch_size or choose_batch(model),
        seed=seed,
    )


def _as_grid(axis: str, grid: str | ShiftGrid | None) -> ShiftGrid:
    made = grid if isinstance(grid, ShiftGrid) else parse_grid(axis, grid or "")
    if made.axis != axis:
        raise InputError(f"{axis}={grid!r} is not a grid along {axis}")
    return made


def default_grids(spec: ModelSpec) -> tuple[ShiftGrid, ...]:
    """Return the ranges that suit a model's window.

    Delays go as far as the window's lead allows without cutting the start of the clip, or an eighth of the window
    where there is no lead, in 40 steps; offsets to ±100 Hz in steps of 10 Hz; pitch to ±4 semitones in steps of 1.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    tuple of ShiftGrid
        For time, frequency and pitch.

    Examples
    --------
    >>> spec = ModelSpec("demo", 16000, 12800, ("a", "b"), lead_samples=1600)
    >>> [str(grid) for grid in default_grids(spec)]
    ['-100 … 100 ms, 41 shifts', '-100 … 100 Hz, 21 shifts', '-4 … 4 st, 9 shifts']
    """
    reach_ms = 1000 * (spec.lead_samples or spec.n_samples / 8) / spec.sample_rate
    digits = 10.0 ** np.floor(np.log10(reach_ms))
    reach_ms = float(np.floor(reach_ms / digits + 1e-9) * digits)
    offset = min(_FREQUENCY_REACH_HZ, spec.sample_rate / 8)
    return (
        ShiftGrid("time", tuple(np.round(np.linspace(-reach_ms, reach_ms, 41), 9)), "ms"),
        ShiftGrid("freq", tuple(np.linspace(-offset, offset, 21)), "Hz"),
        ShiftGrid("pitch", tuple(np.arange(-_PITCH_REACH_SEMITONES, _PITCH_REACH_SEMITONES + 1.0)), "st"),
    )


def operator_of(axis: str, plan: SweepPlan, spec: ModelSpec) -> Operator:
    """Return the operator that shifts sound along an axis as the plan says.

    Parameters
    ----------
    axis : str
        Any but ``"bins"``.
    plan : SweepPlan
    spec : ModelSpec
        What changes the duration keeps the start of the clip, `lead_samples`, in place.

    Returns
    -------
    Operator
    """
    if axis == "time":
        return TimeShift(plan.edges, plan.seed)
    if axis == "freq":
        return FrequencyShift()
    if axis == "pitch":
        return PitchShift(plan.pitch_engine, spec.lead_samples)
    variant = next(grid.variant for grid in plan.grids if grid.axis == axis)
    return change_along(axis, variant, seed=plan.seed, anchor_samples=spec.lead_samples)


def check_window(clip: Clip, window: Clip) -> None:
    """Refuse a clip that holds nothing to classify.

    Parameters
    ----------
    clip : Clip
    window : Clip
        The clip as the model hears it.

    Raises
    ------
    InputError
        If the clip is shorter than one frame or holds NaN, or the window is silent.
    """
    if clip.duration_seconds < _SHORTEST_SECONDS:
        raise InputError(
            f"{len(clip.waveform)} samples ({1000 * clip.duration_seconds:.1f} ms), shorter than one frame of "
            f"{1000 * _SHORTEST_SECONDS:.0f} ms; leave it out, or give more of the recording"
        )
    n_broken = len(clip.waveform) - np.count_nonzero(np.isfinite(clip.waveform))
    if n_broken:
        raise InputError(f"{n_broken} of {len(clip.waveform)} samples are NaN or infinite; leave it out, or mend it")
    if np.abs(clip.waveform).max() < SILENT_PEAK:
        raise InputError("silent: never above −80 dB of full scale, so there is nothing to classify; leave it out")
    if np.abs(window.waveform).max() < SILENT_PEAK:
        raise InputError(
            f"the window {window.start_seconds:.2f}–{window.end_seconds:.2f} s that the model hears is silent; "
            "name the stretch that sounds by start and end in a manifest"
        )
