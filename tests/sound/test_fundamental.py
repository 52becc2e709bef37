"""The pitch of a clip: notes that have one, sounds that have none, and pYIN beside it."""

import re

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sound import synthetic
from audioinv.sound.audio import load_clip
from audioinv.sound.fundamental import (
    _agreed_pitch,
    _aperiodicity,
    _harmonic_share,
    _Track,
    _track_pitch,
    find_pitch,
)
from audioinv.sound.harmonics import harmonic_places, harmonicity_error, measure_partials
from tests.sound.notes import INSTRUMENTS, ORDERS, RATE, SECONDS, cents


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
        (synthetic.noise(np.random.default_rng(0), SECONDS, RATE), "no stable pitch: 0 % of the loud frames"),
        (synthetic.click(SECONDS, RATE, at_seconds=0.4), "no stable pitch"),
        (synthetic.chirp(200, 400, SECONDS, RATE), "of the loud frames agree on one"),
        (np.concatenate([tones(220), tones(294)]), "50 % of the energy|of the loud frames agree on one"),
        (tones(220, 233.08), "50 % of the energy lies at multiples of 233"),
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


# the parts


def test_aperiodicity_is_the_difference_function_of_yin(rng):
    frames, window, longest = rng.standard_normal((3, 32)), 21, 11
    expected = np.ones((3, 11))
    for row, frame in enumerate(frames):
        differences = [((frame[:window] - frame[lag : lag + window]) ** 2).sum() for lag in range(1, longest + 1)]
        for lag in range(1, longest + 1):
            expected[row, lag - 1] = differences[lag - 1] / np.mean(differences[:lag])
    found = _aperiodicity(frames, window, longest)
    assert found.shape == (3, 12)
    np.testing.assert_allclose(found[:, 1:], expected, rtol=1e-9)  # at lag 0 all is alike, up to rounding
    np.testing.assert_array_equal(_aperiodicity(np.zeros((1, 32)), window, longest), 1)


@pytest.mark.parametrize("fundamental_hz", [50.5, 60, 137, 440, 783.99, 1310, 1990])
@pytest.mark.parametrize("sample_rate", [16000, 22050])
def test_every_frame_of_a_steady_tone_has_its_pitch_and_its_level(fundamental_hz, sample_rate):
    track = _track_pitch(synthetic.tone(fundamental_hz, 0.3, sample_rate), sample_rate, 50.0, 2000.0)
    # A parabola through the samples of a cosine errs the more, the fewer there are in a period.
    np.testing.assert_allclose(cents(track.pitch_hz, fundamental_hz), 0, atol=3 if fundamental_hz < 1000 else 15)
    np.testing.assert_allclose(track.level_rms, 0.5 / np.sqrt(2), rtol=0.05)
    longest = sample_rate // 50 + 1
    assert len(track.pitch_hz) == len(range(0, round(0.3 * sample_rate) - 3 * longest + 1, sample_rate // 100))


def test_of_a_long_sound_about_two_hundred_frames_are_taken():
    track = _track_pitch(synthetic.tone(100, 12, 4000), 4000, 50.0, 2000.0)
    assert 200 <= len(track.pitch_hz) <= 202


def test_frames_of_noise_have_a_level_and_no_pitch(rng):
    track = _track_pitch(rng.standard_normal(9000), RATE, 50.0, 2000.0)
    assert np.isnan(track.pitch_hz).all()
    np.testing.assert_allclose(track.level_rms, 1, atol=0.2)


@pytest.mark.parametrize(("off_cents", "share"), [(49.98, 1.0), (50.02, 0.6), (-49.98, 1.0), (-50.02, 0.6)])
def test_frames_agree_within_fifty_cents_of_their_median(off_cents, share):
    pitches = 220 * np.array([1, 1, 1, *[2 ** (off_cents / 1200)] * 2])
    assert _agreed_pitch(_Track(pitches, np.ones(5))) == (220, share)


def test_only_loud_frames_have_a_say_and_those_without_a_pitch_disagree():
    pitches = np.array([100.0, 100, 100, 100, 100, np.nan, 300, np.nan])
    levels = np.array([1.0, 0.5, 0.01, 1, 1, 0.02, 0.0099, 0.0099])
    assert _agreed_pitch(_Track(pitches, levels)) == (100, 5 / 6)
    few, share = _agreed_pitch(_Track(pitches[1:], levels[1:]))
    assert np.isnan(few)
    assert share == 0


@pytest.mark.parametrize(
    ("beside_hz", "counts"),
    [(2200 * 1.0295, True), (2200 * 1.0305, False), (2200 * 0.9705, True), (2200 * 0.9695, False), (330, False)],
)
def test_what_lies_within_three_percent_of_a_multiple_is_harmonic(beside_hz, counts):
    sound = synthetic.tone(220, 3, RATE, amplitude=0.3) + synthetic.tone(beside_hz, 3, RATE, amplitude=0.4)
    assert _harmonic_share(sound, RATE, 220.0) == pytest.approx(1 if counts else 9 / 25, abs=0.005)


@pytest.mark.parametrize(("beside_hz", "counts"), [(72, True), (90, False), (48, True), (30, False), (15, False)])
def test_low_multiples_are_two_bins_wide_on_either_side_and_below_the_first_is_none(beside_hz, counts):
    # 0.1 s: a bin is 10 Hz, and a main lobe reaches two of them, of which the parts beyond count as well
    parts = [synthetic.tone(hertz, 0.1, RATE, phase_radians=1) for hertz in (60, beside_hz)]
    share = _harmonic_share(parts[0] + parts[1], RATE, 60.0)
    assert (share > 0.85) == counts


def test_the_shortest_sound_is_as_long_as_is_said():
    sound = synthetic.tone(220, 1, 4000)
    assert find_pitch(sound[:50], 4000).reason == "too short: 0.013 s of at least 0.101 s"
    assert find_pitch(sound[:403], 4000).reason == "too short: 0.101 s of at least 0.101 s"
    assert find_pitch(sound[:404], 4000).stable


def test_silence_is_what_stays_below_minus_eighty_decibels():
    assert find_pitch(np.full(8000, -1e-4), RATE).reason == "silent"
    assert find_pitch(1.1e-4 * np.sin(np.arange(8000) / 9), RATE).stable


def test_the_range_ends_at_a_quarter_of_the_rate():
    assert find_pitch(np.zeros(100), RATE, fmin=3999, fmax=8000).reason == "silent"
    with pytest.raises(InputError, match="fmin < sample_rate / 4"):
        find_pitch(np.zeros(100), RATE, fmin=4000, fmax=8000)


@pytest.mark.parametrize(
    ("partials", "amplitudes", "found_hz"),
    [
        ((131, 262, 393, 524), (0.4 * 10 ** (-29.6 / 20), 0.4, 0.4 * 10 ** (-29.6 / 20), 0.2), 131),
        ((131, 262, 393, 524), (0.4 * 10 ** (-30.4 / 20), 0.4, 0.4 * 10 ** (-30.4 / 20), 0.2), 262),
        ((131, 262, 524), (0.02, 0.4, 0.2), 262),  # one of the two is not enough
        ((262, 393, 524), (0.4, 0.02, 0.2), 262),
    ],
)
def test_an_octave_lower_needs_its_first_and_third_partial_within_thirty_decibels(partials, amplitudes, found_hz):
    assert abs(cents(find_pitch(tones(*partials, amplitudes=amplitudes), RATE).fundamental_hz, found_hz)) < 3


@pytest.mark.parametrize(("amplitude", "stable"), [(0.095, True), (0.105, False)])
def test_a_fifth_of_the_energy_may_lie_elsewhere(amplitude, stable):
    found = find_pitch(tones(220, 235, amplitudes=[0.2, amplitude]), RATE)
    assert found.stable == stable
    if not stable:
        assert re.search("7[89] % of the energy lies at multiples of 220", found.reason)
