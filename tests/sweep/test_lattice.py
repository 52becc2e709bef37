"""The arithmetic of sharing against windows that are written out: which columns are the same, and where they stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioinv.errors import InputError
from audioinv.sweep.lattice import Lattice


def seen(values, kernel, stride, dilation, before, after):
    """What each column of a layer's result has seen: sets of names, "pad" among them at the ends."""
    padded = [{"pad"}] * before + list(values) + [{"pad"}] * after
    extent = (kernel - 1) * dilation
    return [
        set().union(*(padded[at + i * dilation] for i in range(kernel)))
        for at in range(0, len(padded) - extent, stride)
    ]


@st.composite
def layers(draw):
    kernel, stride, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    return {
        "kernel": kernel,
        "stride": stride,
        "dilation": dilation,
        "before": draw(st.integers(0, kernel)),
        "after": draw(st.integers(0, kernel)),
    }


@given(
    offsets=st.lists(st.integers(-30, 30), min_size=1, max_size=5),
    n_columns=st.integers(8, 24),
    chain=st.lists(layers(), min_size=1, max_size=3),
)
def test_interior_columns_have_seen_no_padding_and_stand_where_the_layout_says(offsets, n_columns, chain):
    lattice = Lattice(tuple(sorted(offsets)))
    layout = lattice.lay_input(n_columns)
    windows = {offset: [{offset + i} for i in range(n_columns)] for offset in lattice.offsets}
    long_map = [{lattice.offsets[0] + i} for i in range(layout.length)]
    for layer in chain:
        windows = {offset: seen(columns, **layer) for offset, columns in windows.items()}
        made = layout.after(**layer)
        if made is None:
            return
        reach = layout.reach(made, kernel=layer["kernel"], dilation=layer["dilation"], before=layer["before"])
        read = long_map[reach.start : reach.start + reach.length]
        assert reach.start >= 0
        assert len(read) == reach.length
        long_map = seen(read, layer["kernel"], reach.stride, reach.dilation, 0, 0)
        assert len(long_map) == made.length
        for offset, columns in windows.items():
            assert len(columns) == made.n_columns
            for j in range(made.left, made.n_columns - made.right):
                assert columns[j] == long_map[made.index(offset, j)]
                assert "pad" not in columns[j]
            borders = columns[: made.left] + columns[made.n_columns - made.right :]
            assert all("pad" in column for column in borders)  # no wider than need be
        layout = made


def test_borders_are_no_wider_than_the_padding_reaches():
    made = Lattice((0, 1)).lay_input(20).after(kernel=3, before=1, after=1)
    assert (made.left, made.right) == (1, 1)
    pooled = made.after(kernel=2, stride=2)
    assert (pooled.n_columns, pooled.left, pooled.right) == (10, 1, 1)
    again = pooled.after(kernel=3, before=1, after=1).after(kernel=2, stride=2)
    assert (again.left, again.right) == (1, 1)


def test_a_tape_that_wraps_has_no_border_while_its_columns_fill_the_period():
    tape = Lattice((0, 3, 6), period=12).lay_input(12)
    layer = {"kernel": 3, "before": 1, "after": 1, "wraps": True}
    whole = tape.after(**layer).after(kernel=2, stride=2)
    assert (whole.left, whole.right, whole.step, whole.length) == (0, 0, 1, 12)
    five = whole.after(kernel=2, stride=1)  # five columns of two no longer fill twelve
    assert five.after(**layer).left == 1
    assert tape.after(kernel=3, before=1, after=1).left == 1  # zeros are a border on any tape


def test_one_long_map_is_the_plain_network_where_offsets_are_whole_strides():
    tape = Lattice(tuple(range(0, 32, 8))).lay_input(16)
    made = tape.after(kernel=2, stride=2).after(kernel=2, stride=4)
    assert (made.step, made.spacing, made.length) == (8, 1, 2 + 3)
    dense = Lattice((0, 1)).lay_input(16).after(kernel=2, stride=8)
    assert (dense.step, dense.spacing) == (1, 8)  # à trous


def test_maps_join_where_their_columns_are_the_same_places():
    tape = Lattice((0, 2)).lay_input(12)
    wide = tape.after(kernel=5, stride=2, before=2, after=2)
    narrow = tape.after(kernel=1, stride=2)
    joined = wide.joined(narrow)
    assert joined == narrow.joined(wide)
    assert (joined.left, joined.right) == (wide.left, wide.right) == (1, 1)
    assert narrow.place_of(joined) == wide.left
    assert wide.joined(tape) is None
    assert wide.after(kernel=1, before=3, after=2).joined(wide.after(kernel=1, before=2, after=3)).left == 4


def test_lattices_are_checked():
    for offsets in ((), (3, 1)):
        with pytest.raises(InputError, match="offsets must ascend"):
            Lattice(offsets)
    assert Lattice((5,)).gap == 0
    assert Lattice(tuple(np.arange(0, 1600, 160))).gap == 160
