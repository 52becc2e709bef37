"""Operators: what each does to a sound beside shifting it, against theory and by hand."""

import numpy as np
import pytest
import torch

from audioinv.sound.clip import Clip
from audioinv.sound.operators import FrequencyShift, PitchShift, TimeShift
from audioinv.sound.synthetic import harmonic_tone

SAMPLE_RATE = 16000
ALL = [
    TimeShift(),
    TimeShift("circular"),
    TimeShift("noise"),
    TimeShift("context"),
    FrequencyShift(),
    PitchShift(),
    PitchShift("resample"),
]


@pytest.fixture
def clip(rng):
    waveform = (0.2 * harmonic_tone(400.0, 6, duration_seconds=0.25, sample_rate=SAMPLE_RATE)).astype(np.float32)
    around = (0.01 * rng.standard_normal(500)).astype(np.float32)
    return Clip(waveform, SAMPLE_RATE, before=around, after=around)


@pytest.mark.parametrize(
    "operator", ALL, ids=lambda operator: f"{operator.axis}-{operator.engine}-{getattr(operator, 'edges', '')}"
)
def test_amount_zero_is_perfectly_faithful(clip, operator):
    fidelity = operator.fidelity(clip, [0.0])
    assert fidelity.energy_kept[0] == pytest.approx(1.0)
    assert fidelity.level_change_db[0] == pytest.approx(0.0, abs=1e-9)
    assert fidelity.window_filled[0] == 0
    assert fidelity.round_trip_error[0] == 0


def test_a_delay_keeps_what_is_left_in_the_window(clip):
    amounts = np.array([-1000.0, 0.0, 250.0, 4000.0])
    fidelity = TimeShift().fidelity(clip, amounts)
    square = clip.waveform.astype(float) ** 2
    expected = [square[1000:].sum(), square.sum(), square[:-250].sum(), 0]
    np.testing.assert_allclose(fidelity.energy_kept, np.array(expected) / square.sum(), atol=1e-12)
    np.testing.assert_allclose(fidelity.window_filled, [1000 / 4000, 0, 250 / 4000, 1])
    lost = np.sqrt(1 - fidelity.energy_kept)  # what left the window is what the way back cannot bring
    np.testing.assert_allclose(fidelity.round_trip_error, lost, atol=1e-6)
    assert np.isnan(fidelity.level_change_db[-1])


def test_context_pads_only_beyond_the_recording(clip):
    filled = TimeShift("context").window_filled(clip, np.array([-700.0, 300.0, 500.0, 900.0]))
    np.testing.assert_allclose(filled, np.array([200, 0, 0, 400]) / 4000)


def test_circular_delay_loses_nothing(clip):
    fidelity = TimeShift("circular").fidelity(clip, np.array([1234.0, -77.5]))
    np.testing.assert_allclose(fidelity.energy_kept, 1, atol=1e-5)
    np.testing.assert_allclose(fidelity.round_trip_error, 0, atol=1e-5)


def test_a_frequency_shift_loses_just_the_partials_that_cross(clip):
    # Six equal partials at 400 … 2400 Hz: 500 Hz down loses one, 900 Hz down two.
    waveform = sum(np.cos(2 * np.pi * 400 * k * np.arange(4000) / SAMPLE_RATE) for k in range(1, 7)) / 10
    equal = Clip(waveform.astype(np.float32), SAMPLE_RATE)
    fidelity = FrequencyShift().fidelity(equal, np.array([-500.0, -900.0, 100.0]))
    np.testing.assert_allclose(fidelity.energy_kept, [5 / 6, 4 / 6, 1], atol=1e-4)
    np.testing.assert_allclose(fidelity.round_trip_error, np.sqrt([1 / 6, 2 / 6, 0]), atol=1e-3)
    np.testing.assert_allclose(fidelity.level_change_db, 10 * np.log10([5 / 6, 4 / 6, 1]), atol=1e-3)


def test_landing_places(clip):
    partials = np.array([400.0, 7900.0])
    np.testing.assert_array_equal(TimeShift().landing_hz(partials, np.array([5.0]), clip), [partials])
    np.testing.assert_array_equal(
        FrequencyShift().landing_hz(partials, np.array([-500.0, 50.0]), clip), [[np.nan, 7400], [450, 7950]]
    )
    np.testing.assert_allclose(PitchShift().landing_hz(partials, np.array([12.0]), clip), [[800, np.nan]])


def test_resampled_sound_is_shorter_and_keeps_its_energy(clip):
    fidelity = PitchShift("resample").fidelity(clip, np.array([12.0]))
    assert fidelity.window_filled[0] == pytest.approx(0.5)
    assert fidelity.energy_kept[0] == pytest.approx(1.0, abs=0.02)


def test_the_band_that_is_lost_is_what_crosses_the_edges(rng):
    """White noise fills the whole band, of which a shift or a ratio cuts the computed share off."""
    noise = Clip(rng.standard_normal(16000).astype(np.float32), SAMPLE_RATE)
    band = 1 / 256
    np.testing.assert_allclose(
        FrequencyShift().fidelity(noise, [-2000.0, 0.0, 500.0]).bandwidth_lost, [0.25, 0, 1 / 16], atol=band
    )
    np.testing.assert_allclose(PitchShift().bandwidth_lost(noise, np.array([-12.0, 12.0])), [0, 0.5], atol=band)
    assert (TimeShift().fidelity(noise, [-400, 1e5], round_trip=False).bandwidth_lost == 0).all()
    low = np.fft.irfft(np.fft.rfft(noise.waveform) * (np.fft.rfftfreq(16000, 1 / SAMPLE_RATE) < 2000))
    dull = Clip(low.astype(np.float32), SAMPLE_RATE)  # nothing above 2 kHz that could be lost
    np.testing.assert_allclose(
        FrequencyShift().bandwidth_lost(dull, np.array([5000.0, 6500.0, -1000.0])), [0, 0.25, 0.5], atol=4 * band
    )


def test_silence_has_no_fidelity():
    silent = Clip(np.zeros(1000, np.float32), SAMPLE_RATE)
    fidelity = FrequencyShift().fidelity(silent, [10.0])
    for values in (
        fidelity.energy_kept,
        fidelity.level_change_db,
        fidelity.bandwidth_lost,
        fidelity.round_trip_error,
    ):
        assert np.isnan(values).all()


def test_noise_is_the_same_at_every_delay_and_for_every_batch(clip):
    alone = TimeShift("noise", seed=3).shift(clip, [100.0])
    among = TimeShift("noise", seed=3).shift(clip, [-900.0, 100.0, 2000.0])
    assert torch.equal(alone[0], among[1])
    assert torch.equal(among[2][1900:2000], among[1][:100])  # the noise slides along with the sound
