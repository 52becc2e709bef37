"""Mutants of a module: what cosmic-ray could write otherwise in it, less what no test can see.

Each change is one of cosmic-ray's own operators [1]_, and of those only the ones that give a nearest wrong program: an
operator becomes its neighbour (``+`` and ``-``, ``<`` and ``<=``), a condition its opposite, a number one more or one
less, a loop runs never, a decorator is gone, an exception goes uncaught. What is left out of cosmic-ray's list (``+``
becomes ``<<``, ``==`` becomes ``is``) mostly fails as soon as it is run, and would make the share of those that are
killed look better than it is.

Left out from the start, since nothing that runs depends on it: annotations, what a ``raise`` says, ``@abstractmethod``,
and what is imported for type checkers. Docstrings and names in ``__all__`` hold nothing that these operators change,
and the stars of a signature and of ``{**a}`` are no products.

References
----------
.. [1] cosmic-ray, https://cosmic-ray.readthedocs.io.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

_SWAPS = {
    "Binary": (
        "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Div Mod_FloorDiv Pow_Mul LShift_RShift RShift_LShift "
        "BitOr_BitAnd BitAnd_BitOr BitXor_BitAnd"
    ),
    "Comparison": (
        "Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is"  # bound, opposite
    ),
    "Unary": "UAdd_USub Delete_USub Delete_Invert Delete_Not",
}
OPERATORS = (
    *(f"Replace{kind}Operator_{swap}" for kind, swaps in _SWAPS.items() for swap in swaps.split()),
    *("AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
    *("NumberReplacer", "ExceptionReplacer", "RemoveDecorator"),
)


@dataclass(frozen=True)
class Mutant:
    """One change of one module: the operator, and the how many-th place where it fits.

    Parameters
    ----------
    module : str
        Path from the root of the repository.
    line : int
        Where it is, from 1.
    function : str
        Function or method whose body that is; of nested ones the outermost. Empty for what runs on import.
    start : int
        Line where Python says that this function starts; 0 without one.
    operator : str
        One of `OPERATORS`.
    occurrence : int
        Of its places in this module, in the order in which cosmic-ray counts them.
    """

    module: str
    line: int
    function: str
    start: int
    operator: str
    occurrence: int


def find_mutants(module: str, source: str) -> list[Mutant]:
    """Return all mutants of a module, in the order of their lines."""
    functions = list(_functions(ast.parse(source).body))
    counts = dict.fromkeys(OPERATORS, 0)
    found = []
    for node in ast_nodes(get_ast(source)):
        matters = None
        for operator in OPERATORS:
            for start, _ in _operator(operator).mutation_positions(node):
                matters = _matters(node) if matters is None else matters
                if matters:
                    name, first = _home(functions, start[0])
                    found.append(Mutant(module, start[0], name, first, operator, counts[operator]))
                counts[operator] += 1
    return sorted(found, key=lambda mutant: mutant.line)


def mutated(source: str, mutant: Mutant) -> str:
    """Return a module's source with a mutant in it."""
    changed = mutate_code(source, _operator(mutant.operator), mutant.occurrence)
    if changed is None:
        raise LookupError(f"{mutant.module} has no such place: {mutant}; was it edited since?")
    return str(changed)


def difference(source: str, changed: str) -> tuple[str, str]:
    """Return the first line that differs: as it was, and as it is; of a decorator that is gone, the decorator."""
    old, new = source.splitlines(), changed.splitlines()
    first = next(place for place, (a, b) in enumerate(zip_longest(old, new, fillvalue="")) if a != b)
    if len(old) == len(new):
        return old[first].strip(), new[first].strip()
    # cosmic-ray takes the blank lines before a decorator with it.
    return next(line.strip() for line in old[first:] if line.lstrip().startswith("@")), ""


@cache
def _operator(name: str) -> Any:
    return get_operator(f"core/{name}")()


def _functions(body: Sequence[ast.stmt], prefix: str = "") -> Iterator[tuple[int, int, str, int]]:
    """Yield first and last line of the body, name, and first line for Python, of each outermost function or method."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.body[0].lineno, node.end_lineno or node.lineno, prefix + node.name, start


def _home(functions: Sequence[tuple[int, int, str, int]], line: int) -> tuple[str, int]:
    return next(((name, start) for first, last, name, start in functions if first <= line <= last), ("", 0))


def _matters(node: Any) -> bool:
    """Whether anything that runs depends on a place, and cosmic-ray writes Python there."""
    if node.type == "operator" and node.parent.type in ("parameters", "lambdef", "dictorsetmaker"):
        return False
    if node.type == "decorator" and "abstractmethod" in node.get_code():
        return False
    if node.type in ("if_stmt", "while_stmt") and node.children[1].type == "namedexpr_test":
        return False  # `if not x := 1` is none
    while node.parent is not None:
        if _is_for_readers(node):
            return False
        node = node.parent
    return True


def _is_for_readers(node: Any) -> bool:
    """Whether a part is an annotation, an error, or for type checkers only."""
    parent = node.parent
    return (
        parent.type in ("raise_stmt", "tfpdef")
        or (parent.type == "annassign" and node is parent.children[1])
        or (parent.type == "funcdef" and node is parent.annotation)
        or (node.type == "if_stmt" and node.children[1].get_code(include_prefix=False) == "TYPE_CHECKING")
    )
