"""What a run says of itself, by which it can be told from others: its models, its data, a hash of all that was chosen.

What is here: `check_names`, `describe_model`, `describe_data`, `describe_analysis`, `identify`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from .errors import InputError
from .nets.model import Model
from .sound.grid import ShiftGrid
from .sweep.responses import Failure, ModelResponses
from .sweep.units import versions

__all__ = ["check_names", "describe_analysis", "describe_data", "describe_model", "identify"]

_HOW = ("batch_size", "engine", "verify", "threads")  # of a plan: where and how it runs, never what comes out


def check_names(models: Sequence[Model]) -> None:
    """Refuse models that results could not tell apart.

    Parameters
    ----------
    models : sequence of Model

    Raises
    ------
    InputError
        If two share a name.
    """
    names = [model.spec.name for model in models]
    if len(set(names)) != len(names):
        raise InputError(f"models must have different names; got {', '.join(names)}: rename one")


def describe_model(model: Model) -> dict[str, Any]:
    """Return what is to be known of a model: its spec, its strides and a hash of its weights.

    Parameters
    ----------
    model : Model

    Returns
    -------
    dict
        Plain JSON data.
    """
    return {
        "spec": asdict(model.spec),
        "provenance": asdict(model.provenance) if model.provenance else None,
        "hop_samples": model.hop_samples,
        "stride_samples": model.stride_samples,
        "weights_sha256": model.fingerprint,
    }


def describe_data(models: Sequence[ModelResponses], failures: Sequence[Failure]) -> dict[str, Any]:
    """Return what was analysed: how many clips and a hash of their names, stretches and labels.

    Parameters
    ----------
    models : sequence of ModelResponses
    failures : sequence of Failure

    Returns
    -------
    dict
        Plain JSON data.
    """
    clips = models[0].clips if models else ()
    text = "\n".join(repr(clip) for clip in clips)
    return {
        "n_clips": len(clips),
        "n_failed": len(failures),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def describe_analysis(model: Model, options: Any, started: float) -> dict[str, Any]:
    """Return what an analysis of one network says of itself: its options, the weights, the versions, how long it took.

    Parameters
    ----------
    model : Model
    options : dataclass
    started : float
        When, by `time.perf_counter`.

    Returns
    -------
    dict
        Plain JSON data.
    """
    asked = {field.name: getattr(options, field.name) for field in fields(options)}
    return {
        "config": {name: str(value) if isinstance(value, ShiftGrid) else value for name, value in asked.items()},
        "weights_sha256": model.fingerprint,
        "versions": versions(),
        "seconds": time.perf_counter() - started,
    }


def identify(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells runs apart: a short hash of all that determines the numbers, not of when and how fast.

    Parameters
    ----------
    run : mapping
        The content of ``run.json``.

    Returns
    -------
    dict
        Plain JSON data.
    """
    plans = {name: {key: plan[key] for key in plan if key not in _HOW} for name, plan in run["plans"].items()}
    text = repr([plans, run["models"], run["data"], run["versions"], run["config"]["seed"]])
    return {
        "id": hashlib.sha256(text.encode()).hexdigest()[:12],
        "audioinv": run["versions"]["audioinv"],
        "n_clips": run["data"]["n_clips"],
        "seed": run["config"]["seed"],
    }
