"""What arithmetic may change and what it may not: threads, batches, engines, precision; and the same run twice.

Scores are probabilities. `ROUNDING` is what the tool itself takes for rounding, and every answer that leads by more
must stay the same.
"""

import json

import numpy as np
import pytest
import torch

from audioinv.analysis import AnalysisOptions, analyze, analyze_models
from audioinv.measure.controls import ROUNDING
from audioinv.nets.architectures import architecture
from audioinv.nets.checkpoints import weights_sha256
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.nets.training import train_classifier
from audioinv.nets.training_config import TrainingConfig
from audioinv.sound.clip import Clip
from audioinv.sound.synthetic import harmonic_tone

from .conftest import without_timings

RATE, LENGTH = 8000, 1600
SPEC = ModelSpec("toy", RATE, LENGTH, ("high", "low"), lead_samples=160)
GRIDS = {"time": "-10:10:1ms", "freq": "-50:50:25Hz", "pitch": "-1:1:1st"}


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return ClassifierModel(Classifier(architecture("cnn2d-mel", SPEC)))


@pytest.fixture
def clips(rng):
    made = []
    for i in range(8):
        note = 0.3 * harmonic_tone(150.0 + 60 * i, 3, duration_seconds=0.18, sample_rate=RATE)
        sound = (note + 1e-3 * rng.standard_normal(len(note))).astype(np.float32)
        made.append(Clip(sound, RATE, f"{i}.wav", SPEC.labels[i % 2], f"player {i // 2}"))
    return made


def responses(model, clips, **how):
    options = AnalysisOptions(GRIDS, references=False, **how)
    (found,) = analyze_models([model], clips, options).responses.values()
    return found


def assert_same_but_for_arithmetic(one, other):
    for axis, first in one.axes.items():
        second = other.axes[axis]
        assert np.abs(first.scores - second.scores).max() <= ROUNDING
        best, next_best = np.sort(first.scores, -1)[..., ::-1][..., :2].transpose(2, 0, 1)
        differ = first.scores.argmax(-1) != second.scores.argmax(-1)
        assert (best - next_best)[differ].size == 0 or (best - next_best)[differ].max() <= 2 * ROUNDING


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_the_batch_changes_no_more_than_arithmetic(model, clips, batch_size):
    assert_same_but_for_arithmetic(responses(model, clips[:3]), responses(model, clips[:3], batch_size=batch_size))


def test_the_engine_changes_no_more_than_arithmetic(model, clips):
    found = [responses(model, clips[:3], engine=engine) for engine in ("batched", "shared")]
    assert {axis.engine for axis in found[0].axes.values()} != set()
    assert_same_but_for_arithmetic(*found)


def test_threads_change_no_more_than_arithmetic(model, clips):
    before = torch.get_num_threads()
    alone = responses(model, clips[:3])
    try:
        torch.set_num_threads(2)
        assert_same_but_for_arithmetic(alone, responses(model, clips[:3]))
    finally:
        torch.set_num_threads(before)


def test_double_precision_answers_as_single_does_beyond_rounding(model, clips):
    windows = torch.from_numpy(np.stack([np.pad(clip.waveform, (0, LENGTH - len(clip.waveform))) for clip in clips]))
    with torch.inference_mode():
        single = model.classifier(windows).softmax(-1)
        double = model.classifier.double()(windows.double()).softmax(-1)
    assert float((single - double).abs().max()) <= ROUNDING


def test_another_model_changes_more_than_arithmetic(model, clips):
    """The control: what the bound must not let pass."""
    with torch.random.fork_rng():
        torch.manual_seed(6)
        other = ClassifierModel(Classifier(architecture("cnn2d-mel", SPEC)))
    with pytest.raises(AssertionError):
        assert_same_but_for_arithmetic(responses(model, clips[:3]), responses(other, clips[:3]))


def test_flips_below_the_noise_floor_are_no_flips(clips):
    """A model whose answers jitter by less than they lead by keeps them; one that ties within its jitter does too."""
    jitter = np.random.default_rng(1)

    def tied(waveforms):
        return 0.5 + 1e-3 * jitter.standard_normal((len(waveforms), 2))

    noisy = as_model(tied, sample_rate=RATE, labels=SPEC.labels, n_samples=LENGTH)
    summary = analyze(noisy, clips * 6, time="-1:1:1ms").summary
    floor = summary["controls"]["noise_floor"]
    assert 1e-3 < floor < 1e-2
    assert summary["axes"]["time"]["consistency"]["value"] > 0.9
    assert any("not deterministic" in warning for warning in summary["warnings"])


@pytest.mark.parametrize("level", [0.5, -1.0, 1e-3])
def test_a_constant_clip_has_finite_answers(model, level):
    found = responses(model, [Clip(np.full(LENGTH, level, np.float32), RATE, "dc")])
    assert all(np.isfinite(axis.scores).all() for axis in found.axes.values())


def test_a_clip_without_energy_is_a_failure_with_a_reason(model, clips):
    silent = Clip(np.zeros(LENGTH, np.float32), RATE, "nothing")
    results = analyze_models([model], [silent, *clips[:2]], AnalysisOptions({"time": "0:5:5ms"}, references=False))
    (failure,) = results.failures
    assert (failure.path, failure.stage) == ("nothing", "check")
    assert "silent" in failure.reason
    assert len(results.responses["toy"].clips) == 2


def test_equal_logits_are_a_tie_and_a_tie_is_no_flip(clips):
    equal = as_model(
        lambda x: np.zeros((len(x), 3)), sample_rate=RATE, labels="abc", n_samples=LENGTH, activation="softmax"
    )
    summary = analyze(equal, clips, time="-5:5:5ms").summary
    assert summary["axes"]["time"]["consistency"]["value"] == 1.0
    assert summary["accuracy"]["value"] is None  # none of the clips' labels is the model's
    assert any(warning.startswith("accuracy") for warning in summary["warnings"])
    json.dumps(summary, allow_nan=False)


# --- the same again ---------------------------------------------------------------------------------------------------


def assert_same_folders(one, other):
    for name in ("results.parquet", "summary.json", "failures.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    first, second = (without_timings(json.loads((folder / "run.json").read_text())) for folder in (one, other))
    assert first == second


GRID = ("--time", "-5:5:1ms", "--noise", "0:10:10%", "--no-progress")


def test_the_same_seed_gives_the_same_folder_and_another_does_not(run, place):
    for out, seed in (("one", 3), ("two", 3), ("three", 4)):
        done = run("analyze", "clips", "-m", "toy", *GRID, "--seed", seed, "-o", out)
        assert done.exit_code == 0, done.stderr
    assert_same_folders(place / "one", place / "two")
    with pytest.raises(AssertionError):
        assert_same_folders(place / "one", place / "three")


@pytest.mark.slow
def test_jobs_change_nothing(run, place):
    for out, jobs in (("one", 1), ("two", 2)):
        done = run("analyze", "clips", "-m", "toy", *GRID, "--jobs", jobs, "-o", out)
        assert done.exit_code == 0, done.stderr
    assert_same_folders(place / "one", place / "two")


def test_training_twice_is_the_same_and_another_seed_is_not(clips):
    def trained(seed):
        config = TrainingConfig(epochs=2, batch_size=4, seed=seed)
        return weights_sha256(train_classifier(clips, clips[:4], architecture("cnn2d-mel", SPEC), config).classifier)

    assert trained(1) == trained(1)
    assert trained(1) != trained(2)
