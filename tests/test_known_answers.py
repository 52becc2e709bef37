"""Models whose every number theory gives, through the whole analysis: a constant, chance, and matched filters."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from audioinv.analysis import analyze
from audioinv.nets.model import ModelSpec, as_model
from audioinv.nets.references import constant_model, fit_matched_filter, random_model
from audioinv.sound.clip import Clip

RATE, N_SAMPLES, N_CLASSES = 8000, 2000, 4
LABELS = ("a", "b", "c", "d")
SPEC = ModelSpec("demo", RATE, N_SAMPLES, LABELS)
STEADY = ("consistency", "pair_consistency", "k_consistency", "all_consistency", "unchanged")
MOVED = ("top1_change", "mac", "mac_neighbours", "total_variation", "excess_variation", "rank_distance", "js_drift")


def noises(rng, n=40):
    """Noise that fills the window; half of the clips are labelled with the first class."""
    sounds = 0.1 * rng.standard_normal((n, N_SAMPLES)).astype(np.float32)
    return [
        Clip(sound, RATE, f"{i}.wav", LABELS[0 if i % 2 else i // 2 % N_CLASSES], f"kit {i // 2}")
        for i, sound in enumerate(sounds)
    ]


def templates_and_clips(rng):
    """One noise a class, each of them a clip."""
    clips = [replace(clip, label=label) for clip, label in zip(noises(rng, N_CLASSES), LABELS, strict=True)]
    return np.array([clip.waveform for clip in clips], dtype=np.float64), clips


def by_hash(waveforms):
    """Answer by the digest of the very samples: as if a die were thrown, and the same again for the same sound."""
    answers = [hashlib.sha256(sound.tobytes()).digest()[0] % N_CLASSES for sound in np.asarray(waveforms)]
    return np.eye(N_CLASSES, dtype=np.float32)[answers]


def test_a_constant_predictor_keeps_everything_is_right_by_the_share_of_its_class_and_is_flagged(rng):
    clips = noises(rng)
    result = analyze(
        constant_model(SPEC), clips, time="-20:20:5ms", freq="-100:100:50Hz", pitch="-1:1:1st", edges="circular"
    )
    share = np.mean([clip.label == "a" for clip in clips])
    assert share == 0.625
    for axis in result.summary["axes"].values():
        assert {axis[name]["value"] for name in STEADY if axis[name]["value"] is not None} == {1}
        assert {axis[name]["value"] for name in MOVED} == {0}
        assert axis["wobble"]["value"] == axis["calibration_drift"]["value"] == axis["log_loss_drift"]["value"] == 0
        assert set(axis["accuracy_curve"]) == {share}
        assert axis["worst_accuracy"]["value"] == axis["accuracy_at_zero"]["value"] == share
        assert axis["accuracy_area"]["value"] == 1
        assert axis["minimal_flip_shift"]["censored"] == len(clips)
        assert axis["worst_clips"] == []
        assert {(one["name"], one["value"], one["stands_out"]) for one in axis["by_class"]} == {
            (label, 1, "no") for label in LABELS
        }
    assert result.summary["contrast"]["difference"]["value"] == 0
    assert result.summary["references"]["relative_flips"] == 0
    (warning,) = (line for line in result.summary["warnings"] if "its consistency says nothing" in line)
    assert "answers 'a' for 100.0 % of all clips and shifts, although 62.5 % of the labelled clips" in warning


def test_a_die_agrees_with_itself_as_chance_has_it(rng):
    """Twenty non-zero delays of forty clips: all 840 answers are independent and all classes equally likely."""
    clips = noises(rng)
    model = as_model(by_hash, sample_rate=RATE, labels=LABELS, n_samples=N_SAMPLES, activation="none")
    summary = analyze(model, clips, time="-10:10:1ms", edges="circular").summary
    axis, chance = summary["axes"]["time"], 1 / N_CLASSES

    expected = {
        "consistency": (chance, 800),
        "pair_consistency": (chance, 800),
        "top1_change": (1 - chance, 800),
        "mac": (1 - chance, 800),  # a flip takes the whole score from the clean class
        "js_drift": (1 - chance, 800),  # and distributions without overlap are one bit apart
        "accuracy_at_zero": (chance, 40),
        "mean_accuracy": (chance, 840),
    }
    for name, (value, n_draws) in expected.items():
        assert axis[name]["value"] == pytest.approx(value, abs=4 * np.sqrt(value * (1 - value) / n_draws))
    held = [axis[name]["low"] <= value <= axis[name]["high"] for name, (value, _) in expected.items()]
    assert sum(held) >= 5  # of seven at 95 %
    assert axis["k_consistency"]["value"] == pytest.approx(chance**4, abs=0.005)
    assert axis["all_consistency"]["value"] == 0
    survival = axis["minimal_flip_shift"]["survival"]
    # The first amount is tried to either side: both must keep the answer.
    assert survival["value"][0] == pytest.approx(chance**2, abs=4 * np.sqrt(chance**2 / 40))
    assert axis["minimal_flip_shift"]["median"] == 1
    assert not any("its consistency says nothing" in line for line in summary["warnings"])
    assert summary["controls"]["noise_floor"] == 0


def test_a_random_network_is_right_by_chance_whatever_it_answers(rng):
    """Of the K ways to rotate the labels each answer is right in just one, and no rotation changes a consistency."""
    clips, model = noises(rng, 20), random_model(SPEC, head="flatten")
    turned = [
        [replace(clip, label=LABELS[(LABELS.index(clip.label) + turn) % N_CLASSES]) for clip in clips]
        for turn in range(N_CLASSES)
    ]
    axes = [analyze(model, some, time="-20:20:10ms").summary["axes"]["time"] for some in turned]
    np.testing.assert_allclose(np.mean([axis["accuracy_curve"] for axis in axes], axis=0), 1 / N_CLASSES, atol=1e-6)
    assert np.mean([axis["mean_accuracy"]["value"] for axis in axes]) == pytest.approx(1 / N_CLASSES, abs=1e-6)
    for name in ("consistency", "all_consistency", "mac", "js_drift"):
        assert len({axis[name]["value"] for axis in axes}) == 1


def correlator(templates, *, any_lag):
    """Score a window by its normalised correlation with each template, at no lag or at the best of all."""
    spectra = np.fft.rfft(templates / np.linalg.norm(templates, axis=1, keepdims=True))

    def score(waveforms):
        sounds = np.asarray(waveforms, dtype=np.float64)
        unit = np.fft.rfft(sounds / np.linalg.norm(sounds, axis=1, keepdims=True))
        lags = np.fft.irfft(unit[:, None] * spectra.conj(), n=sounds.shape[1])
        return (lags.max(axis=2) if any_lag else lags[:, :, 0]).astype(np.float32)

    labels = LABELS[: len(templates)]
    return as_model(score, sample_rate=RATE, labels=labels, n_samples=N_SAMPLES, activation="none")


def test_a_matched_filter_falls_off_as_the_autocorrelation_and_peaks_at_no_delay(rng):
    templates, clips = templates_and_clips(rng)
    result = analyze(correlator(templates, any_lag=False), clips, time="-40:40:1smp", edges="circular")
    scores, delays = result.scores["time"], np.arange(-40, 41)
    for i, template in enumerate(templates):
        own = np.array([np.dot(np.roll(template, d), template) for d in delays]) / np.dot(template, template)
        np.testing.assert_allclose(scores[i, :, i], own, atol=1e-5)
        assert scores[i, :, i].argmax() == 40
        assert scores[i, 40, i] == pytest.approx(1, abs=1e-6)
    axis = result.summary["axes"]["time"]
    assert axis["accuracy_at_zero"]["value"] == 1
    assert axis["consistency"]["value"] < 0.6  # white noise is unlike itself one sample later


def test_a_matched_filter_of_a_tone_flips_where_its_cosine_falls():
    """The score is cos(2π d / P); a class that always scores 0.05 takes over where the cosine falls below that."""
    period, rival = 40, 0.05
    tone = np.cos(2 * np.pi * np.arange(N_SAMPLES) / period)

    def like_the_tone(waveforms):
        sounds = np.asarray(waveforms, dtype=np.float64)
        like = sounds @ tone / (np.linalg.norm(sounds, axis=1) * np.linalg.norm(tone))
        return np.stack([like, np.full_like(like, rival)], axis=1).astype(np.float32)

    model = as_model(like_the_tone, sample_rate=RATE, labels=("tone", "other"), n_samples=N_SAMPLES)
    clips = [Clip((0.5 * tone).astype(np.float32), RATE, f"{i}.wav", "tone") for i in range(2)]
    result = analyze(model, clips, time="-20:20:0.5smp", edges="circular")
    delays = np.arange(-20, 20.5, 0.5)
    cosine = np.cos(2 * np.pi * delays / period)
    np.testing.assert_allclose(result.scores["time"][0, :, 0], cosine, atol=1e-4)
    axis = result.summary["axes"]["time"]
    assert axis["minimal_flip_shift"]["median"] == np.abs(delays[cosine < rival]).min() == 10
    assert axis["consistency"]["value"] == pytest.approx((cosine[delays != 0] > rival).mean())
    assert axis["wobble"]["value"] == pytest.approx(2, abs=1e-3)
    assert axis["total_variation"]["value"] == pytest.approx(4, abs=1e-3)  # up from −1 to 1, and down again
    assert axis["excess_variation"]["value"] == pytest.approx(0, abs=1e-3)  # it only falls away from 0


def test_the_best_of_all_lags_is_one_at_every_delay(rng):
    templates, clips = templates_and_clips(rng)
    result = analyze(correlator(templates, any_lag=True), clips, time="-1000:1000:125smp", edges="circular")
    own = result.scores["time"][np.arange(4), :, np.arange(4)]
    np.testing.assert_allclose(own, 1, atol=2 * np.finfo(np.float32).eps)
    axis = result.summary["axes"]["time"]
    assert axis["consistency"]["value"] == axis["all_consistency"]["value"] == axis["worst_accuracy"]["value"] == 1
    assert axis["mac"]["value"] == pytest.approx(0, abs=1e-6)


def test_the_bank_of_spectrograms_is_as_steady_by_whole_hops_and_not_between(rng):
    clips = noises(rng, 8)
    model = fit_matched_filter(clips, SPEC, n_templates=2)
    hop = model.hop_samples
    whole = analyze(model, clips, time=f"-{5 * hop}:{5 * hop}:{hop}smp", edges="circular").summary["axes"]["time"]
    assert whole["consistency"]["value"] == whole["all_consistency"]["value"] == 1
    assert whole["mac"]["value"] < 1e-5
    between = analyze(model, clips, time=f"-{hop}:{hop}:{hop // 2}smp", edges="circular").summary["axes"]["time"]
    assert between["mac"]["value"] > 1e-3
