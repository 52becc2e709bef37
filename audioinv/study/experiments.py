"""What a cell can be besides a trained classifier.

Conventions
-----------
An experiment takes a task's name, a variant, a seed and whether to be quick, and returns what was measured.

What is here: `EXPERIMENTS`, `ALPHABET_TASKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from .design import Variant
from .letters import LettersConfig, run_letters
from .measures import CellMeasures
from .mechanisms import measure_mechanism

__all__ = ["ALPHABET_TASKS", "EXPERIMENTS"]

ALPHABET_TASKS: Mapping[str, str] = {"words in notes": "notes", "words in digits": "digits"}
"""What `audioinv.study.alphabet` calls the alphabets of these tasks."""

_N_PAIRS = 10


def spell(task: str, variant: Variant, seed: int, quick: bool) -> CellMeasures:
    """Tell words apart that are written in sound.

    Parameters
    ----------
    task : str
        One of `ALPHABET_TASKS`.
    variant : Variant
        Named as in `audioinv.study.letters.ORDER_VARIANTS`.
    seed : int
    quick : bool

    Returns
    -------
    CellMeasures
        One value of each measure: an average over clips that the seed drew.
    """
    found = run_letters(LettersConfig(variant.name, seed, ALPHABET_TASKS[task], quick))
    values = {
        "accuracy": found.accuracy_two_words,
        "four words": found.accuracy_four_words,
        "told apart": 1 - found.n_indistinguishable / _N_PAIRS,
        "told apart, untrained": 1 - found.n_indistinguishable_untrained / _N_PAIRS,
        "delay consistency": found.delay_consistency,
    }
    return CellMeasures(("all clips",), (None,), {name: np.array([value]) for name, value in values.items()})


EXPERIMENTS: Mapping[str, Callable[[str, Variant, int, bool], CellMeasures]] = {
    "mechanism": measure_mechanism,
    "letters": spell,
}
"""By the name that a `Study` gives."""
