"""Answers along time under delays: models whose frames move along, stay, or go the other way."""

import numpy as np
import pytest

from audioinv.analysis import analyze
from audioinv.frame_run import frame_cautions, run_frames
from audioinv.nets.model import as_model
from audioinv.nets.windows import Windows
from audioinv.report.summary_text import frame_line, summary_lines
from audioinv.sound.clip import Clip
from audioinv.sound.grid import parse_grid
from audioinv.sweep.plan import SweepPlan

RATE, HOP, N_FRAMES = 8000, 80, 20
N = HOP * N_FRAMES


def levels(waveforms):
    """Loudness of each stretch of a hop, between 0 and 1, and what is left of 1."""
    loud = np.tanh(3 * (waveforms.reshape(len(waveforms), -1, HOP) ** 2).mean(-1))
    return np.stack([loud, 1 - loud], axis=-1)


def model_of(function=levels, **more):
    said = {"frames": "mean", **more}
    return as_model(function, sample_rate=RATE, labels=["loud", "soft"], n_samples=N, name="frames", **said)


@pytest.fixture
def clips(rng):
    """Noise that is loud or soft from one hop to the next."""
    gains = np.repeat(rng.choice([0.05, 1.0], (12, N_FRAMES)), HOP, axis=1)
    return [Clip(np.float32(g * rng.uniform(-1, 1, N)), RATE, name=f"clip {i}") for i, g in enumerate(gains)]


def plan_of(text, edges="circular"):
    return SweepPlan((parse_grid("time", text),), edges)


def test_frames_that_move_along_agree_at_their_lag_and_not_in_place(clips):
    found = run_frames(model_of(), clips, plan_of("-40:40:10ms"))
    assert found["shifts"] == [-40, -30, -20, -10, 10, 20, 30, 40]
    assert found["expected_lags"] == found["best_lags"] == [-4, -3, -2, -1, 1, 2, 3, 4]
    assert (found["n_frames"], found["frame_ms"], found["n_clips"]) == (N_FRAMES, 10, 12)
    assert found["same"]["value"] == 1
    assert found["lag_error"]["value"] == 0
    assert found["in_place"]["value"] < 0.7
    assert found["difference"]["low"] > 0.2
    assert frame_cautions(found) == []


def test_agreement_is_that_of_a_loop_over_frames(clips):
    model, delay = model_of(), 4.875  # 39 of 80 samples
    found = run_frames(model, clips, plan_of(f"0:{delay}:{delay}ms"))
    shares = []
    for clip in clips:
        answers = [levels(np.roll(clip.waveform, by)[None])[0].argmax(-1) for by in (0, int(delay * RATE / 1000))]
        shares.append(np.mean([one == other for one, other in zip(*answers, strict=True)]))
    assert found["expected_lags"] == [0]
    assert found["in_place"]["value"] is found["difference"]["value"] is None
    assert found["same"]["value"] == pytest.approx(np.mean(shares), abs=1e-6)
    assert 0.3 < found["same"]["value"] < 1
    assert "stay within half a frame (5 ms)" in frame_cautions(found)[0]


def test_frames_that_go_the_other_way_are_told(clips):
    found = run_frames(model_of(lambda waveforms: levels(waveforms)[:, ::-1]), clips, plan_of("-40:40:10ms"))
    assert found["best_lags"] == [-lag for lag in found["expected_lags"]]
    assert found["same"]["value"] < 0.7
    (caution,) = frame_cautions(found)
    assert "calls for -4 frames they move by 4" in caution


def test_frames_that_are_all_alike_agree_anywhere(clips):
    found = run_frames(model_of(lambda waveforms: 0 * levels(waveforms) + 0.5), clips, plan_of("-40:40:10ms"))
    assert (found["same"]["value"], found["in_place"]["value"], found["difference"]["value"]) == (1, 1, 0)
    assert found["lag_error"]["value"] is None
    assert found["best_lags"] == [None] * 8
    assert frame_cautions(found) == [
        "frames.lag_error: the frames are alike all along, so whether they move along cannot be told"
    ]


def test_what_agrees_in_place_is_of_the_delays_that_call_for_a_lag(clips):
    """Delays of 10 ms call for a frame; among those of 2 ms, most of which call for none, they are the same."""
    fine = run_frames(model_of(), clips, plan_of("-10:10:2ms"))
    lags = np.array(fine["expected_lags"])
    assert 0 < (lags == 0).sum() < len(lags)
    called = [f"{amount:g}" for amount, lag in zip(fine["shifts"], lags, strict=True) if lag]
    assert called == ["-10", "-8", "-6", "6", "8", "10"]
    shares = np.array([_shares_in_place(clip, [int(float(one) * RATE / 1000) for one in called]) for clip in clips])
    assert fine["in_place"]["value"] == pytest.approx(shares.mean(), abs=1e-6)
    curve = np.array(fine["same_curve"])
    assert fine["same"]["value"] == pytest.approx(curve.mean(), abs=1e-6)
    assert fine["difference"]["value"] == pytest.approx(curve[lags != 0].mean() - shares.mean(), abs=1e-6)


def _shares_in_place(clip, delays):
    answers = [levels(np.roll(clip.waveform, by)[None])[0].argmax(-1) for by in (0, *delays)]
    return [np.mean(answers[0] == moved) for moved in answers[1:]]


def test_delays_beyond_half_of_the_frames_say_why_nothing_agrees_in_place(clips):
    found = run_frames(model_of(), clips, plan_of("2:152:150ms"))
    assert found["expected_lags"] == [0, 15]
    assert found["same"]["value"] > 0.3
    assert found["in_place"]["value"] is None
    assert frame_cautions(found)[0].startswith("frames.in_place: wherever a delay calls for a frame or more")


def test_a_model_that_leaves_part_of_its_window_out_says_how_far_frames_are_apart(clips):
    def first_half(waveforms):
        return levels(waveforms)[:, : N_FRAMES // 2]

    grid = plan_of("20:50:10ms")
    told = run_frames(model_of(first_half, frame_samples=HOP), clips, grid)
    assert told["lag_error"]["value"] == 0
    assert frame_cautions(told) == []
    guessed = run_frames(model_of(first_half), clips, grid)
    assert guessed["frame_ms"] == 20
    assert "say frame_samples" in frame_cautions(guessed)[0]


def test_windows_over_the_sound_are_frames_too(clips):
    def pooled(waveforms):
        return levels(waveforms).mean(1)

    found = run_frames(model_of(pooled, frames="", windows=Windows(HOP, HOP)), clips, plan_of("-40:40:10ms"))
    assert (found["n_frames"], found["frame_ms"]) == (N_FRAMES, 10)
    assert (found["same"]["value"], found["lag_error"]["value"]) == (1, 0)
    assert found["in_place"]["value"] < 0.7


def test_of_several_labels_the_ones_that_are_on_count(clips):
    def loud_only(waveforms):
        return levels(waveforms)[..., :1]

    said = {"sample_rate": RATE, "labels": ["loud"], "n_samples": N, "frames": "max"}
    grid = plan_of("-40:40:10ms")
    found = run_frames(as_model(loud_only, multi_label=True, **said), clips, grid)
    assert found["same"]["value"] == 1
    assert found["in_place"]["value"] < 0.5
    silent = run_frames(as_model(lambda x: 0 * loud_only(x), multi_label=True, **said), clips, grid)
    assert silent["same"]["value"] is None
    assert frame_cautions(silent)[0].startswith("frames.same: no label is on")


def test_analyze_tells_of_frames_beside_the_pooled_answer(clips):
    result = analyze(model_of(), clips, time="-40:40:10ms", edges="circular")
    found = result.summary["frames"]
    assert found["same"]["value"] == 1
    assert result.summary["axes"]["time"]["consistency"]["value"] == 1  # the mean over frames does not move at all
    line = frame_line(result.summary)
    assert line.startswith("frames (20, every 10 ms) moved along with the delay say the same: 1.00")
    assert line.endswith("(12 clips, 8 delays)")
    assert " ".join(line.split()[:6]) in " ".join(summary_lines(result))


def test_without_a_delay_there_is_a_reason_and_a_model_that_answers_once_has_no_frames(clips):
    result = analyze(model_of(), clips, gain="-5:5:5dB")
    assert result.summary["frames"] is None
    assert "frames.same: no delay was swept" in result.summary["warnings"]
    once = model_of(lambda waveforms: levels(waveforms).mean(1), frames="")
    result = analyze(once, clips, time="0:10:10ms")
    assert "frames" not in result.summary
    assert frame_line(result.summary) == ""
