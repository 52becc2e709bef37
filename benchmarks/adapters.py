"""Does an adapter cost anything beside the runtime's own batched run? CPU time, interleaved, one thread.

Run with ``python -m benchmarks.adapters FOLDER``, where FOLDER holds models with their sidecars; without it, the
shipped default model is exported and taken in each format that it can be exported to. For each model the delays of 1 to
20 ms of real clips are made once; the runtime then answers to them batch by batch, called as its own documentation
says, and so does the adapter. The ratio is that of the medians; the deviation is the largest difference of any score.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from audioinv.nets.adapters.declaration import Declaration, read_sidecar, sidecar_of
from audioinv.nets.adapters.export import export_classifier
from audioinv.nets.classifier import ClassifierModel
from audioinv.nets.library import DEFAULT_MODEL, load_model, shipped_folder
from audioinv.nets.model import Model
from audioinv.sound.audio import load_clip, open_window
from audioinv.sound.operators import TimeShift

N_CLIPS, N_DELAYS, BATCH, ROUNDS = 4, 20, 16, 15

SUFFIXES = (".onnx", ".tflite", ".pt2", ".pt")

Run = Callable[[np.ndarray], np.ndarray]


def shifted_windows(model: Model) -> Tensor:
    """Return real clips delayed by 1 to 20 ms, (n_clips * n_delays, n_samples)."""
    spec = model.spec
    delays = np.arange(1, N_DELAYS + 1) * spec.sample_rate / 1000
    parts = []
    for path in sorted((shipped_folder("clips") / "instruments").rglob("*.flac"))[:N_CLIPS]:
        clip = open_window(load_clip(path, sample_rate=spec.sample_rate), spec.n_samples, spec.lead_samples)
        parts.append(TimeShift("zero").shift(clip, delays))
    return torch.cat(parts)


def onnx_run(path: Path, model: Model) -> Run | None:
    """Return onnxruntime on its own; None where a state makes it a loop of one's own."""
    import onnxruntime

    if model.spec.windows is not None:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (sound,) = session.get_inputs()
    output = read_sidecar(sidecar_of(path)).output or session.get_outputs()[0].name
    shape = [-1, *(size if isinstance(size, int) else model.spec.n_samples for size in sound.shape[1:])]
    return lambda windows: session.run([output], {sound.name: windows.reshape(shape)})[0]


def silero_run(path: Path) -> Run:
    """Return the loop over chunks that silero-vad's own wrapper does, for a batch of sounds."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(windows: np.ndarray) -> np.ndarray:
        state, context = np.zeros((2, len(windows), 128), np.float32), np.zeros((len(windows), 64), np.float32)
        missing = -windows.shape[1] % 512
        chunks = np.pad(windows, ((0, 0), (0, missing))).reshape(len(windows), -1, 512).swapaxes(0, 1)
        answers = []
        for chunk in chunks:
            heard = np.concatenate([context, chunk], axis=1)
            answer, state = session.run(None, {"input": heard, "state": state, "sr": np.array(16000)})
            answers.append(answer)
            context = heard[:, -64:]
        return np.stack(answers, axis=1)

    return run


def lite_run(path: Path) -> Run:
    """Return LiteRT on its own, one sound at a time where the graph wants it so."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    (sound, *_), answer = interpreter.get_input_details(), interpreter.get_output_details()[0]
    fixed = sound["shape_signature"][0] > 0
    interpreter.allocate_tensors()
    shape = [int(size) for size in sound["shape"]]

    def run(windows: np.ndarray) -> np.ndarray:
        found = []
        for part in windows[:, None] if fixed else [windows]:
            wanted = [len(part), *shape[1:]]
            if tuple(interpreter.get_input_details()[0]["shape"]) != tuple(wanted):
                interpreter.resize_tensor_input(sound["index"], wanted)
                interpreter.allocate_tensors()
            interpreter.set_tensor(sound["index"], part.reshape(wanted))
            interpreter.invoke()
            found.append(interpreter.get_tensor(answer["index"]))
        return np.concatenate(found)

    return run


def torch_run(network: torch.nn.Module) -> Run:
    """Return a network on its own."""
    return lambda windows: network(torch.from_numpy(windows)).numpy()


def transformers_run(path: Path) -> Run:
    """Return extractor and network as the documentation of transformers calls them."""
    import transformers

    extractor = transformers.AutoFeatureExtractor.from_pretrained(path)
    network = transformers.AutoModelForAudioClassification.from_pretrained(path).eval()

    def run(windows: np.ndarray) -> np.ndarray:
        features = extractor(list(windows), sampling_rate=extractor.sampling_rate, return_tensors="pt")
        return network(**features).logits.numpy()

    return run


def own_run(path: Path, model: Model) -> Run | None:
    """Return how one would run this file without audioinv."""
    if path.name == "silero_vad.onnx":
        return silero_run(path)
    if path.suffix == ".onnx":
        return onnx_run(path, model)
    if path.suffix == ".tflite":
        return lite_run(path)
    if path.suffix == ".pt2":
        return torch_run(torch.export.load(path).module())
    if path.suffix == ".pt":
        return torch_run(torch.jit.load(path))
    return transformers_run(path) if path.is_dir() else None


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def compare(path: Path, model: Model) -> str:
    """Return a row of the table."""
    own = own_run(path, model)
    if own is None:
        return f"| {path.name} | no own loop to compare with | | | | |"
    windows = shifted_windows(model)
    parts = windows.split(BATCH)
    with torch.inference_mode():
        pairs = [
            (model.respond_in_turn(model.spec.windows.lay(part)) if model.spec.windows else model.respond(part))
            for part in parts
        ]
        raw = np.concatenate([own(part.numpy()) for part in parts])
        found = torch.cat([torch.as_tensor(pair) for pair in pairs]).reshape(raw.shape).numpy()
        deviation = float(np.abs(found - raw).max())
        rounds = [
            (
                cpu_seconds(lambda: [own(part.numpy()) for part in parts]),
                cpu_seconds(lambda: [model.scores(part) for part in parts]),
            )
            for _ in range(ROUNDS)
        ]
    ours, theirs = (statistics.median(found[i] for found in rounds) for i in (1, 0))
    each = 1000 / len(windows)
    times = f"{theirs * each:.3f} | {ours * each:.3f} | {ours / theirs:.2f}"
    return f"| {path.name} | {len(windows)} | {times} | {deviation:.1e} |"


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(
        "| model | windows | runtime alone, ms each | adapter, ms each | ratio | deviation |\n|---|---|---|---|---|---|"
    )
    if len(sys.argv) > 1:
        paths = [
            path for path in sorted(Path(sys.argv[1]).iterdir()) if path.suffix in (".onnx", ".tflite", ".pt2", ".pt")
        ]
        folders = [path for path in sorted(Path(sys.argv[1]).iterdir()) if (path / "config.json").is_file()]
        for path in paths + folders:
            said = Declaration(input_samples=16000) if path.name == "wav2vec2" else Declaration()
            print(compare(path, load_model(path, said=said)), flush=True)
        return
    model = load_model(DEFAULT_MODEL)
    if not isinstance(model, ClassifierModel):
        raise TypeError("the default model is a classifier")
    with tempfile.TemporaryDirectory() as folder:
        for exported in export_classifier(model.classifier, folder, ["onnx", "pt2"], shifted_windows(model)[:8]):
            print(compare(exported.path, load_model(exported.path)), flush=True)


if __name__ == "__main__":
    main()
