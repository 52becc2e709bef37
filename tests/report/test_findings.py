"""Findings in words: each sentence against a summary whose numbers are known."""

import pytest

from audioinv.report.findings import (
    axis_finding,
    control_finding,
    curve_finding,
    flip_finding,
    method_lines,
    models_title,
    worst_clips,
)
from audioinv.report.wording import is_reason, share_text, shown_name


def axis(consistency=0.8, low=0.7, high=0.9, **changes):
    return {
        "unit": "ms",
        "shifts": [-50.0, 0.0, 50.0],
        "consistency": {"value": consistency, "low": low, "high": high, "n": 40, "n_groups": 40, "unit": "clip"},
        "worst_shift": {"shift": -50.0, "consistency": 0.5},
        "minimal_flip_shift": {"median": 30.0, "limit": 50.0, "censored": 12, "n": 40},
        **changes,
    }


def test_an_axis_in_a_sentence():
    assert axis_finding("time", axis()) == (
        "Time (±50 ms): 80 % [70 %, 90 %] of answers stay, n = 40 clips; fewest, 50 %, at −50 ms."
    )


def test_what_is_undefined_is_left_out():
    nothing = {"shift": None, "consistency": None}
    assert axis_finding("freq", axis(low=None, high=None, worst_shift=nothing)) == (
        "Frequency (±50 ms): 80 % of answers stay, n = 40 clips."
    )
    assert axis_finding("freq", axis(None)) == "Frequency (±50 ms): no clip has an answer to compare."


def test_perfect_steadiness_is_said_as_such():
    steady = axis(1.0, 0.9, 1.0, worst_shift={"shift": -50.0, "consistency": 1.0})
    assert axis_finding("time", steady).endswith(
        "100 % [90 %, 100 %] of answers stay, n = 40 clips, and none changes at any shift."
    )


def test_flips_within_and_beyond_the_sweep():
    assert flip_finding(axis()) == "Half of the clips have changed their answer by 30 ms."
    beyond = {"median": None, "limit": 50.0, "censored": 25, "n": 40}
    assert flip_finding(axis(minimal_flip_shift=beyond)) == "25 of 40 clips keep their answer up to 50 ms."
    assert flip_finding(axis(minimal_flip_shift={**beyond, "n": 0})) == ""


def test_curves_of_several_models_in_a_caption():
    assert curve_finding("time", {"a": axis(), "b": axis(0.5, None, None)}) == (
        "Share of clips that keep their answer, over delay (ms): a mean 0.80 [0.70, 0.90], least 0.50 at −50 ms; "
        "b mean 0.50, least 0.50 at −50 ms."
    )


def test_reasons_are_told_from_cautions(results):
    warnings = [warning for model in results.document["models"].values() for warning in model["warnings"]]
    assert any(map(is_reason, warnings))
    assert not all(map(is_reason, warnings))
    assert is_reason("accuracy: no clip that has a label known to the model has answers")
    assert not is_reason("a single clip has no interval, so every low and high is undefined; add clips")


def test_worst_clips_become_what_the_rows_say(results):
    found = worst_clips(results, "<b>half</b>", "time")
    assert [clip.name for clip in found] == [
        entry["name"] for entry in results.document["models"]["<b>half</b>"]["axes"]["time"]["worst_clips"]
    ]
    for clip in found:
        rows = results.frame.query("model == '<b>half</b>' and axis == 'time' and clip == @clip.name")
        assert set(rows["pred"].astype(str)) == {clip.clean, clip.other}
        assert rows[rows["shift"] == 0]["pred"].astype(str).item() == clip.clean
        assert clip.label == clip.name.split("/")[1]
        assert clip.kept == share_text(rows[rows["shift"] != 0]["same_as_zero"].mean())
    assert worst_clips(results, "centroid", "time") == ()


def test_the_method_names_windows_engines_edges_and_what_was_resampled(results):
    text = " ".join(method_lines(results))
    assert "centroid heard windows of 0.25 s (2000 samples at 8000 Hz)" in text
    assert "band-limited delay inside the window; at the border entered: zero" in text
    assert text.count("Shifts in pitch were made by Signalsmith Stretch") == 1
    assert "95 % intervals over groups of clips" in text


def test_controls_are_said_in_words():
    control = {"amount": 0.0, "unit": "st", "engine": "resample"}
    assert control_finding("pitch.engine_at_zero", control) == "Pitch: through the resample engine without a shift"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.0004, "0.1 %"), (0.004, "0.4 %"), (0.5, "50 %"), (0.9996, "99.9 %"), (1.0, "100 %")],
)
def test_a_share_is_none_or_all_only_if_it_is(share, text):
    assert share_text(share) == text


def test_names_are_made_printable_and_short():
    assert shown_name("a\nb\x07") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    assert len(shown_name("x" * 100, 20)) == 20
    assert shown_name("../deep/folder/kick.wav") == "folder/kick.wav"


def test_a_title_names_few_models_and_counts_many():
    assert models_title(["a"]) == "a"
    assert models_title(["runs/x/a", "b"]) == "x/a and b"
    assert models_title(list("abcd")) == "4 models"
