"""What a gate writes: every verdict in every form, readable by others, whatever the names."""

import json
import re
from dataclasses import replace
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from audioinv.report.gate.metrics import Measured
from audioinv.report.gate.output import document, github_annotations, job_summary, junit_xml, one_line, report_lines
from audioinv.report.gate.rules import Rule
from audioinv.report.gate.verdicts import GateReport, Verdict

FAILED = Verdict(
    Rule("time.consistency", "min", 0.95),
    "net",
    "dog",
    False,
    Measured(0.9312, 0.917, 0.944, 99, 30),
    worst=(("dog/3.wav", 0.41), ("dog/7.wav", 0.52)),
)
WARNED = Verdict(Rule("accuracy", "min", 0.8, level="warn"), "net", None, False, Measured(0.75, 0.7, 0.85, 99, 30))
PASSED = Verdict(Rule("time.mac", "max", 0.1), "net", None, True, Measured(0.05, 0.04, 0.06, 99, 30))
UNMEASURED = Verdict(Rule("pitch.mac", "max", 0.1), "net", None, False, Measured(float("nan")), "not measured: why")
REPORT = GateReport((PASSED, FAILED, WARNED, UNMEASURED))
NASTY = replace(FAILED, model="a|<b>::\x1b[31m%41\n", label="]]>", worst=(("x\x00`y`,.wav", 0.1),))


def test_lines_read_as_pytest_prints_them():
    assert report_lines(REPORT) == [
        "FAIL  net[dog]::time.consistency ≥ 0.95  0.931 [0.917, 0.944] · 99 clips",
        "      worst: dog/3.wav 0.41 · dog/7.wav 0.52",
        "FAIL  net::pitch.mac ≤ 0.1               not measured: why",
        "WARN  net::accuracy ≥ 0.8                0.750 [0.700, 0.850] · 99 clips · limit inside the interval",
        "PASS  net::time.mac ≤ 0.1                0.050 [0.040, 0.060] · 99 clips",
        "2 failed, 1 warned, 1 passed",
    ]
    assert str(REPORT) == "\n".join(report_lines(REPORT))


@pytest.mark.parametrize(
    ("value", "shown"), [(0.94996, "0.94996"), (0.9496, "0.9496"), (0.95, "0.950"), (0.93, "0.930")]
)
def test_a_number_never_looks_as_if_it_were_on_the_other_side(value, shown):
    report = GateReport((replace(FAILED, measured=Measured(value), worst=()),))
    assert re.search(rf"≥ 0.95  {re.escape(shown)}$", report_lines(report)[0])


def test_an_assertion_fits_into_the_line_that_pytest_shows():
    assert len(repr(REPORT)) <= 240
    assert repr(REPORT).startswith("<2 failed, 1 warned, 1 passed: FAIL net[dog]::time.consistency ≥ 0.95, is 0.931")
    assert len(one_line(GateReport((FAILED,) * 40))) == 240
    assert repr(GateReport((PASSED,))) == "<1 passed>"


def test_junit_holds_a_case_for_each_verdict():
    root = ElementTree.fromstring(junit_xml(REPORT, "audioinv check run"))
    suite = root.find("testsuite")
    assert suite.get("name") == "audioinv check run"
    cases = suite.findall("testcase")
    counted = {"tests": len(cases), "failures": len(root.findall(".//failure")), "errors": 0, "skipped": 0}
    assert counted == {"tests": 4, "failures": 2, "errors": 0, "skipped": 0}
    for element in (root, suite):
        assert {name: int(element.get(name)) for name in counted} == counted
    assert (cases[1].get("classname"), cases[1].get("name")) == ("net[dog]", "time.consistency ≥ 0.95")
    assert "dog/3.wav 0.41" in cases[1].find("failure").text
    assert cases[3].find("failure").get("message") == "not measured: why"
    assert cases[2].find("failure") is None
    assert cases[2].find("system-out").text.startswith("WARN 0.750")


def test_annotations_are_one_command_a_line():
    lines = github_annotations(GateReport((*REPORT.verdicts, NASTY)))
    assert len(lines) == 4
    parsed = [re.fullmatch(r"::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)", line).groups() for line in lines]
    assert sorted(kind for kind, _, _ in parsed) == ["error", "error", "error", "warning"]
    assert unquote(parsed[0][1]) == "net[dog]::time.consistency ≥ 0.95"
    assert unquote(parsed[0][2]) == "is 0.931 [0.917, 0.944] · 99 clips"
    assert unquote(parsed[2][1]).startswith("a|<b>::\N{REPLACEMENT CHARACTER}[31m%41\N{REPLACEMENT CHARACTER}[]]>]::")
    assert github_annotations(GateReport((PASSED,))) == []


def test_the_job_summary_is_a_table_with_a_row_for_each_verdict():
    lines = job_summary(GateReport((*REPORT.verdicts, NASTY)), "run_1").splitlines()
    assert lines[0] == r"### run\_1: 3 failed, 1 warned, 1 passed"
    rows = lines[4:]
    assert len(rows) == 5
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines[2:]} == {5}
    assert "<b>" not in "\n".join(lines)


def test_names_from_outside_do_not_break_the_forms():
    report = GateReport((NASTY,))
    case = ElementTree.fromstring(junit_xml(report, "\x1b")).find(".//testcase")
    assert "\x1b" not in case.get("classname")
    assert case.get("name") == "time.consistency ≥ 0.95"
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", str(report))


def test_json_says_the_same_and_knows_no_nan():
    found = json.loads(json.dumps(document(REPORT), allow_nan=False))
    assert found["passed"] is False
    assert [verdict["status"] for verdict in found["verdicts"]] == ["PASS", "FAIL", "WARN", "FAIL"]
    assert found["verdicts"][1]["measured"] == {"value": 0.9312, "low": 0.917, "high": 0.944, "n": 99, "n_groups": 30}
    assert found["verdicts"][3]["measured"]["value"] is None
    assert found["verdicts"][1]["worst"][0] == ["dog/3.wav", 0.41]
