"""The card of a trained model: what it hears, how it was made, and how it did on clips that it never heard.

What is here: `model_card`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..counts import count_text
from ..measure.statistics import Estimate
from ..measure.summary import plain
from .text import interval

if TYPE_CHECKING:
    from ..nets.training_config import TrainingConfig
    from ..trained_model import TrainedModel

__all__ = ["model_card"]


def model_card(model: TrainedModel) -> str:
    """Write the card of a model in Markdown.

    Parameters
    ----------
    model : TrainedModel

    Returns
    -------
    str
    """
    options, training = model.options, model.options.training
    spec = model.result.classifier.config.spec
    n_weights = sum(weights.numel() for weights in model.result.classifier.network.parameters())
    sides = " · ".join(
        f"{side} {count_text(n_clips, 'clip')}, {count_text(model.groups[side], 'group')}"
        for side, n_clips in model.counts.items()
    )
    lines = [
        f"# {options.name}",
        "",
        f"{spec.description}. {n_weights:,} weights, {count_text(len(spec.labels), 'class')}: "
        f"{', '.join(spec.labels)}.",
        "",
        f"- **Input**: {spec.sample_rate / 1000:g} kHz mono, a window of {spec.window_seconds:g} s that opens "
        f"{spec.lead_samples / spec.sample_rate:g} s before the clip. Nothing is normalised.",
        f"- **Training**: seed {training.seed}, best of {count_text(len(model.result.history), 'epoch')} was number "
        f"{model.result.best_epoch}; jitter: {_jitter(training)}.",
        f"- **Data**: {Path(model.corpus).name}; {sides}.",
        f"- **Kept apart**: no group is on two sides, and {count_text(model.n_dropped, 'clip')} whose decoded sound "
        f"stands in the corpus already {'was' if model.n_dropped == 1 else 'were'} dropped before the split.",
        f"- **Held-out accuracy**: {interval(plain(model.accuracy), 3)}, n = {count_text(model.accuracy.n, 'clip')} "
        f"from {count_text(model.accuracy.n_groups, 'group')}"
        f"{f' (95 % interval over {model.accuracy.unit}s)' if model.accuracy.n > 1 else ', which has no interval'}.",
        f"- **Baseline** (logistic regression on mean and deviation of 20 MFCC, same windows): "
        f"{interval(plain(model.baseline), 3)}. Paired difference: {_signed(model.gain)}.",
        f"- **Command**: `{model.command}`",
        "",
        *_confusions(model, spec.labels),
    ]
    return "\n".join(lines) + "\n"


def _jitter(training: TrainingConfig) -> str:
    told = [
        f"delay ±{1000 * training.time_jitter_seconds:g} ms" if training.time_jitter_seconds else "",
        f"frequency shift ±{training.frequency_jitter_hz:g} Hz" if training.frequency_jitter_hz else "",
        f"mel bins ±{training.bin_jitter}" if training.bin_jitter else "",
        f"pitch ±{training.pitch_jitter_semitones:g} semitones" if training.pitch_jitter_semitones else "",
        f"level ±{training.gain_jitter_db:g} dB" if training.gain_jitter_db else "",
        *(f"{grid.axis} {grid}" for grid in training.changes),
        f"mixup {training.mixup:g}" if training.mixup else "",
    ]
    return ", ".join(filter(None, told)) or "none"


def _confusions(model: TrainedModel, labels: Sequence[str]) -> Iterator[str]:
    yield "| true \\ answered | " + " | ".join(labels) + " |"
    yield "|---" * (len(labels) + 1) + "|"
    for label in labels:
        counts = model.confusion.get(label, Counter())
        yield f"| {label} | " + " | ".join(str(counts[answer] or "·") for answer in labels) + " |"


def _signed(estimate: Estimate) -> str:
    bounds = f" [{estimate.low:+.3f}, {estimate.high:+.3f}]" if estimate.n > 1 else ""
    return f"{estimate.value:+.3f}{bounds}"
