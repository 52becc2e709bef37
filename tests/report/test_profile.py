"""A profile in words and as a figure: what is drawn and written is what was found."""

from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from audioinv.corpus.listener import Expectation, ListenerFile
from audioinv.errors import CheckpointError, InputError
from audioinv.measure.cliptable import ClipTable
from audioinv.measure.endurance import endure, judge
from audioinv.nets.model import ModelSpec
from audioinv.report.figures import draw, find_kind
from audioinv.report.profile_figure import plot_profile, profile_figure
from audioinv.report.profile_results import Change, ChangeOfModel, ProfileResults, load_profile
from audioinv.report.profile_text import change_name, noise_line, profile_lines, size_text
from audioinv.sound.grid import parse_grid

from ..seals import unseal


def change(axis, text, wish, limits):
    """Make a change of which clip i stands less than ``limits[i]`` of the amounts."""
    grid = parse_grid(axis, text)
    shifts = np.array(grid.amounts)
    places = np.unique(np.abs(shifts), return_inverse=True)[1]
    answers = (places >= np.array(limits)[:, None]).astype(int)
    endurance = endure(answers, shifts, None, rng=np.random.default_rng(0))
    sizes = np.abs(shifts)
    found = ChangeOfModel(endurance, judge(wish, endurance.at_limit))
    return Change(Expectation(grid, wish, "so"), sizes, 50 - sizes, {"one": found, "two": found})


@pytest.fixture
def results():
    specs = tuple(ModelSpec(name, 16000, 16000, ("a", "b")) for name in ("one", "two"))
    changes = (
        change("gain", "-20:20:10dB", "invariant", [9] * 40),
        change("noise", "pink:0:20:10dB", "invariant", [2] * 3 + [9] * 37),
        change("order", "0:3:1cuts", "change", [2] * 40),
        change("polarity", "180deg", "unknown", [1] * 40),
    )
    clips = ClipTable(tuple(f"{i}.wav" for i in range(40)), ("a", "b"), ("a", None) * 20)
    right = {spec.name: np.array([1.0, np.nan] * 16 + [0.0, np.nan] * 4) for spec in specs}
    return ProfileResults(
        ListenerFile("", tuple(one.expectation for one in changes), "l.toml"), specs, 1, clips, right, changes
    )


def test_the_table_says_what_was_found(results):
    lines = list(profile_lines(results))
    assert lines[0] == "40 clips · a listener's wishes by l.toml"
    rows = [
        [cell for cell in line.split("  ") if cell]
        for line in lines
        if line.startswith(("gain", "noise", "order", "pol"))
    ]
    stripped = [[cell.strip() for cell in row] for row in rows]
    assert stripped[0][:3] == ["gain", "±20 dB", "30 dB"]
    assert stripped[0][3:] == ["100 % [91, 100]", "≥ 20 dB", "20.0 dB", "30 dB", "≥ 20 dB", "invariant as wished?"]
    assert stripped[1][:3] == ["noise, pink", "0 dB SNR", "-50 dB"]
    assert stripped[1][3].startswith("92 % [")
    assert stripped[1][4:] == ["20 dB SNR [20 dB SNR to 0 dB SNR]", "10.0 dB", "40 dB", "≥ 0 dB SNR", "too sensitive?"]
    assert stripped[2][4:] == ["1 cuts", "1.0 dB", "49 dB", "1 cuts", "changes as wished"]
    assert stripped[3][4:] == ["none", "–", "50 dB", "none", "not judged"]
    assert lines[-1].split() == ["two", "(reference)", "1", "1", "1", "0", "1"]


def test_a_file_that_nobody_wrote_is_said(results):
    wishes = results.listener.expectations
    nobody = replace(results, listener=ListenerFile("", tuple(replace(one, listener="unknown") for one in wishes)))
    assert "by nobody: give --listener FILE" in next(profile_lines(nobody))
    assert next(profile_lines(replace(results, listener=ListenerFile("", wishes)))).endswith("wishes by the caller")


def test_sizes_in_words():
    assert [size_text(amount, parse_grid("polarity", "180deg")) for amount in (0.0, 180.0, np.nan)] == [
        "none",
        "180°",
        "–",
    ]
    assert size_text(4.0, parse_grid("resolution", "4bit")) == "4 bits"
    assert change_name(parse_grid("gain", "1dB")) == "gain"
    assert change_name(parse_grid("filter", "low2000:1dB")) == "filter, low2000"
    assert change_name(parse_grid("noise", "some/where/fan.wav:1dB")) == "noise, where…an.wav"


def test_bars_are_as_long_as_what_clips_stand(results):
    figure = profile_figure(results)
    first, second = (ax for ax in figure.axes)
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("one\n80 % right", "two\nreference")
    labels = [label.get_text() for label in first.get_yticklabels()]
    assert "the answer should stay" in labels
    assert {"gain ±20 dB", "noise, pink to 0 dB SNR", "order to 3 cuts", "polarity to 180°"} <= set(labels)
    track = first.lines[0].get_xdata()[1]
    rows = {labels[i]: position for i, position in enumerate(first.get_yticks())}
    thick = {line.get_ydata()[0]: line.get_xdata()[1] / track for line in first.lines if line.get_zorder() == 3}
    thin = {line.get_ydata()[0]: line.get_xdata()[1] / track for line in first.lines if line.get_zorder() == 2}
    assert thick[rows["gain ±20 dB"]] == pytest.approx(1)
    assert thick[rows["noise, pink to 0 dB SNR"]] == pytest.approx(1 / 3)
    assert thin[rows["noise, pink to 0 dB SNR"]] == pytest.approx(1)
    assert thick[rows["order to 3 cuts"]] == pytest.approx(1 / 3)
    assert thick[rows["polarity to 180°"]] == 0
    texts = [text.get_text() for text in first.texts]
    assert "(!)" in texts
    assert texts[:2] == ["100 %", "(✓)"]
    assert "92 %" in texts


def test_one_model_alone_is_drawn_as_its_column_is(results):
    gain, noise, *others = results.changes
    unlike = replace(noise, models={"one": noise.models["one"], "two": gain.models["two"]})
    results = replace(results, changes=(gain, unlike, *others))
    alone, column = plot_profile(results, "two"), profile_figure(results).axes[1]
    assert [text.get_text() for text in alone.texts][2:4] == ["100 %", "(✓)"]
    assert [text.get_text() for text in plot_profile(results, "one").texts][2:4] == ["92 %", "(!)"]
    for ax in (alone, column):
        ax.figure.draw_without_rendering()
    assert [line.get_xydata().tolist() for line in alone.lines] == [line.get_xydata().tolist() for line in column.lines]
    assert [text.get_text() for text in alone.texts] == [text.get_text() for text in column.texts]
    assert alone.get_title(loc="left") == column.get_title(loc="left")
    assert all(label.get_visible() for label in alone.get_yticklabels())
    assert not any(tick.label1.get_visible() for tick in column.yaxis.get_major_ticks())
    with pytest.raises(InputError, match="no model 'three' in this profile; there are one, two"):
        plot_profile(results, "three")


def test_the_heading_over_a_single_column_ends_no_line_with_a_stray_word(results):
    (spec, _), one = results.models, replace(results, models=results.models[:1], n_references=0)
    lines = profile_figure(one).get_suptitle().split("\n")
    assert lines[0] == "What answers stand, and whether a listener would: 40 clips"
    assert len(lines) == 3
    assert spec.name in profile_figure(one).axes[0].get_title(loc="left")


def test_noise_of_the_same_cost(results):
    limits = [9] * 10 + [1] * 10 + [2] * 10 + [3] * 10  # 100 %, 75 %, 50 %, 25 % stand none, 20 dB, 10 dB, 0 dB
    white = change("noise", "0:20:10dB", "unknown", limits)
    half = change("time", "0:2:1ms", "unknown", [9] * 20 + [1] * 20)
    most = change("order", "0:2:1cuts", "unknown", [9] * 39 + [1])
    few = change("polarity", "180deg", "unknown", [9] * 38 + [1] * 2)
    hardly = change("mask", "0:2:1ms", "unknown", [9] + [1] * 39)
    found = replace(results, changes=(white, half, most, few, hardly))
    assert noise_line(found, "one") == (
        "order of 2 cuts · polarity of 180°: this model's answers change as often as under white noise above 20 dB "
        "SNR; a delay of 2 ms: as often as at 10 dB SNR."
    )
    assert noise_line(replace(results, changes=(half,)), "one") == ""


def test_a_notebook_shows_the_same_lines_as_text(results):
    html = results._repr_html_()
    assert html.startswith("<pre>")
    assert html.count("<") == 2
    assert unescape(html[5:-6]).split("\n") == list(profile_lines(results))


def test_what_is_written_is_read_back(results, tmp_path):
    results.save(tmp_path)
    back = load_profile(tmp_path)
    assert back.document == results.document
    assert back.table.equals(results.table)
    assert list(profile_lines(back)) == list(profile_lines(results))
    for name, found in back.changes[1].models.items():
        kept = results.changes[1].models[name].endurance
        np.testing.assert_array_equal(found.endurance.holds, kept.holds)
        assert found.endurance.stood == kept.stood
    assert find_kind("profile").load is load_profile
    assert len(draw(back, "profile").axes) == 2


def test_damage_is_said(results, tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no profile \(profile.json, profile.parquet missing\)"):
        load_profile(tmp_path)
    results.save(tmp_path)
    text = unseal(tmp_path / "profile.json")
    for broken, message in (
        (text.replace('"schema_version": 2', '"schema_version": 3'), "newer audioinv"),
        (text[:-9], r"profile\.json: damaged"),
        (text.replace('"two": {', '"three": {'), "rows of three are missing"),
    ):
        (tmp_path / "profile.json").write_text(broken)
        with pytest.raises(CheckpointError, match=message):
            load_profile(tmp_path)
