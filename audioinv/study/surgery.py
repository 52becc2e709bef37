"""What other downsampling, or an average over delays, would buy a model that somebody else trained.

Conventions
-----------
A variant is the model with something else in the place of its downsampling, or with its scores averaged over delays;
its weights are those of the model, and nothing is trained anew. Model and variants hear the same clips at the same
shifts. A difference is the variant's value minus the model's, clip by clip; the p values of all variants, axes and
accuracies are adjusted together (Holm). A folder holds the answers as `analyze` leaves them, and ``surgery.json``,
``table.md`` and ``figures/surgery.png`` beside them.

What is here: `SurgeryAnswer`, `study_surgery`, `save_surgery`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..analysis import analyze_models
from ..corpus.entries import CorpusEntry
from ..errors import InputError, ModelError
from ..measure import outcome
from ..measure.cliptable import ClipTable
from ..measure.matching import Compared, pair_sweeps
from ..measure.multiplicity import holm
from ..measure.pairing import MeasureDifference
from ..measure.statistics import Estimate, estimate_mean
from ..measure.summary import plain
from ..nets.model import Model
from ..nets.surgery.network import survey_network
from ..report.figures import save_figure
from ..report.results import Results
from ..report.run_files import write_json
from ..report.surgery_figure import surgery_figure
from ..report.surgery_text import table_lines
from ..report.wording import is_reason
from ..sound.clip import Clip
from ..sweep.units import versions
from .surgery_cost import Cost, measure_costs
from .surgery_variants import ALONG, SurgeryOptions, SurgeryVariant, make_variants

__all__ = ["SurgeryAnswer", "save_surgery", "study_surgery"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class SurgeryAnswer:
    """What came of surgery.

    Parameters
    ----------
    results : Results
        Every answer of the model and its variants, as an analysis of them.
    document : mapping
        The content of ``surgery.json``; empty if no clip could be analysed.
    """

    results: Results
    document: Mapping[str, Any]


def study_surgery(
    model: Model,
    clips: Iterable[Clip | CorpusEntry],
    options: SurgeryOptions,
    *,
    on_clip: Callable[[str], None] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> SurgeryAnswer:
    """Find out what other downsampling, or an average over delays, does to a model's consistency, accuracy and cost.

    Parameters
    ----------
    model : Model
        Stays as it is.
    clips : iterable of Clip or CorpusEntry
    options : SurgeryOptions
    on_clip : callable, optional
        Called after each clip, for progress.
    provenance : mapping, optional
        Joins ``run.json``.

    Returns
    -------
    SurgeryAnswer

    Raises
    ------
    ModelError
        If replacements are asked for and there is nothing to replace.
    InputError
        If a grid does not suit the model.
    """
    survey = survey_network(model, max_stride=options.max_stride, axes=ALONG[options.along])
    variants, notes = make_variants(model, survey, options)
    if not variants:
        raise ModelError(f"{model.spec.name}: nothing is left to try: {'; '.join(notes)}")
    analysis = replace(options.analysis, engine="batched", references=False)
    models = [model, *(variant.model for variant in variants)]
    results = analyze_models(models, clips, analysis, on_clip=on_clip, provenance=provenance)
    if not results.responses:
        return SurgeryAnswer(results, {})
    costs = measure_costs(models)
    document = {
        "schema_version": SCHEMA_VERSION,
        "study": "surgery",
        "model": model.spec.name,
        "format": model.provenance.format if model.provenance else "audioinv",
        "weights_sha256": model.fingerprint,
        **_sample(results, model),
        "along": options.along,
        "max_stride": options.max_stride,
        "wraps_around": sorted(survey.layout.wrapped, reverse=True),
        "layers": survey.found,
        "original": _original(results, model, costs[0]),
        "variants": _judged(results, model, variants, costs, options.analysis.seed),
        "versions": versions(),
        "warnings": [*notes, *_doubts(results, model)],
    }
    return SurgeryAnswer(results, plain(document))


def _sample(results: Results, model: Model) -> dict[str, Any]:
    """Return how many clips there were, and along which axes they were shifted."""
    responses = results.responses[model.spec.name]
    codes = ClipTable.of_responses(responses).group_codes
    return {
        "n_clips": len(responses.clips),
        "n_groups": len(responses.clips) if codes is None else len(np.unique(codes)),
        "axes": {
            name: {"unit": axis.unit, "shifts": axis.shifts, "edges": axis.edges}
            for name, axis in responses.axes.items()
        },
    }


def _original(results: Results, model: Model, cost: Cost) -> dict[str, Any]:
    summary = results.document["models"][model.spec.name]
    return {
        "accuracy": summary["accuracy"],
        "consistency": {name: axis["consistency"] for name, axis in summary["axes"].items()},
        "multiply_adds": cost.multiply_adds,
    }


def _judged(
    results: Results, model: Model, variants: Sequence[SurgeryVariant], costs: Sequence[Cost], seed: int
) -> list[dict[str, Any]]:
    """Compare every variant with the model, and adjust all p values together."""
    original = _compared(results, model)
    found = [_differences(_compared(results, variant.model), original, seed) for variant in variants]
    adjusted = iter(holm([one.p_value for differences in found for one in differences]))
    return [
        {
            "name": variant.name,
            "layers": [one.name for one in variant.changed],
            "differences": [_told(one, float(next(adjusted))) for one in differences],
            "same_as_original": _same_answers(_compared(results, variant.model), original, seed),
            "multiply_adds": cost.multiply_adds,
            "multiply_adds_ratio": cost.multiply_adds / costs[0].multiply_adds,
            "time_ratio": {"value": cost.time_ratio, "low": cost.low, "high": cost.high, "n": cost.n_rounds},
        }
        for variant, differences, cost in zip(variants, found, costs[1:], strict=True)
    ]


def _compared(results: Results, model: Model) -> Compared:
    name = model.spec.name
    floor = results.document["models"][name]["controls"].get("noise_floor") or 0.0
    return Compared(name, results.responses[name], noise_floor=floor)


def _differences(variant: Compared, original: Compared, seed: int) -> list[MeasureDifference]:
    """Return the difference in accuracy without a shift, and in consistency along every axis."""
    pairs = {axis: pair_sweeps(variant, original, axis, seed=seed) for axis in original.responses.axes}
    shifted = [pair for pair in pairs.values() if pair is not None]
    if not shifted:
        raise InputError("every grid holds no shift but 0; nothing can be compared")
    accuracy = replace(shifted[0].difference("accuracy_at_zero"), axis="", measure="accuracy")
    return [accuracy, *(pair.difference("consistency") for pair in shifted)]


def _told(one: MeasureDifference, p_adjusted: float) -> dict[str, Any]:
    told = asdict(replace(one, p_adjusted=p_adjusted))
    return {"after": told.pop("first"), "before": told.pop("second"), **told}


def _same_answers(variant: Compared, original: Compared, seed: int) -> Estimate:
    """Return the share of clips to which both answer the same without a shift."""
    answers = []
    for side in (variant, original):
        axis = next(iter(side.responses.axes.values()))
        answers.append(outcome.top1(axis.scores, axis.zero, side.noise_floor)[:, axis.zero])
    same = np.where((answers[0] < 0) | (answers[1] < 0), np.nan, answers[0] == answers[1])
    groups = ClipTable.of_responses(original.responses).group_codes
    return estimate_mean(same, groups, rng=np.random.default_rng(seed))


def _doubts(results: Results, model: Model) -> list[str]:
    """Return what the analysis of the model itself warns of; why a number is undefined is said where it stands."""
    return [text for text in results.document["models"][model.spec.name]["warnings"] if not is_reason(text)]


def save_surgery(answer: SurgeryAnswer, folder: Path, *, overwrite: bool = False) -> Path:
    """Write what came of surgery: answers, numbers, table, figure.

    Parameters
    ----------
    answer : SurgeryAnswer
        With a document.
    folder : Path
    overwrite : bool, default False
        Whether an earlier run may be replaced.

    Returns
    -------
    Path
    """
    target = answer.results.save(folder, overwrite=overwrite)
    write_json(target / "surgery.json", answer.document)
    (target / "table.md").write_text("\n".join(table_lines(answer.document)) + "\n", encoding="utf-8")
    save_figure(surgery_figure(answer.document), target / "figures" / "surgery.png")
    return target
