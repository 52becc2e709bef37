"""What is given to the Python doors: one or several, as it comes, and a remedy for what cannot be meant."""

import numpy as np
import pytest
import torch

import audioinv
from audioinv.nets.model import given_models

SOUND = np.random.default_rng(0).standard_normal(800).astype(np.float32)
CLIPS = [audioinv.Clip(SOUND * (1 + i) / 9, 8000, name=f"noise {i}") for i in range(3)]


def loudness(waveforms):
    level = np.tanh((waveforms**2).mean(-1))
    return np.stack([level, 1 - level], -1)


MODEL = audioinv.as_model(loudness, sample_rate=8000, labels=["loud", "soft"], n_samples=800)
DOORS = [
    lambda model, clips: audioinv.analyze(model, clips, time="0:2:1ms"),
    lambda model, clips: audioinv.order(model, clips),
    lambda model, clips: audioinv.certify(model, clips),
    lambda model, clips: audioinv.layers(model, clips),
    lambda model, clips: audioinv.budget(model, clips),
    lambda model, clips: audioinv.profile(model, clips),
    lambda model, clips: audioinv.profile_pairs(model, clips, []),
    lambda model, clips: audioinv.slide(model, clips[0], every="10ms"),
]


@pytest.mark.parametrize("door", DOORS)
def test_a_name_or_a_function_is_no_model_yet(door):
    with pytest.raises(audioinv.InputError, match=r"model='drums-cnn2d' is no model; give audioinv\.load_model\("):
        door("drums-cnn2d", CLIPS)
    with pytest.raises(audioinv.InputError, match=r"model is of type function, and no model; give audioinv\.as_model"):
        door(loudness, CLIPS)


def test_models_may_come_as_anything_that_holds_them():
    assert given_models(MODEL) == given_models(iter([MODEL])) == [MODEL]
    for nothing, words in (([], "holds no model"), (None, "of type NoneType"), ([MODEL, "x"], "model='x' is no model")):
        with pytest.raises(audioinv.InputError, match=words):
            given_models(nothing)


@pytest.mark.parametrize("door", DOORS[:3])
@pytest.mark.parametrize("clips", ["folder", ["a.wav"], [SOUND]])
def test_a_path_or_an_array_is_no_clip_yet(door, clips):
    with pytest.raises(audioinv.InputError, match=r"is no clip; give audioinv\.read_corpus"):
        door(MODEL, clips)


def test_a_clip_that_is_no_sound_fails_alone():
    broken = SOUND.copy()
    broken[[3, 7]] = np.nan, np.inf
    found = audioinv.analyze(MODEL, [CLIPS[0], audioinv.Clip(broken, 8000, name="broken")], time="0:2:1ms")
    (failure,) = found.failures
    assert (failure.path, failure.stage) == ("broken", "check")
    assert failure.reason.startswith("2 of 800 samples are NaN or infinite")
    assert [clip.name for clip in found.responses["loudness"].clips] == ["noise 0"]


@pytest.mark.parametrize("kind", ["int16", "uint8", "int64"])
def test_integers_beyond_full_scale_are_no_sound(kind):
    with pytest.raises(audioinv.InputError, match=rf"waveform of loud holds {kind} beyond ±1; divide it"):
        audioinv.Clip(np.array([0, 100, 3], kind), 8000, name="loud")
    clip = audioinv.Clip(np.array([0, 1], kind), 8000)
    assert clip.waveform.dtype == np.float32


@pytest.mark.parametrize("n", [1, 2, 3])
def test_answers_may_run_backwards(n):
    backwards = audioinv.as_model(
        lambda waveforms: loudness(waveforms)[::-1, ::-1], sample_rate=8000, labels=["soft", "loud"], n_samples=800
    )
    waveforms = np.stack([clip.waveform for clip in CLIPS])[:n]
    np.testing.assert_array_equal(backwards.scores(torch.from_numpy(waveforms)), loudness(waveforms)[::-1, ::-1])


def test_a_corpus_stands_for_its_entries(tmp_path):
    for i, clip in enumerate(CLIPS):
        audioinv.write_audio(tmp_path / f"{i}.wav", clip.waveform / 2, 8000)
    corpus = audioinv.read_corpus(tmp_path)
    whole, entries = (audioinv.analyze(MODEL, given, time="0:2:1ms") for given in (corpus, corpus.entries))
    assert list(corpus) == list(corpus.entries)
    assert whole.table.equals(entries.table)


@pytest.mark.parametrize("grid", [[-20, 20], 20, 20.5])
def test_a_grid_is_text_or_a_grid(grid):
    with pytest.raises(audioinv.InputError, match=r"time=.* is neither text nor a ShiftGrid; write .* '-50:50:1ms'"):
        audioinv.analyze(MODEL, CLIPS, time=grid)
    with pytest.raises(audioinv.InputError, match="is neither text nor a ShiftGrid"):
        audioinv.parse_grid("time", grid)


def test_a_model_says_nothing_else():
    with pytest.raises(audioinv.InputError, match=r"input_samples: nothing that a model says; known: .*n_samples"):
        audioinv.as_model(loudness, sample_rate=8000, labels=["a", "b"], n_samples=8, input_samples=8)
