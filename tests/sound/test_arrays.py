"""What went in comes out, and amounts broadcast or are refused."""

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.sound.arrays import as_amounts, as_tensor, change_rows, like_input


def test_samples_are_shared_and_come_back_as_their_kind():
    for dtype in (np.float16, np.float32, np.float64):
        waveform = np.ones(3, dtype)
        samples = as_tensor(waveform)
        samples[0] = 2  # the same memory
        assert waveform[0] == 2
        assert isinstance(like_input(samples, waveform), np.ndarray)
    tensor = torch.ones(3)
    assert as_tensor(tensor) is tensor
    assert like_input(tensor, tensor) is tensor
    assert as_tensor([1, 2]).dtype == torch.float32


def test_amounts_have_the_leading_axes_of_both():
    sounds = torch.zeros(3, 1, 8)
    assert as_amounts(0.5, sounds).shape == (3, 1)
    assert as_amounts([1, 2], sounds).shape == (3, 2)
    assert as_amounts(1, sounds, n_signal_axes=2).shape == (3,)
    assert as_amounts(np.float32(0.1), sounds).dtype == torch.float64


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: as_tensor(np.float64(1.0)), r"of shape \(\.\.\., n_samples\)"),
        (lambda: as_tensor(np.ones(3, complex)), "must be real"),
        (lambda: as_amounts([0.0, np.inf], torch.zeros(4)), "finite"),
        (lambda: as_amounts([1, 2, 3], torch.zeros(2, 2)), "do not broadcast"),
    ],
)
def test_errors_say_what_is_wrong(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_rows_meet_their_amounts_and_zero_is_not_asked(rng):
    sounds, asked = rng.standard_normal((2, 5)).astype(np.float32), []

    def scaled(row, amount):
        asked.append(amount)
        return row * np.float32(amount)

    changed = change_rows(sounds, np.array([[2.0, 0.0], [0.0, -1.0], [3.0, 3.0]]), scaled)
    np.testing.assert_array_equal(changed[0], np.stack([2 * sounds[0], sounds[1]]))
    np.testing.assert_array_equal(changed[1], np.stack([sounds[0], -sounds[1]]))
    assert asked == [2.0, -1.0, 3.0, 3.0]
    assert isinstance(change_rows(torch.from_numpy(sounds), 0.0, scaled), torch.Tensor)
