"""A model that hangs is given up in every command that runs one, where ``--timeout`` says when."""

import subprocess
import sys
import time

import pytest

from audioinv.nets.foreign import foreign_code

from ..cli.commands import HEARING, LISTENER

PROBED = 3  # calls that loading makes
NETWORK = """
import time
import torch

class Net(torch.nn.Module):
    calls = 0

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv1d(1, 2, 9, stride=4)
        self.pool = torch.nn.MaxPool1d(2)

    def forward(self, waveforms):
        Net.calls += 1
        if Net.calls > {n}:
            time.sleep(600)
        return self.pool(self.conv(waveforms[:, None])).amax(-1)

model = Net().eval()
"""
SIDECAR = 'sample_rate = 16000\ninput_samples = 4800\nlabels = ["a", "b"]\nactivation = "softmax"\n'


@pytest.fixture
def hanging(place):
    """Write a network that hangs after so many calls."""

    def write(n):
        (place / "bad.py").write_text(NETWORK.format(n=n))
        (place / "bad.audioinv.toml").write_text(SIDECAR)
        (place / "heard.toml").write_text(LISTENER)

    return write


def typed(command):
    return HEARING[command]("bad.py:model", ("clips/low/0.wav", "clips/high/0.wav"))


def call(*arguments, seconds=0.5):
    command = [sys.executable, "-m", "audioinv", *arguments, "--timeout", str(seconds)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("command", HEARING)
def test_a_model_that_hangs_in_a_command_is_given_up(hanging, place, command):
    hanging(PROBED)
    done = call(*typed(command))
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: model model did not answer within 0.5 s; mend it")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(place.glob("out/*.json"))


@pytest.mark.slow
def test_one_that_hangs_when_it_is_described_is_given_up(hanging):
    hanging(0)
    done = call("info", "bad.py:model")
    assert done.returncode == 2, done.stderr
    assert "did not answer within 0.5 s" in done.stderr


def test_a_limit_without_end_is_none():
    with foreign_code("model", timeout_seconds=float("inf")):
        time.sleep(0.05)  # a watch that ended with an error would be one of this test


@pytest.mark.parametrize("command", HEARING)
def test_one_that_does_not_hang_ends_as_ever(run, hanging, command, monkeypatch):
    """The control: what ends the runs above is the hanging."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    hanging(10**9)
    done = run(*typed(command), "--timeout", 60)
    sys.modules.pop("bad", None)
    assert done.exit_code in (0, 1), done.stderr  # 1: a certificate that is refuted
