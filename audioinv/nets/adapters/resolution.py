"""Several voices on one model, and the spec that comes of them.

Conventions
-----------
A flag wins over the sidecar, the sidecar over what is embedded in the model, and that over what its graph shows. What
nobody says is missing, and a missing value is asked for: the sample rate is never guessed.

What is here: `resolve`, `Resolved`, `ASKED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import InputError, ModelError
from ..model import ModelSpec
from ..windows import Windows
from .declaration import Declaration

__all__ = ["ASKED", "Resolved", "resolve"]

ASKED = {  # what a spec cannot do without, and how to say it
    "sample_rate": "--sample-rate HZ",
    "input_samples": "--input-samples N",
    "labels": "--labels FILE",
    "activation": "--activation softmax|sigmoid|none",
}


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
            frame_samples=said.frame_samples,
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
