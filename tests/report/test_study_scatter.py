"""Accuracy against steadiness: what is drawn is what was found, and names neither collide nor cross."""
# ruff: noqa: F401, F811

import itertools
import json

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from audioinv.errors import CheckpointError, InputError
from audioinv.report.direct_labels import label_points
from audioinv.report.figures import draw
from audioinv.report.study_results import load_study
from audioinv.report.study_scatter import plot_scatter, scatter_figure, variant_styles

from .test_study_figure import NAMES, document


def test_points_bars_and_seeds_are_those_of_the_study(document):
    ax = plot_scatter(document, "tones")
    for name in NAMES:
        row = next(row for row in document["rows"] if (row["task"], row["variant"]) == ("tones", name))
        x, y = row["measures"]["hops.consistency"], row["measures"]["accuracy"]
        (mark,) = [line for line in ax.lines if line.get_label() == name]
        assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (x["value"], y["value"])
        bars = [line for line in ax.lines if line.get_color() == mark.get_color() and len(line.get_xdata()) == 2]
        assert {tuple(line.get_xdata()) for line in bars} == {(x["low"], x["high"]), (x["value"], x["value"])}
        assert {tuple(line.get_ydata()) for line in bars} == {(y["low"], y["high"]), (y["value"], y["value"])}
        seeds = [dots.get_offsets() for dots in ax.collections]
        assert any(np.array_equal(one, np.transpose([x["by_seed"], y["by_seed"]])) for one in seeds)
    assert ax.get_xlabel() == "keeps its answer (hops)"
    assert ax.get_ylabel() == "share right, unshifted"
    assert ax.get_xlim() == ax.get_ylim() == (-0.04, 1.04)


def test_no_two_variants_have_one_mark(document):
    ax = plot_scatter(document, "tones")
    marks = [(line.get_color(), line.get_marker()) for line in ax.lines if len(line.get_xdata()) == 1]
    assert len(set(marks)) == len(marks) == 4
    assert set(variant_styles(document)) == set(NAMES[:3])


def test_every_point_has_its_name_in_its_colour(document):
    ax = plot_scatter(document, "tones")
    for name, text in zip(NAMES, ax.texts, strict=True):
        (mark,) = [line for line in ax.lines if line.get_label() == name]
        assert text.get_text().replace("\n", " ") == name
        assert text.xy == (mark.get_xdata()[0], mark.get_ydata()[0])
        assert text.get_color() == mark.get_color()
    assert not plot_scatter(document, "tones", named=False).texts


def segments(ax):
    """Return the lines from names to points, in pixels."""
    FigureCanvasAgg(ax.figure).draw()
    ends = [(ax.transAxes.transform(text.xyann), ax.transData.transform(text.xy)) for text in ax.texts]
    return [np.array(pair) for pair in ends]


def cross(first, second):
    def side(line, place):
        (ax, ay), (bx, by) = line[1] - line[0], place - line[0]
        return ax * by - ay * bx

    apart = [side(one, other[0]) * side(one, other[1]) for one, other in ((first, second), (second, first))]
    return apart[0] < -1e-6 and apart[1] < -1e-6


def overlapping(ax):
    boxes = [super(type(text), text).get_window_extent() for text in ax.texts]
    return [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]


@pytest.mark.parametrize("seed", range(4))
def test_names_of_a_crowd_neither_collide_nor_cross(seed):
    rng = np.random.default_rng(seed)
    points = np.vstack([rng.uniform(0.9, 1, (8, 2)), rng.uniform(0, 1, (4, 2))])
    ax = Figure(figsize=(3.5, 4.4)).subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    names = [f"a name of two lines {i}" for i in range(12)]
    label_points(ax, points, names, ["black"] * 12)
    lines = segments(ax)
    assert not overlapping(ax)
    assert not any(cross(*pair) for pair in itertools.combinations(lines, 2))
    shuffled = [np.array([lines[i][0], lines[-1 - i][1]]) for i in range(12)]
    assert any(cross(*pair) for pair in itertools.combinations(shuffled, 2))  # any other order would cross


def test_the_figure_has_a_panel_a_task_and_nothing_is_cut_off(document):
    figure = scatter_figure(document)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["tones: four tones", "notes: ten notes"]
    assert [ax.get_ylabel() for ax in figure.axes] == ["share right, unshifted", ""]
    assert "+0.42 [+0.30, +0.50]" in " ".join(figure.get_suptitle().split())
    box = figure.get_tightbbox()
    assert min(box.x0, box.y0) > -0.01
    assert box.x1 < figure.get_figwidth() + 0.01
    assert not any(overlapping(ax) for ax in figure.axes)


def test_what_was_not_measured_is_not_placed(document):
    for row in document["rows"]:
        if row["variant"] == "average":
            row["measures"]["hops.consistency"]["value"] = None
    assert "average" not in [text.get_text() for text in plot_scatter(document, "tones").texts]


def test_a_study_without_steadiness_says_so(document):
    with pytest.raises(InputError, match="the study head sets nothing against accuracy; draw the figure study instead"):
        draw({**document, "across": None}, "scatter")
    with pytest.raises(InputError, match="no task 'birds' in the study head; there are tones, notes"):
        plot_scatter(document, "birds")


def test_a_study_is_read_from_its_folder_or_its_file(document, tmp_path):
    (tmp_path / "study.json").write_text(json.dumps(document))
    assert load_study(tmp_path) == load_study(tmp_path / "study.json") == document


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is no study: study.json is missing; audioinv study NAME writes it"),
        ("{", r"study\.json: damaged"),
        ("[]", "holds no study, tasks"),
        ("[1]", r"study\.json: damaged"),
        ('{"study": "head"}', "holds no tasks, variants"),
    ],
)
def test_what_is_no_study_is_one_clear_line(tmp_path, content, message):
    if content is not None:
        (tmp_path / "study.json").write_text(content)
    with pytest.raises(CheckpointError, match=message):
        load_study(tmp_path)
