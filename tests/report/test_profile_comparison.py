"""Two profiles side by side: planted differences come back, what is not shared is said, equal profiles show nothing."""

from dataclasses import replace

import numpy as np
import pytest

from audioinv.corpus.listener import Expectation, ListenerFile
from audioinv.errors import InputError
from audioinv.measure.cliptable import ClipTable
from audioinv.measure.endurance import endure, judge
from audioinv.nets.model import ModelSpec
from audioinv.report.profile_comparison import Profiled, compare_profiles, profile_comparison_lines
from audioinv.report.profile_results import Change, ChangeOfModel, ProfileResults
from audioinv.sound.grid import parse_grid

N_CLIPS = 40


def change(axis, text, n_stand, first=0):
    """Make a change that some clips stand all of, from a first one on, and the others none of."""
    grid = parse_grid(axis, text)
    shifts = np.array(grid.amounts)
    stands = (np.arange(N_CLIPS) - first) % N_CLIPS < n_stand
    answers = np.where(stands[:, None] | (shifts == 0), 0, 1)
    endurance = endure(answers, shifts, None, rng=np.random.default_rng(0))
    found = ChangeOfModel(endurance, judge("invariant", endurance.at_limit))
    return Change(Expectation(grid, "invariant"), np.abs(shifts), 50 - np.abs(shifts), {"net": found})


def side(name, changes, n_right=30, names=None):
    clips = ClipTable(names or tuple(f"{i}.wav" for i in range(N_CLIPS)), ("a", "b"), ("a",) * N_CLIPS)
    right = {"net": (np.arange(N_CLIPS) < n_right).astype(float)}
    listener = ListenerFile("", tuple(one.expectation for one in changes))
    spec = ModelSpec("net", 16000, 16000, ("a", "b"))
    return Profiled(name, ProfileResults(listener, (spec,), 0, clips, right, tuple(changes)), "net")


def test_a_planted_difference_comes_back_and_only_that():
    before = side("before", [change("gain", "-20:20:10dB", 10), change("order", "2cuts", 20)])
    after = side("after", [change("gain", "-20:20:10dB", 38), change("order", "2cuts", 20)], n_right=28)
    found = compare_profiles(after, before)
    gain, order = found.changes
    assert (gain.standing.first, gain.standing.second) == (38 / 40, 10 / 40)
    assert gain.standing.difference.value == pytest.approx(28 / 40)
    assert gain.standing.difference.low > 0
    assert gain.standing.p_adjusted < 0.001
    assert gain.verdicts == ("invariant as wished?", "too sensitive")
    assert (order.standing.difference.value, order.standing.p_adjusted) == (0, 1)
    assert found.accuracy.difference.value == pytest.approx(-2 / 40)
    text = "\n".join(profile_comparison_lines(found))
    assert "over 3 measures: A stands more of gain. Accuracy of A − B: −0.05 [" in text
    swapped = compare_profiles(before, after)
    assert swapped.changes[0].standing.difference.value == pytest.approx(-28 / 40)
    assert "B stands more of gain" in "\n".join(profile_comparison_lines(swapped))


def test_it_is_paired_as_the_same_shares_by_other_clips_are_not_sure():
    steady = side("a", [change("gain", "6dB", 20)])
    same = compare_profiles(steady, side("b", [change("gain", "6dB", 20)])).changes[0].standing
    other = compare_profiles(steady, side("b", [change("gain", "6dB", 20, first=20)])).changes[0].standing
    assert same.first == same.second == other.first == other.second == 0.5
    assert other.difference.high - other.difference.low > same.difference.high - same.difference.low
    assert np.isnan(same.detectable) or same.detectable < other.detectable


def test_clips_are_paired_by_name_whatever_their_order():
    turned = tuple(f"{N_CLIPS - 1 - i}.wav" for i in range(N_CLIPS))
    first = side("a", [change("gain", "6dB", 10)])
    second = side("b", [change("gain", "6dB", 10, first=30)], names=turned)  # the same ten clips, given backwards
    standing = compare_profiles(first, second).changes[0].standing
    assert standing.difference.value == 0
    assert np.isnan(standing.detectable) or standing.detectable == 0
    assert compare_profiles(first, side("b", [change("gain", "6dB", 10, first=30)])).changes[0].standing.detectable > 0


def test_what_is_not_shared_is_left_out_and_said():
    first = side("a", [change("gain", "6dB", 10), change("order", "2cuts", 20)])
    names = tuple(f"{i + 4}.wav" for i in range(N_CLIPS))
    second = side("b", [change("gain", "6dB", 10), change("order", "3cuts", 20)], names=names)
    found = compare_profiles(first, second)
    assert found.n_clips == N_CLIPS - 4
    assert [one.grid.axis for one in found.changes] == ["gain"]
    assert "4 clips of a have no partner and are left out" in found.notes
    assert any(note.startswith("1 change of b") for note in found.notes)
    with pytest.raises(InputError, match="share no change"):
        compare_profiles(first, side("b", [change("gain", "9dB", 10)]))
    with pytest.raises(InputError, match="no clip in common"):
        compare_profiles(first, side("b", [change("gain", "6dB", 10)], names=tuple("x" * (i + 1) for i in range(40))))
    empty = Profiled("c", replace(first.results, clips=None), "net")
    with pytest.raises(InputError, match="c holds no profiled clip"):
        compare_profiles(first, empty)


def test_other_edges_or_another_seed_are_said_where_they_matter():
    def made(name, axis, text, **options):
        one = side(name, [change(axis, text, 10)])
        return replace(one, results=replace(one.results, run={"options": options}))

    def notes(axis, text, first, second):
        return compare_profiles(made("a", axis, text, **first), made("b", axis, text, **second)).notes

    zero, context, other = (
        {"edges": "zero", "seed": 0},
        {"edges": "context", "seed": 0},
        {"edges": "context", "seed": 7},
    )
    assert notes("time", "-20:20:10ms", zero, zero) == ()
    (edges,) = notes("time", "-20:20:10ms", zero, context)
    assert edges == "time: edges differ, zero against context: part of the difference may be what enters at the border"
    assert notes("gain", "6dB", zero, context) == ()  # nothing enters a window but under a delay
    (seed,) = notes("gain", "6dB", context, other)
    assert seed.startswith("seeds differ, 0 against 7: ")
    assert notes("time", "-20:20:10ms", zero, {}) == ()  # a profile that does not tell
