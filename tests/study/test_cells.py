"""Cells are done once, shared, and the same however they were reached."""

from dataclasses import replace

import numpy as np
import pytest

from audioinv.errors import CheckpointError
from audioinv.study import cells
from audioinv.study.cells import Cell, configure, is_done, read_cell
from audioinv.study.design import Probe, Variant, steps
from audioinv.study.run import run_study, study_cells
from audioinv.study.tasks import open_task
from audioinv.study.workers import estimate_seconds, run_cells

from ..hostile.spoiling import spoilings, try_reading
from ..seals import unseal


@pytest.fixture
def trained(monkeypatch):
    """Count what is trained."""
    seen = []

    def counted(*arguments, **options):
        seen.append(arguments[-1].seed)
        return train(*arguments, **options)

    train = cells.train_classifier
    monkeypatch.setattr(cells, "train_classifier", counted)
    return seen


def test_an_interrupted_study_goes_on_where_it_stopped(tiny, options, trained, tmp_path):
    def stop_after_two(_):
        if len(trained) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(tiny, options, on_cell=stop_after_two)
    assert len(trained) == 2
    resumed = run_study(tiny, options)
    assert len(trained) == 4
    whole = run_study(tiny, replace(options, out=tmp_path / "other"))
    assert len(trained) == 8
    assert {**resumed, "seconds": 0} == {**whole, "seconds": 0}


def test_what_was_cut_off_while_it_was_written_is_done_again(tiny, options, trained, monkeypatch):
    cell = study_cells(tiny, options)[0]

    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cells, "_complete", cut)
        with pytest.raises(KeyboardInterrupt):
            run_cells(options.cells, [cell], tiny.probes)
    assert not is_done(options.cells, cell, tiny.probes)
    run_cells(options.cells, [cell], tiny.probes)
    assert is_done(options.cells, cell, tiny.probes)
    assert len(trained) == 2


def test_a_new_probe_trains_nothing(tiny, options, trained):
    cell = study_cells(tiny, options)[0]
    run_cells(options.cells, [cell], tiny.probes)
    more = (*tiny.probes, Probe("wider", "", steps("bins", 2, 2, "bins")))
    assert not is_done(options.cells, cell, more)
    run_cells(options.cells, [cell], more)
    assert len(trained) == 1
    assert {"bins.consistency", "wider.consistency"} <= set(read_cell(options.cells, cell, more).values)


def test_cells_are_told_apart_by_what_they_are_and_not_by_their_name(tiny, options, trained):
    variant = tiny.variants[0]
    one = Cell("notes", variant, 0, quick=True)
    run_cells(options.cells, [one], tiny.probes)
    assert is_done(options.cells, replace(one, variant=replace(variant, name="renamed", family="x")), tiny.probes)
    for other in (
        replace(one, seed=1),
        replace(one, variant=tiny.variants[1]),
        replace(one, variant=replace(variant, training={**variant.training, "epochs": 2})),
        replace(one, variant=replace(variant, front_end={"n_bins": 40})),
        replace(one, task="instruments"),
    ):
        assert not is_done(options.cells, other, tiny.probes)


def test_a_seed_gives_the_same_network_again_and_another_seed_another(tiny, options, tmp_path):
    made = []
    for folder, seed in ((options.cells, 0), (tmp_path / "again", 0), (tmp_path / "other", 1)):
        cell = Cell("notes", tiny.variants[0], seed, quick=True)
        run_cells(folder, [cell], tiny.probes)
        (responses,) = cells.read_probes(folder, cell, tiny.probes).values()
        made.append(responses.axes["bins"].scores)
    assert np.array_equal(made[0], made[1])
    assert not np.allclose(made[0], made[2])


@pytest.mark.slow
def test_the_number_of_jobs_changes_nothing(tiny, options, tmp_path):
    alone = run_study(tiny, options)
    together = run_study(tiny, replace(options, out=tmp_path / "jobs", jobs=2))
    assert {**alone, "seconds": 0} == {**together, "seconds": 0}


def test_a_waveform_has_no_bins_to_move(tiny, options):
    cell = Cell("notes", Variant("wave", {"channels": (4, 4)}, tiny.variants[0].training, input="waveform"), 0, True)
    probes = (*tiny.probes, Probe("hop", "", steps("time", 16, 16, "ms")))
    run_cells(options.cells, [cell], probes)
    found = read_cell(options.cells, cell, probes).values
    assert "hop.consistency" in found
    assert "bins.consistency" not in found


def test_inputs():
    task = open_task("notes", quick=True)
    assert configure(task, Variant("x")).network.input_shape == (1, 48, 64)
    assert configure(task, Variant("x", input="1-D")).network.input_shape == (48, 64)
    wave = configure(task, Variant("x", input="waveform"))
    assert wave.network.input_shape == (1, 8192)
    assert wave.front_end is None


def test_an_estimate_counts_every_cell(tiny, options):
    found = study_cells(tiny, options)
    assert 0 < estimate_seconds(found[:1], tiny.probes) < estimate_seconds(found, tiny.probes) * 2
    assert estimate_seconds([], tiny.probes) == 0
    letters = Cell("words in notes", Variant("1 letter"), 0, True, "letters")
    assert estimate_seconds([letters] * 3, ()) == 3 * estimate_seconds([letters], ())


def test_a_damaged_cell_is_named_with_what_to_remove(tiny, options, trained, rng):
    cell = study_cells(tiny, options)[0]
    run_cells(options.cells, [cell], tiny.probes)
    whole = read_cell(options.cells, cell, tiny.probes)
    (home,) = options.cells.iterdir()
    for path in (home / "cell.json", *(home / "probes").glob("*/*")):
        content = path.read_bytes()
        for spoilt in spoilings(content, rng, n_flips=8, n_cuts=3):
            path.write_bytes(spoilt)
            found, refusal = try_reading(lambda folder: read_cell(folder, cell, tiny.probes), options.cells)
            if found is None:
                assert refusal.endswith(f"; before that, remove {home}")
                assert path.name in refusal or "changed since" in refusal
            else:
                np.testing.assert_equal((found.values, found.facts), (whole.values, whole.facts))
        path.write_bytes(content)
    path = home / "cell.json"
    path.write_text(path.read_text().replace('"n_parameters": ', '"n_parameters": 1'))
    with pytest.raises(CheckpointError, match=r"cell\.json changed"):
        read_cell(options.cells, cell, tiny.probes)
    unseal(path)
    assert read_cell(options.cells, cell, tiny.probes).facts != whole.facts  # what the digest is for
