"""What is said of a model, by whom, and the spec that comes of it.

Conventions
-----------
A flag wins over the sidecar, the sidecar over what is embedded in the model, and that over what its graph shows. What
nobody says is missing, and a missing value is asked for: the sample rate is never guessed. The sidecar of ``net.onnx``
is ``net.audioinv.toml`` beside it; that of a folder or a Python module stands beside the folder or the module's file.

What is here: `Declaration`, `Resolved`, `resolve`, `sidecar_of`, `read_sidecar`,
`read_labels`, `declare`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ...errors import InputError, ModelError
from ..model import ModelSpec
from ..windows import Windows

__all__ = [
    "ASKED",
    "EMBEDDED_KEY",
    "Declaration",
    "Resolved",
    "declare",
    "read_labels",
    "read_sidecar",
    "resolve",
    "sidecar_of",
]

EMBEDDED_KEY = "audioinv"
"""Under which a model file carries a declaration as JSON."""

ASKED = {  # what a spec cannot do without, and how to say it
    "sample_rate": "--sample-rate HZ",
    "input_samples": "--input-samples N",
    "labels": "--labels FILE",
    "activation": "--activation softmax|sigmoid|none",
}
_WORDS = ("name", "description", "activation", "frames", "output", "ending", "pooling")
_COUNTS = ("input_samples", "lead_samples", "clip_samples", "hop_samples", "context_samples")
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
    lead_samples : int, optional
        How much sooner than a clip the window opens.
    clip_samples, hop_samples, context_samples : int, optional
        The stretch of sound that is classified, where it is longer than the input; from one window over it to the
        next; and the silence before the first.
    ending, pooling : str, optional
        As in `audioinv.nets.windows.Windows`.
    output : str, optional
        Name of the output to take, where the graph has several.
    states : mapping of str to str, optional
        Inputs of the graph that start as zeros, each with the output that replaces it in the next window.
    constants : mapping of str to number, optional
        Inputs of the graph that are always the same.

    Raises
    ------
    InputError
        If a value is of the wrong type or out of range.
    """

    name: str | None = None
    description: str | None = None
    sample_rate: int | None = None
    input_samples: int | None = None
    labels: tuple[str, ...] | None = None
    activation: str | None = None
    multi_label: bool | None = None
    frames: str | None = None
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
        except ValueError as error:
            raise ModelError(f"{source}: its embedded spec is no JSON ({error})") from error
        if not isinstance(values, dict):
            raise ModelError(f"{source}: its embedded spec is no table of values")
        return cls.from_mapping(values, source)


def _check_value(key: str, value: Any) -> None:
    """Refuse a value of the wrong type; ranges that depend on others are checked by the spec."""
    if key in _WORDS and not isinstance(value, str):
        raise InputError(f"{key}={value!r} must be text")
    if key in (*_COUNTS, "sample_rate") and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise InputError(f"{key}={value!r} must be a whole number")
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


@dataclass(frozen=True)
class Resolved:
    """What is known of a model after everybody has been heard.

    Parameters
    ----------
    declaration : Declaration
    origins : mapping of str to str
        Who said each value.
    overruled : tuple of str
        Lines on values that were said differently by a lower voice.
    """

    declaration: Declaration
    origins: Mapping[str, str] = field(default_factory=dict)
    overruled: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        """What a spec still needs."""
        return [key for key in ASKED if getattr(self.declaration, key) is None]

    def spec(self, source: str, sidecar: Path) -> ModelSpec:
        """Return the spec.

        Parameters
        ----------
        source : str
            The model as it was asked for.
        sidecar : Path
            Where what is missing can be written.

        Returns
        -------
        ModelSpec

        Raises
        ------
        ModelError
            If something is missing, or values do not fit together.
        """
        if self.missing:
            words = [key.replace("_", " ") for key in self.missing]
            raise ModelError(
                f"{source} does not say its {_listed(words)}\n"
                f"       give {' '.join(ASKED[key] for key in self.missing)}, or write "
                f"{_listed(self.missing)} into {sidecar.name} beside it (audioinv info {source} shows what is known)"
            )
        try:
            return self._build()
        except InputError as error:
            raise ModelError(f"{source}: {error}") from error

    def _build(self) -> ModelSpec:
        said = self.declaration
        taken, wanted = said.input_samples or 0, said.clip_samples or said.input_samples or 0
        windows = None
        if wanted != taken or said.context_samples or said.hop_samples:
            windows = Windows(
                taken,
                said.hop_samples or taken,
                said.context_samples or 0,
                said.ending or "pad",
                said.pooling or "mean",
            )
        return ModelSpec(
            name=said.name or "",
            sample_rate=said.sample_rate or 0,
            n_samples=wanted,
            labels=said.labels or (),
            lead_samples=said.lead_samples or 0,
            activation=said.activation or "",
            description=said.description or "",
            multi_label=said.multi_label,
            frames=said.frames or "",
            windows=windows,
        )


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def resolve(voices: Sequence[tuple[str, Declaration]]) -> Resolved:
    """Hear several declarations, the first of them first.

    Parameters
    ----------
    voices : sequence of (str, Declaration)
        Who speaks, and what is said; the highest first.

    Returns
    -------
    Resolved

    Examples
    --------
    >>> flags, file = Declaration(sample_rate=22050), Declaration(sample_rate=16000, activation="none")
    >>> known = resolve([("flag", flags), ("embedded", file)])
    >>> known.declaration.sample_rate, known.origins["activation"], known.overruled
    (22050, 'embedded', ('sample_rate 22050 (flag) replaces 16000 (embedded)',))
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    overruled = []
    for voice, declaration in voices:
        for key, value in declaration.said().items():
            if key not in values:
                values[key], origins[key] = value, voice
            elif values[key] != value and key not in ("name", "description"):
                overruled.append(f"{key} {_short(values[key])} ({origins[key]}) replaces {_short(value)} ({voice})")
    return Resolved(Declaration(**values), origins, tuple(overruled))


def _short(value: Any) -> str:
    return f"of {len(value)}" if isinstance(value, tuple) else str(value)


def sidecar_of(path: Path) -> Path:
    """Return where the sidecar of a model file or folder is, or would be.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Path

    Examples
    --------
    >>> sidecar_of(Path("net.onnx")).name
    'net.audioinv.toml'
    """
    return path.resolve().with_name(f"{path.resolve().name if path.is_dir() else path.stem}.audioinv.toml")


def read_sidecar(path: Path) -> Declaration:
    """Read a sidecar; one that is not there says nothing.

    Parameters
    ----------
    path : Path
        A TOML file with the fields of `Declaration`. `labels` may name a file beside it, one label a line.

    Returns
    -------
    Declaration

    Raises
    ------
    ModelError
        If it is no TOML, or as in `Declaration.from_mapping`.
    """
    if not path.is_file():
        return Declaration()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read as TOML ({error})") from error
    if isinstance(values.get("labels"), str):
        values["labels"] = read_labels(path.parent / values["labels"])
    return Declaration.from_mapping(values, str(path))


def read_labels(path: Path) -> tuple[str, ...]:
    """Read labels from a text file.

    Parameters
    ----------
    path : Path
        One label a line; lines without text do not count.

    Returns
    -------
    tuple of str

    Raises
    ------
    InputError
        If the file cannot be read or holds no label.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"labels {path} cannot be read ({error}); give a text file, one label a line") from error
    labels = tuple(line.strip() for line in lines if line.strip())
    if not labels:
        raise InputError(f"labels {path} holds no label; give one a line, in the order of the outputs")
    return labels


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
        lead_samples=spec.lead_samples,
    )
    return replace(made, **windows)
