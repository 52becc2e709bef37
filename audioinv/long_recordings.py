"""Recordings that a model's window may slide over: opened, how many windows they hold, whether they are long.

Conventions
-----------
Distances of windows are text as on the command line (``"10ms"``, ``"1frame"``); without one, windows follow each other
at every hop of the model's front end (`audioinv.sweep.spacing`). Counts are told from the headers of files.

What is here: `open_for`, `count_windows`, `WindowCount`, `is_long`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .corpus.entries import CorpusEntry
from .counts import count_text
from .errors import AudioFileError, InputError
from .nets.model import Model
from .sound.clip import Clip
from .sound.recording import Recording, open_recording
from .sweep.responses import Failure
from .sweep.spacing import default_spacing, read_spacing
from .sweep.stream import count_tiles

__all__ = ["MANY_WINDOWS", "WindowCount", "count_windows", "is_long", "open_for"]

MANY_WINDOWS = 10
"""A recording of so many windows' length is long: one window says little about it."""

Source = CorpusEntry | Clip | Recording


def open_for(source: CorpusEntry | Clip, models: Sequence[Model]) -> Recording | Failure:
    """Open a recording that every model's window fits into.

    Parameters
    ----------
    source : CorpusEntry or Clip
    models : sequence of Model

    Returns
    -------
    Recording or Failure
        Why, where that cannot be.
    """
    name, stage = (source.name, "check") if isinstance(source, Clip) else (str(source.path), "read")
    try:
        if isinstance(source, Clip):
            recording = open_recording(source)
        else:
            recording = open_recording(source.path, start_seconds=source.start_seconds, end_seconds=source.end_seconds)
        stage = "check"
        longest = max(models, key=lambda model: model.spec.window_seconds).spec
        if recording.duration_seconds < longest.window_seconds:
            raise InputError(
                f"{recording.duration_seconds:.2f} s, shorter than the window of {longest.window_seconds:g} s that "
                f"{longest.name} would slide over it; analyze it without --slide"
            )
    except (AudioFileError, InputError) as error:
        return Failure(name, stage, str(error).removeprefix(f"{name}: "))
    return recording


@dataclass(frozen=True)
class WindowCount:
    """How many windows a model will answer, told from the headers of files.

    Parameters
    ----------
    spacing : int
        Samples from one window to the next.
    every_seconds : float
        The same in seconds.
    n_windows : tuple of int
        For each recording.
    """

    spacing: int
    every_seconds: float
    n_windows: tuple[int, ...]

    @property
    def n_tiles(self) -> int:
        """Tiles that they come in."""
        return count_tiles(self.n_windows)

    @property
    def line(self) -> str:
        """The count in one line for people."""
        windows, recordings = count_text(sum(self.n_windows), "window"), count_text(len(self.n_windows), "recording")
        return f"{windows} over {recordings}, one every {1000 * self.every_seconds:g} ms"


def count_windows(model: Model, models: Sequence[Model], sources: Sequence[Source], every: str | None) -> WindowCount:
    """Return how many windows a model will answer.

    Parameters
    ----------
    model : Model
        One of `models`.
    models : sequence of Model
        All that slide: a recording that is too short for one is answered by none.
    sources : sequence of CorpusEntry or Clip, or of Recording where they are open
    every : str or None
        From one window to the next; one hop if None.

    Returns
    -------
    WindowCount

    Raises
    ------
    InputError
        If the distance of windows does not suit the model.
    """
    spec = model.spec
    spacing = read_spacing(model, every) if every else default_spacing(model)
    opened = (source if isinstance(source, Recording) else open_for(source, models) for source in sources)
    n_samples = (one.n_samples(spec.sample_rate) for one in opened if isinstance(one, Recording))
    n_windows = tuple(max(1, (number - spec.n_samples) // spacing + 1) for number in n_samples)
    return WindowCount(spacing, spacing / spec.sample_rate, n_windows)


def is_long(source: CorpusEntry | Clip, models: Sequence[Model]) -> bool:
    """Tell whether a recording is at least `MANY_WINDOWS` times as long as every model's window.

    Parameters
    ----------
    source : CorpusEntry or Clip
    models : sequence of Model

    Returns
    -------
    bool
        False for one that cannot be read.
    """
    recording = open_for(source, models)
    longest = max(model.spec.window_seconds for model in models)
    return isinstance(recording, Recording) and recording.duration_seconds >= MANY_WINDOWS * longest
