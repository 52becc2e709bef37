"""Confirming by number: which delays are run, what they stand for, and when a certificate is refuted."""

import numpy as np
import pytest
import torch

from audioinv.errors import ModelError
from audioinv.measure.certificates.certificate import Certificate, _draw_pairs, confirm
from audioinv.measure.certificates.derivation import Derivation

PERIOD = 48
SOUNDS = torch.randn(3, PERIOD, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def blocks_of_six(x):
    return x.unflatten(-1, (8, 6)).square().mean(-1).amax(-1, keepdim=True)


def run(respond=blocks_of_six, modulus=6, inputs=SOUNDS, seed=0, **options):
    return confirm(respond, inputs, modulus, rng=np.random.default_rng(seed), **options)


def test_one_pass_a_phase_stands_for_all_delays():
    found = run()
    assert found.holds
    assert found.worst.deviation < 1e-15
    assert (found.n_phases, found.n_covered, found.n_delays) == (6, PERIOD, PERIOD)
    assert found.n_pairs == 3 * 34
    assert found.n_passes == 6 + 34


def test_what_the_promise_leaves_out_is_the_largest_change_of_any_clip_at_any_phase():
    answers = np.array([[float(blocks_of_six(clip.roll(delay, -1))) for delay in range(PERIOD)] for clip in SOUNDS])
    changes = np.abs(answers - answers[:, :1]) / np.abs(answers).max(1, keepdims=True)
    between = run().between
    assert between.first == 0
    assert (between.clip, between.second) == np.unravel_index(changes[:, :6].argmax(), (3, 6))
    assert between.deviation == pytest.approx(changes.max(), rel=1e-12)


@pytest.mark.parametrize("modulus", [1, 2, 3, 4])
def test_a_promise_too_strong_is_refuted_by_two_delays_of_one_phase(modulus):
    found = run(modulus=modulus)
    assert not found.holds
    worst = found.worst
    assert (worst.second - worst.first) % modulus == 0
    clip = SOUNDS[worst.clip]
    first, second = (float(blocks_of_six(clip.roll(delay, -1))) for delay in (worst.first, worst.second))
    assert abs(second - first) > 0.01


def test_every_clip_and_every_phase_is_tried():
    def only_the_last_clip_at_phase_five(x):
        moved = (x.argmax(-1) - int(SOUNDS[2].argmax())) % PERIOD
        wrong = (x.amax(-1) == SOUNDS[2].amax()) & (moved % 6 == 5) & (moved > 5)
        return 1.0 + wrong[:, None].double()

    found = run(only_the_last_clip_at_phase_five)
    assert not found.holds
    assert (found.worst.clip, found.worst.first) == (2, 5)


def test_fewer_phases_than_there_are_cover_fewer_delays():
    found = run(max_phases=4)
    assert (found.n_phases, found.n_covered) == (4, 4 * PERIOD // 6)
    assert run(max_phases=1).n_phases == 1


@pytest.mark.parametrize("seed", range(3))
def test_drawn_phases_are_each_another_below_the_modulus(seed):
    click = torch.zeros(1, PERIOD, dtype=torch.float64)
    click[0, 0] = 1.0
    heard = []

    def where_it_clicks(x):
        heard.extend(x.argmax(-1).tolist())
        return x.argmax(-1, keepdim=True)

    assert run(where_it_clicks, modulus=24, inputs=click, seed=seed, max_phases=23).n_phases == 23
    phases = set(heard[-23:])
    assert len(phases) == 23
    assert phases < set(range(24))


def test_the_same_input_twice_is_among_the_pairs():
    calls = iter(range(10**6))

    def never_the_same(x):
        return torch.tensor([[1.0 + 1e-3 * next(calls)] for _ in x], dtype=torch.float64)

    assert not run(never_the_same, modulus=PERIOD).holds


@pytest.mark.parametrize(("dtype", "slip", "holds"), [
    (torch.float64, 1e-11, True), (torch.float64, 1e-8, False),
    (torch.float32, 1e-5, True), (torch.float32, 1e-2, False),
])  # fmt: skip
def test_rounding_is_allowed_and_no_more(dtype, slip, holds):
    def slightly_off(x):
        return 1 + slip * (x.argmax(-1, keepdim=True) > PERIOD // 2).to(dtype)

    found = run(slightly_off, modulus=1, inputs=SOUNDS.to(dtype))
    assert found.holds == holds
    assert found.precision == str(dtype).removeprefix("torch.")


def test_as_many_steps_of_rounding_are_allowed_as_it_says():
    for dtype, steps in ((torch.float64, 2**20), (torch.float32, 2**12)):
        assert run(inputs=SOUNDS.to(dtype)).tolerance == steps * torch.finfo(dtype).eps


def test_pairs_are_delays_of_one_phase_anywhere_in_the_period():
    phases = np.array([0, 2, 5])
    pairs = np.concatenate([_draw_pairs(phases, 6, PERIOD, np.random.default_rng(seed)) for seed in range(40)])
    assert pairs[:2].tolist() == [[0, 0], [0, 6]], "the same input twice, and the least step"
    drawn = {(int(first), int(second)) for first, second in pairs[2:34]}
    assert len(pairs) == 40 * 34
    steps = {phase: set() for phase in (0, 2, 5)}
    for first, second in pairs:
        steps[int(first)].add(int(second - first))
    assert steps[2] == steps[5] == set(range(6, PERIOD + 1, 6))
    assert {first for first, _ in drawn} == {0, 2, 5}


def test_a_change_of_any_class_counts_and_relative_to_the_largest_answer():
    """Only the last of three classes heeds the delay, and another one is the largest."""

    def three_classes(x):
        heeding = blocks_of_six(x)
        return 1e3 * torch.cat([torch.full_like(heeding, 50.0), 0 * heeding, heeding], dim=1)[:, None]

    worst = run(three_classes, modulus=3).worst
    first, second = (float(blocks_of_six(SOUNDS[worst.clip].roll(delay, -1))) for delay in (worst.first, worst.second))
    assert worst.deviation == pytest.approx(abs(first - second) / 50)
    assert worst.deviation > 1e-3


def test_answers_of_nothing_do_not_change():
    found = run(lambda x: torch.zeros(len(x), 2, dtype=torch.float64), modulus=1)
    assert found.holds
    assert found.worst.deviation == found.between.deviation == 0


@pytest.mark.parametrize(("modulus", "n_phases"), [(256, 256), (512, 256)])
def test_of_many_phases_256_are_measured_unless_told_otherwise(modulus, n_phases):
    found = run(lambda x: torch.ones(len(x), 1), modulus=modulus, inputs=torch.ones(1, 512, dtype=torch.float64))
    assert (found.n_phases, found.n_passes) == (n_phases, n_phases + n_phases + 2)


def test_another_axis():
    maps = torch.randn(2, PERIOD, 5, dtype=torch.float64)
    assert run(lambda x: blocks_of_six(x.transpose(-1, -2)).flatten(1), inputs=maps, dim=-2).holds


def test_the_same_seed_draws_the_same_delays():
    draw = {"modulus": 24, "max_phases": 4}
    assert run(**draw) == run(**draw)
    assert run(**draw) != run(**draw, seed=1)


def test_an_answer_of_nan_is_an_error():
    with pytest.raises(ModelError, match="NaN"):
        run(lambda x: x[:, :1] * np.nan)


@pytest.mark.parametrize(
    ("derived", "measured", "verdict"),
    [(6, 6, "certified"), (3, 3, "refuted"), (None, 1, "refuted"), (None, 48, "measured only")],
)
def test_three_verdicts(derived, measured, verdict):
    derivation = Derivation(PERIOD, derived, reason="" if derived else "a layer of foreign make")
    assert Certificate("time", "samples", 1.0, derivation, run(modulus=measured)).verdict == verdict
