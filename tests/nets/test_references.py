"""References as models: saved and loaded like any other, fitted by the rule they state, and true to their cards."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from audioinv.analysis import analyze
from audioinv.corpus.layouts import read_corpus
from audioinv.errors import CheckpointError, InputError, ModelError
from audioinv.nets.classifier import ClassifierModel, load_classifier, save_classifier
from audioinv.nets.library import load_model, shipped_folder, shipped_models
from audioinv.nets.model import ModelSpec
from audioinv.nets.reference_model import ReferenceModel, save_reference
from audioinv.nets.references import (
    averaging_model,
    constant_model,
    fit_averaging,
    fit_constant,
    fit_matched_filter,
    fit_spectrum,
    random_model,
    spectrum_model,
)
from audioinv.nets.training_windows import targets_of, windows_of
from audioinv.sound.clip import Clip
from audioinv.sound.shifts import time_shift
from audioinv.sound.synthetic import decaying_tone

SPEC = ModelSpec("demo", 8000, 4000, ("high", "low", "mid"), lead_samples=400)
FITS = {"spectrum": fit_spectrum, "averaging": fit_averaging, "matched filter": fit_matched_filter}
SHIPPED = ("drums-averaging", "drums-constant", "drums-matched", "drums-random", "drums-spectrum")


@pytest.fixture
def clips(rng):
    """Plucked notes of three registers, six each, and a little noise."""
    made = []
    for label, fundamental in (("low", 150.0), ("mid", 450.0), ("high", 1350.0)):
        for i in range(6):
            note = decaying_tone(fundamental * (1 + 0.03 * i), 2, 0.4, 8000, decay_seconds=0.1)
            waveform = 0.3 * note + 1e-3 * rng.standard_normal(len(note))
            made.append(Clip(waveform.astype(np.float32), 8000, name=f"{label} {i}", label=label))
    return made


def made_of(clips):
    return [
        constant_model(SPEC),
        fit_constant(clips, SPEC),
        spectrum_model(SPEC),
        averaging_model(SPEC, scale_seconds=0.1),
        *(fit(clips, SPEC) for fit in FITS.values()),
    ]


def test_a_loaded_reference_is_the_saved_one_and_needs_no_filter_design(clips, tmp_path, monkeypatch):
    saved = made_of(clips)
    monkeypatch.setattr("audioinv.sound.spectrogram.filter_matrix", lambda _: pytest.fail("filters were designed"))
    sounds = windows_of(clips, SPEC)
    for i, model in enumerate(saved):
        save_reference(model, tmp_path / str(i) / "model.safetensors")
        loaded = load_model(tmp_path / str(i))
        assert isinstance(loaded, ReferenceModel)
        assert loaded.reference.config == model.reference.config
        assert loaded.fingerprint == model.fingerprint
        assert loaded.spec.name == str(i)
        assert loaded.spec.activation == model.spec.activation
        with torch.inference_mode():
            assert torch.equal(loaded.scores(sounds), model.scores(sounds))
    assert len({model.fingerprint for model in saved}) == len(saved)


def test_a_file_says_what_it_is(tmp_path):
    path = tmp_path / "m.safetensors"
    save_reference(spectrum_model(SPEC), path)
    with pytest.raises(CheckpointError, match="a spectrum reference, no classifier; open it with load_model"):
        load_classifier(path)
    config = {"spec": {"name": "x", "sample_rate": 8000, "n_samples": 10, "labels": ["a"]}}
    for kind, tensors, words in (
        ("telepathy", {"bias": torch.zeros(1)}, "kind 'telepathy', which is not one of classifier, constant, spectrum"),
        ("constant", {"bias": torch.zeros(2)}, "do not fit"),
        ("averaging", {"bias": torch.zeros(1)}, "do not fit"),
    ):
        save_file(tensors, path, {"audioinv": json.dumps({"format": 1, "kind": kind, "config": config})})
        with pytest.raises(CheckpointError, match=words):
            load_model(path)
    save_file(tensors, path, {"audioinv": "[]"})
    with pytest.raises(CheckpointError, match="configuration cannot be read"):
        load_model(path)


def test_spectrograms_may_be_handed_in_where_there_is_a_front_end(clips):
    sounds = windows_of(clips, SPEC)
    for model in (averaging_model(SPEC), fit_matched_filter(clips, SPEC)):
        with torch.inference_mode():
            assert torch.equal(model.scores_of_spectrogram(model.front_end(sounds)), model.scores(sounds))
        assert model.hop_samples == 80
    assert averaging_model(SPEC, scale_seconds=0.1).stride_samples == 5 * 80
    assert fit_matched_filter(clips, SPEC).stride_samples == 80
    for model in (constant_model(SPEC), spectrum_model(SPEC)):
        assert (model.front_end, model.hop_samples, model.stride_samples) == (None, None, None)
        with pytest.raises(ModelError, match="does not show its spectrogram"):
            model.scores_of_spectrogram(torch.zeros(1, 64, 50))


def test_a_constant_model_answers_frequencies(clips):
    some = clips[:6] + clips[6:9] + clips[12:13]  # six low, three mid, one high
    scores = fit_constant(some, SPEC).scores(torch.randn(2, 4000))
    torch.testing.assert_close(scores, torch.tensor([[0.1, 0.6, 0.3]] * 2))
    assert constant_model(SPEC).scores(torch.randn(3, 4000)).argmax(-1).tolist() == [0, 0, 0]


@pytest.mark.parametrize("make", [random_model, spectrum_model, averaging_model])
def test_same_seed_same_weights_and_nothing_else_is_seeded(make):
    before = torch.random.get_rng_state()
    prints = [make(SPEC, seed=seed).fingerprint for seed in (3, 3, 4)]
    assert prints[0] == prints[1] != prints[2]
    assert torch.equal(torch.random.get_rng_state(), before)


def test_an_untrained_network_is_a_classifier_like_any_other(tmp_path):
    model = random_model(SPEC, head="flatten")
    save_classifier(model.classifier, tmp_path / "m.safetensors")
    loaded = load_model(tmp_path / "m.safetensors")
    assert isinstance(loaded, ClassifierModel)
    assert loaded.fingerprint == model.fingerprint


@pytest.mark.parametrize("kind", FITS)
def test_what_is_fitted_tells_the_classes_apart(clips, kind):
    model = FITS[kind](clips, SPEC)
    assert model.reference.kind == kind
    targets = targets_of(clips, SPEC.labels)
    with torch.inference_mode():
        assert torch.equal(model.scores(windows_of(clips, SPEC)).argmax(-1), targets)


@pytest.mark.parametrize("labels", [("high", "low", "mid"), ("high", "low")])
def test_a_fitted_head_is_logistic_regression_on_standardised_features(clips, labels):
    from sklearn.linear_model import LogisticRegression

    some = [clip for clip in clips if clip.label in labels]
    model = fit_averaging(some, ModelSpec("demo", 8000, 4000, labels))
    sounds = windows_of(some, model.spec)
    with torch.inference_mode():
        features = model.reference.features(model.reference.inputs(sounds)).double().numpy()
        scores = model.scores(sounds)
    standard = (features - features.mean(0)) / np.maximum(features.std(0), 1.0)
    regression = LogisticRegression(C=0.1, max_iter=5000, class_weight="balanced")
    regression.fit(standard, [clip.label for clip in some])
    # The head holds float32 weights for features of some 50 dB.
    np.testing.assert_allclose(scores, regression.predict_proba(standard), atol=1e-4)


def test_templates_are_averages_of_aligned_clips_class_by_class(clips):
    model = fit_matched_filter(clips, SPEC, n_templates=1)
    assert model.reference.config.template_classes == (0, 1, 2)
    assert model.spec.activation == "none"  # scores stay correlations
    maps = model.reference.inputs(windows_of(clips, SPEC)).double().numpy()
    for template, label in zip(model.reference.templates.double().numpy(), SPEC.labels, strict=True):
        mine = np.stack([one for one, clip in zip(maps, clips, strict=True) if clip.label == label])
        # Whichever clip is the centre, by a loop over all lags each other clip stands where it correlates best.
        averages = [np.mean([_moved_onto(one, centre) for one in mine], axis=0) for centre in mine]
        assert min(np.abs(template - average).max() for average in averages) < 1e-3
        assert min(np.abs(template - one).max() for one in mine) > 1.0  # no clip itself


def _moved_onto(one, centre):
    def likeness(a, b):
        return np.corrcoef(a.ravel(), b.ravel())[0, 1]

    return max((np.roll(one, lag, -1) for lag in range(one.shape[-1])), key=lambda moved: likeness(moved, centre))


def test_as_many_templates_as_clips_are_the_clips(clips):
    maps = (model := fit_matched_filter(clips, SPEC, n_templates=50)).reference.inputs(windows_of(clips, SPEC))
    assert len(model.reference.templates) == len(clips)
    assert all(bool((maps - template).abs().amax((1, 2)).min() < 1e-3) for template in model.reference.templates)


def test_what_cannot_be_fitted_is_refused(clips):
    for fit in (fit_constant, *FITS.values()):
        with pytest.raises(InputError, match=r"no clip is labelled high; .* every class"):
            fit(clips[:12], SPEC)
    with pytest.raises(InputError, match="low is the only class"):
        fit_spectrum(clips[:6], ModelSpec("demo", 8000, 4000, ("low",)))
    with pytest.raises(InputError, match="n_templates=0"):
        fit_matched_filter(clips, SPEC, n_templates=0)
    with pytest.raises(InputError, match="whole hops: n_samples=4001"):
        averaging_model(ModelSpec("demo", 8000, 4001, ("a", "b")))


@pytest.fixture(scope="module")
def drums():
    """Every ninth of the shipped drums."""
    return [entry.load() for entry in read_corpus(shipped_folder("clips") / "drums").entries[::9]]


def consistency(model, drums, axis="time", grid="-200:200:50ms"):
    result = analyze(model, drums, edges="circular", **{axis: grid})
    return result.summary["axes"][axis]["consistency"]["value"], " ".join(result.summary["warnings"])


def test_the_references_ship_with_their_cards():
    assert set(SHIPPED) <= set(shipped_models())
    for name in SHIPPED:
        folder = shipped_folder("models") / name
        assert "**What must hold**" in (folder / "README.md").read_text(encoding="utf-8")
        assert (folder / "model.safetensors").stat().st_size < 1e6
        assert all(torch.isfinite(tensor).all() for tensor in load_file(folder / "model.safetensors").values())


@pytest.mark.parametrize("name", ["drums-spectrum", "drums-matched", "drums-constant"])
def test_no_whole_hop_changes_an_answer_of_the_shipped_ones_that_promise_it(drums, name):
    assert consistency(load_model(name), drums)[0] == 1.0


def test_the_control_does_change(drums):
    assert consistency(load_model("drums-averaging"), drums)[0] < 0.9
    assert consistency(load_model("drums-spectrum"), drums, "freq", "-200:200:100Hz")[0] < 0.9


def test_the_constant_one_is_called_so(drums):
    assert "its consistency says nothing" in consistency(load_model("drums-constant"), drums)[1]
    assert "its consistency says nothing" not in consistency(load_model("drums-spectrum"), drums)[1]


def test_the_shipped_matched_filter_reads_off_the_delay(drums):
    model = load_model("drums-matched")
    bank, sounds = model.reference, windows_of([drum.resampled(16000) for drum in drums], model.spec)
    still = bank.best_lag(bank.inputs(sounds))
    for delay in (-20, -3, 1, 30):
        moved = time_shift(sounds, delay * model.hop_samples, edges="circular")
        assert ((bank.best_lag(bank.inputs(moved)) - still - delay) % 100 == 0).all()
