"""What somebody says of a model: a value for what a spec needs, or nothing.

Conventions
-----------
None is said nothing about. Types and ranges are checked here; what depends on several values, by the spec that they
become. As JSON a declaration is embedded in a model's file.

What is here: `Declaration`, `declare`, `EMBEDDED_KEY`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ...errors import InputError, ModelError
from ..model import ModelSpec

__all__ = ["EMBEDDED_KEY", "Declaration", "declare"]

EMBEDDED_KEY = "audioinv"
"""Under which a model file carries a declaration as JSON."""

_WORDS = ("name", "description", "activation", "frames", "output", "ending", "pooling")
_COUNTS = ("lead_samples", "context_samples")  # which may be 0
_LENGTHS = ("input_samples", "clip_samples", "hop_samples", "frame_samples", "sample_rate")
_LEAST_RATE, _GREATEST_RATE = 1000, 768_000  # hertz; outside, a rate was given in another unit


@dataclass(frozen=True)
class Declaration:
    """What somebody says of a model; None where they say nothing.

    Parameters
    ----------
    name, description : str, optional
    sample_rate : int, optional
        In hertz.
    input_samples : int, optional
        What the model takes at once.
    labels : tuple of str, optional
        In the order of the outputs.
    activation : {"softmax", "sigmoid", "none"}, optional
        What turns the model's outputs into scores.
    multi_label : bool, optional
        Whether several labels can hold at once.
    frames : {"mean", "max"}, optional
        How outputs along time are pooled.
    frame_samples : int, optional
        From one output along time to the next, in samples.
    lead_samples : int, optional
        How much sooner than a clip the window opens.
    clip_samples, hop_samples, context_samples : int, optional
        The stretch of sound that is classified, where it is longer than the input; from one window over it to the
        next; and the silence before the first.
    ending, pooling : str, optional
        As in `audioinv.nets.windows.Windows`.
    output : str, optional
        Name of the output to take, where there are several.
    states : mapping of str to str, optional
        Inputs of the graph that start as zeros, each with the output that replaces it in the next window.
    constants : mapping of str to number, optional
        Inputs of the graph that are always the same.

    Raises
    ------
    InputError
        If a value is of the wrong type or out of range.

    Examples
    --------
    >>> known = Declaration(sample_rate=16000, labels=("dog", "cat"))
    >>> known.said()
    {'sample_rate': 16000, 'labels': ('dog', 'cat')}
    >>> Declaration.from_json(known.to_json(), "net.onnx") == known
    True
    >>> Declaration.from_mapping({"activation": "softmax"}, "net.audioinv.toml").activation
    'softmax'
    """

    name: str | None = None
    description: str | None = None
    sample_rate: int | None = None
    input_samples: int | None = None
    labels: tuple[str, ...] | None = None
    activation: str | None = None
    multi_label: bool | None = None
    frames: str | None = None
    frame_samples: int | None = None
    lead_samples: int | None = None
    clip_samples: int | None = None
    hop_samples: int | None = None
    context_samples: int | None = None
    ending: str | None = None
    pooling: str | None = None
    output: str | None = None
    states: Mapping[str, str] | None = None
    constants: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for key, value in self.said().items():
            _check_value(key, value)
        if self.labels is not None:
            object.__setattr__(self, "labels", tuple(self.labels))

    def said(self) -> dict[str, Any]:
        """Return the values that are there, by name."""
        return {
            entry.name: getattr(self, entry.name) for entry in fields(self) if getattr(self, entry.name) is not None
        }

    def to_json(self) -> str:
        """Return the declaration as JSON, to be embedded in a file."""
        return json.dumps(self.said(), sort_keys=True)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str) -> Declaration:
        """Read a declaration from plain data.

        Parameters
        ----------
        values : mapping
        source : str
            For the texts of errors.

        Returns
        -------
        Declaration

        Raises
        ------
        ModelError
            If a key is unknown, or a value cannot be used.
        """
        known = [entry.name for entry in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ModelError(f"{source} sets {', '.join(unknown)}, which no spec has; known: {', '.join(known)}")
        try:
            return cls(**values)
        except InputError as error:
            raise ModelError(f"{source}: {error}") from error

    @classmethod
    def from_json(cls, text: str, source: str) -> Declaration:
        """Read a declaration that `to_json` wrote.

        Parameters
        ----------
        text : str
        source : str
            For the texts of errors.

        Returns
        -------
        Declaration

        Raises
        ------
        ModelError
            If it is no JSON, or as in `from_mapping`.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{source}: its embedded spec is no JSON ({error})") from error
        if not isinstance(values, dict):
            raise ModelError(f"{source}: its embedded spec is no table of values")
        return cls.from_mapping(values, source)


def _check_value(key: str, value: Any) -> None:
    """Refuse a value of the wrong type; ranges that depend on others are checked by the spec."""
    if key in _WORDS and not isinstance(value, str):
        raise InputError(f"{key}={value!r} must be text")
    least = {**dict.fromkeys(_COUNTS, 0), **dict.fromkeys(_LENGTHS, 1)}.get(key)
    if least is not None and (not isinstance(value, int) or isinstance(value, bool) or value < least):
        raise InputError(f"{key}={value!r} must be a whole number, {least} or more")
    if key == "sample_rate" and not _LEAST_RATE <= value <= _GREATEST_RATE:
        raise InputError(f"sample_rate={value} is no sample rate in hertz ({_LEAST_RATE}–{_GREATEST_RATE})")
    if key == "multi_label" and not isinstance(value, bool):
        raise InputError(f"multi_label={value!r} must be true or false")
    if key == "labels" and (isinstance(value, str) or not all(isinstance(label, str) for label in value)):
        raise InputError(f"labels={value!r} must be a list of texts")
    if key in ("states", "constants"):
        kind: Any = str if key == "states" else (int, float)
        if not isinstance(value, Mapping) or not all(isinstance(entry, kind) for entry in value.values()):
            raise InputError(f"{key}={value!r} must be a table of {'names' if key == 'states' else 'numbers'}")


def declare(spec: ModelSpec) -> Declaration:
    """Say of a model what its spec says.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    Declaration

    Examples
    --------
    >>> declare(ModelSpec("demo", 8000, 400, ("a", "b"), lead_samples=80)).lead_samples
    80
    """
    windows = {} if spec.windows is None else asdict(spec.windows)
    made = Declaration(
        name=spec.name,
        description=spec.description or None,
        sample_rate=spec.sample_rate,
        input_samples=windows.pop("n_samples", spec.n_samples),
        clip_samples=None if spec.windows is None else spec.n_samples,
        labels=spec.labels,
        activation=spec.activation,
        multi_label=spec.multi_label,
        frames=spec.frames or None,
        frame_samples=spec.frame_samples,
        lead_samples=spec.lead_samples,
    )
    return replace(made, **windows)
