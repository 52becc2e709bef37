"""Processes find what they need loaded already, and are no copies of the process that starts them."""

import os
import subprocess
import sys
from pathlib import Path

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


def count_threads(wire):
    wire.send(len(list(Path(f"/proc/{os.getppid()}/task").iterdir())))


@pytest.mark.skipif(sys.platform != "linux", reason="there is no server")
def test_the_server_has_no_thread_whose_locks_a_fork_would_copy():
    code = (
        "from audioinv.sweep.spawning import process_context; from tests.sweep.test_spawning import count_threads\n"
        "if __name__ == '__main__':\n"
        "    here, there = process_context().Pipe()\n"
        "    process_context().Process(target=count_threads, args=(there,)).start(); print(here.recv())"
    )
    free = {name: value for name, value in os.environ.items() if name != "JE_ARROW_MALLOC_CONF"}
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=free)
    assert (found.stdout.strip(), found.stderr) == ("1", "")


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
