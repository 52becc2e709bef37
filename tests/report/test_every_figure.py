"""What holds of every figure function there is: found by looking for them, not by remembering to list them."""
# ruff: noqa: F401, F811

import importlib
import inspect
import pkgutil
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import audioinv.report
from audioinv.report import (
    animation,
    budget_figure,
    class_figure,
    curves,
    harmonic_figures,
    heatmap,
    layer_figures,
    pair_figure,
    profile_figure,
    sliding_figure,
    spectrogram_figures,
    study_figure,
    study_scatter,
    surgery_figure,
)
from audioinv.report.figure_style import new_figure
from audioinv.report.figures import draw, save_figure
from audioinv.report.replay import open_clip, shift_clip
from audioinv.report.shift_amount import ShiftAmount

from .test_budget_results import found as budget
from .test_layer_results import found as layers
from .test_pair_figure import pairs
from .test_profile import results as profile
from .test_sliding import results as sliding
from .test_sound_figures import results as sounds
from .test_sound_figures import run
from .test_study_figure import document
from .test_surgery_figure import surgery

ON_AXES = {
    "plot_accuracy": lambda given, ax: study_figure.plot_accuracy(given("document"), "tones", "hops", ax=ax),
    "plot_budget": lambda given, ax: budget_figure.plot_budget(given("budget"), "time", ax=ax),
    "plot_classes": lambda given, ax: class_figure.plot_classes(given("results"), "time", ax=ax),
    "plot_curve": lambda given, ax: curves.plot_curve(given("results"), "freq", ax=ax),
    "plot_delays": lambda given, ax: sliding_figure.plot_delays(given("sliding"), ax=ax),
    "plot_found": lambda given, ax: sliding_figure.plot_found(given("sliding"), ax=ax),
    "plot_heatmap": lambda given, ax: heatmap.plot_heatmap(given("results"), model="centroid", ax=ax),
    "plot_ladder": lambda given, ax: harmonic_figures.plot_ladder(
        shift_clip(given("tone"), ShiftAmount("freq", 50, "Hz")), ax=ax
    ),
    "plot_layers": lambda given, ax: layer_figures.plot_layers(given("layers"), "time", ax=ax),
    "plot_measure": lambda given, ax: study_figure.plot_measure(
        given("document"), "tones", "hops.worst_accuracy", ax=ax
    ),
    "plot_pair": lambda given, ax: pair_figure.plot_pair(given("pairs").pairs[0], "one", ax=ax),
    "plot_profile": lambda given, ax: profile_figure.plot_profile(given("profile"), "two", ax=ax),
    "plot_scatter": lambda given, ax: study_scatter.plot_scatter(given("document"), "tones", ax=ax),
    "plot_scores": lambda given, ax: sliding_figure.plot_scores(given("sliding"), ax=ax),
    "plot_spectrogram": lambda given, ax: spectrogram_figures.plot_spectrogram(
        given("tone").clip.waveform, spectrogram_figures.display_config("log", 8000), ax=ax
    ),
    "plot_surgery": lambda given, ax: surgery_figure.plot_surgery(given("surgery"), "time", ax=ax),
}
WHOLE = {
    "budget_figure": lambda given: budget_figure.budget_figure(given("budget")),
    "classes_figure": lambda given: class_figure.classes_figure(given("results")),
    "curves_figure": lambda given: curves.curves_figure(given("results")),
    "harmonics_figure": lambda given: harmonic_figures.harmonics_figure(given("sounds")),
    "heatmap_figure": lambda given: heatmap.heatmap_figure(given("results"), model="centroid"),
    "layers_figure": lambda given: layer_figures.layers_figure(given("layers")),
    "pairs_figure": lambda given: pair_figure.pairs_figure(given("pairs")),
    "profile_figure": lambda given: profile_figure.profile_figure(given("profile")),
    "scatter_figure": lambda given: study_scatter.scatter_figure(given("document")),
    "sliding_figure": lambda given: sliding_figure.sliding_figure(given("sliding")),
    "spectrogram_figure": lambda given: spectrogram_figures.spectrogram_figure(given("sounds")),
    "study_figure": lambda given: study_figure.study_figure(given("document")),
    "surgery_figure": lambda given: surgery_figure.surgery_figure(given("surgery")),
    "sweep_animation": lambda given: animation.sweep_animation(given("sounds"), axis="time").figure,
}


def public_functions():
    """Find every function of the report that draws: by its name, and by what it returns."""
    for module in pkgutil.iter_modules(audioinv.report.__path__):
        loaded = importlib.import_module(f"audioinv.report.{module.name}")
        for name in getattr(loaded, "__all__", ()):
            one = getattr(loaded, name)
            if inspect.isfunction(one) and one.__module__ == loaded.__name__:
                yield name, inspect.signature(one)


@pytest.fixture
def tone(sounds):
    return open_clip(sounds, "tone")


@pytest.fixture
def given(request):
    return request.getfixturevalue


def test_every_function_that_draws_is_known_here():
    on_axes = {name for name, form in public_functions() if form.return_annotation == "Axes" and name != "new_axes"}
    whole = {name for name, form in public_functions() if form.return_annotation in ("Figure", "Animation")}
    assert on_axes == set(ON_AXES)
    assert whole == set(WHOLE)


def test_every_function_that_draws_on_axes_may_be_given_some():
    for name, form in public_functions():
        if name in ON_AXES:
            ax = form.parameters["ax"]
            assert (ax.kind, ax.default) == (ax.KEYWORD_ONLY, None), name


@pytest.mark.parametrize("name", ON_AXES)
def test_axes_are_drawn_on_and_returned_and_the_world_stays(given, name):
    figure = new_figure(6, 4)
    left, right = figure.subplots(1, 2)
    settings, open_figures = dict(mpl.rcParams), plt.get_fignums()
    assert ON_AXES[name](given, left) is left
    fresh = ON_AXES[name](given, None)
    assert isinstance(fresh, Axes)
    assert fresh.figure is not figure
    assert dict(mpl.rcParams) == settings
    assert plt.get_fignums() == open_figures == []
    assert left.has_data()
    assert not right.has_data()


@pytest.mark.parametrize("name", WHOLE)
def test_whole_figures_leave_the_world_as_it_was(given, name):
    settings = dict(mpl.rcParams)
    figure = WHOLE[name](given)
    assert isinstance(figure, Figure)
    assert figure.get_suptitle()
    assert dict(mpl.rcParams) == settings
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", ON_AXES)
def test_an_axis_with_numbers_has_a_label(given, name):
    ax = ON_AXES[name](given, None)
    FigureCanvasAgg(ax.figure).draw()
    for axis in (ax.xaxis, ax.yaxis):
        numbers = [label.get_text() for label in axis.get_ticklabels() if re.fullmatch("[−.0-9]+", label.get_text())]
        if numbers and axis.get_visible():
            assert axis.get_label_text() or (ax.get_title(loc="left") and name == "plot_measure"), (name, numbers)


@pytest.mark.parametrize("name", WHOLE)
def test_text_stays_text_in_svg(given, name, tmp_path):
    figure = WHOLE[name](given)
    svg = save_figure(figure, tmp_path / "a.svg").read_text()
    written = set(re.findall(r"<text[^>]*>([^<]*)</text>", svg)) | set(re.findall(r"<tspan[^>]*>([^<]*)</tspan>", svg))
    assert not re.search(r'<path id="[A-Za-z]+-[0-9a-f]{2,4}"', svg)  # glyphs drawn as outlines
    wanted = [ax.xaxis.get_label_text() for ax in figure.axes if ax.axison] + figure.get_suptitle().split("\n")[:1]
    for text in wanted:
        for line in text.split("\n"):
            escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            assert not line or escaped in written, line


def test_a_font_drawn_as_outlines_would_be_seen(given, tmp_path):
    figure = Figure()
    figure.suptitle("outlines")
    with mpl.rc_context({"svg.fonttype": "path"}):
        figure.savefig(tmp_path / "a.svg")
    assert re.search(r'<path id="[A-Za-z]+-[0-9a-f]{2,4}"', (tmp_path / "a.svg").read_text())
