"""What a model is to be: options that cannot be meant are refused when they are said, before any sound is read."""

from dataclasses import replace

import pytest

import audioinv
from audioinv.errors import InputError

GOOD = audioinv.ModelOptions("mine", "cnn1d-mel", window_seconds=0.5, lead_seconds=0.1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"arch": "cnn2d"}, "architecture 'cnn2d' is not one of cnn1d-wave, cnn1d-mel, cnn2d-mel"),
        ({"head": "crown"}, "head='crown' is not one of"),
        ({"frequency_awareness": "dynamic"}, "is for 2-D networks only"),
        ({"window_seconds": float("nan")}, "window=nan s must be a number of seconds above 0"),
        ({"window_seconds": float("inf")}, "window=inf s must be a number of seconds above 0"),
        ({"window_seconds": 0.0}, "window=0 s must be a number of seconds above 0"),
        ({"window_seconds": 0.01, "lead_seconds": 0.0}, "is too small for 3 stages"),
        ({"lead_seconds": 0.5}, "lead=0.5 s must lie within the window of 0.5 s; give less, e.g. 0.125"),
        ({"lead_seconds": -0.1}, "lead=-0.1 s must lie within"),
        ({"lead_seconds": float("nan")}, "lead=nan s must lie within"),
        (
            {"training": audioinv.TrainingConfig(time_jitter_seconds=20.0)},
            "time jitter of 20000 ms moves every sound out of the window of 500 ms; give less",
        ),
    ],
)
def test_options_that_cannot_be_meant(options, words):
    with pytest.raises(InputError, match=words):
        replace(GOOD, **options)


def test_the_farthest_that_can_be_meant():
    at_the_edge = replace(GOOD, lead_seconds=0.0, training=audioinv.TrainingConfig(time_jitter_seconds=0.5))
    assert at_the_edge.spec(("a", "b")).lead_samples == 0
    assert replace(GOOD, lead_seconds=0.499).spec(("a",)).lead_samples == 7984
