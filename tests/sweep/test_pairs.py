"""Grids of two axes against the definition: every pair made by hand and heard by itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.model import as_model
from audioinv.sound.audio import Clip, open_window
from audioinv.sound.operators import FrequencyShift, PitchShift, TimeShift
from audioinv.sound.shifts import bin_shift, frequency_shift, time_shift
from audioinv.sweep.pairs import PairSweep, respond_on_grid
from audioinv.sweep.plan import plan_sweep

from .test_engines import PROMISED, SAMPLE_RATE, SPEC, make_model

DELAYS = [-1600, 0, 160, 320, 480, 3200]
AMOUNTS = {"freq": [-50.0, 0.0, 30.0], "pitch": [0.0, 2.0], "bins": [-3.0, 0.0, 5.0, 99.0], "gain": [-6.0, 0.0]}


@pytest.fixture
def clip(rng):
    recording = (0.1 * rng.standard_normal(6400)).astype(np.float32)
    return Clip(recording[1000:5000], SAMPLE_RATE, "noise", before=recording[:1000], after=recording[5000:])


def plan_of(model, engine="shared", edges="zero", **choices):
    return replace(plan_sweep(model, {"time": "10ms", "gain": "6dB"}, edges=edges), engine=engine, **choices)


def alone(model, clip, axis, edges):
    """Every pair as the convention says: changed first, then delayed, one window at a time."""
    laid, rows = open_window(clip, SPEC.n_samples, SPEC.lead_samples), []
    shift = TimeShift(edges)
    for delay in DELAYS:
        for amount in AMOUNTS[axis]:
            if axis == "bins":
                front_end = model.front_end
                moved = bin_shift(front_end(shift.shift(laid, [delay])), amount, fill=front_end.floor_db)
                rows.append(model.scores_of_spectrogram(moved)[0])
                continue
            operator = FrequencyShift() if axis == "freq" else PitchShift("signalsmith", SPEC.lead_samples)
            waveform = laid.waveform * 10 ** (amount / 20)
            if axis != "gain":
                waveform = operator.shift(laid, [amount])[0].numpy()
            rows.append(model.scores(shift.shift(replace(laid, waveform=waveform), [delay]))[0])
    return torch.stack(rows).unflatten(0, (len(DELAYS), -1)).numpy()


@pytest.mark.parametrize("engine", ["shared", "batched"])
@pytest.mark.parametrize("edges", ["zero", "circular", "noise"])
@pytest.mark.parametrize("axis", AMOUNTS)
@torch.inference_mode()
def test_pairs_are_those_of_every_window_by_itself(clip, axis, edges, engine):
    model = make_model()
    sweep = PairSweep(model, DELAYS, axis, AMOUNTS[axis], plan_of(model, engine, edges))
    expected = alone(model, clip, axis, edges)
    np.testing.assert_allclose(sweep.respond(clip), expected, rtol=0, atol=PROMISED)
    assert {choice.engine for _, choice in sweep.engines} == {engine}
    assert np.ptp(expected, axis=0).max() > 100 * PROMISED  # delays matter
    if axis != "gain":
        assert np.ptp(expected, axis=1).max() > 100 * PROMISED  # and so does what they are paired with


@torch.inference_mode()
def test_the_start_of_the_clip_stays_where_a_recording_is_played_faster(clip):
    model = make_model()
    plan = plan_of(model, edges="context", pitch_engine="resample")
    found = respond_on_grid(model, clip, [0, 320], "pitch", [3.0], plan)
    laid = open_window(clip, SPEC.n_samples, SPEC.lead_samples)
    opens = len(laid.before)
    recording = Clip(np.concatenate([laid.before, laid.waveform, laid.after]), SAMPLE_RATE)
    played = PitchShift("resample", opens + SPEC.lead_samples).shift(recording, [3.0])[0]
    window = torch.nn.functional.pad(played, (1000, 1000))[1000 + opens - 320 :][: SPEC.n_samples]
    np.testing.assert_allclose(found[1, 0], model.scores(window[None])[0], rtol=0, atol=PROMISED)


@torch.inference_mode()
def test_what_enters_is_changed_too(clip):
    model = make_model()
    found = respond_on_grid(model, clip, [0, 900], "freq", [40.0], plan_of(model, edges="context"))
    laid = open_window(clip, SPEC.n_samples, SPEC.lead_samples)
    recording = np.concatenate([laid.before, laid.waveform, laid.after])
    moved, opens = frequency_shift(recording, 40.0, SAMPLE_RATE), len(laid.before)
    ends = opens + SPEC.n_samples
    window = time_shift(moved[opens:ends], 900, edges="context", before=moved[:opens], after=moved[ends:])
    np.testing.assert_allclose(found[1, 0], model.scores(torch.from_numpy(window)[None])[0], rtol=0, atol=PROMISED)
    plain = TimeShift("zero").shift(laid, [900])
    assert np.abs(found[1, 0] - model.scores(plain)[0].numpy()).max() > 100 * PROMISED


@torch.inference_mode()
def test_twelve_digits_in_double_precision(clip):
    model = make_model()
    model.classifier.double()
    respond = model.respond
    model.respond = lambda waveforms: respond(waveforms.double())
    laid, shift = open_window(clip, SPEC.n_samples, SPEC.lead_samples), TimeShift("zero")
    sweep = PairSweep(model, DELAYS, "freq", AMOUNTS["freq"], plan_of(model))
    sounds = sweep._changed(laid)
    ((_, choice),) = sweep.engines
    found = choice.answers(lambda first, last: torch.stack([shift.tape(sound, first, last) for sound in sounds]))
    expected = torch.cat([model.respond(window[None]) for sound in sounds for window in shift.shift(sound, DELAYS)])
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12 * float(expected.abs().max()))


def test_fractions_and_any_order(clip):
    model = make_model()
    delays = [320.0, -0.5, 0.0, 1.25]
    shared, batched = (
        respond_on_grid(model, clip, delays, "freq", [10.0], plan_of(model, e)) for e in ("shared", "batched")
    )
    np.testing.assert_allclose(shared, batched, rtol=0, atol=PROMISED)
    backwards = respond_on_grid(model, clip, delays[::-1], "freq", [10.0], plan_of(model))
    np.testing.assert_array_equal(backwards[::-1], shared)


def test_bins_need_a_spectrogram_that_we_know(clip):
    model = as_model(lambda x: x[:, :2], sample_rate=SAMPLE_RATE, labels="ab", n_samples=4000)
    with pytest.raises(InputError, match="bins need a model whose spectrogram we know"):
        respond_on_grid(model, clip, [0], "bins", [1], plan_of(model, "auto"))
