"""Training: repeatable by seed, learns what can be learned, jitters by the operators of the analysis."""

import numpy as np
import pytest
import torch

from audioinv.errors import InputError
from audioinv.nets.architectures import architecture
from audioinv.nets.baseline import baseline_predictions, mfcc_statistics
from audioinv.nets.classifier import ClassifierModel
from audioinv.nets.model import ModelSpec
from audioinv.nets.training import train_classifier
from audioinv.nets.training_config import TrainingConfig
from audioinv.nets.training_windows import windows_of
from audioinv.sound.clip import Clip
from audioinv.sound.synthetic import noise, tone

SAMPLE_RATE = 8000
SPEC = ModelSpec("toy", SAMPLE_RATE, 2400, ("low", "high", "noise"), lead_samples=400)


def toy_clips(rng, n_each):
    clips = []
    for i in range(n_each):
        for label, centre in (("low", 500.0), ("high", 2000.0)):
            sound = 0.3 * tone(centre * rng.uniform(0.9, 1.1), duration_seconds=0.25, sample_rate=SAMPLE_RATE)
            clips.append(Clip(sound.astype(np.float32), SAMPLE_RATE, f"{label}{i}", label))
        sound = noise(rng, 0.25, SAMPLE_RATE).astype(np.float32)
        clips.append(Clip(sound, SAMPLE_RATE, f"noise{i}", "noise"))
    return clips


@pytest.mark.parametrize("arch", ["cnn2d-mel", "cnn1d-mel", "cnn1d-wave"])
def test_a_separable_toy_is_learned(rng, arch):
    config = TrainingConfig(epochs=12, batch_size=8, seed=1)
    result = train_classifier(toy_clips(rng, 12), toy_clips(rng, 4), architecture(arch, SPEC), config)
    assert result.history[-1].train_loss < result.history[0].train_loss / 2
    test = toy_clips(rng, 6)
    answers = ClassifierModel(result.classifier).scores(windows_of(test, SPEC)).argmax(-1)
    right = np.mean([SPEC.labels[int(answer)] == clip.label for answer, clip in zip(answers, test, strict=True)])
    assert right > 0.9
    assert result.best_epoch == 1 + int(np.argmin([epoch.valid_loss for epoch in result.history]))


def test_same_seed_same_weights_and_another_seed_others(rng):
    train, valid = toy_clips(rng, 4), toy_clips(rng, 2)
    jitter = {
        "time_jitter_seconds": 0.01,
        "frequency_jitter_hz": 20.0,
        "bin_jitter": 1,
        "gain_jitter_db": 3.0,
        "mixup": 0.3,
        "pitch_jitter_semitones": 1.0,
    }

    def weights(seed):
        config = TrainingConfig(epochs=2, batch_size=8, seed=seed, **jitter)
        return train_classifier(train, valid, architecture("cnn2d-mel", SPEC), config).classifier.state_dict()

    torch.manual_seed(123)
    first = weights(5)
    torch.manual_seed(99)
    state = torch.random.get_rng_state()
    again, other = weights(5), weights(6)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    assert torch.equal(torch.random.get_rng_state(), state)  # training leaves the caller's generator alone


def test_early_stop_keeps_the_best_epoch(rng):
    config = TrainingConfig(epochs=50, batch_size=8, patience=2, learning_rate=0.02, seed=3)
    valid = toy_clips(rng, 2)
    result = train_classifier(toy_clips(rng, 6), valid, architecture("cnn2d-mel", SPEC), config)
    losses = [epoch.valid_loss for epoch in result.history]
    targets = torch.tensor([SPEC.labels.index(clip.label) for clip in valid])
    with torch.inference_mode():  # the classes are equally many, so the weights of the loss are all 1
        kept = torch.nn.functional.cross_entropy(result.classifier(windows_of(valid, SPEC)), targets)
    assert float(kept) == pytest.approx(min(losses), rel=1e-4)
    assert result.best_epoch == 1 + int(np.argmin(losses))
    assert len(losses) == 50 or len(losses) - result.best_epoch == 2


def test_baseline_learns_the_toy_and_mfcc_are_librosas(rng):
    import librosa

    train, test = toy_clips(rng, 10), toy_clips(rng, 5)
    windows = windows_of(test, SPEC).numpy()
    features = mfcc_statistics(windows, SAMPLE_RATE)
    one = librosa.feature.mfcc(y=windows[3], sr=SAMPLE_RATE, n_mfcc=20, n_fft=512, hop_length=160, n_mels=64)
    np.testing.assert_allclose(features[3], np.concatenate([one.mean(1), one.std(1)]), rtol=1e-6)
    labels = [str(clip.label) for clip in train]
    answers = baseline_predictions(windows_of(train, SPEC).numpy(), labels, windows, SAMPLE_RATE)
    assert np.mean([answer == clip.label for answer, clip in zip(answers, test, strict=True)]) > 0.9


def test_errors(rng):
    clips = toy_clips(rng, 2)
    with pytest.raises(InputError, match="clips to train on: 6, to validate on: 0; both are needed"):
        train_classifier(clips, [], architecture("cnn2d-mel", SPEC), TrainingConfig())
    stranger = [Clip(clips[0].waveform, SAMPLE_RATE, "x", "unheard")]
    with pytest.raises(InputError, match="labelled unheard; the model knows low, high, noise"):
        train_classifier(stranger, clips, architecture("cnn2d-mel", SPEC), TrainingConfig())
    with pytest.raises(InputError, match="bin_jitter=-1 must not be negative"):
        TrainingConfig(bin_jitter=-1)
