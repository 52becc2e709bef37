"""What training is told: what cannot be meant is refused."""

import pytest

from audioinv.errors import InputError
from audioinv.nets.training_config import TrainingConfig
from audioinv.sound.grid import parse_grid


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs=0 must be positive"),
        ({"learning_rate": float("nan")}, "learning_rate=nan must be positive"),
        ({"mixup": -0.1}, "mixup=-0.1 must not be negative"),
        ({"bin_jitter": -1}, "bin_jitter=-1 must not be negative"),
        ({"changes": (parse_grid("time", "5ms"),)}, "changes along time have a jitter of their own"),
    ],
)
def test_errors_say_what_is_wrong(options, words):
    with pytest.raises(InputError, match=words):
        TrainingConfig(**options)
