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


@pytest.mark.parametrize("edges", ["zero", "circular", "noise", "context"])
def test_whole_delays_are_measured_without_a_window_as_with_one(rng, edges):
    fading = rng.standard_normal(600) * np.linspace(2, 0.1, 600)
    clip = Clip(fading, SAMPLE_RATE, before=3 * rng.standard_normal(250), after=rng.standard_normal(70))
    amounts = np.array([-5000.0, -1201, -1200, -671, -601, -600, -599, -71, -3, 0, 5, 250, 251, 600, 850, 1199, 1300])
    operator = TimeShift(edges, seed=2)
    quick, slow = (operator.fidelity(clip, amounts, round_trip=there) for there in (False, True))
    for measure in ("energy_kept", "level_change_db", "window_filled", "bandwidth_lost"):
        np.testing.assert_allclose(getattr(quick, measure), getattr(slow, measure), rtol=2e-5, atol=2e-5)
    assert np.isnan(quick.round_trip_error).all()
    assert not np.isnan(slow.round_trip_error).any()
    fractions = np.array([-3.25, 0.5, 99.75])
    halves, between = (operator.fidelity(clip, fractions, round_trip=there) for there in (False, True))
    np.testing.assert_allclose(halves.level_change_db, between.level_change_db, rtol=1e-12)


@pytest.mark.parametrize("edges", ["zero", "circular", "noise", "context"])
def test_delayed_windows_are_cut_from_the_tape(rng, edges):
    clip = Clip(rng.standard_normal(40), 8000, before=rng.standard_normal(11), after=rng.standard_normal(6))
    tape = TimeShift(edges, seed=4).tape(clip, -60, 75)
    assert len(tape) == 135
    for delay in (-35, -6, 0, 1, 11, 60):
        (delayed,) = TimeShift(edges, seed=4).shift(clip, [delay])
        assert torch.equal(tape[60 - delay : 100 - delay], delayed)


def test_padding_is_what_is_neither_clip_nor_recording(rng):
    clip = Clip(np.ones(40), 8000, before=np.ones(11), after=np.ones(6))
    amounts = np.array([-90.0, -46, -16, -6, -5, 0, 11, 13, 51, 52])
    np.testing.assert_allclose(
        TimeShift("context").window_filled(clip, amounts) * 40, [40, 40, 10, 0, 0, 0, 0, 2, 40, 40], rtol=1e-12
    )
    np.testing.assert_allclose(TimeShift().window_filled(clip, amounts) * 40, np.minimum(np.abs(amounts), 40))
    assert not TimeShift("circular").window_filled(clip, amounts).any()


def test_a_fraction_of_a_sample_leaves_with_its_share_of_the_energy():
    clip = Clip(np.float32([1, 2, 3]), 8000)
    kept = TimeShift().energy_kept(clip, np.array([-2.5, -0.5, 0.25, 4]), torch.empty(0))
    np.testing.assert_allclose(kept, np.array([4.5, 13.5, 14 - 0.25 * 9, 0]) / 14)


def test_what_resampling_fills_and_keeps():
    clip = Clip(np.ones(100), 8000)
    operator, amounts = PitchShift("resample"), np.array([-12.0, 0, 12, 24])
    np.testing.assert_allclose(operator.window_filled(clip, amounts), [0, 0, 0.5, 0.75])
    assert not PitchShift().window_filled(clip, amounts).any()
    shifted = torch.ones(4, 100)
    np.testing.assert_allclose(operator.energy_kept(clip, amounts, shifted), [0.5, 1, 2, 4])
    np.testing.assert_allclose(PitchShift().energy_kept(clip, amounts, shifted), 1)


def test_an_engine_at_zero_leaves_its_own_trace_and_the_shift_none(clip):
    trace = PitchShift().engine_at_zero(clip)
    assert trace.shape == (4000,)
    assert not torch.equal(trace, torch.from_numpy(clip.waveform))
    assert torch.equal(PitchShift().shift(clip, [0.0])[0], torch.from_numpy(clip.waveform))


def test_the_anchor_is_the_moment_that_stays():
    clip = Clip(np.eye(1, 800, 300)[0], 8000)
    for anchor, landing in ((0, 150), (300, 300), (200, 250)):
        moved = PitchShift("resample", anchor_samples=anchor).shift(clip, [12.0])[0]
        assert int(moved.abs().argmax()) == landing
        back = PitchShift("resample", anchor_samples=anchor).shift_back(moved[None], clip, [12.0])[0]
        assert int(back.abs().argmax()) == 300


def test_what_is_not_said_is_what_the_documentation_says():
    assert TimeShift() == TimeShift(edges="zero", seed=0)
    assert PitchShift() == PitchShift(engine="signalsmith", anchor_samples=0)
    assert TimeShift().has_inverse is True
