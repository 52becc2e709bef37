"""Certify a model: derive which circular delays cannot change its answers, then confirm it on sound.

Conventions
-----------
Three axes, each with its own certificate. ``time`` delays the waveform by samples. ``frames`` and ``bins`` roll the
spectrogram of the model's own front end, where there is one, along time and along frequency: they tell the network from
its front end, whose frames see silence at the borders unless its edges are circular. Clips are laid out as the model's
window. Without clips the confirmation takes a window of seeded noise and one shipped clip of each kind.

What is here: `AXES`, `certify`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .clip_windows import windows_of
from .corpus.entries import CorpusEntry
from .errors import InputError, TooFewClips
from .measure.certificates.certificate import Certificate, confirm
from .measure.certificates.derivation import derive
from .nets.library import shipped_folder
from .nets.model import Model, given_models
from .report.certificate_results import CertificateResults
from .sound.audio import load_clip
from .sound.clip import Clip
from .sweep.responses import Failure

__all__ = ["AXES", "certify"]

AXES = ("time", "frames", "bins")
_PLACES = {"time": "samples", "frames": "frames", "bins": "bins"}
_NOISE_LEVEL = 0.1


def certify(
    model: Model,
    clips: Iterable[Clip | CorpusEntry] = (),
    *,
    axes: Sequence[str] = (),
    passes: int = 256,
    seed: int = 0,
) -> CertificateResults:
    """Derive which circular delays cannot change a model's answers, and confirm it by number.

    Parameters
    ----------
    model : Model
        From `load_model` or `as_model`.
    clips : iterable of Clip or CorpusEntry, optional
        At any sample rate; noise and shipped clips if there are none.
    axes : sequence of {"time", "frames", "bins"}, optional
        All that the model has if not given.
    passes : int, default 256
        How many phases of each clip to measure at most.
    seed : int, default 0
        Of the noise, and of the delays that are compared.

    Returns
    -------
    CertificateResults

    Raises
    ------
    InputError
        If an axis is unknown, or asked of a model that does not show its spectrogram.
    TooFewClips
        If none of the clips can be used.
    ModelError
        If the model answers with NaN.

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> smoother = torch.nn.Conv1d(1, 2, 5, stride=4, padding=2, padding_mode="circular")
    >>> network = torch.nn.Sequential(
    ...     torch.nn.Unflatten(1, (1, -1)), smoother, torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten()
    ... )
    >>> model = as_model(network, sample_rate=8000, labels=["a", "b"], n_samples=800)
    >>> found = certify(model)["time"]
    >>> found.verdict, found.derivation.claim
    ('certified', 'invariant to every circular delay that is a multiple of 4')
    """
    (model,) = given_models(model)
    chosen = _choose_axes(model, axes)
    names, laid, failures = _lay_windows(model, list(clips) or _usual_sounds(model, seed))
    windows = torch.stack(laid)
    twin = _in_float64(model, windows)
    if twin is not None:
        windows = windows.double()
    certificates = tuple(_certify_axis(model, twin or model, windows, axis, passes, seed) for axis in chosen)
    return CertificateResults(model.spec.name, tuple(names), certificates, model.fingerprint, tuple(failures))


def _choose_axes(model: Model, axes: Sequence[str]) -> Sequence[str]:
    for axis in axes:
        if axis not in AXES:
            raise InputError(f"axis {axis!r} is not one of {', '.join(AXES)}")
        if axis != "time" and model.front_end is None:
            raise InputError(f"model {model.spec.name} shows no spectrogram; {axis} cannot be certified, time can")
    return axes or (AXES if model.front_end is not None else AXES[:1])


def _usual_sounds(model: Model, seed: int) -> list[Clip]:
    spec = model.spec
    noise = np.random.default_rng(seed).standard_normal(spec.n_samples).astype(np.float32)
    folders = sorted(path for path in shipped_folder("clips").glob("*") if path.is_dir())
    shipped = [next(iter(sorted(folder.rglob("*.flac"))), None) for folder in folders]
    clips = [replace(load_clip(path), name=str(path.relative_to(path.parents[2]))) for path in shipped if path]
    return [Clip(_NOISE_LEVEL * noise, spec.sample_rate, name="noise"), *clips]


def _lay_windows(model: Model, sources: Sequence[Clip | CorpusEntry]) -> tuple[list[str], list[Tensor], list[Failure]]:
    """Return the names of the clips that can be used, the model's window over each, and what cannot be used."""
    failures: list[Failure] = []
    windows = list(windows_of(model, sources, failures))
    if not windows:
        raise TooFewClips("no clip could be used", failures)
    return [window.name for window in windows], [torch.from_numpy(window.waveform) for window in windows], failures


def _in_float64(model: Model, windows: Tensor) -> Model | None:
    """Return the model computing in float64; None if we do not hold its network, or it does not run so."""
    if model.module is None or model.device.type == "mps":
        return None
    twin = copy.deepcopy(model)
    if twin.module is not None:
        twin.module.double()
    try:
        with torch.no_grad():
            answer = twin.respond(windows[:1].double())
    except RuntimeError:  # torch refuses to mix types: something in it is float32 by itself
        return None
    return twin if answer.dtype == torch.float64 else None


def _certify_axis(model: Model, computing: Model, windows: Tensor, axis: str, passes: int, seed: int) -> Certificate:
    """Derive from the model as it is, and confirm with it, or with its twin in float64."""
    inputs, dim = windows, -2 if axis == "bins" else -1
    respond: Callable[[Tensor], Tensor] = model.respond
    measure: Callable[[Tensor], Tensor] = computing.respond
    if axis != "time" and computing.front_end is not None:
        inputs = computing.front_end(windows.to(computing.device)).cpu()
        respond, measure = model.respond_to_spectrogram, computing.respond_to_spectrogram
    derivation = derive(respond, inputs.shape[1:], dim)
    confirmation = confirm(
        lambda batch: measure(batch).cpu(),
        inputs,
        derivation.modulus or 1,
        dim=dim,
        max_phases=passes,
        rng=np.random.default_rng(seed),
    )
    hop = {"time": 1, "frames": model.hop_samples}.get(axis)
    seconds = hop / model.spec.sample_rate if hop else None
    return Certificate(axis, _PLACES[axis], seconds, derivation, confirmation)
