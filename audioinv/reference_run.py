"""References beside every analysis: models whose answer to a delay is known, on some of the same clips.

A measurement is believed when models that must be invariant come out so, and models that nothing makes so do not. The
references are made for the window and the classes of the model under test and never trained, so that they cost little.

=================  =============================================================================================
reference          what it is, and what must come out
=================  =============================================================================================
constant           one answer to everything: no score changes
invariant          the spectrum of the whole window, a random linear head: no score changes beyond rounding
not_invariant      an untrained network with a flatten head: answers change
untrained          an untrained network of the default architecture: what that gives for free
this_model         the model under test, through the same
=================  =============================================================================================

Conventions
-----------
Delays are *circular*, because that is what the proof of invariance is for, up to a quarter of the window either way.
Untrained networks hardly tell clips apart, so their answers are standardised over the clips before they count.

What is here: `PassingSample`, `opened`, `reference_models`, `run_references`, `reference_caution`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .corpus.entries import CorpusEntry
from .errors import AudioFileError, InputError
from .measure import drift, outcome
from .measure.cliptable import ClipTable
from .measure.controls import ROUNDING
from .measure.statistics import estimate_mean
from .measure.summary import plain
from .nets.model import Model, ModelSpec
from .nets.references import constant_model, random_model, spectrum_model
from .nets.training_windows import windows_of
from .sound.clip import Clip, open_window
from .sound.grid import ShiftGrid
from .sweep.plan import SweepPlan, check_window
from .sweep.responses import AxisResponses
from .sweep.run import sweep_clips

__all__ = ["PassingSample", "opened", "reference_caution", "reference_models", "run_references"]

UNSTEADY = 0.95
_MAX_CLIPS = 8
_STEPS = 4
_SEED = 0


class PassingSample:
    """Clips spread evenly over those that pass by, however many they are: half of `most` and more, or all of fewer.

    Parameters
    ----------
    most : int, default 8
    """

    def __init__(self, most: int = _MAX_CLIPS) -> None:
        self.clips: list[Clip | CorpusEntry] = []
        self._most = most
        self._every = 1

    def watch(self, clips: Iterable[Clip | CorpusEntry]) -> Iterator[Clip | CorpusEntry]:
        """Pass clips on, and remember some.

        Parameters
        ----------
        clips : iterable of Clip or CorpusEntry

        Yields
        ------
        Clip or CorpusEntry

        Examples
        --------
        >>> sample = PassingSample()
        >>> clips = [Clip(np.zeros(8, np.float32), 8000, name=str(i)) for i in range(40)]
        >>> len(list(sample.watch(clips))), [clip.name for clip in sample.clips]
        (40, ['0', '8', '16', '24', '32'])
        """
        for place, clip in enumerate(clips):
            if place % self._every == 0:
                self.clips.append(clip)
            if len(self.clips) == self._most:
                self.clips, self._every = self.clips[::2], 2 * self._every
            yield clip


class _Standardised(Model):
    """A model whose answers have mean 0 and deviation 1 over some windows, so that it tells them apart."""

    def __init__(self, inner: Model, windows: Tensor) -> None:
        super().__init__(inner.spec)
        self._inner = inner
        with torch.inference_mode():
            answers = inner.respond(windows)
        self._mean = answers.mean(0)
        self._deviation = answers.std(0).clamp_min(torch.finfo(answers.dtype).tiny)

    def respond(self, waveforms: Tensor) -> Tensor:
        with torch.inference_mode():
            return (self._inner.respond(waveforms) - self._mean) / self._deviation


def run_references(model: Model, sources: Sequence[Clip | CorpusEntry], *, noise_floor: float = 0.0) -> dict[str, Any]:
    """Run the references, and the model under test, on some clips under circular delays.

    Parameters
    ----------
    model : Model
        Of two classes at least.
    sources : sequence of Clip or CorpusEntry
        Those that cannot be read or hold nothing are left out.
    noise_floor : float, default 0
        Of the model under test.

    Returns
    -------
    dict
        Plain data: ``axis``, ``edges``, ``unit``, ``shifts``, ``n_clips``, and by name in ``models`` the
        ``consistency`` with its interval, ``mac``, ``top1_change`` and ``largest_change`` of a score;
        ``relative_flips`` of the model under test to the reference that is not invariant; ``separated``.

    Raises
    ------
    InputError
        If there is a single class, no clip is left, or the window is too short for the networks.
    """
    if len(model.spec.labels) < 2:
        raise InputError("a model of a single class has no reference that answers otherwise")
    spec = model.spec.at_once()
    clips = [clip for source in sources if (clip := opened(source, spec)) is not None]
    if len(clips) < 2:
        raise InputError(f"clips left to run references on: {len(clips)}; two at least are needed")
    models = {**reference_models(spec, windows_of(clips, spec)), "this_model": model}
    grid = ShiftGrid("time", tuple(float((spec.n_samples // 16 | 1) * k) for k in range(-_STEPS, _STEPS + 1)), "smp")
    plan = SweepPlan((grid,), "circular")
    swept = sweep_clips([(each, plan) for each in models.values()], clips).responses
    table = ClipTable.of(clips, spec.labels)
    found = {
        name: _measure(responses.axes["time"], table, noise_floor if name == "this_model" else 0.0)
        for name, responses in zip(models, swept, strict=True)
    }
    flips, reference = (np.array([found[name]["top1_change"]]) for name in ("this_model", "not_invariant"))
    document: dict[str, Any] = plain(
        {
            "axis": "time",
            "edges": "circular",
            "unit": "ms",
            "shifts": [1000 * amount / spec.sample_rate for amount in grid.amounts],
            "n_clips": len(clips),
            "models": found,
            "relative_flips": outcome.relative_flip_probability(flips, reference),
        }
    )
    return {**document, "separated": not _failings(document["models"])}


def opened(source: Clip | CorpusEntry, spec: ModelSpec) -> Clip | None:
    """Return a clip at the model's rate; None where the analysis itself would refuse it.

    Parameters
    ----------
    source : Clip or CorpusEntry
    spec : ModelSpec

    Returns
    -------
    Clip or None
    """
    try:
        clip = (source if isinstance(source, Clip) else source.load()).resampled(spec.sample_rate)
        check_window(clip, open_window(clip, spec.n_samples, spec.lead_samples))
    except (AudioFileError, InputError):
        return None
    return clip


def reference_models(spec: ModelSpec, windows: Tensor) -> dict[str, Model]:
    """Make the references for a window and its classes.

    Parameters
    ----------
    spec : ModelSpec
    windows : Tensor of shape (n_windows, n_samples)
        Over which the answers of untrained networks are standardised.

    Returns
    -------
    dict of str to Model
        By name, as in the table above, without the model under test.
    """
    return {
        "constant": constant_model(spec),
        "invariant": spectrum_model(spec, seed=_SEED),
        "not_invariant": _Standardised(random_model(spec, seed=_SEED, head="flatten"), windows),
        "untrained": _Standardised(random_model(spec, seed=_SEED), windows),
    }


def _measure(responses: AxisResponses, clips: ClipTable, noise_floor: float) -> dict[str, Any]:
    scores, zero = responses.scores, responses.zero
    answers = outcome.top1(scores, zero, noise_floor)
    rng = np.random.default_rng(_SEED)
    return {
        "consistency": estimate_mean(outcome.consistency(answers, zero), clips.group_codes, rng=rng),
        "mac": float(drift.mean_absolute_change(scores, zero).mean()),
        "top1_change": float(outcome.top1_change(answers).mean()),
        "largest_change": float(np.abs(scores - scores[:, zero, None]).max()),
    }


def _failings(models: Mapping[str, Any]) -> list[str]:
    """Return what the references should have shown and did not."""
    found = [
        f"the {name} reference moves by up to {models[name]['largest_change']:.2g}"
        for name in ("constant", "invariant")
        if models[name]["largest_change"] > ROUNDING
    ]
    steady = models["not_invariant"]["consistency"]["value"]
    if steady > UNSTEADY:
        found.append(f"the reference that is not invariant keeps {100 * steady:.0f} % of its answers")
    return found


def reference_caution(found: Mapping[str, Any]) -> str:
    """Say that the references do not separate, and how.

    Parameters
    ----------
    found : mapping
        From `run_references`, not separated.

    Returns
    -------
    str
    """
    return (
        f"the references do not separate on {found['n_clips']} clips under circular delays: "
        f"{' and '.join(_failings(found['models']))}; do not believe this run: do the clips change at all when they "
        "are delayed, and does the tool delay them?"
    )
