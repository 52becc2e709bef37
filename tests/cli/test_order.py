"""``audioinv order``: what it says, what it keeps, and how it ends."""

import json

import pytest

from audioinv.report.order_results import load_order
from audioinv.report.order_text import order_cells


def test_every_change_has_its_line_and_all_is_kept(run, place):
    done = run("order", "toy", "clips", "--segments", 3, "--orders", 2, "-o", "kept")
    assert done.exit_code == 0, done.stderr
    found = load_order("kept")
    assert (found.config.n_segments, found.config.n_orders, len(found.clips)) == (3, 2, 6)
    words = " ".join(done.stdout.split())
    for gap, change in found.changes:
        assert " ".join(order_cells(change, gap)) in words
    assert done.stdout.endswith("wrote kept: order.json, order.parquet\n")


def test_json_is_one_document(run, place):
    done = run("order", "toy", "clips", "--json")
    document = json.loads(done.stdout)
    assert document["permuted"]["sensitivity"]["n"] == 6
    assert document == load_order("runs/toy-order").document


def test_nothing_is_overwritten_unasked(run, place):
    assert run("order", "toy", "clips", "-o", "kept", "-q").exit_code == 0
    refused = run("order", "toy", "clips", "-o", "kept", "-q")
    assert refused.exit_code == 2
    assert "holds an analysis of order already" in refused.stderr
    assert run("order", "toy", "clips", "-o", "kept", "-q", "--overwrite").exit_code == 0


@pytest.mark.parametrize(("arguments", "code"), [(("toy", "empty"), 5), (("none-such", "clips"), 2)])
def test_errors(run, place, arguments, code):
    (place / "empty").mkdir()
    assert run("order", *arguments).exit_code == code
