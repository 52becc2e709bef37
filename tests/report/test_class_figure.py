"""Classes by figure: the marks and lines are the summary's, the house's settings are left alone."""

import dataclasses

import matplotlib as mpl
import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.report.class_figure import classes_figure, plot_classes
from audioinv.report.figure_style import model_style, new_figure
from audioinv.report.figures import draw, save_figure


def test_marks_and_intervals_are_those_of_the_summary(results):
    ax = plot_classes(results, "freq")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["high", "low"]
    assert ax.get_xlabel() == "share of answers that stay"
    assert ax.get_xlim() == (-0.03, 1.03)
    assert ax.get_title(loc="left") == "frequency, ±200 Hz"
    marks = [line for line in ax.lines if line.get_marker() != "None"]
    for index, (name, line, bars) in enumerate(zip(results.responses, marks, ax.collections, strict=True)):
        told = {one["name"]: one for one in results.document["models"][name]["axes"]["freq"]["by_class"]}
        assert line.get_color() == model_style(index).colour
        np.testing.assert_array_equal(line.get_xdata(), [told[label]["value"] for label in ("high", "low")])
        np.testing.assert_array_equal(np.round(line.get_ydata()), [0, 1])
        ends = [(segment[0, 0], segment[1, 0]) for segment in bars.get_segments()]
        assert ends == [(told[label]["low"], told[label]["high"]) for label in ("high", "low")]
    assert len({line.get_marker() for line in marks}) == 2


def test_axes_are_drawn_on_and_returned_and_settings_stay(results):
    before = dict(mpl.rcParams)
    ax = new_figure(3, 3).subplots()
    assert plot_classes(results, "time", models="centroid", ax=ax) is ax
    assert len([line for line in ax.lines if line.get_marker() != "None"]) == 1
    assert dict(mpl.rcParams) == before


def test_the_figure_has_a_panel_an_axis_a_legend_and_text_that_stays_text(results, tmp_path):
    figure = draw(results, "classes")
    assert [ax.get_title(loc="left").split(",")[0] for ax in figure.axes] == ["time", "frequency", "pitch"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["centroid", "<b>half</b>"]
    assert "&lt;b&gt;half&lt;/b&gt;" in save_figure(figure, tmp_path / "a.svg").read_text()
    assert len(classes_figure(results, axis="pitch").axes) == 1


def test_what_is_not_there_is_refused(results):
    with pytest.raises(InputError, match="was not swept along axis 'bins'"):
        plot_classes(results, "bins")
    models = {
        name: {**model, "axes": {axis: {**one, "by_class": []} for axis, one in model["axes"].items()}}
        for name, model in results.document["models"].items()
    }
    bare = dataclasses.replace(results, document={**results.document, "models": models})
    with pytest.raises(InputError, match="tell nothing of classes along axis 'time'"):
        plot_classes(bare, "time")
