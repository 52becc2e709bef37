"""``audioinv shift``, ``info`` and ``doctor``: what they write and what they say."""

import json

import numpy as np
import pytest

from audioinv.sound.audio import load_clip, write_audio
from audioinv.sound.shifts import time_shift
from audioinv.sound.synthetic import harmonic_tone

from .conftest import GRIDS


@pytest.fixture
def note(place):
    write_audio("note.wav", 0.15 * harmonic_tone(220.0, 5, duration_seconds=1.0, sample_rate=16000), 16000)
    return "note.wav"


def test_a_frequency_shift_breaks_the_ratios_and_says_how(run, note):
    done = run("shift", note, "--freq", "50Hz", "-o", "up.flac", "--json")
    facts = json.loads(done.stdout)
    orders = np.arange(1, 6)
    np.testing.assert_allclose(facts["partials_hz"][:5], 220 * orders + 50, atol=0.5)
    np.testing.assert_allclose(facts["ratios"][:5], (220 * orders + 50) / 270, atol=2e-3)
    assert facts["harmonicity_error_before"] < 1e-3
    assert facts["harmonicity_error"] > 0.05
    assert facts["energy_kept"] == pytest.approx(1, abs=1e-3)
    told = run("shift", note, "--freq", "50Hz", "-o", "again.flac").stdout
    assert "partials 270 490 710 930 1150" in told
    assert "ratios   1.000 1.815 2.630 3.444 4.259" in told


def test_a_pitch_shift_keeps_the_ratios(run, note):
    done = run("shift", note, "--pitch", "3st", "--pitch-engine", "resample", "-o", "up.flac", "--json")
    facts = json.loads(done.stdout)
    assert facts["harmonicity_error"] < 2e-3
    assert facts["partials_hz"][0] == pytest.approx(220 * 2 ** (3 / 12), abs=0.5)


def test_what_is_written_is_the_shifted_sound(run, note):
    assert run("shift", note, "--time", "100ms", "-q").exit_code == 0
    expected = time_shift(load_clip(note).waveform, 1600)
    np.testing.assert_allclose(load_clip("note_time100ms.flac").waveform, expected, atol=1 / 32768)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give one of --time, --freq and --pitch"),
        (("--time", "1ms", "--freq", "1Hz"), "give one of"),
        (("--time", "0:10:1ms"), "takes one amount"),
        (("--time", "1ms", "-o", "note.wav"), "note.wav exists already"),
        (("--freq", "1ms"), "unit ms does not fit"),
    ],
)
def test_shift_errors(run, note, arguments, words):
    done = run("shift", note, *arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_info_knows_what_a_thing_is(run, note):
    run("analyze", "clips", "-m", "toy", *GRIDS, "-o", "out", "-q")
    for thing, words in [
        (note, "pitch 220.0 Hz"),
        ("clips", "6 clips in 6 files (folder per class)"),
        ("toy", "total stride 2560 samples (160 ms)"),
        ("toy", "operations, up to where mean takes the whole window"),
        ("out", "toy keeps"),
    ]:
        done = run("info", thing)
        assert done.exit_code == 0, done.stderr
        assert words in done.stdout
        kind = json.loads(run("info", thing, "--json").stdout)["kind"]
        assert kind == {note: "clip", "clips": "corpus", "toy": "model", "out": "results"}[thing]
    done = run("info", "nothing-of-the-kind")
    assert done.exit_code == 2
    assert "nor a shipped model" in done.stderr


def test_info_says_no_stable_pitch(run, place):
    write_audio("noise.wav", 0.1 * np.random.default_rng(0).standard_normal(16000), 16000)
    assert "no stable pitch" in run("info", "noise.wav").stdout


def test_doctor_names_versions_and_devices(run):
    facts = json.loads(run("doctor", "--json").stdout)
    assert facts["versions"]["torch"] != "not installed"
    assert facts["devices"][0].startswith("cpu")
    assert facts["clips"] > 600
    text = run("doctor").stdout
    assert f"torch            {facts['versions']['torch']}" in text
