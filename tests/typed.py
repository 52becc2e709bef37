"""Commands as a person types them, in the test's own process: to start another for each costs more than most do."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from unittest import mock

from typer.testing import CliRunner

from audioinv.cli.app import app

ROOT = Path(__file__).parent.parent
BUILD_MACHINE = re.compile("GITHUB_|CI$|BUILD_NUMBER$")
SHELL = re.compile(r"[|&;<>$`*]")


def run_typed(command, folder, environment=None):
    """Run a line of a console in a folder: exit code, what it printed, and all of it with what it complained of.

    What is more than a call of ours goes to the shell, with this Python for ``python``, ``pytest`` and ``audioinv``.
    """
    # On a build machine we and pytest say more.
    plain = {name: value for name, value in os.environ.items() if not BUILD_MACHINE.match(name)}
    environment = plain | {"COLUMNS": "80", "PYTHONPATH": str(ROOT)} | (environment or {})
    words = shlex.split(command)
    if words[0] == "audioinv" and not SHELL.search(command):
        with _as_if_started(words, folder, environment):
            done = CliRunner().invoke(app, words[1:])
        return done.exit_code, done.stdout, done.output
    line = re.sub(r"\b(audioinv|pytest) ", rf"{sys.executable} -m \1 ", command, count=1)
    line = re.sub(r"\bpython (?=\w)", f"{sys.executable} ", line)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}  # as a terminal shows them
    shell = subprocess.run(["bash", "-c", line], cwd=folder, env=environment, text=True, **streams)
    return shell.returncode, shell.stdout, shell.stdout


@contextlib.contextmanager
def _as_if_started(words, folder, environment):
    known = set(sys.modules)
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", words),
        mock.patch.object(sys, "path", [str(folder), *sys.path]),
    ):
        yield
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(f"{folder}{os.sep}"):
            del sys.modules[name]  # the next folder may have another of this name
