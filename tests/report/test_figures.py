"""Figures: what is drawn is what was measured, units stand on the axes, and nothing is cut off or lies on top."""

import dataclasses
import itertools
import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from audioinv.errors import InputError
from audioinv.report.answer_map import answer_map
from audioinv.report.curves import band_note, curves_figure, plot_curve
from audioinv.report.figure_style import model_style
from audioinv.report.figures import draw, save_figure
from audioinv.report.heatmap import heatmap_figure, plot_heatmap

AXES = ("time", "freq", "pitch")


@pytest.fixture(
    params=[
        (r"_$\frac{$",),
        (r"_$\frac{$", "<b>half</b>"),
        tuple(f"org/a model with a rather long name {i}" for i in range(8)),
    ]
)
def renamed(results, request):
    """The results under names that matplotlib or HTML would like to interpret, for one, two and many models."""
    sources = itertools.cycle(results.responses)
    pairs = dict(zip(request.param, sources, strict=False))
    responses = {
        name: dataclasses.replace(
            results.responses[source], spec=dataclasses.replace(results.responses[source].spec, name=name)
        )
        for name, source in pairs.items()
    }
    models = {name: results.document["models"][source] for name, source in pairs.items()}
    run = {
        **results.run,
        "models": {name: {"hop_samples": 80 + i, "stride_samples": 320} for i, name in enumerate(pairs)},
    }
    return dataclasses.replace(results, responses=responses, document={**results.document, "models": models}, run=run)


def with_grid(results, **samples):
    run = {**results.run, "models": dict.fromkeys(results.responses, samples)}
    return dataclasses.replace(results, run=run)


def summary(results, name, axis):
    return results.document["models"][name]["axes"][axis]


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize("axis", AXES)
def test_curves_are_the_numbers_of_the_summary(results, axis):
    panel = plot_curve(results, axis)
    for index, name in enumerate(results.responses):
        told = summary(results, name, axis)
        colour = model_style(index).colour
        consistency, accuracy = (line for line in panel.lines[1:] if to_hex(line.get_color()) == colour)
        np.testing.assert_array_equal(consistency.get_xdata(), told["shifts"])
        np.testing.assert_array_equal(consistency.get_ydata(), told["consistency_curve"])
        np.testing.assert_array_equal(accuracy.get_ydata(), told["accuracy_curve"])
        corners = panel.collections[index].get_paths()[0].vertices
        for shift, low, high in zip(
            told["shifts"], told["consistency_curve_low"], told["consistency_curve_high"], strict=True
        ):
            at = corners[corners[:, 0] == shift][:, 1]
            assert (at.min(), at.max()) == (low, high)


def test_panels_share_a_scale_and_carry_units(results):
    figure = curves_figure(results)
    assert [panel.get_xlabel() for panel in figure.axes] == [
        "delay (ms)",
        "frequency shift (Hz)",
        "pitch shift (semitones)",
    ]
    assert figure.axes[0].get_ylabel() == "share of clips"
    limits = {panel.get_ylim() for panel in figure.axes}
    assert limits == {(-0.03, 1.03)}
    for panel in figure.axes:
        assert list(panel.lines[0].get_xdata()) == [0, 0]


def test_models_differ_by_more_than_colour(results):
    panel = plot_curve(results, "time")
    lines = [line for line in panel.lines[1:] if line.get_marker() not in ("", "None")]
    assert len(lines) == 2
    assert lines[0].get_marker() != lines[1].get_marker()
    assert lines[0].get_linestyle() != lines[1].get_linestyle()


def test_accuracy_is_left_out_without_labels(results):
    blind = {
        name: {**model, "accuracy": {**model["accuracy"], "value": None}}
        for name, model in results.document["models"].items()
    }
    unlabelled = dataclasses.replace(results, document={**results.document, "models": blind})
    for given, expected in ((results, True), (unlabelled, False)):
        labels = {text.get_text() for text in curves_figure(given).legends[0].get_texts()}
        assert ("accuracy" in labels) is expected


def test_the_legend_says_what_the_band_is(results):
    told = summary(results, "centroid", "time")["consistency"]
    assert (told["unit"], told["n_groups"]) == ("group", 12)
    assert band_note(results, "centroid") == "95 % interval at each shift, resampling 12 groups"
    labels = [text.get_text() for text in curves_figure(results).legends[0].get_texts()]
    assert band_note(results, "centroid") in labels


def test_hop_and_stride_stand_on_the_time_axis_in_its_unit(results):
    known = with_grid(results, hop_samples=80, stride_samples=320)  # 10 and 40 ms at 8 kHz
    panel = plot_curve(known, "time", models="centroid")
    hops, strides = panel.collections[1:]
    assert [segment[0][0] for segment in hops.get_segments()] == [-40, -30, -20, -10, 10, 20, 30, 40, 50, 60, 70, 80]
    assert [segment[0][0] for segment in strides.get_segments()] == [-40, 40, 80]
    labels = [text.get_text() for text in curves_figure(known).legends[0].get_texts()]
    assert labels[-2:] == ["hop 10 ms", "network stride 40 ms"]


def test_a_stride_beyond_the_sweep_is_named_but_not_drawn(results):
    known = with_grid(results, hop_samples=None, stride_samples=1600)
    panel = plot_curve(known, "time", models="centroid")
    assert panel.collections[1].get_segments() == []
    labels = [text.get_text() for text in curves_figure(known).legends[0].get_texts()]
    assert labels[-1] == "network stride 200 ms, beyond this range"


def test_rules_too_many_to_read_are_reduced_to_the_first(results):
    panel = plot_curve(with_grid(results, hop_samples=8, stride_samples=None), "time", models="centroid")
    assert [segment[0][0] for segment in panel.collections[1].get_segments()] == [-1, 1]


def test_no_rules_where_the_grid_is_unknown_or_off_the_time_axis(results):
    assert len(plot_curve(with_grid(results), "time").collections) == 2
    assert len(plot_curve(with_grid(results, hop_samples=80, stride_samples=320), "freq").collections) == 2


def test_axes_handed_in_are_used_and_returned(results):
    mine = Figure().subplots(1, 2)
    assert plot_curve(results, "freq", ax=mine[0]) is mine[0]
    assert plot_heatmap(results, model="centroid", ax=mine[1]) is mine[1]
    assert mine[0].lines
    assert mine[1].collections


def test_models_in_different_units_are_not_drawn_over_each_other(results):
    models = {name: {**model, "axes": dict(model["axes"])} for name, model in results.document["models"].items()}
    models["centroid"]["axes"]["time"] = {**models["centroid"]["axes"]["time"], "unit": "s"}
    mixed = dataclasses.replace(results, document={**results.document, "models": models})
    with pytest.raises(InputError, match=r"different units \(centroid in s, <b>half</b> in ms\)"):
        plot_curve(mixed, "time")


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("model", ["centroid", "<b>half</b>"])
def test_a_heatmap_shows_scores_and_flips_of_the_table(results, model, axis):
    panel = plot_heatmap(results, model=model, axis=axis)
    shown = answer_map(results, model=model, axis=axis)
    np.testing.assert_array_equal(panel.collections[0].get_array(), shown.scores)
    rows = results.frame.query("model == @model and axis == @axis")
    labels = results.responses[model].spec.labels
    clean = rows[rows["shift"] == 0].set_index("clip")["pred"].astype(str)
    for place, name in enumerate(shown.names):
        of_clip = rows[rows["clip"] == name]
        expected = [probs[labels.index(clean[name])] for probs in of_clip["probs"]]
        np.testing.assert_allclose(shown.scores[place], expected, rtol=1e-6)
        np.testing.assert_array_equal(shown.flipped[place], ~of_clip["same_as_zero"].to_numpy())
    dashes = {(round(s[:, 0].mean(), 6), s[0, 1] - 0.5) for s in panel.collections[1].get_segments()}
    marked = {(round(shown.shifts[column], 6), row) for row, column in np.argwhere(shown.flipped)}
    assert dashes == marked


def test_clips_are_sorted_by_label_then_steadiness(results):
    shown = answer_map(results, model="<b>half</b>", axis="time")
    labels = [name.split("/")[1] for name in shown.names]
    assert labels == ["low"] * 12 + ["high"] * 12
    kept = (~shown.flipped).sum(axis=1)
    assert len(set(kept)) > 2
    for band in shown.bands:
        assert (np.diff(kept[band.first : band.last + 1]) <= 0).all()
    assert [(band.label, band.first, band.last) for band in shown.bands] == [("low", 0, 11), ("high", 12, 23)]


def test_the_score_of_the_label_can_be_shown(results):
    shown = answer_map(results, model="<b>half</b>", axis="time", score="label")
    rows = results.frame.query("model == '<b>half</b>' and axis == 'time'").set_index("clip")
    for place, name in enumerate(shown.names):
        np.testing.assert_allclose(shown.scores[place], rows.loc[name, "p_label"], rtol=1e-6)
    assert not np.array_equal(shown.scores, answer_map(results, model="<b>half</b>", axis="time").scores)
    with pytest.raises(InputError, match="score='pred' is not one of clean, label"):
        answer_map(results, model="centroid", score="pred")


def test_a_heatmap_names_labels_clips_and_units(results):
    figure = heatmap_figure(results, model="centroid", axis="pitch")
    panel, bar = figure.axes[0], figure.axes[1]
    assert panel.get_xlabel() == "pitch shift (semitones)"
    assert sorted(label.get_text() for label in panel.get_yticklabels()) == ["high", "low"]
    assert bar.get_ylabel() == "probability of the clean answer"
    assert bar.get_ylim() == (0, 1)
    assert {"low/0.wav", "high/23.wav"} <= {text.get_text() for text in texts(figure)}


def test_scores_that_are_no_probabilities_get_their_own_scale(results):
    responses = results.responses["centroid"]
    axis = dataclasses.replace(responses.axes["time"], scores=responses.axes["time"].scores * 8 - 4)
    changed = dataclasses.replace(results, responses={"m": dataclasses.replace(responses, axes={"time": axis})})
    bar = heatmap_figure(changed).axes[1]
    assert bar.get_ylabel() == "score of the clean answer"
    assert bar.get_ylim()[1] > 1


def test_fonts_are_readable_in_one_column(results):
    for figure in (
        curves_figure(results, axis="time"),
        heatmap_figure(results, model="centroid", width_inches=3.5),
    ):
        assert figure.get_figwidth() == 3.5
        assert min(text.get_fontsize() for text in texts(figure)) >= 8


def test_names_stand_as_they_are_and_nothing_is_cut_off(renamed):
    name = next(iter(renamed.responses))
    for figure in (
        curves_figure(renamed),
        curves_figure(renamed, axis="time"),
        heatmap_figure(renamed, model=name),
        heatmap_figure(renamed, model=name, width_inches=3.5),
    ):
        box = figure.get_tightbbox()
        assert box.x0 > -0.01
        assert box.y0 > -0.01
        assert box.x1 < figure.get_figwidth() + 0.01
        assert box.y1 < figure.get_figheight() + 0.01
    shown = " ".join(text.get_text() for text in texts(curves_figure(renamed)))
    if len(renamed.responses) < 8:
        assert all(name in shown for name in renamed.responses)


def test_labels_of_many_classes_do_not_touch(results):
    responses = results.responses["centroid"]
    clips = tuple(dataclasses.replace(clip, label=f"class {i}") for i, clip in enumerate(responses.clips))
    many = dataclasses.replace(results, responses={"m": dataclasses.replace(responses, clips=clips)})
    figure = heatmap_figure(many, width_inches=3.5)
    labels = [label for label in figure.axes[0].get_yticklabels() if label.get_text()]
    spans = sorted((box.y0, box.y1) for box in (label.get_window_extent() for label in labels))
    assert 5 < len(labels) < 24
    assert all(upper >= lower for (_, lower), (upper, _) in itertools.pairwise(spans))


@pytest.mark.parametrize(("suffix", "starts"), [(".png", b"\x89PNG"), (".SVG", b"<?xml"), (".pdf", b"%PDF")])
def test_files_of_three_formats(results, tmp_path, suffix, starts):
    path = save_figure(draw(results, "curves"), tmp_path / "new" / f"figure{suffix}")
    assert path.read_bytes().startswith(starts)


def test_text_stays_text(results, tmp_path):
    svg = save_figure(draw(results, "curves"), tmp_path / "a.svg").read_text()
    assert re.search(r"<text[^>]*>delay \(ms\)</text>", svg)
    assert "&lt;b&gt;half" in svg
    pdf = save_figure(draw(results, "curves"), tmp_path / "a.pdf").read_bytes()
    assert b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_figure_is_the_same_file(results, tmp_path, suffix, monkeypatch):
    first = save_figure(draw(results, "curves"), tmp_path / f"a{suffix}").read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert save_figure(draw(results, "curves"), tmp_path / f"b{suffix}").read_bytes() == first


def test_a_file_that_cannot_be_written_is_one_clear_line(results, tmp_path):
    figure = draw(results, "curves")
    with pytest.raises(InputError, match=r"a\.jpg: figures are written as \.png, \.svg, \.pdf"):
        save_figure(figure, tmp_path / "a.jpg")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_figure(figure, tmp_path / "file" / "a.png")


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("pie", {}, "no figure 'pie'; there are curves, classes, heatmap, spectrogram, harmonics, layers"),
        ("curves", {"clip": "a"}, "the figure curves has no use for clip"),
        ("harmonics", {"time": "1ms"}, "the figure harmonics has no use for time"),
        ("curves", {"axis": "bins"}, "not swept along axis 'bins'; there are time, freq, pitch"),
        ("curves", {"model": "x"}, "no model 'x' in these results; there are centroid, <b>half</b>"),
        ("heatmap", {}, "shows one model, and there are centroid, <b>half</b>"),
        ("heatmap", {"model": "centroid", "axis": "gain"}, "axis 'gain'; there are time, freq, pitch"),
    ],
)
def test_a_wrong_name_lists_what_there_is(results, kind, options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        draw(results, kind, **options)


def test_results_draw_themselves_and_a_notebook_shows_them(results):
    assert results.plot("curves", axis="time")._repr_png_().startswith(b"\x89PNG")


def test_matplotlib_is_left_as_it_was(results):
    before = dict(mpl.rcParams)
    draw(results, "heatmap", model="centroid")
    assert dict(mpl.rcParams) == before


def test_a_users_style_does_not_get_in(results, tmp_path):
    plain = save_figure(draw(results, "curves"), tmp_path / "a.svg").read_text()
    with mpl.rc_context({"font.size": 30, "axes.titlesize": 40, "text.parse_math": True, "svg.fonttype": "path"}):
        assert save_figure(draw(results, "curves"), tmp_path / "b.svg").read_text() == plain


def test_matplotlib_is_loaded_only_to_draw_and_pyplot_never():
    code = (
        "import sys, audioinv.report.results, audioinv.report.page; assert 'matplotlib' not in sys.modules;"
        "import audioinv.report.figures; assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
