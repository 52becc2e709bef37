"""The border's part: from the definitions, and a model whose own padding is all that a delay changes."""

import numpy as np
import pytest
import torch

from audioinv.measure.budget.border import attribute_to_border, border_effect
from audioinv.sweep.activations import LayerFeed
from tests.measure.budget.planted import deep, noises


def test_the_border_effect_is_what_circular_delays_keep_beyond_zero_filled_ones():
    circular, zero_filled = np.array([[1, 1, 0, 1], [2, 2, 2, 2]]), np.array([[1, 0, 0, 1], [2, 2, 2, 2]])
    assert border_effect(circular, zero_filled, 0) == pytest.approx([1 / 3, 0])
    assert border_effect(zero_filled, circular, 0) == pytest.approx([-1 / 3, 0])


def test_it_follows_its_definitions(rng):
    scores = {edges: rng.dirichlet([1.0, 1.0, 1.0], size=(6, 5)) for edges in ("circular", "zero", "context")}
    for found in scores.values():
        found[:, 2] = scores["circular"][:, 2]
    effects = {effect.edges: effect for effect in attribute_to_border(scores, 2)}
    kept, moved = {}, {}
    for edges, found in scores.items():
        clean = found[:, 2].argmax(1)
        others = [0, 1, 3, 4]
        kept[edges] = np.mean([[found[i, j].argmax() == clean[i] for j in others] for i in range(6)])
        moved[edges] = np.mean([[abs(found[i, j, clean[i]] - found[i, 2, clean[i]]) for j in others] for i in range(6)])
        assert effects[edges].consistency.value == pytest.approx(kept[edges])
        assert effects[edges].change.value == pytest.approx(moved[edges])
        assert effects[edges].consistency_lost.value == pytest.approx(kept["circular"] - kept[edges])
        assert effects[edges].change_added.value == pytest.approx(moved[edges] - moved["circular"])
    assert effects["circular"].change_added.value == 0


def test_a_border_that_steadies_has_a_negative_part_within_its_bounds(rng):
    answers = np.zeros((6, 3, 2))
    answers[..., 0] = 1.0
    falling = answers.copy()
    falling[:4, 1:] = [0.0, 1.0]  # four of six clips lose their answer at every delay
    circular, zero = attribute_to_border({"circular": falling, "zero": answers}, 0)
    lost = zero.consistency_lost
    assert lost.value == pytest.approx(-4 / 6)
    assert (lost.low, lost.high) == (-1.0, pytest.approx(lost.high))
    assert lost.value < lost.high < 0.5
    assert (circular.consistency.value, zero.consistency.value) == pytest.approx((2 / 6, 1))


def test_where_all_clips_agree_a_border_may_take_as_much_as_it_may_give():
    kept = np.tile([1.0, 0.0], (6, 3, 1))
    lost = kept.copy()
    lost[:, 1:] = [0.0, 1.0]
    taken = attribute_to_border({"circular": kept, "zero": lost}, 0)[1].consistency_lost
    given = attribute_to_border({"circular": lost, "zero": kept}, 0)[1].consistency_lost
    assert (taken.value, taken.high) == (1.0, 1.0)
    assert 0 < taken.low < 1
    assert (given.value, given.low, given.high) == (-taken.value, -taken.high, -taken.low)
    none = attribute_to_border({"circular": kept, "zero": kept}, 0)[1].consistency_lost
    assert none.value == 0
    assert -1 < none.low == -none.high < 0


def test_the_seed_is_0_unless_given(rng):
    scores = {edges: rng.dirichlet([1.0, 1.0, 1.0], size=(12, 5)) for edges in ("circular", "zero")}

    def added(**seed):
        return attribute_to_border(scores, 2, **seed)[0].change

    assert added() == added(seed=0) != added(seed=1)


def test_a_network_that_moves_along_in_a_circle_owes_every_change_to_the_border():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = deep()
    delays = np.array([0.0, 20.0, 60.0])

    def change(edges):
        feed = LayerFeed(model, "time", edges)
        with torch.inference_mode():
            return np.stack([model.scores(feed.shifted(clip, delays)).double().numpy() for clip in noises()])

    circular, silence = attribute_to_border({"circular": change("circular"), "zero": change("zero")}, 0)
    assert circular.change.value < 1e-6
    assert silence.change.value > 1e-5
    assert silence.change_added.value == pytest.approx(silence.change.value, rel=1e-2)
