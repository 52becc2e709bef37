"""Run a plan over clips: one model, one clip after the other, failures set aside and named.

Conventions
-----------
Clips come from an iterable and are dropped when done, so that memory does not grow with their number. A clip that
cannot be analysed becomes a `Failure`, never a substitute.

What is here: `sweep_clips`, `Sweep`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import partial

from ..corpus.entries import CorpusEntry
from ..nets.model import Model
from ..nets.threads import use_threads
from ..sound.clip import Clip
from .attempt import DECODER, attempt
from .batched import respond_to_clip
from .engines import EngineChoice, choose_engines
from .heard import ShiftedSounds
from .plan import SweepPlan
from .responses import Failure, ModelResponses, stack_clips

__all__ = ["Sweep", "sweep_clips"]

_TOGETHER = 32


@dataclass(frozen=True, eq=False)
class Sweep:
    """What came of a sweep.

    Parameters
    ----------
    responses : tuple of ModelResponses
        One for each model; empty if no clip could be analysed.
    failures : tuple of Failure
    engines : tuple of mapping of axis to EngineChoice
        One for each model.
    failed : tuple of int
        The place of each failure among the clips, which may share names; empty of a sweep made of parts.
    """

    responses: tuple[ModelResponses, ...]
    failures: tuple[Failure, ...]
    engines: tuple[Mapping[str, EngineChoice], ...] = ()
    failed: tuple[int, ...] = ()

    @property
    def n_clips(self) -> int:
        """Clips that were answered."""
        return len(self.responses[0].clips) if self.responses else 0

    @property
    def is_final(self) -> bool:
        """Whether another try would give the same: at no clip the decoder was lost."""
        return all(failure.stage != DECODER for failure in self.failures)


def sweep_clips(
    models: Sequence[tuple[Model, SweepPlan]],
    clips: Iterable[CorpusEntry | Clip],
    *,
    on_clip: Callable[[str], None] | None = None,
    engines: Sequence[Mapping[str, EngineChoice]] | None = None,
) -> Sweep:
    """Sweep models over clips.

    Parameters
    ----------
    models : sequence of (Model, SweepPlan)
    clips : iterable of Clip or CorpusEntry
        An entry is read when its turn comes.
    on_clip : callable, optional
        Called after each clip, with its name or why it failed, for progress.
    engines : sequence of mapping of axis to EngineChoice, optional
        Where they have been chosen for a corpus of which these clips are a part; chosen for these if not given.

    Returns
    -------
    Sweep
        A clip that fails for one model fails for all, so that models are compared on the same clips.

    Raises
    ------
    ModelError
        If a model answers in the wrong shape, or NaN.
    """
    if engines is None:
        n_clips = len(clips) if isinstance(clips, Sized) else 1
        engines = [choose_engines(model, plan, n_clips) for model, plan in models]
    kept: list[list[ModelResponses]] = [[] for _ in models]
    failures: list[Failure] = []
    failed: list[int] = []
    for place, clip in enumerate(clips):
        outcome = attempt(clip, partial(_sweep_one, models, engines))
        if isinstance(outcome, Failure):
            failures.append(outcome)
            failed.append(place)
        else:
            for collected, responses in zip(kept, outcome, strict=True):
                collected.append(responses)
                _join_last(collected)
        if on_clip is not None:
            on_clip(outcome.path if isinstance(outcome, Failure) else outcome[0].clips[0].name)
    joined = tuple(stack_clips(parts) for parts in kept if parts)
    return Sweep(joined, tuple(failures), tuple(engines), tuple(failed))


def _join_last(parts: list[ModelResponses]) -> None:
    """Join the last parts where they hold equally many clips.

    The arrays of one clip are small and outlive its windows, which are large. Left among them, each kept the memory
    of a whole clip from being used again: 190 kB in place of 3.
    """
    last = parts[-_TOGETHER:]
    if len(last) == _TOGETHER and len({len(part.clips) for part in last}) == 1:
        parts[-_TOGETHER:] = [stack_clips(last)]
        _join_last(parts)


def _sweep_one(
    models: Sequence[tuple[Model, SweepPlan]], engines: Sequence[Mapping[str, EngineChoice]], clip: Clip
) -> list[ModelResponses]:
    sounds, answers = ShiftedSounds(len(models)), []
    for (model, plan), chosen in zip(models, engines, strict=True):
        with use_threads(plan.threads):
            answers.append(respond_to_clip(model, clip, plan, chosen, sounds))
    return answers
