"""Does a model hear the order of sounds, or only which sounds there are? Any model, any clips.

A model that pools over time answers a delay with the same answer. It may owe that to hearing no order at all, and then
it stays the same when a clip's segments are shuffled, too. Whether that is a fault is for the labels to say: a drum hit
has no order, a melody is nothing else.

Conventions
-----------
What is shuffled is the clip itself, as far as it lies in the model's window; what the window holds before it stays.
*Permuted* are segments that get other neighbours. *Rotated* ones keep their neighbours and begin elsewhere: the
control, for a model that hears places but no order, or seams. *Backwards* is sample by sample. *Joined* are two clips
of different labels, A·B against B·A, with silence between them: the gap from which on their order makes no difference
is how far the model's hearing reaches, as long as its answer does not hang on where in the window a sound is. Each is
cut so that both and the longest gap fit the window, the same for every gap. An interval resamples groups of clips; a
pair belongs to the group of its A.

What is here: `order`, `analyze_order`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .corpus.entries import CorpusEntry
from .errors import InputError, TooFewClips
from .measure.cautions import MAX_COMMON_ANSWER
from .measure.cliptable import ClipTable
from .measure.controls import ROUNDING
from .measure.order import order_distance, order_sensitivity
from .measure.outcome import all_consistency, correctness, top1
from .measure.statistics import Estimate, estimate_mean, paired_difference
from .nets.model import Model, given_models
from .report.order_results import OrderChange, OrderOptions, OrderResults
from .report.wording import share_text
from .sound.clip import Clip, open_window
from .sound.segments import draw_orders, join_sounds, permute_segments, play_backwards, rotations
from .sweep.attempt import attempt
from .sweep.plan import check_window
from .sweep.responses import Failure

__all__ = ["analyze_order", "order"]

FloatArray = npt.NDArray[np.floating]

TOO_INVARIANT = 0.9
"""Share of clips whose answer no permutation changes from which on the alarm is raised."""
_BATCH = 16


def order(
    model: Model, clips: Iterable[Clip | CorpusEntry], *, n_segments: int = 4, n_orders: int = 8, seed: int = 0
) -> OrderResults:
    """Find out whether a model hears the order of sounds, or only which sounds there are.

    Parameters
    ----------
    model : Model
        From `load_model` or `as_model`.
    clips : iterable of Clip or CorpusEntry
        At any sample rate; labels and groups are used where they are known.
    n_segments : int, default 4
        That a clip is cut into; at least 3.
    n_orders : int, default 8
        Shuffles that are tried, the same for every clip.
    seed : int, default 0
        Of shuffles, partners and intervals.

    Returns
    -------
    OrderResults

    Raises
    ------
    InputError
        If a number is out of range, or no clip could be analysed.
    ModelError
        If the model answers in the wrong shape, or NaN.

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> rng = np.random.default_rng(0)
    >>> clips = [Clip(rng.standard_normal(800).astype(np.float32), 8000, name=f"noise {i}") for i in range(12)]
    >>> def loudest_is_first(waveforms):
    ...     first = np.abs(waveforms).argmax(axis=-1) < 400
    ...     return np.stack([first, ~first], axis=-1).astype(np.float32)
    >>> model = as_model(loudest_is_first, sample_rate=8000, labels=["first", "second"], n_samples=800)
    >>> found = order(model, clips)
    >>> found.backwards.sensitivity.value, found.rotated.sensitivity.value > 0.3
    (1.0, True)
    """
    (model,) = given_models(model)
    return analyze_order(model, clips, OrderOptions(n_segments, n_orders, seed=seed))


def analyze_order(
    model: Model,
    clips: Iterable[Clip | CorpusEntry],
    options: OrderOptions | None = None,
    *,
    on_clip: Callable[[str], None] | None = None,
) -> OrderResults:
    """Measure how a model's answers change with the order of what it hears.

    Parameters
    ----------
    model : Model
    clips : iterable of Clip or CorpusEntry
        At any sample rate; labels and groups are used where they are known.
    options : OrderOptions, optional
    on_clip : callable, optional
        Called after each clip, for progress.

    Returns
    -------
    OrderResults

    Raises
    ------
    TooFewClips
        If no clip could be analysed.
    ModelError
        If the model answers in the wrong shape, or NaN.

    Examples
    --------
    >>> from audioinv.nets.model import as_model
    >>> rng = np.random.default_rng(0)
    >>> clips = [Clip(rng.standard_normal(800).astype(np.float32), 8000, name=f"noise {i}") for i in range(12)]
    >>> def loudest_is_first(waveforms):
    ...     first = np.abs(waveforms).argmax(axis=-1) < 400
    ...     return np.stack([first, ~first], axis=-1).astype(np.float32)
    >>> model = as_model(loudest_is_first, sample_rate=8000, labels=["first", "second"], n_samples=800)
    >>> analyze_order(model, clips).backwards.sensitivity.value
    1.0
    """
    options = options or OrderOptions()
    heard, failures = _prepare(model, clips, on_clip)
    if not heard:
        raise TooFewClips("no clip could be analysed", failures)
    rng = np.random.default_rng(options.seed)
    orders = draw_orders(options.n_segments, options.n_orders, rng)
    partners = _choose_partners([clip.label for clip in heard], rng)
    measured = _Measured(model, ClipTable.of(heard, model.spec.labels), options.seed)
    scores = np.stack([_respond_to_changes(model, clip, orders) for clip in _passing(heard, on_clip)])
    found = _by_change(scores, options.n_segments)
    sensitivities = [order_sensitivity(top1(found[name], 0), 0) for name in ("permuted", "rotated")]
    gaps = [round(share * model.spec.n_samples) for share in options.gap_shares]
    heads = _heads(model, heard, max(gaps))
    result = OrderResults(
        model=model.spec.name,
        config=options,
        accuracy=measured.accuracy(scores),
        permuted=measured.change("permuted", found["permuted"]),
        rotated=measured.change("rotated", found["rotated"]),
        backwards=measured.change("backwards", found["backwards"]),
        order_beyond_place=measured.difference(*sensitivities),
        gaps_seconds=tuple(gap / model.spec.sample_rate for gap in gaps),
        joined=tuple(measured.change("joined", _respond_to_pairs(model, heads, partners, gap)) for gap in gaps),
        noise_floor=float(np.abs(scores[:, 0] - scores[:, 1]).max()),
        cautions=(),
        clips=tuple(clip.name for clip in heard),
        weights_sha256=model.fingerprint,
        failures=failures,
    )
    return replace(result, cautions=tuple(_cautions(result, measured.common_answer(scores), partners)))


def _prepare(
    model: Model, clips: Iterable[Clip | CorpusEntry], on_clip: Callable[[str], None] | None
) -> tuple[list[Clip], tuple[Failure, ...]]:
    """Return the clips as far as they lie in the model's window, and what could not be used."""
    heard, failures = [], []
    for source in clips:
        outcome = attempt(source, partial(_inside, model))
        if isinstance(outcome, Clip):
            heard.append(outcome)
            continue
        failures.append(outcome)
        if on_clip is not None:
            on_clip(outcome.path)
    return heard, tuple(failures)


def _inside(model: Model, clip: Clip) -> Clip:
    spec, resampled = model.spec, clip.resampled(model.spec.sample_rate)
    check_window(resampled, open_window(resampled, spec.n_samples, spec.lead_samples))
    return replace(resampled, waveform=resampled.waveform[: spec.n_samples - spec.lead_samples])


def _passing(clips: Iterable[Clip], on_clip: Callable[[str], None] | None) -> Iterator[Clip]:
    """Yield clips, and tell of each when it is done with."""
    for clip in clips:
        yield clip
        if on_clip is not None:
            on_clip(clip.name)


def _choose_partners(labels: Sequence[str | None], rng: np.random.Generator) -> list[int]:
    """Choose for each clip another of a different label, as the shuffled clips follow each other; -1 for none."""
    row = rng.permutation(len(labels))
    partners = [-1] * len(labels)
    for place, i in enumerate(row):
        others = [int(j) for j in np.roll(row, -place)[1:]]
        partners[i] = next((j for j in others if labels[i] is None or labels[i] != labels[j]), -1)
    return partners


def _heads(model: Model, clips: Sequence[Clip], longest_gap: int) -> list[FloatArray]:
    """Cut every clip so short that any two and the longest gap fit the window."""
    spec = model.spec
    length = (spec.n_samples - spec.lead_samples - longest_gap) // 2
    if length < 1:
        raise InputError(
            f"a gap of {longest_gap} samples leaves no room for two sounds in the window of {spec.n_samples}, which "
            f"opens {spec.lead_samples} before the clip; lower gap_shares"
        )
    return [clip.waveform[:length] for clip in clips]


def _respond_to_changes(model: Model, clip: Clip, orders: npt.NDArray[np.int64]) -> FloatArray:
    """Return scores of the clip, the clip again, backwards, rotated and permuted: (n_versions, n_classes)."""
    sound = torch.from_numpy(clip.waveform)
    turns = rotations(orders.shape[1])
    changed = [play_backwards(sound)[None], permute_segments(sound, turns), permute_segments(sound, orders)]
    window = open_window(clip, model.spec.n_samples, model.spec.lead_samples).waveform
    return _scores(model, torch.cat([sound.expand(2, -1), *changed]), window)


def _respond_to_pairs(model: Model, heads: Sequence[FloatArray], partners: Sequence[int], gap: int) -> FloatArray:
    """Return scores of A·B and of B·A for every clip as A: (n_clips, 2, n_classes), ``nan`` without a partner."""
    silence = np.zeros(model.spec.n_samples, dtype=np.float32)
    scores = np.full((len(heads), 2, len(model.spec.labels)), np.nan)
    for i, partner in enumerate(partners):
        if partner >= 0:
            pair = (heads[i], heads[partner])
            joined = np.stack([join_sounds(a, b, gap) for a, b in (pair, pair[::-1])])
            scores[i] = _scores(model, torch.from_numpy(joined), silence)
    return scores


def _scores(model: Model, sounds: Tensor, window: FloatArray) -> FloatArray:
    """Lay sounds into a window where its clip begins, and return their scores."""
    first = model.spec.lead_samples
    windows = torch.from_numpy(window).repeat(len(sounds), 1)
    windows[:, first : first + sounds.shape[-1]] = sounds
    with torch.inference_mode():
        scores = torch.cat([model.scores(part) for part in windows.split(_BATCH)])
    return np.asarray(scores.numpy(), dtype=np.float64)


def _by_change(scores: FloatArray, n_segments: int) -> dict[str, FloatArray]:
    """Split versions by the kind of change, each with the clip as it is in front."""
    backwards, rotated, permuted = np.split(scores[:, 2:], [1, n_segments], axis=1)
    changes = {"backwards": backwards, "rotated": rotated, "permuted": permuted}
    return {name: np.concatenate([scores[:, :1], changed], axis=1) for name, changed in changes.items()}


@dataclass(frozen=True, eq=False)
class _Measured:
    """Numbers with intervals of one model on one set of clips."""

    model: Model
    table: ClipTable
    seed: int

    def mean(self, values: FloatArray, bounds: tuple[float, float] | None = (0.0, 1.0)) -> Estimate:
        rng = np.random.default_rng(self.seed)
        return estimate_mean(values, self.table.group_codes, rng=rng, bounds=bounds)

    def difference(self, a: FloatArray, b: FloatArray) -> Estimate:
        return paired_difference(a, b, self.table.group_codes, rng=np.random.default_rng(self.seed))

    def accuracy(self, scores: FloatArray) -> Estimate:
        return self.mean(correctness(top1(scores, 0)[:, :1], self.table.targets)[:, 0])

    def change(self, name: str, scores: FloatArray) -> OrderChange:
        answers = top1(scores, 0)
        widest = {"softmax": 2.0, "sigmoid": float(scores.shape[2])}.get(self.model.spec.activation)
        return OrderChange(
            name,
            sensitivity=self.mean(order_sensitivity(answers, 0)),
            distance=self.mean(order_distance(scores, 0), None if widest is None else (0.0, widest)),
            unchanged=self.mean(all_consistency(answers)),
        )

    def common_answer(self, scores: FloatArray) -> float:
        """Share of the clips that get the commonest answer."""
        counts = np.bincount(np.maximum(top1(scores, 0)[:, 0], 0))
        return float(counts.max() / len(scores))


def _cautions(result: OrderResults, common: float, partners: Sequence[int]) -> Iterator[str]:
    """Say what to know before believing the numbers; of a model without an opinion, nothing else is said of order."""
    if result.noise_floor > ROUNDING:
        yield (
            f"the same input twice gives scores that differ by up to {result.noise_floor:.2g}; nothing below that "
            "counts: is the model in evaluation mode?"
        )
    if np.isnan(result.accuracy.value):
        yield "accuracy: no clip has a label that the model knows, so indifference to order stands alone; give labels"
    if max(partners) < 0:
        yield "joined: no two clips have different labels, so no A·B can be told from B·A; add clips of other classes"
    unchanged, beyond = result.permuted.unchanged, result.order_beyond_place
    if common > MAX_COMMON_ANSWER:
        same = f"the model gives {share_text(common)} of the clips the same answer"
        yield f"{same}: that order does not change it says nothing"
    elif unchanged.value >= TOO_INVARIANT:
        yield (
            f"answers unchanged under permutation for {share_text(unchanged.value)} of clips (95 % interval "
            f"{share_text(unchanged.low)} to {share_text(unchanged.high)}): this model hears which sounds, not their "
            "order; right only where order does not make the label"
        )
    elif not beyond.low > 0:
        yield (
            f"permutations change {share_text(result.permuted.sensitivity.value)} of the answers, rotations, which "
            f"keep the order, {share_text(result.rotated.sensitivity.value)}: what looks like order may be place, or "
            "seams"
        )
