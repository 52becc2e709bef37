"""Processes find what they need loaded already, and are no copies of the process that starts them."""

import subprocess
import sys

import pytest

from audioinv.sweep import spawning

MARK = []


def look(wire):
    wire.send(("audioinv.work_order" in sys.modules, len(MARK)))


def test_a_process_knows_nothing_of_the_one_that_starts_it():
    MARK.append("here")
    context = spawning.process_context()
    here, there = context.Pipe()
    process = context.Process(target=look, args=(there,))
    process.start()
    loaded, marks = here.recv()
    process.join()
    assert marks == 0
    if sys.platform == "linux":
        assert loaded


def test_the_server_is_started_before_anything_heavy_is_loaded():
    code = (
        "import sys; from audioinv.sweep.spawning import start_server; start_server(); "
        "print(sorted({'torch', 'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (found.stdout.strip(), found.stderr) == ("[]", "")


@pytest.mark.parametrize(("served", "name"), [(True, "forkserver"), (False, "spawn")])
def test_where_a_fork_is_not_safe_each_starts_from_nothing(monkeypatch, served, name):
    monkeypatch.setattr(spawning, "_SERVED", served)
    assert spawning.process_context().get_start_method() == name
