"""A summary in words and columns for a terminal: the same numbers as ``summary.json``, nothing else.

Conventions
-----------
As in `audioinv.report.text`. Functions return lines and print nothing.

What is here: `model_line` and `plan_lines`, before an analysis; `summary_lines`, `verdict`, `reference_line`,
`frame_line`, after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..counts import count_text
from ..measure.multilabel import THRESHOLD
from ..nets.model import Model
from ..sweep.plan import plan_sweep
from .text import aligned, amount, interval, size, wrapped
from .wording import is_reason, range_text, share_text, shown_name

if TYPE_CHECKING:
    from ..analysis import AnalysisOptions
    from ..corpus.entries import Corpus
    from .results import Results

__all__ = ["frame_line", "model_line", "plan_lines", "reference_line", "summary_lines", "verdict"]

_AXIS_WORDS = {
    "time": "a delay",
    "freq": "a frequency shift",
    "pitch": "a pitch shift",
    "bins": "a shift of the spectrogram's bins",
    "stretch": "a stretch",
    "speed": "a change of speed",
    "gain": "a change of level",
    "noise": "noise",
    "filter": "a filter",
    "reverb": "reverberation",
    "mask": "a mask",
    "reverse": "reversed stretches",
    "order": "shuffled segments",
    "polarity": "a turn of phase",
    "resolution": "a loss of resolution",
}
_N_WORST = 3
_NAME_WIDTH = 70


def model_line(model: Model, device: str) -> str:
    """Say in one line what a model is.

    Parameters
    ----------
    model : Model
    device : str

    Returns
    -------
    str
    """
    spec = model.spec
    facts = [
        f"{spec.sample_rate / 1000:g} kHz",
        f"{spec.window_seconds:g} s window",
        count_text(len(spec.labels), "class"),
    ]
    if spec.description:
        facts.append(spec.description)
    return f"model   {spec.name} · {' · '.join(facts)} · {device}"


def plan_lines(models: Sequence[Model], corpus: Corpus, options: AnalysisOptions) -> list[str]:
    """Say what will be done.

    Parameters
    ----------
    models : sequence of Model
    corpus : Corpus
        Only what will be heard.
    options : AnalysisOptions

    Returns
    -------
    list of str
    """
    n_clips = len(corpus.entries)
    groups = {entry.group for entry in corpus.entries if entry.group is not None}
    clips = [count_text(n_clips, "clip"), count_text(len(corpus.labels), "class") if corpus.labels else "no labels"]
    if groups:
        clips.append(count_text(len(groups), "group"))
        n_alone = sum(entry.group is None for entry in corpus.entries)
        clips.extend([f"{count_text(n_alone, 'clip')} without a group"] if n_alone else [])
    lines = [f"clips   {' · '.join(clips)} ({corpus.layout})"]
    for model in models:
        plan = plan_sweep(
            model, options.grids, edges=options.edges, pitch_engine=options.pitch_engine, seed=options.seed
        )
        lines.append(f"plan    {' · '.join(f'{grid.axis} {grid}' for grid in plan.grids)}")
        lines.append(
            f"        {n_clips * plan.n_shifts:,} predictions · edges {plan.edges} · "
            f"pitch engine {plan.pitch_engine} · seed {plan.seed}"
        )
    return lines


def _row(name: str, axis: Mapping[str, Any]) -> list[str]:
    worst = axis["worst_shift"]
    clean, least = axis["accuracy_at_zero"], axis["worst_accuracy"]
    accuracy = "–" if clean["value"] is None else f"{clean['value']:.2f} → {min(_known(axis['accuracy_curve'])):.2f}"
    every = "–" if least["value"] is None else f"{least['value']:.2f}"
    flip = axis["minimal_flip_shift"]
    median = size(flip["median"], axis["unit"]) if flip["median"] is not None else "beyond range"
    at = "–" if worst["shift"] is None else amount(worst["shift"], axis["unit"])
    if worst["consistency"] == 1:
        at = "none"
    return [f"{name} {range_text(axis)}", interval(axis["consistency"]), accuracy, every, at, median]


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


_HEADER = (
    ("", "same answer as unshifted", "accuracy", "right at", "worst", "median"),
    ("", "mean [95 % interval]", "0 → worst", "every shift", "shift", "flip"),
)


def verdict(results: Results, name: str) -> str:
    """Contrast time with frequency in one plain sentence.

    Parameters
    ----------
    results : Results
    name : str
        Of a model.

    Returns
    -------
    str
    """
    summary = results.document["models"][name]
    contrast, axes = summary["contrast"], summary["axes"]
    if contrast["difference"]["value"] is None:
        kept = [
            f"{_share(axis['consistency'])} under {_AXIS_WORDS[key]} ({range_text(axis)})" for key, axis in axes.items()
        ]
        return f"{name} keeps {', '.join(kept)}."
    frequency = contrast["frequency_axis"]
    time_text = f"{_share(contrast['time_consistency'])} under {_AXIS_WORDS['time']} ({range_text(axes['time'])})"
    frequency_text = (
        f"{_share(contrast['frequency_consistency'])} under {_AXIS_WORDS[frequency]} ({range_text(axes[frequency])})"
    )
    return f"{name} keeps {time_text} and {frequency_text}: {_difference(contrast)}."


def _share(estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return "–"
    # By way of the two decimals that the table shows, so that both round alike.
    return f"{100 * float(format(estimate['value'], '.2f')):.0f} % of its answers"


def _difference(contrast: Mapping[str, Any]) -> str:
    difference, detectable = contrast["difference"], contrast.get("detectable")
    value, low, high = (difference[key] for key in ("value", "low", "high"))
    if low is None or high is None:
        text = f"{value:+.2f}".replace("-", "−")
        return f"a difference of {text}, of which one recording cannot say how sure it is"
    if low > 0:
        return f"it is steadier in time than in frequency, by {value:.2f} [{low:.2f}, {high:.2f}]"
    if high < 0:
        return f"it is steadier in frequency than in time, by {-value:.2f} [{-high:.2f}, {-low:.2f}]"
    missed = "" if detectable is None else f", and one below {detectable:.2f} would most likely be missed"
    text = f"{value:+.2f} [{low:+.2f}, {high:+.2f}]".replace("-", "−")
    return f"no difference between time and frequency is shown ({text}){missed}"


def summary_lines(results: Results) -> list[str]:
    """Lay out a summary for a terminal.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of str
    """
    lines: list[str] = []
    for name, summary in results.document["models"].items():
        alarm, warnings = _alarm_and_warnings(summary)
        lines += [*alarm, "", _headline(results, name), ""]
        lines += aligned([*map(list, _HEADER), *(_row(axis, found) for axis, found in summary["axes"].items())])
        lines += ["", *wrapped(verdict(results, name)), "", *_label_lines(summary["axes"])]
        lines += wrapped(frame_line(summary))
        lines += [*_detectable_lines(summary["axes"]), *_class_lines(summary["axes"])]
        lines += [*_worst_lines(summary["axes"]), *_period_lines(summary["axes"])]
        lines += [*_control_lines(summary["controls"]), *wrapped(reference_line(summary))]
        for warning in warnings:
            lines += wrapped(f"! {warning}")
    return [*lines, ""]


def _headline(results: Results, name: str) -> str:
    """Say how many clips a model was tried on, and how often it was right before any shift."""
    clips, summary = results.responses[name].clips, results.document["models"][name]
    analysed = f"{name}: {len(clips)} of {len(clips) + len(results.failures)} clips analysed"
    accuracy = summary["accuracy"]
    if accuracy["value"] is not None:
        return f"{analysed} · accuracy {interval(accuracy)} unshifted, n = {accuracy['n']}"
    labels = "no labels of its classes" if any(clip.label is not None for clip in clips) else "no labels"
    first = next(iter(summary["axes"].values()))
    return f"{analysed} · {labels}, n = {first['consistency']['n']}"


def _alarm_and_warnings(summary: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Tell what must stand in the first line from what comes last."""
    warnings = [warning for warning in summary["warnings"] if not is_reason(warning)]
    references = summary.get("references")
    if references is None or references["separated"]:
        return [], warnings
    return wrapped(f"! {warnings[0]}"), warnings[1:]


def reference_line(summary: Mapping[str, Any]) -> str:
    """Set a model between the references that ran beside it.

    Parameters
    ----------
    summary : mapping
        Of a model.

    Returns
    -------
    str
        Empty where none ran.
    """
    references = summary.get("references")
    if references is None:
        return ""
    told = [
        f"{name.replace('_', ' ')} {found['consistency']['value']:.2f}" for name, found in references["models"].items()
    ]
    clips = f"{references['n_clips']} clips, circular delays of {range_text(references)}"
    return f"references ({clips}) keep: {' · '.join(told)}"


def frame_line(summary: Mapping[str, Any]) -> str:
    """Say whether the answers of a model along time move along with a delay.

    Parameters
    ----------
    summary : mapping
        Of a model.

    Returns
    -------
    str
        Empty for a model that answers once.
    """
    found = summary.get("frames")
    if not found:
        return ""
    return (
        f"frames ({found['n_frames']}, every {found['frame_ms']:.4g} ms) moved along with the delay say the same: "
        f"{interval(found['same'])}; left in place: {interval(found['in_place'])} · best lag "
        f"off by {interval(found['lag_error'])} frames ({count_text(found['n_clips'], 'clip')}, "
        f"{count_text(len(found['shifts']), 'delay')})"
    )


def _detectable_lines(axes: Mapping[str, Any]) -> list[str]:
    """Say how small a change of the consistency these clips can show."""
    told = [
        f"{axis['detectable_change']:.2f} in {name}" for name, axis in axes.items() if axis.get("detectable_change")
    ]
    return wrapped(f"could have seen a change of the first column by: {' · '.join(told)}") if told else []


def _label_lines(axes: Mapping[str, Any]) -> list[str]:
    """Say, of a model that can answer with several labels, how often the same ones are on."""
    told = [f"{interval(found['same_labels'])} in {name}" for name, found in axes.items() if "same_labels" in found]
    on = f"labels on (score {THRESHOLD:g} or more) stay the same: "
    return wrapped(on + " · ".join(told)) if told else []


def _class_lines(axes: Mapping[str, Any]) -> list[str]:
    """Name the classes that a shift moves more than the others, or less."""
    lines = []
    for axis, found in axes.items():
        flagged = [one for one in found.get("by_class", ()) if one["stands_out"] != "no"]
        told = [f"{one['name']} {one['value']:.2f} ({one['stands_out']} the others)" for one in flagged]
        lines += wrapped(f"classes that stand out in {axis}: {' · '.join(told)}") if told else []
    return lines


def _worst_lines(axes: Mapping[str, Any]) -> list[str]:
    lines = []
    for axis, found in axes.items():
        worst = [
            f"{shown_name(clip['name'], _NAME_WIDTH)} {clip['consistency']:.2f}"
            for clip in found["worst_clips"][:_N_WORST]
        ]
        if worst:
            lines += wrapped(f"least steady in {axis}: {' · '.join(worst)}")
    return lines


def _period_lines(axes: Mapping[str, Any]) -> list[str]:
    """Say which hop or stride the response over delay repeats with."""
    peaks = axes.get("time", {}).get("periods") or []
    told = [f"{peak['matches']} ({share_text(peak['share'])})" for peak in peaks if "matches" in peak]
    return wrapped(f"the response to a delay repeats every {' · '.join(told)} of its variation") if told else []


def _control_lines(controls: Mapping[str, Any]) -> list[str]:
    """Say what the tool's own handling of the sound does to the answers."""
    words = {
        "pitch.engine_at_zero": "pitch engine at 0 keeps",
        "pitch.there_and_back": "pitch engine there and back keeps",
        "freq.there_and_back": "frequency shift there and back keeps",
    }
    told = [f"{words[name]} {interval(control['consistency'])}" for name, control in controls.items() if name in words]
    return wrapped(f"controls: {' · '.join(told)}") if told else []
