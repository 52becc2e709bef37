"""The card of a trained model: what it hears, how it was made, and how it did on clips that it never heard.

What is here: `model_card`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ..measure.statistics import Estimate

if TYPE_CHECKING:
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
    jitter = [
        f"delay ±{1000 * training.time_jitter_seconds:g} ms" if training.time_jitter_seconds else "",
        f"frequency shift ±{training.frequency_jitter_hz:g} Hz" if training.frequency_jitter_hz else "",
        f"mel bins ±{training.bin_jitter}" if training.bin_jitter else "",
        f"pitch ±{training.pitch_jitter_semitones:g} semitones" if training.pitch_jitter_semitones else "",
        f"level ±{training.gain_jitter_db:g} dB" if training.gain_jitter_db else "",
        *(f"{grid.axis} {grid}" for grid in training.changes),
        f"mixup {training.mixup:g}" if training.mixup else "",
    ]
    sides = " · ".join(f"{side} {model.counts[side]} clips, {model.groups[side]} groups" for side in model.counts)
    lines = [
        f"# {options.name}",
        "",
        f"{spec.description}. {n_weights:,} weights, {len(spec.labels)} classes: {', '.join(spec.labels)}.",
        "",
        f"- **Input**: {spec.sample_rate / 1000:g} kHz mono, a window of {spec.window_seconds:g} s that opens "
        f"{spec.lead_samples / spec.sample_rate:g} s before the clip. Nothing is normalised.",
        f"- **Training**: seed {training.seed}, best of {len(model.result.history)} epochs was number "
        f"{model.result.best_epoch}; jitter: {', '.join(filter(None, jitter)) or 'none'}.",
        f"- **Data**: {Path(model.corpus).name}; {sides}.",
        f"- **Kept apart**: no group is on two sides, and {model.n_dropped} clips whose decoded sound stands in the "
        "corpus already were dropped before the split.",
        f"- **Held-out accuracy**: {_percent(model.accuracy)}, n = {model.accuracy.n} clips from "
        f"{model.accuracy.n_groups} groups (95 % interval over {model.accuracy.unit}s).",
        f"- **Baseline** (logistic regression on mean and deviation of 20 MFCC, same windows): "
        f"{_percent(model.baseline)}. Paired difference: {_signed(model.gain)}.",
        f"- **Command**: `{model.command}`",
        "",
        "| true \\ answered | " + " | ".join(spec.labels) + " |",
        "|---" * (len(spec.labels) + 1) + "|",
    ]
    for label in spec.labels:
        counts = model.confusion.get(label, Counter())
        lines.append(f"| {label} | " + " | ".join(str(counts[answer] or "·") for answer in spec.labels) + " |")
    return "\n".join(lines) + "\n"


def _percent(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.3f} [{estimate.low:+.3f}, {estimate.high:+.3f}]"
