"""The model's window over one clip after the other, for errands that look into a model rather than sweep over it.

What is here: `windows_of`, `check_enough`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from .corpus.entries import CorpusEntry
from .errors import TooFewClips
from .nets.model import Model
from .sound.clip import Clip, open_window
from .sweep.attempt import attempt, source_name
from .sweep.plan import check_window
from .sweep.responses import Failure

__all__ = ["check_enough", "windows_of"]


def windows_of(
    model: Model,
    clips: Iterable[Clip | CorpusEntry],
    failures: list[Failure],
    *,
    on_clip: Callable[[str], None] | None = None,
) -> Iterator[Clip]:
    """Lay a model's window over clips, one in memory at a time.

    Parameters
    ----------
    model : Model
    clips : iterable of Clip or CorpusEntry
    failures : list of Failure
        Receives those that cannot be read, or are silent in the window.
    on_clip : callable, optional
        Called with the name of each clip that is done with, for progress.

    Yields
    ------
    Clip
        As long as the window, at the model's rate.
    """
    for source in clips:
        window = attempt(source, partial(_window_of, model))
        if isinstance(window, Failure):
            failures.append(window)
        else:
            yield window
        if on_clip is not None:
            on_clip(source_name(source))


def _window_of(model: Model, clip: Clip) -> Clip:
    resampled = clip.resampled(model.spec.sample_rate)
    window = open_window(resampled, model.spec.n_samples, model.spec.lead_samples)
    check_window(resampled, window)
    return window


def check_enough(names: Sequence[str], failures: Sequence[Failure]) -> None:
    """Refuse fewer than two clips.

    Parameters
    ----------
    names : sequence of str
        Of the clips that were analysed.
    failures : sequence of Failure

    Raises
    ------
    TooFewClips
        If there are fewer; with what failed.
    """
    if len(names) < 2:
        raise TooFewClips(
            f"{len(names)} clip(s) could be analysed, but two are needed: with one, a layer that never changes looks "
            "invariant",
            failures,
        )
