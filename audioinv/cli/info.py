"""``audioinv info``: what a clip, a model, a data set or a results folder is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, ModelError
from ..sound.places import is_url
from ..sound.whole_files import find_folder
from .clips import Layout
from .command import ExitCode
from .options import Manners, ModelFlags

if TYPE_CHECKING:
    from ..nets.adapters.declaration import Declaration
    from ..nets.adapters.opened import Opened
    from ..nets.classifier import Classifier
    from ..nets.model import Model
    from ..nets.reference_model import Reference

__all__ = ["info"]


def info(
    things: Annotated[
        list[str],
        typer.Argument(help="Files, folders, URLs, module:attr, or names of shipped models.", metavar="THING…"),
    ],
    layout: Layout = None,
    flags: ModelFlags = ModelFlags(),
    manners: Manners = Manners(),
) -> int:
    """Say what a clip, a model, a data set or a results folder is."""
    said = flags.said
    described = [_describe(thing, said, flags, layout) for thing in things]
    document = described[0][0] if len(described) == 1 else [facts for facts, _ in described]
    manners.tell(document, (line for _, lines in described for line in lines))
    return ExitCode.DONE


def _describe(thing: str, said: Declaration, flags: ModelFlags, layout: str | None) -> tuple[dict[str, Any], list[str]]:
    from ..corpus.layouts import is_corpus
    from ..nets.library import is_model

    path = Path(thing)
    folder = find_folder(thing)
    if (folder / "summary.json").is_file():
        return _describe_run(folder)
    if layout is None and not is_url(thing) and is_model(thing):
        return _describe_model(thing, said, flags)
    if layout is not None or is_corpus(thing):
        return _describe_corpus(thing, layout)
    if path.is_file():
        return _describe_clip(path)
    from ..nets.library import shipped_models

    raise InputError(
        f"{thing}: no such file or folder, nor a shipped model ({', '.join(shipped_models()) or 'none found'})"
    )


def _describe_run(path: Path) -> tuple[dict[str, Any], list[str]]:
    from ..report.results import load_results
    from ..report.summary_text import summary_lines

    results = load_results(path)
    facts = {"kind": "results", "path": str(path), "run": dict(results.run), "summary": dict(results.document)}
    return facts, [f"{path}: results of `{results.run.get('command', 'a call from Python')}`", *summary_lines(results)]


def _describe_model(thing: str, said: Declaration, flags: ModelFlags) -> tuple[dict[str, Any], list[str]]:
    from ..nets.adapters.opened import Opened
    from ..nets.classifier import ClassifierModel
    from ..nets.library import open_model
    from ..nets.reference_model import ReferenceModel

    model = open_model(thing, said=said, trust_pickle=flags.trust_pickle, timeout_seconds=flags.timeout)
    if isinstance(model, Opened):
        return _describe_foreign(thing, model, said, flags.timeout)
    if isinstance(model, ClassifierModel):
        return _describe_own(model, model.classifier)
    if isinstance(model, ReferenceModel):
        return _describe_own(model, model.reference)
    facts = {"kind": "model", "spec": asdict(model.spec)}
    return facts, [f"{model.spec.name}: {type(model).__name__}, complete in itself"]


def _describe_foreign(
    thing: str, opened: Opened, said: Declaration, timeout_seconds: float | None
) -> tuple[dict[str, Any], list[str]]:
    """Say what is known, and, where that is enough, whether it fits."""
    from ..nets.adapters.opened import build_model, hear_all
    from ..report.model_text import frame_line, spec_lines

    known, cautions = hear_all(opened, said), opened.cautions
    along_time, n_frames = [], None
    if not known.missing:
        model = build_model(opened, said, thing, timeout_seconds)
        cautions = model.provenance.cautions if model.provenance else ()
        if model.spec.along_time:
            n_frames = model.count_frames()
            along_time = [frame_line(model.spec, n_frames)]
    facts = {
        "kind": "model",
        "format": opened.format,
        "spec": known.declaration.said(),
        "origins": dict(known.origins),
        "missing": known.missing,
        "n_frames": n_frames,
        "cautions": list(cautions),
        "sha256": opened.sha256,
    }
    lines = spec_lines(f"{known.declaration.name}: {opened.format}", known)
    return facts, [*lines, *along_time, *(f"  ! {caution}" for caution in cautions)]


def _describe_own(model: Model, module: Classifier | Reference) -> tuple[dict[str, Any], list[str]]:
    config = module.config
    facts = {
        "kind": "model",
        **asdict(config),
        **_inside(module),
        "hop_samples": model.hop_samples,
        "stride_samples": model.stride_samples,
        "weights_sha256": model.fingerprint,
        "sharing": _sharing(model),
    }
    spec = model.spec
    front = "the waveform itself"
    if config.front_end is not None:
        front = (
            f"{config.front_end.n_bins} {config.front_end.kind} bins, n_fft {config.front_end.n_fft}, hop "
            f"{config.front_end.hop_length} samples ({1000 * config.front_end.hop_length / spec.sample_rate:g} ms)"
        )
    stride = "none, since no map runs along time"
    if model.stride_samples is not None:
        stride = f"{model.stride_samples} samples ({1000 * model.stride_samples / spec.sample_rate:g} ms)"
    return facts, [
        f"{spec.name}: {spec.description}",
        f"  input        {spec.sample_rate} Hz mono, {spec.n_samples} samples ({spec.window_seconds:g} s), opens "
        f"{spec.lead_samples / spec.sample_rate:g} s before the clip",
        f"  front end    {front}",
        _inside_line(module),
        f"  total stride {stride}",
        f"  delays       {_sharing_line(facts['sharing'])}",
        f"  labels       {', '.join(spec.labels)} ({spec.activation})",
        "  every value is embedded in the file",
    ]


def _sharing(model: Model) -> dict[str, Any]:
    """Return which layers delayed windows share, and where that ends and why."""
    from ..sweep.engines import read_model

    try:
        reading = read_model(model)
    except ModelError as error:
        return {"shared": [], "ends": {"the network": str(error)}}
    names = reading.traced.names
    layers = [layer for node in reading.operations for layer in names[node].split(", ")]
    return {"shared": layers, "ends": {names[node]: why for node, why in reading.obstacles.items()}}


def _sharing_line(sharing: dict[str, Any]) -> str:
    ends = " and ".join(f"{name} {why}" for name, why in sharing["ends"].items())
    if not sharing["shared"]:
        return f"every window by itself: {ends}"
    return f"share {len(sharing['shared'])} operations, up to where {ends}" if ends else "share every operation"


def _inside(module: Classifier | Reference) -> dict[str, Any]:
    """Return how many weights a network has, or which reference it is and how many numbers it holds."""
    from ..nets.classifier import Classifier

    if isinstance(module, Classifier):
        return {"n_weights": sum(weights.numel() for weights in module.network.parameters())}
    held = module.state_dict().items()
    return {
        "reference": module.kind,
        "n_weights": sum(tensor.numel() for name, tensor in held if not name.startswith("front_end.")),
    }


def _inside_line(module: Classifier | Reference) -> str:
    from ..nets.classifier import Classifier

    n_weights = f"{_inside(module)['n_weights']:,} weights"
    if not isinstance(module, Classifier):
        return f"  reference    {module.kind}, {n_weights}"
    network = module.config.network
    return (
        f"  network      {network.dimension}-D, channels {'-'.join(map(str, network.channels))}, "
        f"{network.downsampling} pooling by {network.factor}, {network.head} head, {network.padding} padding, "
        f"{n_weights}"
    )


def _describe_corpus(source: str, layout: str | None) -> tuple[dict[str, Any], list[str]]:
    from ..corpus.census import take_census
    from ..corpus.layouts import read_corpus

    census = take_census(read_corpus(source, layout=layout))
    return {"kind": "corpus", **census.to_dict()}, census.lines()


def _describe_clip(path: Path) -> tuple[dict[str, Any], list[str]]:
    import numpy as np

    from ..sound.audio import load_clip
    from ..sound.decoding import open_sound
    from ..sound.fundamental import find_pitch

    clip = load_clip(path)
    with open_sound(path) as sound:
        header = sound.header
    pitch = find_pitch(clip.waveform, clip.sample_rate)
    peak = float(np.abs(clip.waveform).max())
    rms = float(np.sqrt(np.mean(clip.waveform.astype(np.float64) ** 2)))
    facts = {
        "kind": "clip",
        "path": str(path),
        "format": header.format,
        "subtype": header.subtype,
        "sample_rate": clip.sample_rate,
        "channels": header.n_channels,
        "duration_s": clip.duration_seconds,
        "peak": peak,
        "rms": rms,
        "fundamental_hz": pitch.fundamental_hz if pitch.stable else None,
        "pitch": "stable" if pitch.stable else pitch.reason,
        "content_sha256": clip.content_hash(),
    }
    decibels = [f"{20 * np.log10(level):.1f} dB" if level else "silent" for level in (peak, rms)]
    return facts, [
        f"{path}: {header.format} {header.subtype}, {clip.sample_rate} Hz, {header.n_channels} "
        f"channel{'s (mean taken)' if header.n_channels > 1 else ''}, {clip.duration_seconds:.3f} s",
        f"  peak {decibels[0]}, level {decibels[1]} below full scale" if peak else "  silent",
        f"  pitch {pitch.fundamental_hz:.1f} Hz" if pitch.stable else f"  {pitch.reason}",
    ]
