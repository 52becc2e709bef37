"""Sliding end to end: planted detectors, every window as by itself, what is kept, and what fails."""

import json

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from audioinv.corpus.entries import CorpusEntry
from audioinv.corpus.events import Event
from audioinv.errors import AudioFileError, InputError
from audioinv.long_recordings import count_windows, is_long
from audioinv.nets.architectures import architecture
from audioinv.nets.classifier import Classifier, ClassifierModel
from audioinv.nets.model import ModelSpec, as_model
from audioinv.report.sliding_results import SlidingFolder, load_sliding
from audioinv.report.sliding_text import sliding_lines
from audioinv.sliding_analysis import SlidingOptions, slide, slide_models
from audioinv.sound.audio import load_clip, write_audio
from audioinv.sound.clip import Clip
from audioinv.sweep import stream

RATE, HOP, WINDOW = 8000, 80, 1600
ONSETS = [2.0, 3.5, 5.1, 6.63, 8.0, 9.77, 11.4, 13.0, 14.25, 16.0]


class Loudest(nn.Module):
    """Frames of one hop; every second one is kept: the first of each pair, or the louder."""

    def __init__(self, *, blind):
        super().__init__()
        kept = nn.MaxPool1d(1, 2) if blind else nn.MaxPool1d(2, 2)
        self.layers = nn.Sequential(nn.MaxPool1d(HOP, HOP), kept)

    def forward(self, waveforms):
        return self.layers(waveforms.abs()[:, None]).amax(-1)


def detector(*, blind):
    module = Loudest(blind=blind)
    return as_model(module, sample_rate=RATE, labels=["click"], n_samples=WINDOW, name="blind" if blind else "sighted")


@pytest.fixture(autouse=True)
def several_tiles(monkeypatch):
    monkeypatch.setattr(stream, "TILE", 300)


@pytest.fixture
def clicks(rng):
    sound = 1e-3 * rng.standard_normal(18 * RATE).astype(np.float32)
    for onset in ONSETS:
        sound[round(onset * RATE) + 7] = 1.0
    return Clip(sound, RATE, "clicks")


@pytest.fixture
def events():
    return [Event("click", onset, onset + 0.01) for onset in ONSETS]


@pytest.mark.parametrize("known", [True, False])
def test_a_planted_dependence_on_phase_is_found(clicks, events, known):
    found = slide(detector(blind=True), clicks, every="10ms", events=events if known else None).summary
    assert (found["n_events"], found["stride_ms"], len(found["phases_ms"])) == (10, 20, 2)
    assert found["phase_loss"]["value"] == 0.5
    assert found["partly_found"]["value"] == 1
    if known:
        assert sorted(found["detection_rate_by_phase"]["value"]) == [0, 1]


@pytest.mark.parametrize("known", [True, False])
def test_control_a_detector_that_sees_every_frame_has_none(clicks, events, known):
    found = slide(detector(blind=False), clicks, every="10ms", events=events if known else None).summary
    assert (found["n_events"], found["stride_ms"], len(found["phases_ms"])) == (10, 20, 2)
    assert found["phase_loss"]["value"] == 0
    assert found["partly_found"]["value"] == 0
    assert found["detection_rate_by_phase"]["value"] == [1, 1]
    assert found["excess_spread_s"]["value"] == pytest.approx(0, abs=1e-9)
    assert found["delay_spread_s"]["value"] == pytest.approx(0.01)


def make_model(name="demo"):
    spec = ModelSpec(name, RATE, WINDOW, ("a", "b"))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classifier = Classifier(architecture("cnn2d-mel", spec, channels=(4, 4))).eval().requires_grad_(False)
        classifier.network.head.linear.weight.data *= 10
        return ClassifierModel(classifier)


@pytest.fixture
def path(tmp_path, rng):
    sound = 0.1 * rng.standard_normal((3 * 22050 + 5, 2))
    soundfile.write(tmp_path / "long.flac", sound, 22050)
    return tmp_path / "long.flac"


@pytest.mark.parametrize("every", [None, "7ms"])
def test_scores_of_a_resampled_file_are_those_of_each_window(monkeypatch, path, every):
    monkeypatch.setattr(stream, "TILE", 100)
    model = make_model()
    found = slide(model, path, every=every)
    spacing = HOP if every is None else 56
    whole = load_clip(path, sample_rate=RATE).waveform
    windows = np.lib.stride_tricks.sliding_window_view(whole, WINDOW)[::spacing]
    expected = np.concatenate([model.scores(torch.tensor(window[None])) for window in windows])
    frame = found.frame
    np.testing.assert_allclose(np.stack(frame["probs"]), expected, rtol=0, atol=5e-6)
    np.testing.assert_allclose(frame["start_s"], np.arange(len(windows)) * spacing / RATE, atol=1e-9)
    np.testing.assert_allclose(frame["end_s"] - frame["start_s"], WINDOW / RATE, atol=1e-9)
    stride = model.stride_samples
    assert frame["phase_samples"].tolist() == [k * spacing % stride for k in range(len(windows))]
    best = expected.argmax(1)
    assert (frame["pred"] == np.array(["a", "b"])[best]).mean() > 0.99
    np.testing.assert_allclose(frame["p_pred"], expected.max(1), atol=5e-6)


def test_a_stretch_keeps_the_times_of_the_file(path):
    options = SlidingOptions("10ms")
    tables = []
    slide_models([make_model()], [CorpusEntry(path, start_seconds=1.0, end_seconds=2.0)], options, keep=tables.append)
    assert tables[0]["start_s"][0].as_py() == 1.0
    assert tables[-1]["end_s"][-1].as_py() <= 2.0 + 1e-9


def test_a_folder_holds_what_was_found(tmp_path, clicks, events):
    model = detector(blind=True)
    saved = slide(model, clicks, every="10ms", events=events)
    saved.save(tmp_path / "run")
    with pytest.raises(InputError, match="exists already"):
        saved.save(tmp_path / "run")
    read = load_sliding(saved.save(tmp_path / "run", overwrite=True))
    assert read.windows.to_pydict() == saved.windows.to_pydict()
    assert read.events.to_pydict() == saved.events.to_pydict()
    assert (read.document, read.run, read.failures) == (saved.document, json.loads(json.dumps(saved.run)), ())
    rows = read.events.to_pylist()
    assert [row["onset_s"] for row in rows] == ONSETS
    assert {row["phase_loss"] for row in rows} == {0.5}
    assert {row["delay_spread_s"] for row in rows} == {None}
    text = "\n".join(sliding_lines(read))
    assert "10 events, given; a score of 0.5 detects" in text
    assert "phase loss                          0.50" in text


def test_an_unfinished_folder_vanishes(tmp_path, clicks):
    rows = slide(detector(blind=True), clicks, every="10ms").windows

    def write_and_stop():
        with SlidingFolder(tmp_path / "run") as folder:
            folder.write(rows)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()
    assert not list(tmp_path.iterdir())


def test_tiles_are_handed_on_and_not_kept(monkeypatch, clicks):
    monkeypatch.setattr(stream, "TILE", 200)
    told, rows = [], []
    found = slide_models(
        [detector(blind=False)],
        [clicks],
        SlidingOptions("10ms"),
        keep=lambda table: rows.append(table.num_rows),
        on_tile=told.append,
    )
    count = count_windows(detector(blind=False), [detector(blind=False)], [clicks], "10ms")
    assert rows == [200] * 8 + [181]
    assert told == ["clicks"] * count.n_tiles
    assert sum(rows) == count.n_windows[0] == found.summary["n_windows"]
    assert "1,781 windows over 1 recording, one every 10 ms" in count.line


def test_what_cannot_be_slid_over_is_named(tmp_path, clicks, path):
    (tmp_path / "broken.wav").write_text("no sound")
    cut = tmp_path / "cut.flac"
    cut.write_bytes(path.read_bytes()[:-20_000])
    short = Clip(np.ones(100, np.float32), RATE, "short")
    sources = [CorpusEntry(tmp_path / "broken.wav"), short, clicks, CorpusEntry(cut)]
    models = [make_model("one"), make_model("two")]
    found = slide_models(models, sources, SlidingOptions("20ms"), keep=lambda _: None)
    reasons = {failure.path: (failure.stage, failure.reason) for failure in found.failures}
    assert set(reasons) == {str(tmp_path / "broken.wav"), "short", str(cut)}
    assert reasons["short"][0] == "check"
    assert "shorter than the window" in reasons["short"][1]
    assert [summary["sliding"]["n_recordings"] for summary in found.document["models"].values()] == [1, 1]
    with pytest.raises(InputError, match="shorter than the window"):
        slide(models[0], short)
    with pytest.raises(AudioFileError, match="no such file"):
        slide(models[0], tmp_path / "none.wav")


def test_silence_is_refused(tmp_path):
    write_audio(tmp_path / "silent.wav", np.full(20 * WINDOW, 0.9e-4, np.float32), RATE)
    quiet = Clip(np.r_[np.zeros(5 * WINDOW, np.float32), np.float32(1.1e-4)], RATE, "quiet")
    silent, kept = CorpusEntry(tmp_path / "silent.wav"), []
    found = slide_models([make_model()], [silent, quiet], SlidingOptions("20ms"), keep=kept.append)
    assert [(failure.path, failure.stage) for failure in found.failures] == [(str(tmp_path / "silent.wav"), "check")]
    assert "silent: never above −80 dB" in found.failures[0].reason
    assert {name for table in kept for name in table["clip"].to_pylist()} == {"quiet"}
    with pytest.raises(InputError, match="silent"):
        slide(make_model(), tmp_path / "silent.wav")


def test_nothing_left_is_no_model(tmp_path):
    found = slide_models([make_model()], [CorpusEntry(tmp_path / "none.wav")], SlidingOptions(), keep=lambda _: None)
    assert found.document["models"] == {}
    assert found.events.num_rows == 0


def test_events_that_do_not_fit_are_refused(clicks):
    model = detector(blind=True)
    with pytest.raises(InputError, match=r"none of the events' labels \(dog\) is a class of blind \(click"):
        slide(model, clicks, every="10ms", events=[Event("dog", 1.0, 2.0)])
    options = SlidingOptions("10ms", events=(Event("click", 1.0, 2.0),))
    with pytest.raises(InputError, match="events belong to one recording, but there are 2"):
        slide_models([model], [clicks, clicks], options, keep=lambda _: None)
    with pytest.raises(InputError, match="threshold=nan must be a number"):
        SlidingOptions(threshold=float("nan"))
    both = slide_models(
        [model],
        [clicks],
        SlidingOptions("10ms", events=(Event("click", 2, 2), Event("dog", 1, 2))),
        keep=lambda _: None,
    )
    assert any("no class of the model: dog" in warning for warning in both.document["models"]["blind"]["warnings"])


def test_ten_windows_are_long(clicks):
    model = detector(blind=True)
    assert is_long(Clip(np.zeros(10 * WINDOW, np.float32), RATE), [model])
    assert not is_long(Clip(np.zeros(10 * WINDOW - 1, np.float32), RATE), [model])
    assert not is_long(CorpusEntry("none.wav"), [model])
