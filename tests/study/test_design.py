"""A study that names what it does not have is refused before anything is trained."""

from dataclasses import replace

import pytest

from audioinv.errors import InputError
from audioinv.study.design import Expectation, Variant, beyond, steps, words_of


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"reference": "min"}, "no variant min"),
        ({"variants": (Variant("max"), Variant("max"))}, "a variant is named twice"),
        ({"shown": ("hops.consistency",)}, "no probe for hops.consistency"),
        ({"across": "hops.consistency"}, "no probe for hops.consistency"),
        ({"curves": ("hops",)}, "no probe for hops"),
        ({"expectations": (Expectation("x", "max", "min", "accuracy"),)}, "no variant min"),
        ({"expectations": (Expectation("x", "max", 1.0, "hops.consistency"),)}, "no probe for hops.consistency"),
    ],
)
def test_what_a_study_names_it_must_have(tiny, change, complaint):
    with pytest.raises(InputError, match=complaint):
        replace(tiny, **change)


def test_grids():
    assert steps("time", 4, 2, "ms", first=0).amounts == (0, 2, 4)
    assert steps("time", 24, 16, "ms").amounts == (-24, -8, 0, 8, 24)
    assert beyond("time", 80, 96, 16, "ms").amounts == (-96, -80, 0, 80, 96)


def test_words(tiny):
    assert words_of(tiny, "bins.consistency") == "keeps its answer (bins)"
    assert words_of(tiny, "accuracy") == "right"
    assert words_of(replace(tiny, words={"accuracy": "right: one of two"}), "accuracy") == "right: one of two"
