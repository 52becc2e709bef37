"""Clips, planted answers and the summary of them, which must fit its schema."""

import json
from pathlib import Path

import jsonschema
import numpy as np

from audioinv.measure import summary
from audioinv.measure.cliptable import ClipTable
from audioinv.measure.summary import SCHEMA_VERSION, summarize_model

SCHEMA = json.loads(Path(summary.__file__).with_name("summary.schema.json").read_text(encoding="utf-8"))
CLASSES = ("hat", "kick", "snare")
SHIFTS = np.arange(-50.0, 51.0, 10.0)
MEASURES = (
    "consistency",
    "pair_consistency",
    "all_consistency",
    "top1_change",
    "worst_accuracy",
    "mac",
    "mac_neighbours",
    "wobble",
    "js_drift",
    "accuracy_at_zero",
    "k_consistency",
    "unchanged",
    "mean_accuracy",
    "total_variation",
    "excess_variation",
    "rank_distance",
    "brier_drift",
    "log_loss_drift",
)


def one_hot(answers, n_classes=3):
    return np.eye(n_classes)[answers]


def table(n_clips=12, classes=CLASSES, **columns):
    labels = tuple(CLASSES[number % 3] for number in range(n_clips))
    groups = tuple(f"kit {number}" for number in range(n_clips))
    columns = {"labels": labels, "groups": groups} | columns
    return ClipTable(tuple(f"clip {number:02}" for number in range(n_clips)), classes, **columns)


def planted_answers():
    """Twelve clips, all right at 0; the first four answer the next class from 30 ms on, either way."""
    clean = np.arange(12) % 3
    answers = np.repeat(clean[:, None], len(SHIFTS), axis=1)
    answers[:4, np.abs(SHIFTS) >= 30] = (clean[:4, None] + 1) % 3
    return answers


def random_scores(seed, n_clips=12):
    generator = np.random.default_rng(seed)
    clean = generator.normal(0, 2, (n_clips, 1, 3))
    scores = np.exp(clean + generator.normal(0, 0.02, (n_clips, len(SHIFTS), 3)) * np.abs(SHIFTS)[:, None])
    return scores / scores.sum(axis=2, keepdims=True)


def summarize(axes, clips, **options):
    options = {"controls": {}, "rng_seed": 0} | options
    return summarize_model({responses.axis: responses for responses in axes}, clips, **options)


def validate(*models):
    document = {
        "schema_version": SCHEMA_VERSION,
        "run": {"seed": 0},
        "models": {f"model {number}": model for number, model in enumerate(models)},
    }
    jsonschema.validate(json.loads(json.dumps(document, allow_nan=False)), SCHEMA)
