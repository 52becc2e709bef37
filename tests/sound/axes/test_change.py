"""The shared parts of changes: the neutral amount, chance that belongs to a clip."""

import numpy as np
import torch

from audioinv.sound.axes.change import clip_rng, keep_neutral
from audioinv.sound.clip import Clip


def test_the_neutral_amount_hides_even_what_is_not_a_number():
    kept = keep_neutral(torch.ones(3), torch.tensor([0.0, 1.0]), torch.full((2, 3), torch.nan))
    assert kept[0].tolist() == [1, 1, 1]
    assert kept[1].isnan().all()


def test_clips_draw_their_own_numbers(rng):
    first, second = (Clip(rng.standard_normal(50).astype(np.float32), 8000) for _ in range(2))
    again = Clip(first.waveform.copy(), 8000, name="another name")
    assert clip_rng(first, 0).random() == clip_rng(again, 0).random()
    assert len({clip_rng(clip, seed).random() for clip in (first, second) for seed in (0, 1)}) == 4
