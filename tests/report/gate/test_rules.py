"""Rules: what is written is what is meant, and whatever else is written is refused by name."""

import tomllib

import pytest

from audioinv.errors import InputError
from audioinv.report.gate.rules import Rule, check_together, read_option, read_rule_file, read_rules

WRITTEN = """
accuracy = ">= 0.8"
"time.consistency" = { min = 0.95, level = "warn", bound = "low", model = "net-*" }
"freq.consistency" = [{ min = 0.8 }, { min = 0.5, class = "*" }, { max_drop = 0.02, bound = "high" }]
"time.top1_change" = "<=0.05"
"""
MEANT = (
    Rule("accuracy", "min", 0.8),
    Rule("time.consistency", "min", 0.95, "warn", "low", "net-*"),
    Rule("freq.consistency", "min", 0.8),
    Rule("freq.consistency", "min", 0.5, label="*"),
    Rule("freq.consistency", "max_drop", 0.02, bound="high"),
    Rule("time.top1_change", "max", 0.05),
)


def test_rules_mean_what_is_written():
    assert read_rules(tomllib.loads(WRITTEN)) == MEANT


def test_a_rule_file_and_a_project_file_hold_the_same_rules(tmp_path):
    (tmp_path / "rules.toml").write_text(WRITTEN)
    (tmp_path / "pyproject.toml").write_text(f"[project]\nname = 'x'\n[tool.audioinv.check]\n{WRITTEN}")
    assert read_rule_file(tmp_path / "rules.toml") == read_rule_file(tmp_path / "pyproject.toml") == MEANT


def test_an_option_means_the_same_rule():
    assert read_option("min", "accuracy=0.8") == MEANT[0]
    assert read_option("max_drop", " freq.consistency = 0.02 ", bound="high") == MEANT[4]
    assert read_option("max", "time.x=-1e-3") == Rule("time.x", "max", -0.001)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("min", "accuracy", "--min 'accuracy' is no rule"),
        ("max_drop", "accuracy=", "--max-drop METRIC=NUMBER"),
        ("min", "=0.5", "is no rule"),
        ("min", "accuracy=much", "'much' is no number"),
        ("min", "accuracy=nan", "a limit is a finite number"),
        ("max", "accuracy=inf", "a limit is a finite number"),
    ],
)
def test_an_option_that_is_no_rule_is_refused(kind, text, message):
    with pytest.raises(InputError, match=message):
        read_option(kind, text)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({}, "no rule"),
        ([], "rules are a mapping"),
        ({"accuracy": []}, "accuracy: an empty list"),
        ({"accuracy": {}}, "accuracy: the rule has no limit"),
        ({"accuracy": 0.9}, "accuracy: 0.9 is no rule"),
        ({"accuracy": True}, "accuracy: True is no rule"),
        ({"accuracy": {"min": "0.9"}}, "min is '0.9'"),
        ({"accuracy": {"min": True}}, "min is True"),
        ({"accuracy": {"min": float("nan")}}, "min is nan"),
        ({"accuracy": {"min": 0.9, "levle": "warn"}}, "'levle' is nothing that a rule says; did you mean level"),
        ({"accuracy": {"level": "warn"}}, "no limit"),
        ({"accuracy": {"min": 0.9, "level": "fatal"}}, "level 'fatal' is unknown; there are error, warn"),
        ({"accuracy": {"min": 0.9, "bound": "middle"}}, "bound 'middle' is unknown"),
        ({"accuracy": {"min": 0.9, "bound": "high"}}, "the careful end is 'low'"),
        ({"accuracy": {"max": 0.9, "bound": "low"}}, "the careful end is 'high'"),
        ({"accuracy": {"min": 0.9, "model": 3}}, "model is 3"),
        ({"accuracy": {"min": 0.9, "class": ["a"]}}, r"label is \['a'\]"),
        ({"time": {"consistency": {"min": 0.9}}}, 'quoted, because of its dots: "time.consistency"'),
        ({"accuracy": ">0.9"}, "operator '>' is unknown; rules say >= or <="),
        ({"accuracy": "==0.9"}, "operator '==' is unknown"),
        ({"accuracy": ">=much"}, "'much' is no number"),
        ({"accuracy": "0.9"}, "'0.9' is no rule"),
        ({"accuracy": [">=0.9", ">=0.8"]}, "two rules of the same kind"),
        ({"accuracy": {"min": 0.9, "max": 0.8}}, "accuracy ≥ 0.9 and accuracy ≤ 0.8 contradict each other"),
        ({"accuracy": ["<=0.8", {"min": 0.9, "level": "warn"}]}, "contradict each other"),
    ],
)
def test_what_is_no_rule_is_refused_by_name(written, message):
    with pytest.raises(InputError, match=message):
        read_rules(written)


def test_control_neighbours_of_refused_rules_are_fine():
    read_rules({"accuracy": {"min": 0.8, "max": 0.8}})
    read_rules({"accuracy": [{"min": 0.9, "level": "warn"}, {"min": 0.8}]})
    check_together([Rule("accuracy", "min", 0.9, label="a"), Rule("accuracy", "max", 0.8, label="b")])


def test_a_rule_reads_as_a_sentence():
    assert str(Rule("contrast.difference", "min", -0.05)) == "contrast.difference ≥ −0.05"
    assert str(Rule("time.mac", "max_rise", 0.01, bound="high")) == "rise of time.mac (high end) ≤ 0.01"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"= what", "cannot be read as TOML"),
        (b"\xff\xfe", "cannot be read as TOML"),
        (b'accuracy = ">=0.9"\naccuracy = ">=0.8"', "cannot be read as TOML"),
        (b"", "no rule"),
        (b"[tool.ruff]", r"there is no table \[tool.audioinv.check\]"),
        (b"[tool.audioinv.check]", "no rule"),
        (b"tool = 3", "no table"),
        (b"[tool]\naudioinv = 3", "no table"),
        (b"[tool.audioinv]\ncheck = 3", "rules are a mapping"),
    ],
)
def test_a_file_without_rules_is_named(tmp_path, content, message):
    path = tmp_path / "planted.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"planted\.toml.*{message}"):
        read_rule_file(path)
    with pytest.raises(InputError, match=r"nowhere\.toml cannot be read"):
        read_rule_file(tmp_path / "nowhere.toml")
