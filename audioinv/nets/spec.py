"""What a model expects and what its answers mean, and where each of these values comes from.

Conventions
-----------
A spec is declared, never guessed. The activation comes first, then frames are pooled, then windows.

What is here: `ModelSpec`, `Provenance`, `ACTIVATIONS`, `FRAME_POOLINGS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import InputError
from .windows import Windows

__all__ = ["ACTIVATIONS", "FRAME_POOLINGS", "ModelSpec", "Provenance"]

ACTIVATIONS = ("softmax", "sigmoid", "none")
FRAME_POOLINGS = ("", "mean", "max")


@dataclass(frozen=True)
class ModelSpec:
    """What a model expects and what its answers mean.

    Parameters
    ----------
    name : str
    sample_rate : int
        In hertz.
    n_samples : int
        Length of the window that is analysed.
    labels : tuple of str
        One for each class, in the order of the scores.
    lead_samples : int, default 0
        How much sooner than a clip the window opens.
    activation : {"softmax", "sigmoid", "none"}, default "softmax"
        What turns the model's raw answers into scores.
    description : str, default ""
        One line for people.
    multi_label : bool, optional
        Whether several labels can hold at once, each with a score of its own; so with a sigmoid if not given.
    frames : {"", "mean", "max"}, default ""
        How answers of shape (batch, n_frames, n_classes) become one for the window; empty where there are none.
    frame_samples : int, optional
        From one of those answers to the next, in samples; the window divided by their number if not given.
    windows : Windows, optional
        How shorter windows are laid over `n_samples`, where the model takes less at once.

    Raises
    ------
    InputError
        If a number is not positive, labels repeat or are missing, a word is unknown, or windows are longer than what
        they lie over.

    Examples
    --------
    >>> spec = ModelSpec("net", 8000, 4000, ("dog", "cat"), frames="mean")
    >>> spec.window_seconds, spec.input_samples, spec.along_time
    (0.5, 4000, True)
    >>> spec.spacing_samples(10), spec.at_once().along_time
    (400.0, False)
    """

    name: str
    sample_rate: int
    n_samples: int
    labels: tuple[str, ...]
    lead_samples: int = 0
    activation: str = "softmax"
    description: str = ""
    multi_label: bool | None = None
    frames: str = ""
    windows: Windows | None = None
    frame_samples: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if self.multi_label is None:
            object.__setattr__(self, "multi_label", self.activation == "sigmoid")
        for number in ("sample_rate", "n_samples", "frame_samples"):
            if (value := getattr(self, number)) is not None and not (value > 0 and value % 1 == 0):
                raise InputError(f"{number}={value} of model {self.name} must be a whole number, 1 or more")
        if not 0 <= self.lead_samples < self.n_samples:
            raise InputError(f"lead_samples={self.lead_samples} must lie within the window of {self.n_samples}")
        for word, known in (("activation", ACTIVATIONS), ("frames", FRAME_POOLINGS)):
            if getattr(self, word) not in known:
                raise InputError(f"{word}={getattr(self, word)!r} is not one of {', '.join(filter(None, known))}")
        self._check_labels()
        if self.windows is not None and self.windows.n_samples > self.n_samples + self.windows.context_samples:
            raise InputError(f"windows of {self.windows.n_samples} samples are longer than the clip, {self.n_samples}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> ModelSpec:
        """Read a spec from plain data, as a file of results holds it.

        Parameters
        ----------
        values : mapping

        Returns
        -------
        ModelSpec

        Examples
        --------
        >>> from dataclasses import asdict
        >>> spec = ModelSpec("net", 8000, 900, ("a", "b"), windows=Windows(300, 100))
        >>> ModelSpec.from_mapping(asdict(spec)) == spec
        True
        """
        windows = values.get("windows")
        return cls(**{**values, "windows": windows and Windows(**windows)})

    def _check_labels(self) -> None:
        if not all(isinstance(label, str) for label in self.labels):
            raise InputError(f"labels of model {self.name} must be texts; got {list(self.labels)}")
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise InputError(f"model {self.name} needs labels, each once; got {list(self.labels)}")

    @property
    def input_samples(self) -> int:
        """What the model takes at once, in samples."""
        return self.n_samples if self.windows is None else self.windows.n_samples

    def at_once(self) -> ModelSpec:
        """Return the spec of a plain classifier for the same sound: it hears the window at once and gives one answer.

        Returns
        -------
        ModelSpec
        """
        return replace(self, activation="softmax", multi_label=False, frames="", frame_samples=None, windows=None)

    @property
    def along_time(self) -> bool:
        """Whether the model answers several times in a window, and the answers are pooled."""
        return bool(self.frames) or self.windows is not None

    def spacing_samples(self, n_frames: int) -> float:
        """Return how far apart answers along time lie, in samples.

        Parameters
        ----------
        n_frames : int
            Of the window.

        Returns
        -------
        float
            As declared; else the window divided by their number, which is near enough for lags of fewer frames than
            half of them, unless the model leaves much of its window out.
        """
        if self.windows is not None:
            return self.windows.hop_samples
        return self.frame_samples or self.n_samples / n_frames

    @property
    def window_seconds(self) -> float:
        """Length of the window in seconds."""
        return self.n_samples / self.sample_rate


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from, and where each value of its spec does.

    Parameters
    ----------
    format : str
        In words: ``"ONNX"``.
    origins : mapping of str to str
        By the value's name: ``"flag"``, ``"sidecar net.audioinv.toml"``, ``"embedded"``, ``"inferred from the graph"``.
    cautions : tuple of str
        What about the spec looks wrong, or is to be known.
    sha256 : str, optional
        Of the file; of the weights where there is no file.
    """

    format: str
    origins: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()
    sha256: str | None = None
