"""What surgery buys and costs: marks lie where differences are, what is undefined has none, the legend names all."""

import copy

import pytest

from audioinv.errors import InputError
from audioinv.report.surgery_figure import plot_surgery, surgery_figure


def share(value, low=None, high=None):
    return {"value": value, "low": low, "high": high}


def variant(name, ratio, accuracy, **differences):
    by_axis = {**differences, "": accuracy}
    return {
        "name": name,
        "multiply_adds_ratio": ratio,
        "time_ratio": share(2.0),
        "same_as_original": share(0.9, 0.8, 0.95),
        "differences": [
            {"axis": axis, "difference": one, "p_adjusted": 0.5, "detectable": 0.1} for axis, one in by_axis.items()
        ],
    }


@pytest.fixture
def surgery():
    return {
        "model": "<b>net</b>",
        "axes": {axis: {"unit": unit, "shifts": [-2.0, 0.0, 2.0]} for axis, unit in (("time", "ms"), ("pitch", "st"))},
        "variants": [
            variant(
                "blur3", 1.5, time=share(0.2, 0.1, 0.3), pitch=share(0.0, -0.1, 0.1), accuracy=share(-0.1, -0.2, 0)
            ),
            variant("mean", None, time=share(0.1), pitch=share(None), accuracy=share(0.05, 0, 0.1)),
        ],
    }


def marks(ax):
    """Return where each mark lies, by its label."""
    marked = [line for line in ax.lines if line.get_marker() not in ("None", "")]
    return {line.get_label(): line.get_xydata().tolist() for line in marked}


def bars(ax):
    return [line.get_xydata().tolist() for line in ax.lines if line.get_alpha() == 0.7]


def test_marks_lie_where_the_differences_are_and_bars_are_their_intervals(surgery):
    ax = plot_surgery(surgery, "time")
    assert marks(ax) == {
        "blur3 (× 1.5 multiply-adds, × 2 time)": [[0.2, -0.1]],
        "mean (× 2 time)": [[0.1, 0.05]],
    }
    assert [[0.1, -0.1], [0.3, -0.1]] in bars(ax)
    assert [[0.2, -0.2], [0.2, 0.0]] in bars(ax)
    assert [[0.1, 0.05], [0.1, 0.05]] in bars(ax)  # without an interval, a point
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("change of consistency", "change of accuracy")


def test_what_is_undefined_has_no_mark_but_stands_in_the_legend(surgery):
    assert marks(plot_surgery(surgery, "pitch"))["mean (× 2 time)"] == []
    turned = {**surgery, "axes": dict(reversed(surgery["axes"].items()))}
    (legend,) = surgery_figure(turned).legends
    assert [text.get_text()[:5] for text in legend.get_texts()] == ["blur3", "mean "]


def test_without_labels_the_answers_that_changed_stand_in_for_accuracy(surgery):
    unlabelled = copy.deepcopy(surgery)
    for one in unlabelled["variants"]:
        one["differences"][-1]["difference"] = share(None)
    ax = plot_surgery(unlabelled, "time")
    assert ax.get_ylabel() == "change of answers, unshifted"
    assert marks(ax)["mean (× 2 time)"] == [[0.1, pytest.approx(-0.1)]]


def test_panels_share_their_scales_and_only_the_left_one_is_labelled(surgery):
    first, second = surgery_figure(surgery).axes
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("time ±2 ms", "pitch ±2 st")
    assert (first.get_xlim(), first.get_ylim()) == (second.get_xlim(), second.get_ylim())
    assert (first.get_ylabel(), second.get_ylabel()) == ("change of accuracy", "")


def test_an_axis_that_was_not_swept_is_said(surgery):
    with pytest.raises(InputError, match="surgery was not tried along axis 'freq'; there are time, pitch"):
        plot_surgery(surgery, "freq")
