"""The matched filter: its map moves with the sound, its maximum stays, and the place of the maximum is the delay."""

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.matched_filter import MatchedFilter, MatchedFilterConfig, choose_medoids
from audioinv.nets.model import ModelSpec
from audioinv.sound.shifts import time_shift
from audioinv.sound.spectrogram_config import SpectrogramConfig

HOP, N_FRAMES = 80, 25
SPEC = ModelSpec("demo", 8000, HOP * N_FRAMES, ("a", "b", "c"), activation="none")
CLASSES = (0, 1, 1, 2)
# Sums of 16 × 25 products of unit vectors, by FFT: each is right to a few eps.
N_EPS = 20


def sounds_of(rng, n_sounds):
    """Noises that die away, each in its own band and place."""
    time = np.arange(SPEC.n_samples)
    bursts = [
        np.sin(2 * np.pi * (400 + 700 * i) / 8000 * time) * np.exp(-((time - 300 * (i + 1)) ** 2) / 2e4)
        for i in range(n_sounds)
    ]
    return torch.from_numpy(np.array(bursts) + 0.01 * rng.standard_normal((n_sounds, SPEC.n_samples)))


@pytest.fixture
def known(rng):
    return sounds_of(rng, 4)


def bank_of(known, edges="circular", dtype=torch.float64, floor_db=-80.0):
    front_end = SpectrogramConfig(
        sample_rate=8000, n_fft=256, hop_length=HOP, n_bins=16, edges=edges, floor_db=floor_db
    )
    bank = MatchedFilter(MatchedFilterConfig(SPEC, front_end=front_end, template_classes=CLASSES)).to(dtype)
    bank.templates.copy_(bank.inputs(known.to(dtype)))
    return bank


def correlate(sound, template, lags, *, circular):
    """Correlate by the definition, one lag after the other."""
    sound, template = sound - sound.mean(), template - template.mean()
    n_frames = sound.shape[1]
    found = []
    for lag in lags:
        total = 0.0
        for frame in range(n_frames):
            place = frame + lag
            if circular or 0 <= place < n_frames:
                total += float(template[:, frame] @ sound[:, place % n_frames])
        found.append(total / np.sqrt((sound**2).sum() * (template**2).sum()))
    return found


@pytest.mark.parametrize("edges", ["circular", "zero"])
def test_responses_are_those_of_direct_loops(known, rng, edges):
    bank = bank_of(known, edges)
    maps = bank.inputs(torch.from_numpy(0.1 * rng.standard_normal((2, SPEC.n_samples))))
    lags = range(-12, 13) if edges == "circular" else range(-25, 26)
    assert bank.lags.tolist() == list(lags)
    found = bank.response_map(maps)
    assert found.shape == (2, 4, len(lags))
    for i, sound in enumerate(maps.numpy()):
        for j, template in enumerate(bank.templates.numpy()):
            expected = correlate(sound, template, lags, circular=edges == "circular")
            np.testing.assert_allclose(found[i, j], expected, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_map_moves_with_the_sound_and_its_maximum_stays(known, rng, dtype):
    bank = bank_of(known, dtype=dtype)
    sound = sounds_of(rng, 6)[4:].to(dtype)
    still = bank.response_map(bank.inputs(sound))
    tolerance = N_EPS * torch.finfo(dtype).eps
    for delay in (1, 5, 12, 13, 24):
        moved = bank.response_map(bank.inputs(sound.roll(delay * HOP, -1)))
        torch.testing.assert_close(moved, still.roll(delay, -1), rtol=0, atol=tolerance)
        torch.testing.assert_close(moved.amax(-1), still.amax(-1), rtol=0, atol=tolerance)
        difference = bank.best_lag(bank.inputs(sound.roll(delay * HOP, -1))) - bank.best_lag(bank.inputs(sound))
        assert (difference % N_FRAMES == delay).all()
        assert (moved - still).abs().max() > 0.01  # it does move


def test_within_a_hop_the_maximum_does_change(known, rng):
    """The control: the frames of a delay by half a hop are other frames."""
    bank = bank_of(known)
    sound = sounds_of(rng, 5)[4:]
    change = bank.answer(bank.inputs(sound.roll(HOP // 2, -1))) - bank.answer(bank.inputs(sound))
    assert change.abs().max() > 1e6 * N_EPS * torch.finfo(torch.float64).eps


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_arg_max_is_the_delay(known, dtype):
    bank = bank_of(known, dtype=dtype)
    for delay in range(-12, 13):
        delayed = bank.inputs(known.to(dtype).roll(delay * HOP, -1))
        assert bank.best_lag(delayed).tolist() == [delay] * 4
        own = bank.response_map(delayed).amax(-1).diagonal()
        torch.testing.assert_close(own, torch.ones(4, dtype=dtype), rtol=0, atol=N_EPS * torch.finfo(dtype).eps)


def test_with_silence_beyond_the_ends_it_still_is_while_the_sound_stays_inside(known):
    bank = bank_of(known, "zero")
    delayed = time_shift(known, 3 * HOP, edges="zero")
    assert bank.best_lag(bank.inputs(delayed)).tolist() == [3] * 4


@pytest.mark.parametrize("edges", ["circular", "zero"])
def test_responses_lie_between_minus_one_and_one_at_any_level(known, rng, edges):
    bank = bank_of(known, edges)
    sounds = sounds_of(rng, 3) * torch.tensor([[1e-3], [1.0], [30.0]])
    responses = bank.response_map(bank.inputs(sounds))
    assert responses.abs().max() <= 1 + N_EPS * torch.finfo(torch.float64).eps
    assert responses.amax() > 0.5


def test_a_class_scores_as_its_best_template(known, rng):
    bank = bank_of(known)
    maps = bank.inputs(sounds_of(rng, 6))
    peaks = bank.response_map(maps).amax(-1)
    scores = bank.answer(maps)
    torch.testing.assert_close(scores[:, 0], peaks[:, 0])
    torch.testing.assert_close(scores[:, 1], torch.maximum(peaks[:, 1], peaks[:, 2]))
    torch.testing.assert_close(scores[:, 2], peaks[:, 3])
    assert (peaks[:, 1] > peaks[:, 2]).any()
    assert (peaks[:, 1] < peaks[:, 2]).any()


def test_silence_is_like_no_template(known):
    bank = bank_of(known, dtype=torch.float32, floor_db=-80.3)  # a mean of such numbers is rounded
    assert (bank.answer(bank.inputs(torch.zeros(1, SPEC.n_samples))) == 0).all()


def test_medoids_are_the_centres_of_clusters_by_an_exhaustive_search(rng):
    points = np.concatenate([rng.normal(centre, 0.1, (5, 2)) for centre in (0.0, 3.0, 9.0)])
    likeness = -torch.from_numpy(np.linalg.norm(points[:, None] - points, axis=-1))
    chosen = []
    for _ in range(3):
        reached = [float(likeness[:, [*chosen, i]].amax(1).sum()) if i not in chosen else -np.inf for i in range(15)]
        chosen.append(int(np.argmax(reached)))
    assert choose_medoids(likeness, 3) == chosen
    assert {i // 5 for i in chosen} == {0, 1, 2}
    assert sorted(choose_medoids(likeness, 99)) == list(range(15))
    assert choose_medoids(torch.ones(3, 3), 2) == [0, 1]


def test_each_class_needs_a_template():
    front_end = SpectrogramConfig(sample_rate=8000, n_fft=256, hop_length=HOP, n_bins=16)
    with pytest.raises(InputError, match=r"template_classes=\(0, 1\) must hold each of 0 … 2"):
        MatchedFilterConfig(SPEC, front_end=front_end, template_classes=(0, 1))
