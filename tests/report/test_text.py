"""The summary in words says what summary.json says, in both directions of the contrast."""

import re

from audioinv.report.text import interval, model_line, summary_lines, verdict


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


def test_the_contrast_is_said_in_plain_words(results):
    assert re.search(
        r"centroid keeps 100 % .* steadier in time than in frequency, by \+0\.\d\d \[", verdict(results, "centroid")
    )
    assert "steadier in frequency than in time" in verdict(results, "<b>half</b>")


def test_lines_fit_a_terminal(results):
    assert max(map(len, summary_lines(results))) <= 110


def test_undefined_numbers_are_dashes():
    assert interval(None) == "–"
    assert interval({"value": None, "low": None, "high": None}) == "–"
    assert interval({"value": 0.5, "low": None, "high": None}) == "0.50"


def test_a_model_in_one_line(models):
    assert model_line(models[0], "cpu") == "model   centroid · 8 kHz · 0.25 s window · 2 classes · cpu"
