"""Every kind of change on one page: models and clips to what answers stand, and what a listener would have wished.

Conventions
-----------
The changes, and what a listener would say of each, come from the corpus (`audioinv.corpus.listener`). Each is swept by
the same engine as an analysis. An axis may occur in several variants and ranges, which one sweep cannot hold: they
are swept in rounds in which every axis stands once. A clip that fails in one round is left out of all.

The distances that stand beside each amount are means over a few of the clips, as the first model hears them.

What is here: `profile`, `profile_models`, `ProfileOptions`, `n_rounds`.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .analysis import versions
from .corpus.entries import CorpusEntry
from .corpus.listener import NO_LISTENER, Expectation, ListenerFile
from .errors import InputError
from .measure import outcome
from .measure.cliptable import ClipTable
from .measure.endurance import endure, judge
from .measure.statistics import bootstrap_mean
from .nets.model import Model
from .nets.training import windows_of
from .reference_run import PassingSample, opened, reference_models
from .report.profile_results import Change, ChangeOfModel, ProfileResults
from .sound.audio import Clip
from .sweep.plan import SweepPlan, plan_sweep
from .sweep.responses import AxisResponses, Failure, ModelResponses
from .sweep.run import sweep_clips
from .sweep.sizes import change_sizes

__all__ = ["ProfileOptions", "n_rounds", "profile", "profile_models"]


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
    models: Model | Sequence[Model],
    clips: Iterable[Clip | CorpusEntry],
    *,
    listener: ListenerFile = NO_LISTENER,
    references: bool = True,
    seed: int = 0,
) -> ProfileResults:
    """Find out which changes of sound a model's answers stand, and whether they should.

    Parameters
    ----------
    models : Model or sequence of Model
    clips : iterable of Clip or CorpusEntry
    listener : ListenerFile
        From `audioinv.corpus.listener.read_listener`; all axes over usual ranges, not judged, if not given.
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
    several = [models] if isinstance(models, Model) else list(models)
    results = profile_models(several, clips, ProfileOptions(listener, references=references, seed=seed))
    if not results.changes:
        reasons = "; ".join(f"{failure.path}: {failure.reason}" for failure in results.failures[:3])
        raise InputError(f"no clip could be profiled ({reasons or 'none was given'})")
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
    sample = _sample(sources, models[0])
    references, none = _references(models[0], sample) if options.references else ([], "not asked for")
    profiled = [*models, *references]
    names = [model.spec.name for model in profiled]
    if len(set(names)) != len(names):
        raise InputError(f"models must have different names; got {', '.join(names)}")
    rounds = _rounds(options.listener.expectations)
    swept, failures = _sweep(profiled, sources, rounds, options, on_clip)
    results = ProfileResults(
        listener=options.listener,
        models=tuple(model.spec for model in profiled),
        n_references=len(references),
        failures=failures,
        run={
            "options": _told(options),
            "versions": versions(),
            "seconds": clock.perf_counter() - started,
            "no_references": none,
        },
    )
    if not swept:
        return results
    first = {model.spec.name: responses for model, responses in zip(profiled, swept[0], strict=True)}
    table = ClipTable.of(swept[0][0].clips, models[0].spec.labels)
    found = {id(one): _change(one, of_round, sample, models[0], options) for of_round, one in _paired(swept, rounds)}
    return replace(
        results,
        n_clips=len(table.names),
        accuracies={name: _accuracy(responses, options.seed) for name, responses in first.items()},
        changes=tuple(found[id(one)] for one in options.listener.expectations),
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
    return len(_rounds(listener.expectations))


def _told(options: ProfileOptions) -> dict[str, Any]:
    return {**asdict(replace(options, listener=NO_LISTENER)), "listener": options.listener.source}


def _sample(sources: Sequence[Clip | CorpusEntry], model: Model) -> list[Clip]:
    """Return a few clips as they are, at the model's rate."""
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


def _rounds(expectations: Sequence[Expectation]) -> list[list[Expectation]]:
    """Deal changes to rounds in which every axis stands once."""
    rounds: list[list[Expectation]] = []
    for one in expectations:
        free = (dealt for dealt in rounds if one.grid.axis not in {other.grid.axis for other in dealt})
        home = next(free, None)
        if home is None:
            rounds.append([one])
        else:
            home.append(one)
    return rounds


def _plan(model: Model, of_round: Sequence[Expectation], options: ProfileOptions) -> SweepPlan:
    grids = {one.grid.axis: one.grid for one in of_round}
    return plan_sweep(model, grids, edges=options.edges, seed=options.seed)


def _sweep(
    models: Sequence[Model],
    sources: Sequence[Clip | CorpusEntry],
    rounds: Sequence[Sequence[Expectation]],
    options: ProfileOptions,
    on_clip: Callable[[str], None] | None,
) -> tuple[list[tuple[ModelResponses, ...]], tuple[Failure, ...]]:
    """Sweep round after round; a clip that fails is left out of what follows, and of what was."""
    left, swept = list(sources), []
    failures: dict[str, Failure] = {}
    for of_round in rounds:
        found = sweep_clips([(model, _plan(model, of_round, options)) for model in models], left, on_clip=on_clip)
        failures |= {failure.path: failure for failure in found.failures}
        left = [source for source in left if _name(source) not in failures]
        swept.append(found.responses)
    kept = {_name(source) for source in left}
    trimmed = [tuple(_only(responses, kept) for responses in of_round) for of_round in swept if left]
    return trimmed, tuple(failures.values())


def _name(source: Clip | CorpusEntry) -> str:
    return source.name if isinstance(source, Clip) else str(source.path)


def _only(responses: ModelResponses, names: set[str]) -> ModelResponses:
    """Return the responses to some clips."""
    chosen = np.array([clip.name in names for clip in responses.clips])
    if chosen.all():
        return responses
    axes = {
        name: replace(axis, **{key: value[chosen] for key, value in vars(axis).items() if np.ndim(value) >= 2})
        for name, axis in responses.axes.items()
    }
    return replace(responses, clips=tuple(np.array(responses.clips, object)[chosen]), axes=axes, controls=())


def _paired(
    swept: Sequence[tuple[ModelResponses, ...]], rounds: Sequence[Sequence[Expectation]]
) -> Iterable[tuple[tuple[ModelResponses, ...], Expectation]]:
    for responses, of_round in zip(swept, rounds, strict=True):
        for one in of_round:
            yield responses, one


def _accuracy(responses: ModelResponses, seed: int) -> Any:
    table = ClipTable.of(responses.clips, responses.spec.labels)
    axis = next(iter(responses.axes.values()))
    right = outcome.correctness(outcome.top1(axis.scores, axis.zero), table.targets)[:, axis.zero]
    return bootstrap_mean(right, table.group_codes, rng=np.random.default_rng(seed))


def _change(
    one: Expectation, responses: Sequence[ModelResponses], sample: Sequence[Clip], model: Model, options: ProfileOptions
) -> Change:
    """Measure one change for all models, and how large it is."""
    distances, equivalents = change_sizes(one.grid, _plan(model, [one], options), model, sample)
    return Change(
        expectation=one,
        log_mel_db=distances,
        snr_equivalent_db=equivalents,
        models={found.spec.name: _endured(found, one, options.seed) for found in responses},
    )


def _endured(responses: ModelResponses, one: Expectation, seed: int) -> ChangeOfModel:
    axis: AxisResponses = responses.axes[one.grid.axis]
    groups = ClipTable.of(responses.clips, responses.spec.labels).group_codes
    answers = outcome.top1(axis.scores, axis.zero)
    endurance = endure(answers, axis.shifts.astype(np.float64), groups, rng=np.random.default_rng(seed))
    return ChangeOfModel(endurance, judge(one.listener, endurance.at_limit))
