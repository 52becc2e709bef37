"""Pairs of changes as heat maps: colours are the shares that were found, lines run where fewer stand more."""

import numpy as np
import pytest

from audioinv.errors import InputError
from audioinv.measure.cliptable import ClipTable
from audioinv.measure.pair_endurance import endure_pairs
from audioinv.nets.model import ModelSpec
from audioinv.report.pair_figure import pairs_figure, plot_pair
from audioinv.report.pair_results import PairOfChanges, PairResults
from audioinv.sound.grid import parse_grid

N_CLIPS = 20


def found(limits):
    """Return what is found where clip i changes its answer once both sizes, in steps, reach ``limits[i]`` together."""
    together = np.abs(np.arange(-2, 3))[:, None] + np.arange(3)
    answers = (together >= np.array(limits)[:, None, None]).astype(int)
    return endure_pairs(answers, np.arange(-20.0, 21, 10), np.arange(3.0), None, rng=np.random.default_rng(0))


@pytest.fixture
def pairs():
    specs = tuple(ModelSpec(name, 16000, 16000, ("a", "b")) for name in ("one", "two"))
    models = {"one": found([2] * 8 + [9] * 12), "two": found([9] * N_CLIPS)}
    grids = parse_grid("time", "-20:20:10ms"), parse_grid("order", "0:2:1cuts")
    clips = ClipTable(tuple(f"{i}.wav" for i in range(N_CLIPS)), ("a", "b"), ("a",) * N_CLIPS)
    return PairResults(specs, clips, (PairOfChanges(*grids, models, {}),))


def test_cells_hold_the_shares_and_axes_the_amounts(pairs):
    ax = plot_pair(pairs.pairs[0], "one")
    cells = ax.collections[0].get_array()
    np.testing.assert_allclose(cells, [[1, 1, 0.6], [1, 0.6, 0.6], [0.6, 0.6, 0.6]])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["none", "10 ms", "20 ms"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["none", "1 cuts", "2 cuts"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("time", "order", "one")


def test_a_line_runs_around_what_enough_clips_stand(pairs):
    (line,) = plot_pair(pairs.pairs[0], "one").lines  # 60 % stand everything: only the line of 95 % has a border
    assert line.get_linestyle() == "--"
    corners = line.get_xydata().tolist()
    assert corners == [[-0.5, 1.5], [0.5, 1.5], [0.5, 0.5], [1.5, 0.5], [1.5, -0.5]]
    assert not plot_pair(pairs.pairs[0], "two").lines


def test_the_figure_has_a_panel_for_each_model_and_one_scale_from_0_to_1(pairs):
    figure = pairs_figure(pairs)
    first, second, bar = figure.axes
    assert [ax.get_title(loc="left") for ax in (first, second)] == ["one", "two"]
    assert (first.get_ylabel(), second.get_ylabel(), bar.get_ylabel()) == ("order", "", "share of clips")
    assert {ax.collections[0].get_clim() for ax in (first, second)} == {(0, 1)}
    assert "20 clips" in figure.get_suptitle()


def test_a_model_that_is_not_there_is_said(pairs):
    with pytest.raises(InputError, match="no model 'three' in this profile of pairs; there are one, two"):
        plot_pair(pairs.pairs[0], "three")
