"""The shared parts of changes: rows one by one, the neutral amount, chance that belongs to a clip."""

import numpy as np
import torch

from audioinv.sound.axes.change import change_rows, clip_rng, keep_neutral
from audioinv.sound.clip import Clip


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


def test_the_neutral_amount_hides_even_what_is_not_a_number():
    kept = keep_neutral(torch.ones(3), torch.tensor([0.0, 1.0]), torch.full((2, 3), torch.nan))
    assert kept[0].tolist() == [1, 1, 1]
    assert kept[1].isnan().all()


def test_clips_draw_their_own_numbers(rng):
    first, second = (Clip(rng.standard_normal(50).astype(np.float32), 8000) for _ in range(2))
    again = Clip(first.waveform.copy(), 8000, name="another name")
    assert clip_rng(first, 0).random() == clip_rng(again, 0).random()
    assert len({clip_rng(clip, seed).random() for clip in (first, second) for seed in (0, 1)}) == 4
