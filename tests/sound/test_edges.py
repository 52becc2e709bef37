"""What enters at the border of a window: nothing, the recording, or noise as soft as the clip's background."""

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.sound.edges import background_noise, surroundings
from audioinv.sound.shifts import time_shift


def test_surroundings_are_those_of_each_channel(rng):
    sounds = torch.from_numpy(rng.standard_normal((2, 600)))
    assert [side.shape for side in surroundings(sounds, edges="zero")] == [(2, 0), (2, 0)]
    before, after = rng.standard_normal(5), rng.standard_normal((2, 7))
    given = surroundings(sounds, edges="context", before=before, after=after)
    np.testing.assert_array_equal(given[0], [before, before])
    np.testing.assert_array_equal(given[1], after)
    noises = surroundings(sounds, edges="noise", rng=rng)
    assert [side.shape for side in noises] == [(2, 600), (2, 600)]
    assert not torch.equal(*noises)


def test_noise_enters_at_the_background_level(rng):
    loud, soft = rng.standard_normal(2048), 0.01 * rng.standard_normal(2048)
    sound = np.concatenate([loud, soft])
    later = time_shift(sound, 2048, edges="noise", rng=np.random.default_rng(1))
    assert np.std(later[:2048]) == pytest.approx(0.01, rel=0.2)
    again = time_shift(sound, 2048, edges="noise", rng=np.random.default_rng(1))
    np.testing.assert_array_equal(later, again)
    assert not background_noise(np.zeros(1000), 10, rng).any()
    after_silence = background_noise(np.concatenate([np.zeros(4096), soft]), 2048, rng)
    assert np.std(after_silence) == pytest.approx(0.01, rel=0.2)


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ("wrap", "edges='wrap' is not one of zero"),
        ("context", "needs the sound around"),
        ("noise", "needs rng"),
    ],
)
def test_errors_say_what_is_wrong(edges, words):
    with pytest.raises(InputError, match=words):
        time_shift(np.ones(4), 1, edges=edges)
