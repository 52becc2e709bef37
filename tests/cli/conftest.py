"""A command line to call in process, and clips and a model to call it on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from audioinv.cli.app import app
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, save_classifier
from audioinv.nets.model import ModelSpec
from audioinv.sound.audio import write_audio
from audioinv.sound.synthetic import harmonic_tone
from audioinv.study import surgery_cost

GRIDS = ("--time", "-10:10:10ms", "--freq", "-50:50:50Hz", "--pitch", "-1:1:1st")


@pytest.fixture(autouse=True)
def short_timing(monkeypatch):
    """Surgery times what it has changed for ten seconds; its numbers are not looked at here."""
    monkeypatch.setattr(surgery_cost, "_TURN_SECONDS", 1e-4)
    monkeypatch.setattr(surgery_cost, "_N_ROUNDS", 6)


@pytest.fixture(scope="session")
def run():
    """Call ``audioinv ARGUMENTS`` and return exit code, stdout and stderr."""

    def call(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture(scope="session")
def _made(tmp_path_factory):
    made = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(0)
    for label, fundamental in (("low", 200.0), ("high", 600.0)):
        (made / "clips" / label).mkdir(parents=True)
        for i in range(3):
            note = 0.3 * harmonic_tone(fundamental + 10 * i, 5, duration_seconds=0.3, sample_rate=16000)
            write_audio(made / "clips" / label / f"{i}.wav", note + 1e-3 * rng.standard_normal(len(note)), 16000)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        spec = ModelSpec("toy", 16000, 4800, ("high", "low"), lead_samples=480)
        save_classifier(Classifier(architecture("cnn2d-mel", spec)).eval(), made / "toy" / "model.safetensors")
    return made


@pytest.fixture
def place(_made, tmp_path, monkeypatch) -> Path:
    """A working folder with ``clips/`` and the model folder ``toy/``."""
    shutil.copytree(_made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def summary():
    """Read the summary of a results folder."""
    return lambda folder: json.loads((Path(folder) / "summary.json").read_text())
