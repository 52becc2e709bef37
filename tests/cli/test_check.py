"""``audioinv check``: exit codes, streams, files for CI servers, and planted rule files, each refused by name."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from audioinv.analysis import AnalysisOptions, analyze_models
from audioinv.nets.model import as_model
from audioinv.report.results import Results
from audioinv.sound.clip import Clip
from audioinv.sweep.responses import Failure

CONSISTENCY = "time.consistency"


def first_half(waveforms):
    """Answer by which half is louder: not blind to delay."""
    early, late = (waveforms**2).reshape(len(waveforms), 2, -1).mean(-1).T + 1e-9
    return np.stack([early, late], axis=-1).astype(np.float32) / (early + late)[:, None]


@pytest.fixture(scope="session")
def half():
    """Results of a model that answers some clips otherwise when they come later."""
    rng = np.random.default_rng(5)
    clips = [
        Clip(
            rng.standard_normal(800).astype(np.float32) * np.linspace(1, 0.8 + 0.02 * i, 800, dtype=np.float32),
            8000,
            f"noise/{i}.wav",
            ("first", "second")[i % 2],
        )
        for i in range(20)
    ]
    model = as_model(first_half, name="half", sample_rate=8000, labels=["first", "second"], n_samples=800)
    options = AnalysisOptions({"time": "-20:20:20ms", "freq": "0:100:100Hz"}, edges="circular", references=False)
    return analyze_models([model], clips, options)


@pytest.fixture
def here(half, tmp_path, monkeypatch):
    """A working folder with the results folder ``run``, and ``clips`` and ``grid``, which do not compare with it."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    found = half.responses["half"]
    half.save("run")
    others = {
        "clips": replace(found, clips=(replace(found.clips[0], name="new.wav"), *found.clips[1:])),
        "grid": replace(found, axes={"time": replace(found.axes["time"], shifts=np.array([-10.0, 0.0, 10.0]))}),
    }
    for name, responses in others.items():
        replace(half, responses={"half": responses}).save(name)
    return tmp_path


@pytest.fixture
def share(half):
    return half.summary["axes"]["time"]["consistency"]["value"]


def test_the_exit_code_says_what_became_of_the_rules(run, here, share):
    assert 0.2 < share < 0.9
    passed = run("check", "run", "--min", f"{CONSISTENCY}={share - 0.01}")
    assert (passed.exit_code, passed.stderr) == (0, "")
    assert passed.stdout.splitlines()[-1] == "1 passed"
    failed = run("check", "run", "--min", f"{CONSISTENCY}={share + 0.01}", "--max", "freq.top1_change=0.99")
    assert failed.exit_code == 1
    assert failed.stdout.startswith(f"FAIL  half::{CONSISTENCY} ≥ ")
    assert "worst: noise/" in failed.stdout
    assert failed.stdout.splitlines()[-1] == "1 failed, 1 passed"
    assert run("check", "run", "--min", f"{CONSISTENCY}=0.99", "-q").stdout == ""


def test_a_warning_is_no_failure(run, here):
    warned = run("check", "run", "--min", f"{CONSISTENCY}=0.99", "--level", "warn")
    assert warned.exit_code == 0
    assert warned.stdout.startswith("WARN")


def test_careful_judges_the_end_of_the_interval(run, here, half):
    estimate = half.summary["axes"]["time"]["consistency"]
    between = f"{CONSISTENCY}={(estimate['low'] + estimate['value']) / 2}"
    assert run("check", "run", "--min", between).exit_code == 0
    assert run("check", "run", "--min", between, "--careful").exit_code == 1


def test_classes_are_judged_one_by_one(run, here):
    done = run("check", "run", "--min", f"{CONSISTENCY}=0.01", "--class", "*")
    assert [line.split("::")[0] for line in done.stdout.splitlines()[:-1]] == [
        "PASS  half[first]",
        "PASS  half[second]",
    ]


def test_a_baseline_is_paired(run, here, half):
    options = ("--max-drop", f"{CONSISTENCY}=0", "--max-rise", f"{CONSISTENCY}=0", "--baseline")
    assert run("check", "run", *options, "run").exit_code == 0
    found = half.responses["half"]
    steady = replace(found.axes["time"], scores=np.repeat(found.axes["time"].scores[:, 1:2], 3, axis=1))
    replace(half, responses={"half": replace(found, axes={**found.axes, "time": steady})}).save("steady")
    done = run("check", "run", *options, "steady")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0].startswith(f"FAIL  half::drop of {CONSISTENCY} ≤ 0")
    assert done.stdout.splitlines()[-1] == "1 failed, 1 passed"


def test_rules_come_from_the_project_a_file_or_the_command_line(run, here):
    (here / "pyproject.toml").write_text(f'[tool.audioinv.check]\n"{CONSISTENCY}" = ">=0.99"\n')
    assert run("check", "run").exit_code == 1
    assert run("check", "run", "--min", f"{CONSISTENCY}=0.01").exit_code == 0  # other rules are asked for
    (here / "rules.toml").write_text('accuracy = ">=0.01"\n')
    both = run("check", "run", "--rules", "rules.toml", "--min", f"{CONSISTENCY}=0.01")
    assert both.stdout.splitlines()[-1] == "2 passed"


def test_json_is_one_document(run, here):
    done = run("check", "run", "--min", f"{CONSISTENCY}=0.99", "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["passed"] is False
    assert found["verdicts"][0]["rule"]["metric"] == CONSISTENCY


def test_junit_is_written(run, here):
    run("check", "run", "--min", f"{CONSISTENCY}=0.99", "--min", "accuracy=0.01", "--junit", "out/junit.xml")
    suite = ElementTree.parse(here / "out" / "junit.xml").getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    (here / "full").write_text("")
    refused = run("check", "run", "--min", "accuracy=0.01", "--junit", "full/junit.xml")
    assert refused.exit_code == 2
    assert "full/junit.xml cannot be written" in refused.stderr


def test_github_gets_annotations_and_a_summary(run, here, monkeypatch):
    rules = ("--min", f"{CONSISTENCY}=0.99", "--min", "accuracy=0.01")
    assert "::error" not in run("check", "run", *rules).stderr
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary.md"))
    (here / "summary.md").write_text("of an earlier step\n")
    done = run("check", "run", *rules, "--json")
    json.loads(done.stdout)
    assert done.stderr.startswith("::error title=half%3A%3A")
    assert done.stderr.count("\n") == 1
    written = (here / "summary.md").read_text()
    assert written.startswith("of an earlier step\n### audioinv check run: 1 failed, 1 passed")


def failing(half: Results, n: int, allowed: str | None = None) -> Results:
    run = half.run if allowed is None else {**half.run, "options": {"allow_failures": allowed}}
    failures = tuple(Failure(f"{i}.wav", "read", "empty file") for i in range(n))
    return replace(half, failures=failures, run=run)


@pytest.mark.parametrize(
    ("n", "allowed", "options", "code"),
    [
        (1, None, (), 3),
        (1, "0", (), 3),
        (1, "1", (), 1),
        (5, "20%", (), 1),
        (6, "20%", (), 3),
        (1, "1", ("--allow-failures", "0"), 3),
        (1, "0", ("--allow-failures", "5%"), 1),
        (0, "0", (), 1),
    ],
)
def test_failed_inputs_beyond_what_was_allowed_win_over_failed_rules(run, here, half, n, allowed, options, code):
    failing(half, n, allowed).save("some")
    done = run("check", "some", "--min", f"{CONSISTENCY}=0.99", *options)
    assert done.exit_code == code
    assert "1 failed" in done.stdout
    assert (f"{n} input{'s' * (n > 1)} failed" in done.stderr) == (code == 3)


def test_without_a_clip_nothing_passes(run, here, half):
    empty = replace(half, responses={}, document={**half.document, "models": {}})
    empty.save("empty")
    assert run("check", "empty", "--min", "accuracy=0.01").exit_code == 5
    failing(empty, 2).save("broken")
    assert run("check", "broken", "--min", "accuracy=0.01").exit_code == 3


PLANTED = {
    "typo": ('"time.consistancy" = ">=0.9"', 2, "'time.consistancy' is unknown; did you mean time.consistency?"),
    "unknown metric": ('robustness = ">=0.9"', 2, "metric 'robustness' is unknown"),
    "impossible bound": ('"time.consistency" = ">=1.2"', 2, "cannot be met: time.consistency lies between 0 and 1"),
    "bound that cannot fail": ('"time.consistency" = ">=0"', 2, "cannot fail"),
    "missing axis": ('"pitch.consistency" = ">=0.5"', 1, "not measured: the run swept no pitch"),
    "NaN": ('"time.k_consistency" = ">=0.5"', 1, "undefined: the sweep holds fewer than five shifts"),
    "NaN limit": ("accuracy = { min = nan }", 2, "min is nan; a limit is a finite number"),
    "wrong type": ('accuracy = { min = "0.9" }', 2, "min is '0.9'; a limit is a finite number"),
    "no rule but a number": ("accuracy = 0.9", 2, "0.9 is no rule"),
    "empty": ("", 2, "no rule"),
    "duplicate key": ('accuracy = ">=0.9"\naccuracy = ">=0.8"', 2, "cannot be read as TOML"),
    "duplicate rule": (
        'accuracy = [">=0.9", ">=0.8"]',
        2,
        "two rules of the same kind: accuracy ≥ 0.9 and accuracy ≥ 0.8",
    ),
    "contradictory": (
        "accuracy = { min = 0.9, max = 0.8 }",
        2,
        "accuracy ≥ 0.9 and accuracy ≤ 0.8 contradict each other",
    ),
    "unknown model": ('accuracy = { min = 0.5, model = "hlaf" }', 2, "no model 'hlaf'; did you mean half?"),
    "unknown class": ('accuracy = { min = 0.5, class = "frist" }', 2, "no clip of class 'frist'; did you mean first?"),
    "unknown level": (
        'accuracy = { min = 0.5, level = "fatal" }',
        2,
        "level 'fatal' is unknown; there are error, warn",
    ),
    "unknown word": (
        'accuracy = { min = 0.5, modle = "half" }',
        2,
        "'modle' is nothing that a rule says; did you mean model?",
    ),
    "wrong operator": ('accuracy = ">0.5"', 2, "operator '>' is unknown; rules say >= or <="),
    "no limit": ('accuracy = { level = "warn" }', 2, "the rule has no limit"),
    "optimistic bound": ('accuracy = { min = 0.5, bound = "high" }', 2, "the careful end is 'low'"),
    "not quoted": ("time.consistency = { min = 0.5 }", 2, "must be quoted"),
    "not quoted either": ('time.consistency = ">=0.5"', 2, 'must be quoted, because of its dots: "time.consistency"'),
    "not TOML": ("accuracy: '>=0.5'", 2, "cannot be read as TOML"),
    "no table": ("[tool.ruff]\nline-length = 120", 2, "there is no table [tool.audioinv.check]"),
    "no baseline": ("accuracy = { max_drop = 0.1 }", 2, "drop of accuracy ≤ 0.1 needs a baseline"),
    "needless baseline": ("accuracy = { min = 0.1 }", 2, "no rule says max_drop", "run"),
    "unpaired measure": (
        '"time.wobble.median" = { max_rise = 0.1 }',
        2,
        "only averages over clips can be paired",
        "run",
    ),
    "other clips": ('"time.consistency" = { max_drop = 0.5 }', 1, "the baseline has other clips", "clips"),
    "other grid": ('"time.consistency" = { max_drop = 0.5 }', 1, "the baseline's grid along time differs", "grid"),
    "other axes": ('"freq.consistency" = { max_drop = 0.5 }', 1, "the baseline swept no freq", "grid"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_rule_file_is_refused_in_a_line_that_names_the_fault(run, here, fault):
    content, code, words, *baseline = PLANTED[fault]
    (here / "rules.toml").write_text(content)
    done = run("check", "run", "--rules", "rules.toml", *(("--baseline", *baseline) if baseline else ()))
    assert done.exit_code == code
    told = done.stdout if code == 1 else done.stderr
    assert words in told.splitlines()[0]
    assert (done.stderr if code == 1 else done.stdout) == ""
    assert told.count("\n") == (2 if code == 1 else 1)


def test_control_rule_files_without_a_fault_pass(run, here):
    (here / "rules.toml").write_text(
        '"time.consistency" = [{ min = 0.01, max = 0.99 }, { max_drop = 0.5 }]\n'
        'accuracy = { min = 0.01, level = "warn", bound = "low", model = "half", class = "first" }\n'
    )
    done = run("check", "run", "--rules", "rules.toml", "--baseline", "run")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "4 passed")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), "no rule: give --min METRIC=NUMBER or --rules FILE"),
        (("run", "--level", "warn"), "there is none"),
        (("run", "--min", "accuracy"), "write --min METRIC=NUMBER"),
        (("run", "--min", "accuracy=0.9", "--max", "accuracy=0.8"), "contradict each other"),
        (("run", "--min", "accuracy=0.9", "-m", "nobody"), "no model 'nobody'"),
        (("run", "--min", "accuracy=0.9", "--level", "fatal"), "level 'fatal' is unknown"),
        (("run", "--min", "accuracy=0.9", "--allow-failures", "few"), "neither a number nor a percentage"),
        (("run", "--rules", "nowhere.toml"), "nowhere.toml cannot be read"),
        (("nowhere", "--min", "accuracy=0.9"), "nowhere does not exist"),
        (("run", "--max-drop", "accuracy=0.1", "--baseline", "nowhere"), "nowhere does not exist"),
    ],
)
def test_wrong_usage_is_one_line(run, here, arguments, message):
    done = run("check", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
