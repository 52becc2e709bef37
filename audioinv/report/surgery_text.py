"""What came of surgery in words and columns: the same numbers as ``surgery.json``, nothing else.

Conventions
-----------
Functions take the document of a surgery and return lines; they print nothing. A difference is the variant's value minus
the model's; an undefined number is a dash.

What is here: `surgery_lines`, `table_lines`, `surgery_headline`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..counts import count_text
from .text import aligned, interval, wrapped
from .wording import axis_title, range_text

__all__ = ["surgery_headline", "surgery_lines", "table_lines"]

Document = Mapping[str, Any]

_LEVEL = 0.05
_EXPLAINED = (
    "time, frequency and pitch: share of the shifts at which the answer is that to the unshifted clip, mean over clips"
)
_N_LAYERS = 12


def surgery_lines(document: Document) -> list[str]:
    """Lay out what came of surgery for a terminal.

    Parameters
    ----------
    document : mapping
        Of a surgery.

    Returns
    -------
    list of str
    """
    lines = [_sample_text(document), ""]
    header = ["", "before", "after", "change [95 % interval]", "p (Holm)", "could have seen"]
    rows = [header]
    for axis in ["", *document["axes"]]:
        rows.append([_measure_name(document, axis), *[""] * (len(header) - 1)])
        rows += [_difference_row(variant["name"], _difference(variant, axis)) for variant in document["variants"]]
    lines += [*aligned(rows), "", *wrapped(_EXPLAINED), "", *aligned(_cost_rows(document)), ""]
    lines += wrapped(surgery_headline(document))
    lines += ["", *_layer_lines(document)]
    for warning in document["warnings"]:
        lines += wrapped(f"! {warning}")
    return [*lines, ""]


def _sample_text(document: Document) -> str:
    groups = f" in {count_text(document['n_groups'], 'group')}" if document["n_groups"] < document["n_clips"] else ""
    accuracy = document["original"]["accuracy"]
    right = "no labels" if accuracy["value"] is None else f"accuracy {interval(accuracy)} unshifted"
    return f"{document['model']} ({document['format']}): {count_text(document['n_clips'], 'clip')}{groups} · {right}"


def _measure_name(document: Document, axis: str) -> str:
    if not axis:
        return "accuracy, unshifted"
    found = document["axes"][axis]
    edges = f" ({found['edges']})" if found["edges"] else ""
    return f"{axis_title(axis)} {range_text(found)}{edges}"


def _difference(variant: Mapping[str, Any], axis: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(one for one in variant["differences"] if one["axis"] == axis)
    return found


def _difference_row(name: str, one: Mapping[str, Any]) -> list[str]:
    detectable = one["detectable"]
    return [
        f"  {name}",
        _number(one["before"]),
        _number(one["after"]),
        _signed_interval(one["difference"]),
        _p_text(one["p_adjusted"]),
        "–" if detectable is None else f"±{detectable:.2f}",
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _signed_interval(estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return "–"
    if estimate["low"] is None:
        return _signed(estimate["value"])
    return f"{_signed(estimate['value'])} [{_signed(estimate['low'])}, {_signed(estimate['high'])}]"


def _p_text(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if value >= 0.001 else "< 0.001"


def _cost_rows(document: Document) -> list[list[str]]:
    """Lay out what every variant costs, and how far its answers are the model's own."""
    base = document["original"]["multiply_adds"]
    rows = [["", "answers as before", "multiply-adds", "time", "layers changed"]]
    rows.append([document["model"], "", "–" if base is None else _count(base), "1", ""])
    for variant in document["variants"]:
        ratio = variant["multiply_adds_ratio"]
        rows.append(
            [
                f"  {variant['name']}",
                interval(variant["same_as_original"]),
                "–" if ratio is None else f"× {ratio:.2f}",
                f"× {interval(variant['time_ratio'])}",
                str(len(variant["layers"]) or "–"),
            ]
        )
    return rows


def _count(number: float) -> str:
    size, unit = next((pair for pair in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if number >= pair[0]), (1, ""))
    return f"{number / size:.3g} {unit}".strip()


def _layer_lines(document: Document) -> list[str]:
    """Say which downsampling the network has."""
    layers = [layer for layer in document["layers"] if not layer["obstacle"]]
    if not any(variant["layers"] for variant in document["variants"]):
        return []
    rows = [
        [
            f"  {layer['name']}",
            layer["kind"],
            f"window {_times(layer['width'])}",
            f"step {_times(layer['stride'])}",
            f"{_times(layer['size'])} → {_times(layer['size_after'])}",
        ]
        for layer in layers
    ]
    more = [f"  and {len(rows) - _N_LAYERS} more"] if len(rows) > _N_LAYERS else []
    return ["downsampling that was replaced", *aligned(rows[:_N_LAYERS]), *more, ""]


def _times(numbers: Sequence[int]) -> str:
    return " × ".join(map(str, numbers))


def surgery_headline(document: Document) -> str:
    """Say what is shown of any variant, or how much would have been missed.

    Parameters
    ----------
    document : mapping
        Of a surgery.

    Returns
    -------
    str
    """
    tested = [(variant["name"], one) for variant in document["variants"] for one in variant["differences"]]
    shown = [(name, one) for name, one in tested if one["p_adjusted"] is not None and one["p_adjusted"] < _LEVEL]
    n_tests = sum(one["p_adjusted"] is not None for _, one in tested)
    if shown:
        told = "; ".join(f"{name}: {_short(one)} {_signed(one['difference']['value'])}" for name, one in shown)
        return f"shown at 5 % after Holm's correction over {count_text(n_tests, 'test')}: {told}."
    seen = [one["detectable"] for _, one in tested if one["axis"] and one["detectable"] is not None]
    missed = f"; one in consistency below {min(seen):.2f} would most likely have been missed" if seen else ""
    return f"no difference is shown after Holm's correction over {count_text(n_tests, 'test')}{missed}."


def _short(one: Mapping[str, Any]) -> str:
    return f"consistency in {axis_title(one['axis'])}" if one["axis"] else "accuracy"


def table_lines(document: Document) -> list[str]:
    """Lay out all variants as a table in Markdown.

    Parameters
    ----------
    document : mapping
        Of a surgery.

    Returns
    -------
    list of str
    """
    axes = list(document["axes"])
    header = ["variant", "accuracy", *(f"consistency, {axis_title(axis)}" for axis in axes)]
    header += ["answers as before", "multiply-adds", "time", "layers changed"]
    rows = [header, ["---"] * len(header)]
    for variant in document["variants"]:
        ratio = variant["multiply_adds_ratio"]
        rows.append(
            [
                variant["name"],
                *(_before_after(_difference(variant, axis)) for axis in ["", *axes]),
                interval(variant["same_as_original"]),
                "–" if ratio is None else f"× {ratio:.2f}",
                f"× {interval(variant['time_ratio'])}",
                ", ".join(variant["layers"]) or "–",
            ]
        )
    return [
        f"# What other downsampling does to {document['model']}",
        "",
        surgery_headline(document),
        "",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        f"{_sample_text(document)}. Differences are paired, clip by clip, with 95 % intervals over groups; time is the "
        "median of rounds in which all variants answer the same windows in turn. Averages are of scores.",
        "",
        *(f"- ! {warning}" for warning in document["warnings"]),
    ]


def _before_after(one: Mapping[str, Any]) -> str:
    if one["difference"]["value"] is None:
        return "–"
    p_value = f", p {_p_text(one['p_adjusted'])}".replace("p < ", "p < ")
    return f"{_number(one['before'])} → {_number(one['after'])}, {_signed_interval(one['difference'])}{p_value}"
