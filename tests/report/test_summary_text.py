"""The summary in words says what summary.json says, in both directions of the contrast."""

import re
from dataclasses import replace

from audioinv.report.summary_text import model_line, summary_lines, verdict
from audioinv.report.text import interval


def test_the_headline_counts_the_clips_of_the_number_beside_it(results):
    name, summary = next(iter(results.document["models"].items()))
    n = summary["accuracy"]["n"] - 2
    fewer = {**summary, "accuracy": {**summary["accuracy"], "n": n}}
    unknown = {**summary, "accuracy": {**summary["accuracy"], "n": 0, "value": None}}
    labelled = results.responses[name]
    bare = replace(labelled, clips=tuple(replace(clip, label=None) for clip in labelled.clips))
    for changed, answered, words in (
        (fewer, labelled, f"unshifted, n = {n}"),
        (unknown, labelled, f"no labels of its classes, n = {n + 2}"),
        (unknown, bare, f"· no labels, n = {n + 2}"),
    ):
        document = {**results.document, "models": {**results.document["models"], name: changed}}
        responses = {**results.responses, name: answered}
        lines = summary_lines(replace(results, document=document, responses=responses))
        assert words in next(line for line in lines if line.startswith(f"{name}:"))


def test_the_table_shows_the_numbers_of_the_summary(results):
    text = " ".join(" ".join(summary_lines(results)).split())
    for summary in results.document["models"].values():
        for axis in summary["axes"].values():
            assert interval(axis["consistency"]) in text
        told = [warning for warning in summary["warnings"] if not re.match(r"\w+\.\w+:", warning)]
        assert told
        assert text.count("! ") == sum(
            not re.match(r"\w+\.\w+:", w) for s in results.document["models"].values() for w in s["warnings"]
        )
        for warning in told:
            assert f"! {warning}" in text
    assert "24 of 25 clips analysed" in text
    assert "time −40 to 80 ms" in text
    assert "freq ±200 Hz" in text


def contrast_said(results, name, **difference):
    summary = dict(results.document["models"][name])
    summary["contrast"] = {**summary["contrast"], "difference": difference}
    return verdict(replace(results, document={**results.document, "models": {name: summary}}), name)


def test_the_contrast_is_said_in_plain_words(results):
    assert re.search(
        r"centroid keeps 100 % .* steadier in time than in frequency, by 0\.\d\d \[", verdict(results, "centroid")
    )
    assert "steadier in frequency than in time" in verdict(results, "<b>half</b>")


def test_what_is_steadier_says_the_direction_so_the_amount_has_no_sign(results):
    said = contrast_said(results, "centroid", value=-0.17, low=-0.3, high=-0.05)
    assert said.endswith("it is steadier in frequency than in time, by 0.17 [0.05, 0.30].")
    said = contrast_said(results, "centroid", value=0.17, low=0.05, high=0.3)
    assert said.endswith("it is steadier in time than in frequency, by 0.17 [0.05, 0.30].")
    said = contrast_said(results, "centroid", value=-0.17, low=None, high=None)
    assert said.endswith("a difference of −0.17, of which one recording cannot say how sure it is.")


def test_how_small_a_change_could_have_been_seen_is_said(results):
    text = " ".join(" ".join(summary_lines(results)).split())
    axes = results.document["models"]["<b>half</b>"]["axes"]
    assert axes["time"]["detectable_change"] > 0
    assert f"could have seen a change of the first column by: {axes['time']['detectable_change']:.2f} in time" in text
    contrast = {"value": 0.01, "low": -0.02, "high": 0.04}
    summary = dict(results.document["models"]["centroid"])
    summary["contrast"] = {**summary["contrast"], "difference": contrast, "detectable": 0.123}
    doubted = replace(results, document={**results.document, "models": {"centroid": summary}})
    assert "no difference between time and frequency is shown (+0.01 [−0.02, +0.04]), and one below 0.12" in verdict(
        doubted, "centroid"
    )


def test_classes_that_stand_out_are_named(results):
    summary = dict(results.document["models"]["centroid"])
    flagged = {"name": "low", "value": 0.25, "low": 0.1, "high": 0.4, "stands_out": "below"}
    steady = {"name": "high", "value": 0.9, "low": 0.8, "high": 1.0, "stands_out": "no"}
    time = {**summary["axes"]["time"], "by_class": [flagged, steady]}
    summary["axes"] = {**summary["axes"], "time": time}
    lines = summary_lines(replace(results, document={**results.document, "models": {"centroid": summary}}))
    assert "classes that stand out in time: low 0.25 (below the others)" in lines
    assert not any("high 0.90" in line for line in lines)


def test_lines_fit_a_terminal(results):
    assert max(map(len, summary_lines(results))) <= 110


def test_undefined_numbers_are_dashes():
    assert interval(None) == "–"
    assert interval({"value": None, "low": None, "high": None}) == "–"
    assert interval({"value": 0.5, "low": None, "high": None}) == "0.50"


def test_a_model_in_one_line(models):
    assert model_line(models[0], "cpu") == "model   centroid · 8 kHz · 0.25 s window · 2 classes · cpu"
