"""The choice of a phase: what is chosen rolls along, example by example, and a plain stride does not."""

import torch

from audioinv.nets.polyphase import keep_phase, largest_phase, strongest_phase


def test_the_chosen_phase_is_a_roll_of_itself():
    maps = torch.randn(1, 2, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    chosen = largest_phase(maps, -1, 3)
    for delay in range(12):
        again = largest_phase(maps.roll(delay, -1), -1, 3)
        assert any(torch.equal(again, chosen.roll(turn, -1)) for turn in range(4))
    first = maps[..., ::3]
    assert not any(torch.equal(maps.roll(1, -1)[..., ::3], first.roll(turn, -1)) for turn in range(4))  # plain stride


def test_each_example_has_its_own_phase_and_a_tie_takes_the_first():
    maps = torch.tensor([[[1.0, 2.0, 1.0, 2.0]], [[2.0, 1.0, 2.0, 1.0]], [[1.0, -1.0, -1.0, 1.0]]])
    assert largest_phase(maps, -1, 2).tolist() == [[[2, 2]], [[2, 2]], [[1, -1]]]


def test_norms_are_taken_over_all_channels():
    maps = torch.tensor([[[3.0, 0.0, 0.0, 0.0], [0.0, 2.5, 0.0, 2.5]]])  # 9 against 12.5
    assert largest_phase(maps, -1, 2).tolist() == [[[0, 0], [2.5, 2.5]]]


def test_both_steps_make_the_choice_along_either_axis():
    maps = torch.randn(4, 2, 6, 8, generator=torch.Generator().manual_seed(3))
    for axis, factor in ((-1, 4), (-2, 3)):
        norms = [(maps.movedim(axis, -1)[..., phase::factor] ** 2).sum((1, 2, 3)) for phase in range(factor)]
        phase = strongest_phase(maps, axis, factor)
        assert phase.tolist() == torch.stack(norms).argmax(0).tolist()
        kept = keep_phase(maps, axis, factor, phase)
        for example, chosen in enumerate(phase.tolist()):
            expected = maps[example].movedim(axis, -1)[..., chosen::factor].movedim(-1, axis)
            assert torch.equal(kept[example], expected)
        assert torch.equal(kept, largest_phase(maps, axis, factor))
