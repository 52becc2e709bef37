"""Verdicts: the numbers are those of the rows, the limit is held to the letter, and nothing passes by default."""

from dataclasses import replace

import numpy as np
import pytest

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.errors import InputError
from audioinv.nets.model import as_model
from audioinv.report.gate.metrics import Measured
from audioinv.report.gate.output import report_lines
from audioinv.report.gate.rules import Rule
from audioinv.report.gate.verdicts import GateReport, Verdict
from audioinv.report.results import load_results
from audioinv.sound.clip import Clip

HALF, CENTROID = "<b>half</b>", "centroid"
TIME, LOW = "time.consistency", "freq.consistency"


def rows(results, model, axis, label=None):
    """The clips' shares of kept answers, straight from the table."""
    frame = results.frame
    chosen = frame[(frame["model"] == model) & (frame["axis"] == axis) & (frame["shift"] != 0)]
    if label is not None:
        chosen = chosen[chosen["label"] == label]
    return chosen.groupby("clip", observed=True)["same_as_zero"].mean()


def only(report):
    (verdict,) = report.verdicts
    return verdict


def test_a_rule_is_held_against_the_mean_of_the_rows(results):
    share = rows(results, HALF, "time").mean()
    assert 0 < share < 1
    close = round(share, 4)
    for limit, passed in ((close - 0.001, True), (close + 0.001, False)):
        verdict = only(results.check({TIME: {"min": limit}}, model=HALF))
        assert verdict.passed is passed
        assert verdict.measured.value == pytest.approx(share)
        assert only(results.check({TIME: {"max": limit}}, model=HALF)).passed is not passed


def test_the_limit_itself_passes(results):
    value = results.document["models"][HALF]["axes"]["time"]["consistency"]["value"]
    assert results.check({TIME: {"min": value, "max": value}}, model=HALF)
    assert results.check({TIME: ">=1"}, model=CENTROID)


def test_the_careful_end_of_the_interval_may_fail_where_the_point_passes(results):
    estimate = results.document["models"][HALF]["axes"]["time"]["consistency"]
    between = {"min": (estimate["low"] + estimate["value"]) / 2, "max": (estimate["high"] + estimate["value"]) / 2}
    for kind, bound in (("min", "low"), ("max", "high")):
        assert results.check({TIME: {kind: between[kind]}}, model=HALF)
        assert not results.check({TIME: {kind: between[kind], "bound": bound}}, model=HALF)
        assert only(results.check({TIME: {kind: between[kind]}}, model=HALF)).is_close


@pytest.mark.parametrize(
    ("low", "high", "limit", "close"),
    [
        (40, np.nan, 60, True),
        (40, np.nan, 100, True),  # what lies beyond the range has no upper end
        (40, np.nan, 40, False),
        (np.nan, 90, 60, True),
        (np.nan, 90, 90, False),
        (np.nan, np.nan, 60, False),
        (40, 90, 60, True),
        (40, 90, 91, False),
    ],
)
def test_a_limit_lies_inside_an_interval_that_is_open_at_one_end(low, high, limit, close):
    rule = Rule("time.minimal_flip_shift", "max", float(limit))
    found = Verdict(rule, "m", None, True, Measured(90.0, low, high, 12))
    assert found.is_close is close
    line = " ".join(report_lines(GateReport((found,))))
    ends = ["–" if np.isnan(end) else f"{end}" for end in (low, high)]
    assert (f"90 [{', '.join(ends)}]" in line) is not (ends == ["–", "–"])
    assert "nan" not in line
    assert ("limit inside the interval" in line) is close


def test_a_warning_fails_nothing_and_is_told(results):
    report = results.check({TIME: {"min": 0.999, "level": "warn"}}, model=HALF)
    assert report
    assert only(report).status == "WARN"
    both = results.check({TIME: [{"min": 0.999, "level": "warn"}, {"min": 0.99}]}, model=HALF)
    assert not both


def test_rules_are_for_every_model_unless_they_name_one(results):
    assert [verdict.model for verdict in results.check({TIME: ">=0.5"}).verdicts] == [CENTROID, HALF]
    assert only(results.check({TIME: {"min": 0.5, "model": "cent*"}})).model == CENTROID
    own = results.check({TIME: {"min": 0.5, "model": CENTROID}, LOW: ">=0.1"}, model=HALF)
    assert [verdict.model for verdict in own.verdicts] == [CENTROID, HALF]


def test_a_class_is_its_clips_alone(results):
    report = results.check({LOW: {"min": 0.01, "class": "*"}}, model=CENTROID)
    assert [verdict.label for verdict in report.verdicts] == ["high", "low"]
    for verdict in report.verdicts:
        assert verdict.measured.n == 12
        assert verdict.measured.value == pytest.approx(rows(results, CENTROID, "freq", verdict.label).mean())
    everyone = only(results.check({LOW: {"min": 0.01}}, model=CENTROID)).measured.value
    assert {verdict.measured.value for verdict in report.verdicts} != {everyone}  # control: the classes differ
    assert np.mean([verdict.measured.value for verdict in report.verdicts]) == pytest.approx(everyone)


def test_the_worst_clips_are_those_of_the_rows(results):
    shares = rows(results, HALF, "time")
    worst = only(results.check({TIME: ">=0.999"}, model=HALF)).worst
    assert 0 < len(worst) <= 5
    assert [value for _, value in worst] == pytest.approx(shares.sort_values().head(len(worst)).to_list())
    assert all(value == pytest.approx(shares[name]) for name, value in worst)
    most = only(results.check({"time.top1_change": "<=0.001"}, model=HALF)).worst
    assert [value for _, value in most] == sorted((value for _, value in most), reverse=True)
    assert only(results.check({TIME: ">=1"}, model=CENTROID)).worst == ()


@pytest.mark.parametrize(
    ("metric", "rule", "reason"),
    [
        ("bins.consistency", ">=0.5", "not measured: the run swept no bins, only time, freq, pitch"),
        ("pitch.k_consistency", ">=0.5", "undefined: the sweep holds fewer than five shifts"),
        ("pitch.frame_phase", "<=0.5", "not measured by this run"),
        ("time.frame_phase", "<=0.5", "not measured by this run"),
        ("references.relative_flips", {"max": 1, "class": "low"}, "not measured for class low alone"),
    ],
)
def test_what_was_not_measured_fails_and_says_why(results, metric, rule, reason):
    report = results.check({metric: rule}, model=CENTROID)
    assert not report
    assert only(report).reason == reason


def test_an_end_that_is_undefined_fails(results):
    only_clip = {"time.consistency": {"min": 0.01, "bound": "low", "class": "tone"}}
    clips = [Clip(np.sin(np.arange(2000) / 3).astype(np.float32), 8000, "one.wav", "tone")]
    model = as_model(lambda x: np.tile([0.9, 0.1], (len(x), 1)), sample_rate=8000, labels=["tone", "b"], n_samples=2000)
    found = analyze_models([model], clips, AnalysisOptions({"time": "-2:2:1ms"}, references=False))
    assert found.check({"time.consistency": ">=0.01"})
    report = found.check(only_clip)
    assert not report
    assert only(report).reason == "it has no interval; use the point"


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"time.consistancy": ">=0.5"}, "'time.consistancy' is unknown; did you mean time.consistency"),
        ({"tmie.consistency": ">=0.5"}, "did you mean time.consistency"),
        ({"robustness": ">=0.5"}, "'robustness' is unknown"),
        ({"time.consistency.low": ">=0.5"}, "is unknown"),
        ({TIME: ">=1.01"}, "cannot be met: time.consistency lies between 0 and 1"),
        ({TIME: "<=-0.01"}, "cannot be met"),
        ({TIME: ">=0"}, "cannot fail: time.consistency lies between 0 and 1"),
        ({TIME: "<=1"}, "cannot fail"),
        ({"time.mac": ">=0"}, "cannot fail: time.mac lies between 0 and ∞"),
        ({TIME: {"max_drop": 1}}, "cannot fail: a change of time.consistency lies between −1 and 1"),
        ({TIME: {"min": 0.5, "model": "centriod"}}, "no model 'centriod'; did you mean centroid"),
        ({TIME: {"min": 0.5, "class": "hihg"}}, "no clip of class 'hihg'; did you mean high"),
        ({"time.wobble.median": {"max_rise": 0.1}}, "only averages over clips can be paired"),
    ],
)
def test_names_and_limits_that_make_no_sense_are_refused(results, rules, message):
    baseline = results if "max_" in repr(rules) else None
    with pytest.raises(InputError, match=message):
        results.check(rules, baseline=baseline)


def test_a_baseline_is_needed_or_superfluous(results):
    with pytest.raises(InputError, match="needs a baseline"):
        results.check({TIME: {"max_drop": 0.1}})
    with pytest.raises(InputError, match="no rule says max_drop"):
        results.check({TIME: ">=0.1"}, baseline=results)
    with pytest.raises(InputError, match="no model 'nobody'"):
        results.check({TIME: ">=0.1"}, model="nobody")


def swapped(results):
    """The same run with the answers of the two models exchanged: a planted change in both directions."""
    a, b = (results.responses[name] for name in (CENTROID, HALF))
    return replace(
        results,
        responses={CENTROID: replace(a, axes=b.axes), HALF: replace(b, axes=a.axes)},
        document={
            **results.document,
            "models": {CENTROID: results.document["models"][HALF], HALF: results.document["models"][CENTROID]},
        },
    )


def test_a_drop_is_the_difference_of_the_same_clips(results):
    shares = {name: rows(results, name, "time") for name in (CENTROID, HALF)}
    drop = (shares[CENTROID] - shares[HALF]).mean()
    assert drop > 0.05
    now = swapped(results)
    for limit, passed in ((drop + 0.001, True), (drop - 0.001, False)):
        verdict = only(now.check({TIME: {"max_drop": limit}}, baseline=results, model=CENTROID))
        assert verdict.passed is passed
        assert verdict.measured.value == pytest.approx(drop)
        assert verdict.measured.low < drop < verdict.measured.high
        assert only(now.check({TIME: {"max_rise": limit}}, baseline=results, model=HALF)).passed is passed
    assert now.check({TIME: {"max_rise": 0.001}}, baseline=results, model=CENTROID)
    fallen = dict(only(now.check({TIME: {"max_drop": 0.01}}, baseline=results, model=CENTROID)).worst)
    each = shares[CENTROID] - shares[HALF]
    assert fallen == pytest.approx({name: each[name] for name in fallen})
    assert max(fallen.values()) == pytest.approx(each.max())


def test_control_the_same_run_has_not_moved(results):
    report = results.check({TIME: {"max_drop": 0, "max_rise": 0}, "accuracy": {"max_drop": 0}}, baseline=results)
    assert report
    assert {verdict.measured.value for verdict in report.verdicts} == {0}
    assert all(-1 < verdict.measured.low < 0 < verdict.measured.high < 1 for verdict in report.verdicts)


def test_a_drop_within_a_class(results):
    verdict = only(swapped(results).check({TIME: {"max_drop": 0.01, "class": "low"}}, baseline=results, model=CENTROID))
    expected = (rows(results, CENTROID, "time", "low") - rows(results, HALF, "time", "low")).mean()
    assert verdict.measured.value == pytest.approx(expected)
    assert verdict.measured.n == 12


def narrowed(results, **changes):
    """The run with the time axis of every model replaced."""
    responses = {
        name: replace(found, axes={**found.axes, "time": replace(found.axes["time"], **changes)})
        for name, found in results.responses.items()
    }
    return replace(results, responses=responses)


def test_a_baseline_that_does_not_compare_fails_and_says_why(results):
    fewer = {
        name: replace(r, clips=(replace(r.clips[0], name="new.wav"), *r.clips[1:]))
        for name, r in results.responses.items()
    }
    without = {
        name: replace(r, axes={k: v for k, v in r.axes.items() if k != "time"}) for name, r in results.responses.items()
    }
    relabelled = {
        name: replace(r, clips=(replace(r.clips[0], label="high"), *r.clips[1:]))
        for name, r in results.responses.items()
    }
    shifts = results.responses[HALF].axes["time"].shifts
    for before, reason in (
        (replace(results, responses=relabelled), "1 of the clips under another label"),
        (replace(results, responses=fewer), "1 clip (low/0.wav) only here, 1 clip (new.wav) only there"),
        (replace(results, responses=without), "the baseline swept no time, only freq, pitch"),
        (
            narrowed(results, shifts=shifts * 2),
            "grid along time differs: −80 to 160 ms in 7 shifts there, −40 to 80 ms",
        ),
        (narrowed(results, unit="smp"), "unit along time differs: smp there, ms here"),
        (narrowed(results, edges="circular"), "edges along time differs: circular there, zero here"),
        (replace(results, responses={}), "the baseline holds no model"),
    ):
        report = results.check({TIME: {"max_drop": 0.5}}, baseline=before, model=HALF)
        assert not report
        assert reason in only(report).reason


def test_a_single_model_may_have_been_renamed(results):
    def alone(name, called):
        run = {**results.run, "models": {called: results.run["models"][name]}}
        document = {**results.document, "models": {called: results.document["models"][name]}}
        return replace(results, responses={called: results.responses[name]}, document=document, run=run)

    report = alone(HALF, "v2").check({TIME: {"max_drop": 0.01}}, baseline=alone(CENTROID, "v1"))
    assert only(report).measured.value > 0.05
    assert "holds no model v2" in only(alone(HALF, "v2").check({TIME: {"max_drop": 0.5}}, baseline=results)).reason


def test_a_saved_run_gives_the_same_verdicts(results, tmp_path):
    rules = {TIME: [{"min": 0.9}, {"min": 0.1, "class": "*"}], LOW: {"max_drop": 0.01}}
    results.save(tmp_path / "run")
    loaded = load_results(tmp_path / "run")
    assert loaded.check(rules, baseline=loaded) == results.check(rules, baseline=results)


def test_a_rule_without_a_metric_is_never_judged(results):
    from audioinv.report.gate.verdicts import check_results

    with pytest.raises(InputError, match="a gate without rules passes nothing"):
        check_results(results, ())
    assert check_results(results, [Rule(TIME, "min", 0.1)])
