"""What to write and whom to name where numbers of this tool are published.

Conventions
-----------
Sources are entries of ``sources.bib``, found by key. A source is named where the run has a number that is defined by
it; without a run, all are.

What is here: `Citation`, `cite`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from .findings import method_lines

if TYPE_CHECKING:
    from .results import Results

__all__ = ["Citation", "cite"]

_DEFINED_BY = {
    "consistency": ("wilson1927", "dean2015"),  # its interval
    "pair_consistency": ("zhang2019",),
    "top1_change": ("azulay2019",),
    "mac_neighbours": ("azulay2019",),
    "minimal_flip_shift": ("kaplan1958",),
    "js_drift": ("lin1991",),
    "rank_distance": ("hendrycks2019",),
    "calibration_drift": ("guo2017",),
    "brier_drift": ("brier1950",),
    "periods": ("holm1979",),
}


@dataclass(frozen=True)
class Citation:
    """A paragraph for the methods section, and what it names.

    Parameters
    ----------
    paragraph : str
        Sentences in plain text.
    bibtex : tuple of str
        One entry each: this tool first, then sources of its measures.
    """

    paragraph: str
    bibtex: tuple[str, ...]


def cite(version: str, results: Results | None = None) -> Citation:
    """Say how to cite a run, or this tool as such.

    Parameters
    ----------
    version : str
        Of this tool; a run knows its own.
    results : Results or None, default None
        The paragraph then says how the numbers came about, and only sources of its numbers are named.

    Returns
    -------
    Citation

    Examples
    --------
    >>> cite("0.1.0").bibtex[0].splitlines()[0]
    '@software{audioinv,'
    """
    if results is not None:
        version = results.run["versions"]["audioinv"]
    opening = f"Invariance under shifts was measured with audioinv {version}."
    sentences = method_lines(results) if results else []
    measures = _measured(results) if results else _DEFINED_BY
    keys = {key for measure in measures for key in _DEFINED_BY[measure]}
    sources = {key: entry for key, entry in _sources() if key in keys}
    return Citation(" ".join([opening, *sentences]), (_own_entry(version), *sources.values()))


def _measured(results: Results) -> Iterator[str]:
    """Yield the measures that have a source and a number in this run."""
    for model in results.document["models"].values():
        for summary in model["axes"].values():
            yield from (name for name in _DEFINED_BY if _is_defined(summary.get(name)))


def _is_defined(number: Any) -> bool:
    if isinstance(number, Mapping):
        return any(_is_defined(part) for part in number.values())
    return number is not None and number != []


def _sources() -> Iterator[tuple[str, str]]:
    """Yield key and text of the entries that ship, in their order."""
    text = resources.files(__package__).joinpath("sources.bib").read_text(encoding="utf-8")
    for entry in text.strip().split("\n\n"):
        key = re.match(r"@\w+\{(\w+),", entry)
        if key:
            yield key.group(1), entry


def _own_entry(version: str) -> str:
    return "\n".join(
        (
            "@software{audioinv,",
            "  author = {{The audioinv developers}},",
            "  title = {audioinv: time and frequency shift invariance of sound classifiers, measured},",
            f"  version = {{{version}}},",
            "}",
        )
    )
