"""What a name means among results: a refusal lists what there is, so that it can be typed."""

from dataclasses import replace

import pytest

from audioinv.errors import InputError
from audioinv.report.selection import choose_model


def test_several_models_are_listed_so_that_each_can_be_told_from_the_next(results):
    several = replace(results, responses=dict(zip(("a b", "flach"), results.responses.values(), strict=True)))
    with pytest.raises(InputError) as caught:
        choose_model(several)
    assert str(caught.value) == (
        "this figure shows one model, and there are 'a b', flach; choose by -m NAME, or model= in Python"
    )
    assert choose_model(several, "a b") == "a b"
    with pytest.raises(InputError, match=r"no model 'a' in these results; there are 'a b', flach$"):
        choose_model(several, "a")
