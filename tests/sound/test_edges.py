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


@pytest.mark.parametrize("n_samples", [5, 255, 256, 511, 2700])
def test_the_background_is_the_quietest_tenth_of_whole_frames(rng, n_samples):
    sounds = rng.standard_normal((3, n_samples)) * np.linspace(0.1, 3, n_samples)
    sounds[2, : n_samples // 2 // 256 * 256] = 0  # digital silence does not count
    found = background_noise(sounds, 40, np.random.default_rng(5))
    drawn = np.random.default_rng(5).standard_normal((3, 40))
    for sound, noise, white in zip(sounds, found, drawn, strict=True):
        frames = [sound[at : at + 256] for at in range(0, n_samples - 255, 256)] or [sound]
        powers = sorted(float(np.mean(frame**2)) for frame in frames if frame.any())
        place = 0.1 * (len(powers) - 1)  # a quantile between two is interpolated
        low, high = powers[int(place)], powers[min(int(place) + 1, len(powers) - 1)]
        np.testing.assert_allclose(noise, white * np.sqrt(low + (place % 1) * (high - low)), rtol=1e-12)


@pytest.mark.parametrize("missing", ["before", "after"])
def test_one_side_is_not_the_sound_around(missing):
    sides = {"before": np.ones(2), "after": np.ones(3), missing: None}
    with pytest.raises(InputError, match="needs the sound around"):
        time_shift(np.ones(4), 1, edges="context", **sides)
