"""Grids of two axes against the definition: every pair made by hand and heard by itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.model import as_model
from audioinv.sound.axes.gain import Gain
from audioinv.sound.axes.noise import Noise
from audioinv.sound.clip import Clip, open_window
from audioinv.sound.grid import ShiftGrid
from audioinv.sound.operators import FrequencyShift, PitchShift, TimeShift
from audioinv.sound.shifts import bin_shift, frequency_shift, time_shift
from audioinv.sweep.pairs import PairSweep
from audioinv.sweep.plan import SweepPlan, plan_sweep
from audioinv.sweep.run import sweep_clips

from .test_engines import PROMISED, SAMPLE_RATE, SPEC, make_model

DELAYS = (-1600.0, 0.0, 160.0, 320.0, 480.0, 3200.0)
GRIDS = {
    "freq": ShiftGrid("freq", (-50.0, 30.0), "Hz"),
    "pitch": ShiftGrid("pitch", (2.0,), "st"),
    "bins": ShiftGrid("bins", (-3.0, 5.0, 99.0), "bins"),
    "gain": ShiftGrid("gain", (-6.0,), "dB"),
}


@pytest.fixture
def clip(rng):
    recording = (0.1 * rng.standard_normal(6400)).astype(np.float32)
    return Clip(recording[1000:5000], SAMPLE_RATE, "noise", before=recording[:1000], after=recording[5000:])


def plan_of(model, *grids, engine="shared", edges="zero", **choices):
    return replace(plan_sweep(model, {grid.axis: grid for grid in grids}, edges=edges), engine=engine, **choices)


def delays(*amounts):
    return ShiftGrid("time", amounts, "smp")


def alone(model, clip, axis, edges):
    """Every pair as the convention says: changed first, then delayed, one window at a time."""
    laid, rows = open_window(clip, SPEC.n_samples, SPEC.lead_samples), []
    shift = TimeShift(edges)
    for delay in DELAYS:
        for amount in GRIDS[axis].amounts:
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
@pytest.mark.parametrize("axis", GRIDS)
@torch.inference_mode()
def test_pairs_are_those_of_every_window_by_itself(clip, axis, edges, engine):
    model = make_model()
    sweep = PairSweep(model, plan_of(model, delays(*DELAYS), GRIDS[axis], engine=engine, edges=edges))
    expected = alone(model, clip, axis, edges)
    np.testing.assert_allclose(sweep.respond(clip), expected, rtol=0, atol=PROMISED)
    assert {choice.engine for _, choice in sweep.engines} == {engine}
    assert np.ptp(expected, axis=0).max() > 100 * PROMISED  # delays matter
    if axis != "gain":
        assert np.ptp(expected, axis=1).max() > 100 * PROMISED  # and so does what they are paired with


@pytest.mark.parametrize(
    "grids",
    [
        (delays(*DELAYS), ShiftGrid("noise", (10.0, 50.0), "%")),
        (delays(*DELAYS), ShiftGrid("order", (3.0,), "cuts")),
        (GRIDS["freq"], ShiftGrid("mask", (20.0,), "ms")),
        (GRIDS["bins"], ShiftGrid("gain", (-12.0, 6.0), "dB", "clip")),
        (GRIDS["freq"], GRIDS["bins"]),
    ],
    ids=lambda grids: "-".join(grid.axis for grid in grids),
)
@pytest.mark.parametrize("edges", ["zero", "context"])
def test_with_one_amount_at_0_the_other_axis_is_as_in_a_sweep_of_its_own(clip, grids, edges):
    model = make_model()
    plan = plan_of(model, *grids, engine="auto", edges=edges)
    found = PairSweep(model, plan).respond(clip)
    (responses,) = sweep_clips([(model, plan)], [clip]).responses
    first, second = plan.grids
    margins = {first.axis: found[:, second.amounts.index(0)], second.axis: found[first.amounts.index(0)]}
    for axis, scores in margins.items():
        np.testing.assert_allclose(scores, responses.axes[axis].scores[0], rtol=0, atol=PROMISED)
    assert np.abs(found - margins[first.axis][:, None]).max() > 20 * PROMISED  # control: off it, it is another sound
    assert np.abs(found - margins[second.axis]).max() > 20 * PROMISED


@torch.inference_mode()
def test_what_comes_first_is_as_the_page_says(clip):
    model = make_model()
    laid = open_window(clip, SPEC.n_samples, SPEC.lead_samples)
    grids = (ShiftGrid("gain", (20.0,), "dB", "clip"), ShiftGrid("noise", (30.0,), "%"))
    found = PairSweep(model, plan_of(model, *grids, engine="batched")).respond(clip)[1, 1]
    noise, gain = Noise("white", 0), Gain("clip")
    first, last = (
        model.scores(after.shift(replace(laid, waveform=before.shift(laid, [amount])[0].numpy()), [then]))[0].numpy()
        for before, amount, after, then in ((noise, 30.0, gain, 20.0), (gain, 20.0, noise, 30.0))
    )
    np.testing.assert_allclose(found, first, rtol=0, atol=PROMISED)
    assert np.abs(found - last).max() > 100 * PROMISED


@torch.inference_mode()
def test_the_start_of_the_clip_stays_where_a_recording_is_played_faster(clip):
    model = make_model()
    grids = (delays(320.0), ShiftGrid("pitch", (3.0,), "st"))
    found = PairSweep(model, plan_of(model, *grids, edges="context", pitch_engine="resample")).respond(clip)
    laid = open_window(clip, SPEC.n_samples, SPEC.lead_samples)
    opens = len(laid.before)
    recording = Clip(np.concatenate([laid.before, laid.waveform, laid.after]), SAMPLE_RATE)
    played = PitchShift("resample", opens + SPEC.lead_samples).shift(recording, [3.0])[0]
    core = PitchShift("resample", SPEC.lead_samples).shift(laid, [3.0])[0]
    window = torch.cat([played[opens - 320 : opens], core])[: SPEC.n_samples]
    np.testing.assert_allclose(found[1, 1], model.scores(window[None])[0], rtol=0, atol=PROMISED)


@torch.inference_mode()
def test_what_enters_is_changed_too(clip):
    model = make_model()
    grids = (delays(900.0), ShiftGrid("freq", (40.0,), "Hz"))
    found = PairSweep(model, plan_of(model, *grids, edges="context")).respond(clip)
    laid = open_window(clip, SPEC.n_samples, SPEC.lead_samples)
    recording = np.concatenate([laid.before, laid.waveform, laid.after])
    moved, opens = frequency_shift(recording, 40.0, SAMPLE_RATE), len(laid.before)
    ends = opens + SPEC.n_samples
    core = frequency_shift(laid.waveform, 40.0, SAMPLE_RATE)
    window = time_shift(core, 900, edges="context", before=moved[:opens], after=moved[ends:])
    np.testing.assert_allclose(found[1, 1], model.scores(torch.from_numpy(window)[None])[0], rtol=0, atol=PROMISED)
    plain = TimeShift("zero").shift(laid, [900])
    assert np.abs(found[1, 1] - model.scores(plain)[0].numpy()).max() > 100 * PROMISED


@torch.inference_mode()
def test_twelve_digits_in_double_precision(clip):
    model = make_model()
    model.classifier.double()
    respond = model.respond
    model.respond = lambda waveforms: respond(waveforms.double())
    laid, shift = open_window(clip, SPEC.n_samples, SPEC.lead_samples), TimeShift("zero")
    sweep = PairSweep(model, plan_of(model, delays(*DELAYS), GRIDS["freq"]))
    sounds = sweep._changed(laid)
    ((_, choice),) = sweep.engines
    found = choice.answers(lambda first, last: torch.stack([shift.tape(sound, first, last) for sound in sounds]))
    expected = torch.cat([model.respond(window[None]) for sound in sounds for window in shift.shift(sound, DELAYS)])
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12 * float(expected.abs().max()))


def test_fractions(clip):
    model = make_model()
    grids = (delays(-0.5, 1.25, 320.0), ShiftGrid("freq", (10.0,), "Hz"))
    shared, batched = (
        PairSweep(model, plan_of(model, *grids, engine=engine)).respond(clip) for engine in ("shared", "batched")
    )
    np.testing.assert_allclose(shared, batched, rtol=0, atol=PROMISED)


def test_bins_need_a_spectrogram_that_we_know_and_a_pair_is_of_two(clip):
    model = as_model(lambda x: x[:, :2], sample_rate=SAMPLE_RATE, labels="ab", n_samples=4000)
    plan = SweepPlan((delays(10.0), GRIDS["bins"]))
    with pytest.raises(InputError, match="bins needs a model whose spectrogram is known"):
        PairSweep(model, plan).respond(clip)
    with pytest.raises(InputError, match="a pair is of two axes; the plan has 1"):
        PairSweep(model, replace(plan, grids=plan.grids[:1]))


def test_delays_may_be_in_frames_beside_bins(clip):
    model = make_model()
    hop = model.hop_samples
    frames, samples = (
        PairSweep(model, plan_of(model, ShiftGrid("time", (-2.0 * one, 3.0 * one), unit), GRIDS["bins"])).respond(clip)
        for one, unit in ((1, "frame"), (hop, "smp"))
    )
    np.testing.assert_array_equal(frames, samples)
    assert np.ptp(frames, axis=0).max() > 100 * PROMISED  # control: the delays matter


def test_threads_are_used_and_another_precision_is_refused():
    heard = []

    def loudness(waveforms):
        heard.append(torch.get_num_threads())
        return np.abs(waveforms).max(-1, keepdims=True)

    model = as_model(loudness, sample_rate=SAMPLE_RATE, labels=["loud"], n_samples=800)
    plan = SweepPlan((ShiftGrid("time", (0.0, 80.0), "smp"), ShiftGrid("gain", (0.0, 6.0), "dB")), threads=2)
    clip, before = Clip(np.full(800, 0.1, np.float32), SAMPLE_RATE), torch.get_num_threads()
    PairSweep(model, plan).respond(clip)
    PairSweep(model, plan).respond_again(clip)
    assert set(heard) == {2}
    assert torch.get_num_threads() == before
    with pytest.raises(InputError, match="precision=bfloat16 is not for pairs of axes; leave it out"):
        PairSweep(model, replace(plan, precision="bfloat16"))
