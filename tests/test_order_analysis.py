"""Order for any model: planted models that hear no order, order alone, places, or no further than so many samples."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.model import Model, ModelSpec, as_model
from audioinv.order_analysis import analyze_order
from audioinv.report.order_results import OrderOptions
from audioinv.sound.clip import Clip, open_window
from audioinv.sound.segments import draw_orders

SAMPLE_RATE, N_SAMPLES = 8000, 1200


def sounds(rng, n_clips=24, n_samples=N_SAMPLES):
    """Soft and loud noise, two clips a group."""
    return [
        Clip(
            (rng.standard_normal(n_samples) * (0.05, 0.2)[i % 2]).astype(np.float32),
            SAMPLE_RATE,
            name=f"noise {i}",
            label=("soft", "loud")[i % 2],
            group=f"group {i // 2}",
        )
        for i in range(n_clips)
    ]


def model_of(function, labels=("soft", "loud"), **spec):
    """A model that answers the second class where `function` of the windows is true."""

    def answer(waveforms):
        said = np.asarray(function(waveforms), dtype=bool)
        return np.stack([~said, said], axis=-1).astype(np.float32)

    return as_model(answer, sample_rate=SAMPLE_RATE, labels=labels, n_samples=N_SAMPLES, **spec)


def is_loud(waveforms):
    return (waveforms.astype(np.float64) ** 2).mean(-1) > 0.01


def rises(waveforms):
    """Tell whether the second half is the louder one: an order, and no place of any one sound."""
    halves = (waveforms.astype(np.float64) ** 2).reshape(len(waveforms), 2, -1).sum(-1)
    return halves[:, 1] > halves[:, 0]


def test_a_model_that_hears_which_sounds_and_no_order_raises_the_alarm(rng):
    found = analyze_order(model_of(is_loud), sounds(rng))
    assert found.accuracy.value == 1
    for change in (found.permuted, found.rotated, found.backwards):
        assert (change.sensitivity.value, change.distance.value, change.unchanged.value) == (0, 0, 1)
    assert found.joined[0].sensitivity.value == 0
    assert found.noise_floor == 0
    (alarm,) = found.cautions
    assert "answers unchanged under permutation for 100 % of clips" in alarm
    assert "which sounds, not their order" in alarm


def test_a_model_that_hears_order_does_not_raise_it(rng):
    # Each clip swells, so that only its order tells it from the same sounds otherwise arranged.
    swelling = [replace(clip, waveform=clip.waveform * np.linspace(0.1, 1, N_SAMPLES)) for clip in sounds(rng)]
    found = analyze_order(model_of(rises), swelling)
    assert found.backwards.sensitivity.value == 1
    assert found.permuted.unchanged.value == 0
    assert not any("not their order" in caution for caution in found.cautions)
    gapless = found.joined[0]
    assert (gapless.sensitivity.value, gapless.distance.value) == (1, 2)  # soft·loud rises, loud·soft falls


def test_a_constant_model_says_nothing_and_raises_no_alarm(rng):
    found = analyze_order(model_of(lambda waveforms: np.ones(len(waveforms))), sounds(rng))
    assert found.permuted.unchanged.value == 1
    (caution,) = found.cautions
    assert "100 % of the clips the same answer" in caution
    assert found.accuracy.value == 0.5


def test_a_model_that_hears_places_is_as_sensitive_to_rotations(rng):
    def loudest_first(waveforms):
        return np.abs(waveforms).argmax(-1) < N_SAMPLES // 2

    found = analyze_order(model_of(loudest_first), sounds(rng), OrderOptions(n_orders=20))
    assert found.permuted.sensitivity.value > 0.3
    assert found.rotated.sensitivity.value > 0.3
    assert found.order_beyond_place.low <= 0
    assert any("may be place, or seams" in caution for caution in found.cautions)


def test_the_sweep_of_gaps_shows_how_far_a_model_hears(rng):
    reach = 100  # samples after a positive one within which a negative one counts

    def positive_then_negative(waveforms):
        return [
            any((row[i + 1 : i + 1 + reach] < 0).any() for i in np.flatnonzero((row[:-1] > 0) & (row[1:] <= 0)))
            for row in waveforms
        ]

    clips = [
        Clip(np.full(N_SAMPLES, sign * 0.5, dtype=np.float32), SAMPLE_RATE, name=f"{i} {sign}", label=str(sign))
        for i in range(6)
        for sign in (-1, 1)
    ]
    shares = (0, 99 / N_SAMPLES, 100 / N_SAMPLES, 0.25)
    model = model_of(positive_then_negative, labels=("-1", "1"))
    found = analyze_order(model, clips, OrderOptions(gap_shares=shares))
    assert [change.sensitivity.value for change in found.joined] == [1, 1, 0, 0]
    assert found.gaps_seconds == (0, 99 / SAMPLE_RATE, 100 / SAMPLE_RATE, 300 / SAMPLE_RATE)


class Recording(Model):
    """A model that keeps what it heard and answers by the loudness of each fifth of the window."""

    def __init__(self, lead_samples=0):
        labels = tuple("abcde")
        super().__init__(ModelSpec("recording", SAMPLE_RATE, N_SAMPLES, labels, lead_samples, "none"))
        self.heard = []

    def respond(self, waveforms):
        self.heard.append(waveforms.clone())
        return waveforms.reshape(len(waveforms), 5, -1).square().mean(-1)


def test_what_a_model_hears_is_what_the_options_say(rng):
    model, lead = Recording(lead_samples=200), 200
    clips = [
        Clip(rng.standard_normal(n).astype(np.float32), SAMPLE_RATE, label=label, before=np.full(500, 7.0))
        for n, label in ((1000, "a"), (1500, "b"), (640, "c"))
    ]
    options = OrderOptions(n_segments=4, n_orders=3, gap_shares=(0.0, 0.1), seed=5)
    found = analyze_order(model, clips, options)
    orders = draw_orders(4, 3, np.random.default_rng(5))
    turned = [[1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]]
    distances = []
    for clip, heard in zip(clips, model.heard, strict=False):
        window = open_window(clip, N_SAMPLES, lead).waveform
        sound = clip.waveform[: N_SAMPLES - lead]
        quarters = np.split(sound, [len(sound) * i // 4 for i in (1, 2, 3)])
        versions = [sound, sound, sound[::-1]]
        versions += [np.concatenate([quarters[i] for i in order]) for order in [*turned, *orders]]
        expected = np.stack([np.concatenate([window[:lead], v, window[lead + len(sound) :]]) for v in versions])
        np.testing.assert_array_equal(heard.numpy(), expected)
        scores = (expected.astype(float).reshape(len(expected), 5, -1) ** 2).mean(-1)
        distances.append(np.abs(scores[6:] - scores[0]).sum(-1).mean())
    assert found.permuted.distance.value == pytest.approx(np.mean(distances), rel=1e-5)
    heads = [clip.waveform[: (N_SAMPLES - lead - 120) // 2] for clip in clips]
    joined = torch.cat(model.heard[3:]).numpy().reshape(2, 3, 2, N_SAMPLES)
    for gap, pairs in zip((0, 120), joined, strict=True):
        for a, (first, second) in zip(heads, pairs, strict=True):
            silence = np.zeros(gap, dtype=np.float32)
            written = []
            for b in (head for head in heads if head is not a):
                ways = [np.concatenate([x, silence, y]) for x, y in ((a, b), (b, a))]
                written.append([np.pad(way, (lead, N_SAMPLES - lead - len(way))) for way in ways])
            assert any(np.array_equal([first, second], ways) for ways in written)


def test_partners_have_another_label(rng):
    found = analyze_order(model_of(rises), sounds(rng), OrderOptions(gap_shares=(0.0,)))
    assert found.joined[0].sensitivity.n == 24
    assert found.joined[0].sensitivity.value == 1  # soft and loud in every pair; two of a kind would often tie
    alike = [replace(clip, label="soft") for clip in sounds(rng)]
    alone = analyze_order(model_of(rises), alike)
    assert np.isnan(alone.joined[0].sensitivity.value)
    assert alone.joined[0].sensitivity.n_undefined == 24
    assert any("no two clips have different labels" in caution for caution in alone.cautions)


def test_clips_without_labels_are_paired_and_accuracy_is_undefined_with_a_reason(rng):
    found = analyze_order(model_of(is_loud), [replace(clip, label=None) for clip in sounds(rng)])
    assert np.isnan(found.accuracy.value)
    assert any(caution.startswith("accuracy:") for caution in found.cautions)
    assert found.joined[0].sensitivity.n == 24


def test_a_model_that_answers_the_same_sound_twice_otherwise_is_named(rng):
    def wavering(waveforms):
        return rng.random((len(waveforms), 2)).astype(np.float32)

    model = as_model(wavering, sample_rate=SAMPLE_RATE, labels=["soft", "loud"], n_samples=N_SAMPLES)
    found = analyze_order(model, sounds(rng))
    assert found.noise_floor > 0.1
    assert "the same input twice" in found.cautions[0]


def test_the_seed_chooses_orders_and_nothing_else_does(rng):
    clips, model = sounds(rng), model_of(rises)
    first, again, other = (analyze_order(model, clips, OrderOptions(n_orders=2, seed=seed)) for seed in (0, 0, 1))
    assert repr(first) == repr(again)
    assert first.permuted != other.permuted


def test_a_clip_that_cannot_be_used_is_set_aside_and_named(rng):
    silent = Clip(np.zeros(N_SAMPLES, dtype=np.float32), SAMPLE_RATE, name="nothing")
    found = analyze_order(model_of(is_loud), [silent, *sounds(rng)])
    (failure,) = found.failures
    assert (failure.path, failure.stage) == ("nothing", "check")
    assert failure.reason.startswith("silent")
    assert found.permuted.sensitivity.n == 24
    with pytest.raises(InputError, match="no clip could be analysed \\(nothing: silent"):
        analyze_order(model_of(is_loud), [silent])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"n_segments": 2}, "n_segments=2 must be at least 3"),
        ({"n_orders": 0}, "n_orders=0"),
        ({"gap_shares": ()}, "from 0 to below 1"),
        ({"gap_shares": (1.0,)}, "from 0 to below 1"),
    ],
)
def test_options_out_of_range_are_refused(options, text):
    with pytest.raises(InputError, match=text):
        OrderOptions(**options)


def test_a_gap_that_leaves_no_room_is_refused(rng):
    with pytest.raises(InputError, match="lower gap_shares"):
        analyze_order(Recording(lead_samples=200), sounds(rng), OrderOptions(gap_shares=(0.9,)))
