"""Pitch shifts: exact ratios by resampling, an octave up and down, and what each engine leaves behind."""

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.sound.harmonics import harmonic_places, harmonicity_error, measure_partials, moved_places
from audioinv.sound.pitch import ENGINES, fit_window, pitch_shift, run_engine, semitones_to_ratio
from audioinv.sound.synthetic import click, harmonic_tone

SAMPLE_RATE = 16000


@pytest.fixture
def note():
    return 0.3 * harmonic_tone(220.0, 5, duration_seconds=1.0, sample_rate=SAMPLE_RATE).astype(np.float32)


@pytest.mark.parametrize("engine", ENGINES)
def test_zero_is_the_very_input(note, engine):
    np.testing.assert_array_equal(pitch_shift(note, 0.0, SAMPLE_RATE, engine=engine), note)


@pytest.mark.parametrize(("engine", "cents"), [("resample", 0.5), ("signalsmith", 12)])
@pytest.mark.parametrize("interval", [-12.0, -3.0, 0.5, 4.0, 7.0])
def test_partials_land_at_the_ratio_and_stay_harmonic(note, engine, cents, interval):
    moved = pitch_shift(note, interval, SAMPLE_RATE, engine=engine)
    places = moved_places(harmonic_places(220.0, SAMPLE_RATE, n_partials=5), SAMPLE_RATE, interval_semitones=interval)
    heard = moved[: int(len(moved) / max(1.0, semitones_to_ratio(interval)))]
    found = measure_partials(heard, SAMPLE_RATE, places).frequencies_hz
    np.testing.assert_allclose(1200 * np.log2(found / places), 0, atol=cents)
    # The vocoder pulls the lowest partials towards the bins of its own transform by up to a tenth of a semitone.
    assert harmonicity_error(found, np.arange(1, 6)) < (1e-4 if engine == "resample" else 6e-3)


def test_resampling_keeps_the_anchor_in_place():
    sound = click(0.5, SAMPLE_RATE, at_seconds=0.2).astype(np.float32)
    for interval in (-5.0, 5.0):
        moved = pitch_shift(sound, interval, SAMPLE_RATE, engine="resample", anchor_samples=3200)
        assert abs(int(np.abs(moved).argmax()) - 3200) <= 1
        free = pitch_shift(sound, interval, SAMPLE_RATE, engine="resample")
        assert abs(int(np.abs(free).argmax()) - 3200 / semitones_to_ratio(interval)) <= 1


def test_an_octave_up_and_down_by_resampling_returns_the_sound(note):
    window = np.hanning(len(note)).astype(np.float32) * note
    back = pitch_shift(pitch_shift(window, 12.0, SAMPLE_RATE, engine="resample"), -12.0, SAMPLE_RATE, engine="resample")
    assert np.linalg.norm(back - window) < 1e-3 * np.linalg.norm(window)


def test_the_vocoder_leaves_a_trace_at_zero_and_resampling_does_not(note):
    errors = {
        engine: np.linalg.norm(run_engine(note, 0.0, SAMPLE_RATE, engine=engine) - note) / np.linalg.norm(note)
        for engine in ENGINES
    }
    assert errors["resample"] < 1e-5
    assert errors["signalsmith"] > 1e-3
    assert errors["world"] > 1e-2


def voice(fundamental_hz, formant_hz=1000.0):
    """Sing a vowel with one formant: partials under a bell over frequency."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    partials = fundamental_hz * np.arange(1, int(7000 / fundamental_hz))
    levels = np.exp(-0.5 * ((partials - formant_hz) / 250) ** 2) + 0.01
    return 0.1 * (levels[:, None] * np.sin(2 * np.pi * partials[:, None] * time)).sum(0).astype(np.float32)


def formant(sound):
    """Return where the power of a sound lies, in hertz, about its formant."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    near = frequency < 2500
    return (power[near] * frequency[near]).sum() / power[near].sum()


@pytest.mark.parametrize(("engine", "moves"), [("world", False), ("signalsmith", True)])
def test_world_keeps_the_formant_and_the_others_move_it(engine, moves):
    ratio = semitones_to_ratio(4.0)
    sung = pitch_shift(voice(120.0), 4.0, SAMPLE_RATE, engine=engine)
    assert formant(sung) == pytest.approx(1000 * (ratio if moves else 1), rel=0.06)


@pytest.mark.parametrize("interval", [-5.0, 0.5, 7.0])
def test_the_partials_of_a_voice_land_at_the_ratio(interval):
    sung = pitch_shift(voice(220.0), interval, SAMPLE_RATE, engine="world")
    places = 220.0 * semitones_to_ratio(interval) * np.arange(2, 6)  # those under the formant
    found = measure_partials(sung, SAMPLE_RATE, places).frequencies_hz
    np.testing.assert_allclose(1200 * np.log2(found / places), 0, atol=1)


def test_what_is_not_installed_is_said_with_the_remedy(note, monkeypatch):
    monkeypatch.setattr("audioinv.sound.pitch.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'audioinv\[world\]'"):
        pitch_shift(note, 1.0, SAMPLE_RATE, engine="world")


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_repeat_themselves_and_batch(note, engine):
    intervals = np.array([0.0, 2.0, -3.0])
    together = pitch_shift(note, intervals, SAMPLE_RATE, engine=engine)
    for row, interval in zip(together, intervals, strict=True):
        np.testing.assert_array_equal(row, pitch_shift(note, interval, SAMPLE_RATE, engine=engine))
    assert isinstance(pitch_shift(torch.from_numpy(note), 1.0, SAMPLE_RATE, engine=engine), torch.Tensor)


def test_errors(note):
    with pytest.raises(InputError, match="'rubber' is not one of signalsmith, resample"):
        pitch_shift(note, 1.0, SAMPLE_RATE, engine="rubber")
    with pytest.raises(InputError, match="within ±48"):
        pitch_shift(note, 49.0, SAMPLE_RATE)


@pytest.mark.parametrize(
    ("n_samples", "ratio", "anchor", "expected"),
    [
        (6, 2.0, 0, [1, 2, 3, 4, 0, 0]),
        (8, 2.0, 4, [0, 0, 1, 2, 3, 4, 0, 0]),
        (4, 2.0, 6, [0, 0, 0, 1]),
        (3, 0.5, 0, [1, 2, 3]),
        (3, 0.5, 2, [3, 4, 0]),
        (2, 0.5, 5, [0, 0]),
    ],
)
def test_what_was_played_is_laid_into_the_window_by_hand(n_samples, ratio, anchor, expected):
    assert fit_window(np.float32([1, 2, 3, 4]), n_samples, ratio, anchor).tolist() == expected


def test_four_octaves_either_way_are_in_range_and_no_more(note):
    for interval in (-48.0, 48.0):
        assert pitch_shift(note[:100], interval, SAMPLE_RATE, engine="resample").shape == (100,)
    for interval in (-48.1, 48.1, np.inf, np.nan):
        with pytest.raises(InputError, match="within ±48"):
            pitch_shift(note[:100], [0.0, interval], SAMPLE_RATE)


def test_an_interval_is_a_ratio():
    np.testing.assert_allclose(semitones_to_ratio(np.array([-12.0, 0, 7, 24])), [0.5, 1, 1.498307, 4], rtol=1e-6)


def test_the_first_sample_stays_if_nothing_is_said(note):
    for call in (pitch_shift, run_engine):
        moved = call(note[:4000], 12.0, SAMPLE_RATE, engine="resample")
        np.testing.assert_array_equal(moved, call(note[:4000], 12.0, SAMPLE_RATE, engine="resample", anchor_samples=0))
        assert (moved != call(note[:4000], 12.0, SAMPLE_RATE, engine="resample", anchor_samples=1)).any()
