"""Every kind of change on one page: models and clips to what answers stand, and what a listener would have wished.

Conventions
-----------
The changes, and what a listener would say of each, come from the corpus (`audioinv.corpus.listener`). Each is swept by
the same engine as an analysis. An axis may occur in several variants and ranges (`audioinv.sweep.rounds`).

The distances that stand beside each amount are means over a few of the clips, as the first model hears them.

What is here: `profile`, `profile_models`, `ProfileOptions`, `n_rounds`.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .corpus.entries import CorpusEntry
from .corpus.listener import NO_LISTENER, Expectation, ListenerFile
from .errors import InputError, TooFewClips
from .measure import outcome
from .measure.cliptable import ClipTable
from .measure.controls import noise_floor
from .measure.endurance import endure, judge
from .nets.model import Model, given_models
from .nets.training_windows import windows_of
from .reference_run import PassingSample, opened, reference_models
from .report.profile_results import Change, ChangeOfModel, ProfileResults
from .run_record import check_names
from .sound.clip import Clip
from .sweep.plan import plan_sweep
from .sweep.responses import AxisResponses, ModelResponses
from .sweep.rounds import deal_rounds, sweep_rounds
from .sweep.sizes import change_sizes
from .sweep.units import versions

__all__ = ["ProfileOptions", "n_rounds", "profile", "profile_models"]

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class ProfileOptions:
    """How to profile.

    Parameters
    ----------
    listener : ListenerFile
        Which changes, and what a listener would say of them; all axes over usual ranges if not given.
    edges : {"zero", "circular", "context", "noise"}, default "context"
        What enters the window under a delay.
    references : bool, default True
        Whether models with known answers are profiled beside.
    seed : int, default 0
        Of noise, echoes, orders and intervals.
    """

    listener: ListenerFile = NO_LISTENER
    edges: str = "context"
    references: bool = True
    seed: int = 0


def profile(
    model: Model | Sequence[Model],
    clips: Iterable[Clip | CorpusEntry],
    *,
    listener: ListenerFile = NO_LISTENER,
    edges: str = "context",
    references: bool = True,
    seed: int = 0,
) -> ProfileResults:
    """Find out which changes of sound a model's answers stand, and whether they should.

    Parameters
    ----------
    model : Model or sequence of Model
    clips : iterable of Clip or CorpusEntry
    listener : ListenerFile
        From `read_listener`; all axes over usual ranges, not judged, if not given.
    edges : {"zero", "circular", "context", "noise"}, default "context"
        What enters the window under a delay.
    references : bool, default True
        Whether models with known answers are profiled beside.
    seed : int, default 0

    Returns
    -------
    ProfileResults

    Raises
    ------
    InputError
        If no clip could be profiled, or models share a name.

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> from audioinv.sound.grid import parse_grid
    >>> rng = np.random.default_rng(0)
    >>> clips = [Clip(rng.standard_normal(800).astype(np.float32) + 0.2, 8000, name=f"{i}") for i in range(20)]
    >>> def is_loud(waveforms):
    ...     power = (waveforms**2).mean(-1)
    ...     return np.stack([power > 1, power <= 1], axis=-1).astype(np.float32)
    >>> model = as_model(is_loud, sample_rate=8000, labels=["loud", "soft"], n_samples=800)
    >>> wishes = [Expectation(parse_grid(*change), "invariant") for change in [("gain", "6dB"), ("polarity", "180deg")]]
    >>> found = profile(model, clips, listener=ListenerFile("", tuple(wishes)), references=False)
    >>> [str(change.models["is_loud"].verdict) for change in found.changes]
    ['too sensitive?', 'invariant as wished?']
    """
    several = given_models(model)
    results = profile_models(several, clips, ProfileOptions(listener, edges, references, seed))
    if not results.changes:
        raise TooFewClips("no clip could be profiled", results.failures)
    return results


def profile_models(
    models: Sequence[Model],
    clips: Iterable[Clip | CorpusEntry],
    options: ProfileOptions,
    *,
    on_clip: Callable[[str], None] | None = None,
) -> ProfileResults:
    """Profile several models on the same clips.

    Parameters
    ----------
    models : sequence of Model
    clips : iterable of Clip or CorpusEntry
    options : ProfileOptions
    on_clip : callable, optional
        Called after each clip of each round, for progress.

    Returns
    -------
    ProfileResults
        Without changes if no clip could be profiled; the failures say why.

    Raises
    ------
    InputError
        If models share a name.
    """
    started = clock.perf_counter()
    sources = list(clips)
    sample = _some_of(sources, models[0])
    references, none = _references(models[0], sample) if options.references else ([], "not asked for")
    profiled = [*models, *references]
    check_names(profiled)
    wishes = options.listener.expectations
    grids = [one.grid for one in wishes]
    swept = sweep_rounds(profiled, sources, grids, edges=options.edges, seed=options.seed, on_clip=on_clip)
    results = ProfileResults(
        listener=options.listener,
        models=tuple(model.spec for model in profiled),
        n_references=len(references),
        failures=swept.failures,
        run={
            "options": _told(options),
            "threads": torch.get_num_threads(),
            "versions": versions(),
            "seconds": clock.perf_counter() - started,
            "no_references": none,
        },
    )
    if not swept.responses:
        return results
    floors = [max(noise_floor(one) or 0.0 for one in of_model) for of_model in zip(*swept.responses, strict=True)]
    return replace(
        results,
        clips=ClipTable.of_responses(swept.responses[0][0]),
        right={responses.spec.name: _right(responses) for responses in swept.responses[0]},
        changes=tuple(
            _change(one, list(zip(responses, floors, strict=True)), sample, models[0], options)
            for one, responses in zip(wishes, swept.responses, strict=True)
        ),
    )


def n_rounds(listener: ListenerFile) -> int:
    """Return how often every clip is swept.

    Parameters
    ----------
    listener : ListenerFile

    Returns
    -------
    int
    """
    return len(deal_rounds([one.grid for one in listener.expectations]))


def _told(options: ProfileOptions) -> dict[str, Any]:
    return {**asdict(replace(options, listener=NO_LISTENER)), "listener": options.listener.source}


def _some_of(sources: Sequence[Clip | CorpusEntry], model: Model) -> list[Clip]:
    """Return a few clips as they are, at the model's rate.

    Parameters
    ----------
    sources : sequence of Clip or CorpusEntry
    model : Model

    Returns
    -------
    list of Clip
        Spread evenly, without those that an analysis would refuse.
    """
    passing = PassingSample()
    for _ in passing.watch(sources):
        pass
    return [clip for source in passing.clips if (clip := opened(source, model.spec)) is not None]


def _references(model: Model, sample: Sequence[Clip]) -> tuple[list[Model], str]:
    """Return models with known answers, or why there are none."""
    if len(model.spec.labels) < 2 or len(sample) < 2:
        return [], "they need two classes, and two clips that can be heard"
    spec = model.spec.at_once()
    try:
        made = reference_models(spec, windows_of(sample, spec))
    except InputError as error:
        return [], str(error)
    for name, reference in made.items():
        reference.spec = replace(reference.spec, name=name.replace("_", " "))
    return list(made.values()), ""


def _right(responses: ModelResponses) -> FloatArray:
    """Return 1 for each clip that is answered rightly unchanged, 0 for others, nan without a label."""
    table = ClipTable.of_responses(responses)
    axis = next(iter(responses.axes.values()))
    return outcome.correctness(outcome.top1(axis.scores, axis.zero), table.targets)[:, axis.zero]


def _change(
    one: Expectation,
    responses: Sequence[tuple[ModelResponses, float]],
    sample: Sequence[Clip],
    model: Model,
    options: ProfileOptions,
) -> Change:
    """Measure one change for all models, each with its noise floor, and how large it is."""
    plan = plan_sweep(model, {one.grid.axis: one.grid}, edges=options.edges, seed=options.seed)
    distances, equivalents = change_sizes(one.grid, plan, model, sample)
    return Change(
        expectation=one,
        log_mel_db=distances,
        snr_equivalent_db=equivalents,
        models={found.spec.name: _endured(found, one, floor, options.seed) for found, floor in responses},
    )


def _endured(responses: ModelResponses, one: Expectation, floor: float, seed: int) -> ChangeOfModel:
    axis: AxisResponses = responses.axes[one.grid.axis]
    groups = ClipTable.of_responses(responses).group_codes
    answers = outcome.top1(axis.scores, axis.zero, floor)
    endurance = endure(answers, axis.shifts.astype(np.float64), groups, rng=np.random.default_rng(seed))
    return ChangeOfModel(endurance, judge(one.listener, endurance.at_limit))
