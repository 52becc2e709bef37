"""What every change of sound must keep: nothing at 0, nothing of its neighbours, the input, the way back."""

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.sound.axes.noise import Noise
from audioinv.sound.axes.order import Order
from audioinv.sound.axes.registry import change_along
from audioinv.sound.axes.reverb import Reverb
from audioinv.sound.axes.speed import Speed
from audioinv.sound.axes.stretch import Stretch
from audioinv.sound.clip import Clip
from audioinv.sound.grid import AXES, parse_grid
from audioinv.sound.synthetic import harmonic_tone

SAMPLE_RATE = 16000
CASES = [
    ("stretch", "20%"),
    ("speed", "20%"),
    ("gain", "6dB"),
    ("gain", "clip:30dB"),
    ("noise", "20dB"),
    ("noise", "pink:20dB"),
    ("filter", "telephone:20dB"),
    ("filter", "low:20dB"),
    ("filter", "band200-800:20dB"),
    ("reverb", "200ms"),
    ("mask", "50ms"),
    ("mask", "1oct"),
    ("reverse", "13ms"),
    ("order", "4cuts"),
    ("polarity", "70deg"),
    ("polarity", "180deg"),
    ("resolution", "2oct"),
    ("resolution", "10bit"),
    ("resolution", "vorbis:80%"),
    ("resolution", "mp3:100%"),
    ("resolution", "opus:80%"),
]
EXACT = ("gain", "filter", "reverse", "order")


@pytest.fixture
def clip(rng):
    tone = 0.2 * harmonic_tone(400.0, 6, duration_seconds=0.5, sample_rate=SAMPLE_RATE)
    tone *= np.hanning(len(tone))
    return Clip((tone + 0.01 * rng.standard_normal(len(tone))).astype(np.float32), SAMPLE_RATE)


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case).replace("/", ""))
def change(request):
    """An operator and the grid of one amount, with 0."""
    axis, text = request.param
    grid = parse_grid(axis, text)
    return change_along(axis, grid.variant, seed=3, anchor_samples=1200), grid.natural(SAMPLE_RATE)


def test_every_axis_of_the_grid_has_an_operator():
    assert {axis for axis, _ in CASES} == set(AXES) - {"time", "freq", "pitch", "bins"}


def test_zero_returns_the_very_samples_and_an_amount_does_not(clip, change):
    operator, amounts = change
    before = clip.waveform.copy()
    changed = operator.shift(clip, amounts).numpy()
    np.testing.assert_array_equal(changed[0], clip.waveform)
    np.testing.assert_array_equal(clip.waveform, before)
    assert changed.dtype == np.float32
    assert changed.shape == (2, len(clip.waveform))
    assert np.isfinite(changed).all()
    assert np.linalg.norm(changed[1] - clip.waveform) > 0.005 * np.linalg.norm(clip.waveform)


def test_an_amount_depends_on_nothing_but_itself(clip, change):
    operator, amounts = change
    together = operator.shift(clip, np.array([amounts[1], 0.0, amounts[1] / 2 // 1, amounts[1]]))
    alone = operator.shift(clip, amounts[1:])
    torch.testing.assert_close(together[0], alone[0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(together[3], alone[0], rtol=1e-5, atol=1e-6)


def test_fidelity_at_zero_is_perfect(clip, change):
    operator, amounts = change
    fidelity = operator.fidelity(clip, amounts)
    # Powers are sums of thousands of float32 squares, taken in another order for a row than for a batch.
    assert fidelity.energy_kept[0] == pytest.approx(1.0, abs=1e-5)
    assert fidelity.level_change_db[0] == pytest.approx(0.0, abs=1e-4)
    assert fidelity.window_filled[0] == 0
    assert np.isnan(fidelity.round_trip_error).all() == (not operator.has_inverse)


def test_the_way_back(clip, change):
    operator, amounts = change
    changed = operator.shift(clip, amounts[1:])
    if not operator.has_inverse:
        with pytest.raises(InputError, match="cannot be undone"):
            operator.shift_back(changed, clip, amounts[1:])
        return
    back = operator.shift_back(changed, clip, amounts[1:])[0].numpy()
    # A stretch comes back with other phases, so that only its spectrum can be compared.
    seen = (lambda sound: np.abs(np.fft.rfft(sound))) if operator.axis == "stretch" else np.asarray
    error, there = (
        np.linalg.norm(seen(found) - seen(clip.waveform)) / np.linalg.norm(seen(clip.waveform))
        for found in (back, changed[0].numpy())
    )
    # Float32 rounding is 1e-7 of the loudest; a filter turns 20 dB of it up again. The others lose some of the noise.
    assert error < (2e-5 if operator.axis in EXACT else there)


def test_components_stay_unless_the_speed_changes(clip, change):
    operator, amounts = change
    landing = operator.landing_hz(np.array([500.0]), amounts, clip)[:, 0]
    ratio = 1.2 if operator.axis == "speed" else 1.0
    np.testing.assert_allclose(landing, [500.0, 500.0 * ratio])


def test_seed_and_anchor_are_zero_if_nothing_is_said_and_else_what_is():
    for axis, kind in (("noise", Noise), ("reverb", Reverb), ("order", Order)):
        assert change_along(axis, "white") == kind() == kind(seed=0)
        assert change_along(axis, "white", seed=5) == kind(seed=5)
    for axis, kind in (("stretch", Stretch), ("speed", Speed)):
        assert change_along(axis, "") == kind() == kind(anchor_samples=0)
        assert change_along(axis, "", anchor_samples=7) == kind(anchor_samples=7)
