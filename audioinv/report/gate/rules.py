"""Rules about numbers of a summary, and how they are written.

Conventions
-----------
A rule bounds one number: from below (``min``), from above (``max``), or how far it may fall or rise from a baseline
(``max_drop``, ``max_rise``). ``bound`` says what is held against the limit: the number itself (``"point"``), or the
end of its interval that is nearer to failing: ``"low"`` under ``min``, ``"high"`` under the others. A rule of
level ``"warn"`` fails nothing. `model` and `label` are names or patterns (``*``, ``?``); without a model the rule
holds for every model, without a label for all clips together.

Written down, rules are a mapping of metric to rule, in Python as in TOML::

    "time.consistency" = ">=0.95"
    "freq.consistency" = { min = 0.8, bound = "low", level = "warn" }
    "time.worst_accuracy" = [{ min = 0.6 }, { min = 0.4, class = "*" }, { max_drop = 0.02 }]

What is here: `Rule`, `read_rules`, `read_rule_file`, `read_option`, `check_together`.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InputError
from .metrics import close_to

__all__ = ["Rule", "check_together", "read_option", "read_rule_file", "read_rules"]

KINDS = ("min", "max", "max_drop", "max_rise")
LEVELS = ("error", "warn")
BOUNDS = ("point", "low", "high")
CAREFUL = {"min": "low", "max": "high", "max_drop": "high", "max_rise": "high"}
_OPERATORS = {">=": "min", "<=": "max"}
_COMPARISON = re.compile(r"\s*([<>=!~]+)\s*(.*?)\s*")
_KEYS = {"level": "level", "bound": "bound", "model": "model", "class": "label"}


@dataclass(frozen=True)
class Rule:
    """A bound on one number.

    Parameters
    ----------
    metric : str
        Its name, as in `audioinv.report.gate.metrics`.
    kind : {"min", "max", "max_drop", "max_rise"}
    limit : float
        Finite.
    level : {"error", "warn"}, default "error"
    bound : {"point", "low", "high"}, default "point"
    model, label : str, optional
        Names or patterns.

    Raises
    ------
    InputError
        If one of them is none of these.

    Examples
    --------
    >>> str(Rule("time.consistency", "min", 0.95, bound="low"))
    'time.consistency (low end) ≥ 0.95'
    """

    metric: str
    kind: str
    limit: float
    level: str = "error"
    bound: str = "point"
    model: str | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        for name, known in (("kind", KINDS), ("level", LEVELS), ("bound", BOUNDS)):
            value = getattr(self, name)
            if value not in known:
                raise InputError(f"{self.metric}: {name} {value!r} is unknown; {close_to(str(value), known)}")
        if isinstance(self.limit, bool) or not isinstance(self.limit, (int, float)) or not math.isfinite(self.limit):
            raise InputError(f"{self.metric}: {self.kind} is {self.limit!r}; a limit is a finite number")
        if self.bound not in ("point", CAREFUL[self.kind]):
            raise InputError(
                f"{self.metric}: bound {self.bound!r} lets {self.kind} pass where half of the interval fails; "
                f"under {self.kind} the careful end is {CAREFUL[self.kind]!r}"
            )
        for name in ("model", "label"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise InputError(f"{self.metric}: {name} is {value!r}; give a name or a pattern")

    @property
    def is_lower(self) -> bool:
        """Whether the number must not be less, rather than not be more."""
        return self.kind == "min"

    @property
    def compares(self) -> bool:
        """Whether the rule needs a baseline."""
        return self.kind in ("max_drop", "max_rise")

    def __str__(self) -> str:
        change = {"max_drop": "drop of ", "max_rise": "rise of "}.get(self.kind, "")
        end = "" if self.bound == "point" else f" ({self.bound} end)"
        return f"{change}{self.metric}{end} {'≥' if self.is_lower else '≤'} {self.limit:g}".replace("-", "−")


def read_rules(rules: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Read rules as they are written down.

    Parameters
    ----------
    rules : mapping of str to str, mapping or sequence of them
        By metric.

    Returns
    -------
    tuple of Rule

    Raises
    ------
    InputError
        If there is none, one cannot be read, or two contradict each other.

    Examples
    --------
    >>> [str(rule) for rule in read_rules({"time.mac": "<=0.1", "accuracy": {"min": 0.8, "max_drop": 0.02}})]
    ['time.mac ≤ 0.1', 'accuracy ≥ 0.8', 'drop of accuracy ≤ 0.02']
    """
    if not isinstance(rules, Mapping):
        raise InputError(f"rules are a mapping, as in {{'time.consistency': '>=0.95'}}; got {rules!r}")
    found = tuple(rule for metric, written in rules.items() for rule in _read(metric, written))
    if not found:
        raise InputError("no rule: a gate without rules passes nothing; give one, as in time.consistency >= 0.95")
    check_together(found)
    return found


def _read(metric: str, written: Any) -> Iterator[Rule]:
    if isinstance(written, str):
        yield _read_comparison(metric, written)
    elif isinstance(written, Mapping):
        yield from _read_table(metric, written)
    elif isinstance(written, (list, tuple)):
        if not written:
            raise InputError(f"{metric}: an empty list holds no rule; give one or remove it")
        for one in written:
            yield from _read(metric, one)
    else:
        raise InputError(f'{metric}: {written!r} is no rule; write ">=0.95" or {{ min = 0.95 }}')


def _read_comparison(metric: str, text: str) -> Rule:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise InputError(f'{metric}: {text!r} is no rule; write ">=0.95" or "<=0.05"')
    operator, limit = match.groups()
    if operator not in _OPERATORS:
        raise InputError(f"{metric}: operator {operator!r} is unknown; rules say >= or <=")
    return Rule(metric, _OPERATORS[operator], _number(metric, limit))


def _read_table(metric: str, table: Mapping[str, Any]) -> Iterator[Rule]:
    known = (*KINDS, *_KEYS)
    if metric == "rules":
        raise InputError("[rules] is no metric; rules stand at the top of the file, or under [tool.audioinv.check]")
    for key, value in table.items():
        if isinstance(value, Mapping) or (isinstance(value, str) and _COMPARISON.fullmatch(value)):
            raise InputError(f'{metric}.{key} must be quoted, because of its dots: "{metric}.{key}" = …')
        if key not in known:
            raise InputError(f"{metric}: {key!r} is nothing that a rule says; {close_to(key, known)}")
    kinds = [kind for kind in KINDS if kind in table]
    if not kinds:
        raise InputError(f"{metric}: the rule has no limit; give {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    options = {name: table[key] for key, name in _KEYS.items() if key in table}
    for kind in kinds:
        yield Rule(metric, kind, table[kind], **options)


def _number(metric: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{metric}: {text!r} is no number") from None


def read_rule_file(path: Path) -> tuple[Rule, ...]:
    """Read the rules of a TOML file.

    Parameters
    ----------
    path : Path
        Holds nothing but rules, or a table ``[tool.audioinv.check]``.

    Returns
    -------
    tuple of Rule

    Raises
    ------
    InputError
        If the file cannot be read, or its rules cannot.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as TOML ({error})") from error
    try:
        return read_rules(_table(document))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _table(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table of rules: the one for this tool where the file holds others too."""
    if "tool" not in document:
        return document
    found: Any = document
    for key in ("tool", "audioinv", "check"):
        found = found.get(key) if isinstance(found, Mapping) else None
    if found is None:
        raise InputError("there is no table [tool.audioinv.check]")
    table: Mapping[str, Any] = found
    return table


def read_option(kind: str, text: str, **options: Any) -> Rule:
    """Read a rule from the command line.

    Parameters
    ----------
    kind : {"min", "max", "max_drop", "max_rise"}
    text : str
        ``METRIC=NUMBER``.
    **options
        As for `Rule`.

    Returns
    -------
    Rule

    Raises
    ------
    InputError
        If it cannot be read.

    Examples
    --------
    >>> str(read_option("min", "time.consistency=0.95"))
    'time.consistency ≥ 0.95'
    """
    metric, equals, limit = (part.strip() for part in text.partition("="))
    if not (metric and equals and limit):
        option = f"--{kind.replace('_', '-')}"
        raise InputError(f"{option} {text!r} is no rule; write {option} METRIC=NUMBER")
    return Rule(metric, kind, _number(metric, limit), **options)


def check_together(rules: Iterable[Rule]) -> None:
    """Refuse rules that stand twice, or that no number can satisfy together.

    Parameters
    ----------
    rules : iterable of Rule

    Raises
    ------
    InputError
        If there are such.

    Examples
    --------
    >>> check_together([Rule("accuracy", "min", 0.9), Rule("accuracy", "max", 0.8)])
    Traceback (most recent call last):
    ...
    audioinv.errors.InputError: accuracy ≥ 0.9 and accuracy ≤ 0.8 contradict each other: no number satisfies both
    """
    seen: dict[tuple[Any, ...], Rule] = {}
    for rule in rules:
        about = (rule.metric, rule.model, rule.label)
        twin = (*about, rule.kind, rule.level, rule.bound)
        if twin in seen:
            raise InputError(f"{rule.metric} has two rules of the same kind: {seen[twin]} and {rule}; remove one")
        for other in seen.values():
            low, high = sorted((rule, other), key=lambda one: not one.is_lower)
            same = (other.metric, other.model, other.label) == about
            if same and (low.kind, high.kind) == ("min", "max") and low.limit > high.limit:
                raise InputError(f"{low} and {high} contradict each other: no number satisfies both")
        seen[twin] = rule
