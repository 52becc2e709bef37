"""Pitch, partials and harmonicity: known answers, librosa's pYIN as oracle, and the traps of tracking by place."""

import re
from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.signal import hilbert

from audioinv.errors import InputError
from audioinv.sound import synthetic
from audioinv.sound.audio import load_clip
from audioinv.sound.fundamental import find_pitch
from audioinv.sound.harmonics import (
    compare_partials,
    harmonic_places,
    harmonicity_error,
    measure_partials,
    moved_places,
)

RATE = 16000
SECONDS = 0.8
ORDERS = np.arange(1, 6)
INSTRUMENTS = Path(__file__).parents[2] / "clips" / "instruments"


def partials_at(frequencies_hz, duration_seconds=SECONDS):
    """Sines at the given places, falling as 1/k."""
    parts = [
        synthetic.tone(hertz, duration_seconds, RATE, amplitude=0.2 / k, phase_radians=k)
        for k, hertz in enumerate(frequencies_hz, start=1)
    ]
    return np.sum(parts, axis=0)


def single_sideband(waveform, offset_hz):
    seconds = np.arange(len(waveform)) / RATE
    return np.real(hilbert(waveform) * np.exp(2j * np.pi * offset_hz * seconds))


def cents(found_hz, true_hz):
    return 1200 * np.log2(found_hz / true_hz)


# A parabola in decibels through a Hann peak that is sampled twice or more often per DFT bin errs by less than 1 % of
# a DFT bin, which is 1 / duration wide.
INTERPOLATION_HZ = 0.01 / SECONDS


# harmonicity_error


@given(
    frequencies=st.lists(st.floats(20, 8000), min_size=2, max_size=12),
    scale=st.floats(0.1, 10),
)
def test_harmonicity_error_is_the_least_that_any_fundamental_leaves(frequencies, scale):
    orders = np.arange(1, len(frequencies) + 1)
    found = harmonicity_error(frequencies, orders)
    per_order = np.array(frequencies) / orders

    def root_mean_square(fundamental):
        return np.sqrt(np.mean((per_order / fundamental - 1) ** 2))

    best = minimize_scalar(root_mean_square, bounds=(per_order.min(), 2 * per_order.max() ** 2 / per_order.min()))
    assert 0 <= found < 1
    assert found <= best.fun + 1e-12
    assert found == pytest.approx(best.fun, abs=1e-4)
    assert harmonicity_error(scale * np.array(frequencies), orders) == pytest.approx(found, abs=1e-12)


def test_harmonicity_error_of_two_partials_by_hand():
    # u = 200, 100: f_1 = 50000 / 300; deviations 0.2 and -0.4; root of the mean of 0.04 and 0.16
    assert harmonicity_error([200, 200], [1, 2]) == pytest.approx(np.sqrt(0.1))


@pytest.mark.parametrize("semitones", [-12, -0.5, 0, 0.3, 7])
def test_transposed_partials_stay_harmonic(semitones):
    places = moved_places(220 * ORDERS, RATE, interval_semitones=semitones)
    assert harmonicity_error(places, ORDERS) < 8 * np.finfo(float).eps


def test_offset_partials_do_not_stay_harmonic():
    offsets = np.array([10, 50, 100, 200])
    errors = harmonicity_error(moved_places(220 * ORDERS, RATE, offset_hz=offsets), ORDERS)
    assert errors.shape == (4,)
    assert (np.diff(errors) > 0).all()
    assert errors[0] > 0.01


def test_missing_partials_do_not_count():
    assert harmonicity_error([270, np.nan, 710], [1, 2, 3]) == harmonicity_error([270, 710], [1, 3])


def test_orders_count():
    assert harmonicity_error([660, 880, 1100], [3, 4, 5]) == 0
    assert harmonicity_error([660, 880, 1100], [1, 2, 3]) > 0.1


@pytest.mark.parametrize("frequencies", [[220], [np.nan, 440, np.nan], [np.nan, np.nan]])
def test_fewer_than_two_partials_have_no_harmonicity(frequencies):
    assert np.isnan(harmonicity_error(frequencies, np.arange(1, len(frequencies) + 1)))


# places


def test_partials_that_leave_the_band_are_dropped_and_not_folded():
    down = moved_places([220, 440, 660], RATE, offset_hz=-440)
    np.testing.assert_array_equal(down, [np.nan, np.nan, 220])
    up = moved_places([7000, 7500], RATE, offset_hz=500)
    np.testing.assert_array_equal(up, [7500, np.nan])
    np.testing.assert_array_equal(moved_places([5000], RATE, interval_semitones=12), [np.nan])


def test_places_of_many_shifts_at_once():
    both = moved_places([220, 440], RATE, offset_hz=[0, 50, 100])
    np.testing.assert_array_equal(both, [[220, 440], [270, 490], [320, 540]])
    octaves = moved_places([220, 440], RATE, interval_semitones=[-12, 0, 24])
    np.testing.assert_array_equal(octaves, [[110, 220], [220, 440], [880, 1760]])


# measure_partials


@settings(deadline=None, max_examples=50)
@given(frequency_hz=st.floats(60, 7900), level_db=st.floats(-60, 0))
def test_lone_tone_is_measured_exactly(frequency_hz, level_db):
    sound = synthetic.tone(frequency_hz, SECONDS, RATE, amplitude=10 ** (level_db / 20))
    found = measure_partials(sound, RATE, [frequency_hz * 1.01])
    assert found.frequencies_hz[0] == pytest.approx(frequency_hz, abs=INTERPOLATION_HZ)
    assert found.levels_db[0] == pytest.approx(level_db, abs=0.02)


def test_frequency_shift_moves_partials_where_arithmetic_says():
    shifted = single_sideband(partials_at(220 * ORDERS), 50)
    found = measure_partials(shifted, RATE, moved_places(220 * ORDERS, RATE, offset_hz=50))
    np.testing.assert_allclose(found.frequencies_hz, [270, 490, 710, 930, 1150], atol=2 * INTERPOLATION_HZ)
    np.testing.assert_allclose(found.ratios, (220 * ORDERS + 50) / 270, rtol=1e-4)
    np.testing.assert_allclose(found.expected_ratios, (220 * ORDERS + 50) / 270)
    expected_error = harmonicity_error(220 * ORDERS + 50, ORDERS)
    assert expected_error > 0.05
    assert found.harmonicity_error == pytest.approx(expected_error, abs=1e-4)


def test_transposition_keeps_the_ratios():
    found = measure_partials(partials_at(277.18 * ORDERS), RATE, moved_places(220 * ORDERS, RATE, interval_semitones=4))
    np.testing.assert_allclose(found.ratios, ORDERS, rtol=1e-4)
    assert found.harmonicity_error < 1e-4


def test_delay_leaves_partials_where_they_are():
    sound = partials_at(220 * ORDERS)
    delayed = np.concatenate([np.zeros(1234), sound])[: len(sound)]
    found = measure_partials(delayed, RATE, harmonic_places(220, RATE, n_partials=5))
    np.testing.assert_allclose(found.frequencies_hz, 220 * ORDERS, atol=0.1)
    assert found.harmonicity_error < 1e-3


def test_batch_is_its_rows():
    offsets = np.array([-100.0, 0.0, 30.0, 150.0])
    sounds = np.stack([partials_at(220 * ORDERS + offset) for offset in offsets])
    places = moved_places(220 * ORDERS, RATE, offset_hz=offsets)
    together = measure_partials(sounds, RATE, places)
    for row, sound in enumerate(sounds):
        alone = measure_partials(sound, RATE, places[row])
        np.testing.assert_allclose(together.frequencies_hz[row], alone.frequencies_hz, rtol=1e-12)
        np.testing.assert_allclose(together.levels_db[row], alone.levels_db, atol=1e-10)
    assert together.harmonicity_error.shape == (4,)
    assert together.harmonicity_error[1] < 1e-5 < 0.01 < together.harmonicity_error[2]


def test_many_rows_are_measured_as_few():
    sound = partials_at(220 * ORDERS, 0.05)
    places = harmonic_places(220, RATE, n_partials=5)
    many = measure_partials(np.tile(sound, (600, 1)), RATE, places)  # more than one chunk
    few = measure_partials(sound, RATE, places)
    np.testing.assert_allclose(many.frequencies_hz, np.tile(few.frequencies_hz, (600, 1)), rtol=1e-12)


def test_leading_axes_are_kept():
    sounds = np.tile(partials_at(220 * ORDERS), (2, 3, 1))
    assert measure_partials(sounds, RATE, 220 * ORDERS).frequencies_hz.shape == (2, 3, 5)


def test_single_precision_is_enough():
    sound = partials_at(220 * ORDERS)
    fine, coarse = (measure_partials(sound.astype(dtype), RATE, 220 * ORDERS) for dtype in (np.float64, np.float32))
    np.testing.assert_allclose(coarse.frequencies_hz, fine.frequencies_hz, rtol=8 * np.finfo(np.float32).eps)
    np.testing.assert_allclose(coarse.levels_db, fine.levels_db, rtol=8 * np.finfo(np.float32).eps)


def test_absent_partials_are_missing():
    odd = partials_at(220 * ORDERS[::2])
    found = measure_partials(odd, RATE, 220 * ORDERS)
    np.testing.assert_array_equal(np.isfinite(found.frequencies_hz), [True, False, True, False, True])


@pytest.mark.parametrize("offset_hz", [40, 110, 180])
def test_neighbour_is_not_taken_for_a_partial(offset_hz):
    found = measure_partials(partials_at(220 * ORDERS + offset_hz), RATE, 220 * ORDERS)
    assert np.isnan(found.frequencies_hz).all()


def test_neighbour_of_a_high_partial_is_not_taken_for_it():
    orders = np.arange(15, 20)  # 3 % of 3300 Hz is almost half the spacing, and of 4180 Hz more
    found = measure_partials(partials_at(220 * (orders + 0.45)), RATE, 220 * orders)
    assert np.isnan(found.frequencies_hz).all()


@pytest.mark.parametrize("duration_seconds", [0.1, 0.2, 0.4])
def test_side_lobe_is_not_taken_for_a_partial(duration_seconds):
    for distance_bins in np.arange(5.0, 12.0, 0.2):
        beside = synthetic.tone(220 + distance_bins / duration_seconds, duration_seconds, RATE)
        assert np.isnan(measure_partials(beside, RATE, [220]).frequencies_hz[0])


def test_nothing_is_found_where_a_folded_partial_would_be():
    # 220 Hz moved by -300 Hz folds to 80 Hz; it is dropped, though 80 Hz sounds.
    sound = partials_at([80, 140, 360, 580, 800])
    found = measure_partials(sound, RATE, moved_places(220 * ORDERS, RATE, offset_hz=-300))
    np.testing.assert_array_equal(np.isfinite(found.frequencies_hz), [False, True, True, True, True])
    assert found.ratios[1] == 1


@pytest.mark.parametrize(("level_db", "is_found"), [(-55, True), (-65, False)])
def test_partials_far_below_the_strongest_do_not_count(level_db, is_found):
    sound = synthetic.tone(220, SECONDS, RATE) + 10 ** (level_db / 20) * synthetic.tone(440, SECONDS, RATE)
    assert np.isfinite(measure_partials(sound, RATE, [220, 440]).frequencies_hz[1]) == is_found


@pytest.mark.parametrize(("amplitude", "is_found"), [(0.02, True), (0.001, False)])
def test_partials_below_the_noise_do_not_count(amplitude, is_found):
    hiss = synthetic.noise(np.random.default_rng(5), SECONDS, RATE, level_rms=0.1)
    sound = hiss + synthetic.tone(440, SECONDS, RATE, amplitude=amplitude)
    assert np.isfinite(measure_partials(sound, RATE, [440]).frequencies_hz[0]) == is_found


def test_noise_has_no_partials():
    generator = np.random.default_rng(6)
    hiss = np.stack([synthetic.noise(generator, SECONDS, RATE) for _ in range(100)])
    found = measure_partials(hiss, RATE, harmonic_places(220, RATE))
    assert np.isnan(found.frequencies_hz).all()
    assert np.isnan(found.harmonicity_error).all()


def test_silence_has_no_partials():
    assert np.isnan(measure_partials(np.zeros(4000), RATE, [220, 440]).levels_db).all()


@pytest.mark.parametrize(("duration_seconds", "is_found"), [(0.03, True), (0.02, False)])
def test_partials_closer_than_five_bins_are_not_told_apart(duration_seconds, is_found):
    found = measure_partials(partials_at(220 * ORDERS, duration_seconds), RATE, 220 * ORDERS)
    assert np.isfinite(found.frequencies_hz[:2]).any() == is_found


@pytest.mark.parametrize("place_hz", [2.0, 7999.0])
def test_partials_at_the_ends_of_the_band_are_not_measured(place_hz):
    assert np.isnan(measure_partials(synthetic.tone(place_hz, SECONDS, RATE), RATE, [place_hz]).frequencies_hz[0])


@pytest.mark.parametrize("place_hz", [-10.0, 0.0, 8000.0, 8010.0])
def test_places_outside_the_band_are_not_searched(place_hz):
    near = synthetic.tone(20, SECONDS, RATE) + synthetic.tone(7990, SECONDS, RATE)
    assert np.isnan(measure_partials(near, RATE, [place_hz]).frequencies_hz[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_input_is_untouched(dtype):
    sound = partials_at(220 * ORDERS).astype(dtype)
    kept = sound.copy()
    measure_partials(sound, RATE, 220 * ORDERS)
    assert np.array_equal(sound, kept)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((0,), (5,), None), "must hold samples and partials"),
        (((100,), (0,), None), "must hold samples and partials"),
        (((3, 100), (2, 5), None), "must agree but for the last axis"),
        (((100,), (5,), (4,)), r"orders of shape \(4,\) must be one for each of 5 partials"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shapes, message):
    sound, places, orders = (None if shape is None else np.ones(shape) for shape in shapes)
    with pytest.raises(InputError, match=message):
        measure_partials(sound, RATE, places, orders=orders)


# compare_partials


def test_comparison_reads_off_a_frequency_shift():
    sound = partials_at(220 * ORDERS)
    before = measure_partials(sound, RATE, 220 * ORDERS)
    comparison = compare_partials(before, 0.5 * single_sideband(sound, 50), RATE, offset_hz=50)
    assert np.abs(comparison.deviation_cents).max() < 0.1
    np.testing.assert_allclose(comparison.level_change_db, 20 * np.log10(0.5), atol=0.05)
    assert comparison.before.harmonicity_error < 1e-4
    assert comparison.after.harmonicity_error > 0.05


def test_comparison_keeps_orders_and_sees_a_shift_that_went_astray():
    before = measure_partials(partials_at(660 * ORDERS[:3]), RATE, 660 * ORDERS[:3], orders=[3, 6, 9])
    after = compare_partials(before, partials_at(665 * ORDERS[:3]), RATE, interval_semitones=0)
    np.testing.assert_array_equal(after.after.orders, [3, 6, 9])
    np.testing.assert_allclose(after.deviation_cents, cents(665, 660), atol=0.1)


# find_pitch


@pytest.mark.parametrize("fundamental_hz", [55, 82.4, 130.8, 220, 440, 783.99, 1046.5, 1975.5])
@pytest.mark.parametrize("make", [synthetic.harmonic_tone, synthetic.decaying_tone], ids=["steady", "decaying"])
def test_pitch_of_a_note(fundamental_hz, make):
    pitch = find_pitch(make(fundamental_hz, 8, SECONDS, RATE), RATE)
    assert pitch.stable
    assert pitch.reason == ""
    assert abs(cents(pitch.fundamental_hz, fundamental_hz)) < 0.5


@pytest.mark.parametrize("sample_rate", [4000, 8000, 22050, 44100, 48000])
def test_pitch_at_other_sample_rates(sample_rate):
    pitch = find_pitch(synthetic.harmonic_tone(196, 6, 0.5, sample_rate), sample_rate)
    assert abs(cents(pitch.fundamental_hz, 196)) < 0.5


def pyin_median(waveform, sample_rate):
    found, _, _ = librosa.pyin(waveform, fmin=50, fmax=2000, sr=sample_rate)
    return np.nanmedian(found)


def test_pitch_agrees_with_pyin_on_a_noisy_note():
    note = synthetic.harmonic_tone(311.1, 8, SECONDS, RATE) + synthetic.noise(
        np.random.default_rng(2), SECONDS, RATE, level_rms=0.03
    )
    # pYIN answers on a grid of 10 cents
    assert abs(cents(find_pitch(note, RATE).fundamental_hz, pyin_median(note, RATE))) < 10


@pytest.mark.slow
def test_pitch_agrees_with_pyin_on_real_notes():
    clips = [load_clip(path) for path in sorted(INSTRUMENTS.glob("*/*_midi60.flac"))]
    assert len(clips) == 12
    # 10 cents of pYIN's grid, and a piano's first partial lies below the pitch at which its stiff string repeats
    for clip in clips:
        found = find_pitch(clip.waveform, clip.sample_rate).fundamental_hz
        assert abs(cents(found, pyin_median(clip.waveform, clip.sample_rate))) < 20, clip.name


def test_pitch_of_real_notes_is_the_played_one_or_none():
    paths = sorted(INSTRUMENTS.glob("*/*_midi*.flac"))
    pitches = {path: find_pitch((clip := load_clip(path)).waveform, clip.sample_rate) for path in paths}
    played = {path: librosa.midi_to_hz(int(re.search(r"midi(\d+)", path.name)[1])) for path in paths}
    claimed = [abs(cents(pitches[path].fundamental_hz, played[path])) for path in paths if pitches[path].stable]
    assert max(claimed) < 30
    assert np.sum(np.array(claimed) < 20) >= 0.95 * len(paths)


def test_organ_stop_that_sounds_a_fifth_is_no_pitch():
    clip = load_clip(INSTRUMENTS / "organ" / "organ_midi72.flac")
    assert "nothing sounds at the fundamental of 262" in find_pitch(clip.waveform, clip.sample_rate).reason


@settings(deadline=None, max_examples=25)
@given(gain=st.floats(0.01, 10), delay_samples=st.integers(0, 4000))
def test_pitch_depends_on_neither_level_nor_place(gain, delay_samples):
    note = synthetic.decaying_tone(220, 6, 0.5, RATE)
    moved = np.concatenate([np.zeros(delay_samples), gain * note, np.zeros(4000 - delay_samples)])
    assert abs(cents(find_pitch(moved, RATE).fundamental_hz, 220)) < 0.5


def test_constant_offset_does_not_hide_a_pitch():
    note = synthetic.decaying_tone(220, 6, SECONDS, RATE, decay_seconds=0.1)
    late = np.concatenate([np.zeros(6400), note[:6400]])
    assert abs(cents(find_pitch(late + 0.3, RATE).fundamental_hz, 220)) < 0.5


def tones(*frequencies_hz, amplitudes=None):
    amplitudes = [0.2] * len(frequencies_hz) if amplitudes is None else amplitudes
    pairs = zip(frequencies_hz, amplitudes, strict=True)
    return np.sum([synthetic.tone(hertz, SECONDS, RATE, amplitude=size) for hertz, size in pairs], axis=0)


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (np.zeros(8000), "^silent$"),
        (np.full(8000, 5e-5), "^silent$"),
        (synthetic.harmonic_tone(220, 5, 0.08, RATE), "^too short: 0.080 s of at least 0.100 s$"),
        (synthetic.noise(np.random.default_rng(0), SECONDS, RATE), "no stable pitch: 0% of the loud frames"),
        (synthetic.click(SECONDS, RATE, at_seconds=0.4), "no stable pitch"),
        (synthetic.chirp(200, 400, SECONDS, RATE), "of the loud frames agree on one"),
        (np.concatenate([tones(220), tones(294)]), "50% of the energy|of the loud frames agree on one"),
        (tones(220, 233.08), "50% of the energy lies at multiples of 233"),
        (synthetic.harmonic_tone(220, 8, SECONDS, RATE) + synthetic.harmonic_tone(233.08, 8, SECONDS, RATE), "energy"),
        (tones(220, 330), "nothing sounds at the fundamental of 110.0 Hz"),
        (tones(400, 600, 800, 1000), "nothing sounds at the fundamental of 200.0 Hz"),
        (tones(123.2, 202.4, 261.8, 376.2, 440, 602.8, 827.2), "no stable pitch"),
        (synthetic.harmonic_tone(220, 8, SECONDS, RATE, inharmonicity=0.03), "no stable pitch"),
    ],
    ids=[
        "silence",
        "near silence",
        "short",
        "noise",
        "click",
        "glide",
        "melody",
        "semitone of tones",
        "semitone of notes",
        "fifth",
        "missing fundamental",
        "bell",
        "stiff bar",
    ],
)
def test_no_pitch_is_claimed(sound, reason):
    pitch = find_pitch(sound, RATE)
    assert not pitch.stable
    assert np.isnan(pitch.fundamental_hz)
    assert re.search(reason, pitch.reason)


def test_stronger_of_two_unequal_tones_is_the_pitch():
    assert abs(cents(find_pitch(tones(220, 261.6, amplitudes=[0.4, 0.04]), RATE).fundamental_hz, 220)) < 5


def test_stretched_partials_show_their_own_error():
    stretched = synthetic.harmonic_tone(220, 8, SECONDS, RATE, inharmonicity=0.001)
    pitch = find_pitch(stretched, RATE)
    assert abs(cents(pitch.fundamental_hz, synthetic.partial_places(220, 1, inharmonicity=0.001)[0])) < 1
    found = measure_partials(stretched, RATE, harmonic_places(pitch.fundamental_hz, RATE, n_partials=5))
    expected = harmonicity_error(synthetic.partial_places(220, 5, inharmonicity=0.001), ORDERS)
    assert expected > 0.003
    assert found.harmonicity_error == pytest.approx(expected, abs=1e-4)


def test_weak_fundamental_is_not_missed_for_its_octave():
    note = tones(131, 262, 393, 524, amplitudes=[0.04, 0.4, 0.04, 0.2])
    assert abs(cents(find_pitch(note, RATE).fundamental_hz, 131)) < 1


def test_octave_below_is_not_claimed_for_a_trace_of_it():
    note = tones(131, 262, 393, 524, amplitudes=[0.004, 0.4, 0.004, 0.2])
    assert abs(cents(find_pitch(note, RATE).fundamental_hz, 262)) < 1


def test_quiet_frames_have_no_say():
    quiet = synthetic.noise(np.random.default_rng(1), 2.0, RATE, level_rms=2e-4)
    quiet[:8000] += synthetic.harmonic_tone(220, 5, 0.5, RATE)
    assert abs(cents(find_pitch(quiet, RATE).fundamental_hz, 220)) < 1


def test_pitch_range_can_be_narrowed():
    assert not find_pitch(synthetic.harmonic_tone(100, 1, SECONDS, RATE), RATE, fmin=150, fmax=1000).stable
    assert not find_pitch(synthetic.harmonic_tone(1500, 1, SECONDS, RATE), RATE, fmin=150, fmax=1000).stable


@pytest.mark.parametrize(
    ("sound", "options", "message"),
    [
        (np.zeros((2, 100)), {}, r"waveform of shape \(2, 100\) must be mono"),
        (np.zeros(100), {"fmin": 0}, "0 < fmin=0 < fmax=2000.0"),
        (np.zeros(100), {"fmin": 500, "fmax": 400}, "0 < fmin=500 < fmax=400"),
        (np.zeros(100), {"fmin": 5000, "fmax": 6000}, "fmin < sample_rate / 4 = 4000.0 must hold"),
    ],
)
def test_impossible_requests_are_refused(sound, options, message):
    with pytest.raises(InputError, match=message):
        find_pitch(sound, RATE, **options)
