"""audioinv: how a sound classifier's answers change when the sound comes later, or moves in frequency.

Conventions
-----------
Names are looked up when first used, so that importing the package loads neither torch nor librosa nor matplotlib.
An analysis is named as its command is, takes a model and clips, and returns results that can be printed (``.lines``),
turned into a frame, saved, and read again by the loader of their kind.

analyses
    `analyze`, `layers`, `budget`, `order`, `certify`, `profile`, `profile_pairs`, `slide`; `train`
results
    `Results`, `LayerResults`, `BudgetResults`, `OrderResults`, `CertificateResults`, `ProfileResults`, `PairResults`,
    `SlidingResults`; `load_results`, `load_layers`, `load_budget`, `load_order`, `load_certificates`, `load_profile`,
    `load_pairs`, `load_sliding`
models
    `load_model`, `as_model`, `Model`, `ModelSpec`, `Declaration`; `ModelOptions`, `TrainingConfig`, `TrainedModel`
sounds
    `load_clip`, `write_audio`, `Clip`, `read_corpus`, `Corpus`, `CorpusEntry`, `shipped_folder`; `read_listener`,
    `ListenerFile`, `Expectation`; `Event`
shifts
    `time_shift`, `frequency_shift`, `pitch_shift`, `bin_shift`; `parse_grid`, `ShiftGrid`
harmonics
    `find_pitch`, `measure_partials`, `harmonicity_error`
errors
    `AudioinvError`, `InputError`, `AudioFileError`, `ModelError`, `CheckpointError`
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis import analyze
    from .budget_analysis import budget
    from .certification import certify
    from .corpus.entries import Corpus, CorpusEntry
    from .corpus.events import Event
    from .corpus.layouts import read_corpus
    from .corpus.listener import Expectation, ListenerFile, read_listener
    from .errors import AudioFileError, AudioinvError, CheckpointError, InputError, ModelError
    from .layer_analysis import layers
    from .model_training import train
    from .nets.adapters.declaration import Declaration
    from .nets.library import load_model, shipped_folder
    from .nets.model import Model, as_model
    from .nets.spec import ModelSpec
    from .nets.training_config import TrainingConfig
    from .order_analysis import order
    from .pair_analysis import profile_pairs
    from .profile_analysis import profile
    from .report.budget_results import BudgetResults, load_budget
    from .report.certificate_results import CertificateResults, load_certificates
    from .report.layer_results import LayerResults, load_layers
    from .report.order_results import OrderResults, load_order
    from .report.pair_results import PairResults, load_pairs
    from .report.profile_results import ProfileResults, load_profile
    from .report.results import Results, load_results
    from .report.sliding_results import SlidingResults, load_sliding
    from .sliding_analysis import slide
    from .sound.audio import load_clip, write_audio
    from .sound.clip import Clip
    from .sound.fundamental import find_pitch
    from .sound.grid import ShiftGrid, parse_grid
    from .sound.harmonics import harmonicity_error, measure_partials
    from .sound.pitch import pitch_shift
    from .sound.shifts import bin_shift, frequency_shift, time_shift
    from .trained_model import ModelOptions, TrainedModel

_HOMES = {
    "analysis": ("analyze",),
    "budget_analysis": ("budget",),
    "certification": ("certify",),
    "corpus.entries": ("Corpus", "CorpusEntry"),
    "corpus.events": ("Event",),
    "corpus.layouts": ("read_corpus",),
    "corpus.listener": ("Expectation", "ListenerFile", "read_listener"),
    "errors": ("AudioFileError", "AudioinvError", "CheckpointError", "InputError", "ModelError"),
    "layer_analysis": ("layers",),
    "model_training": ("train",),
    "nets.adapters.declaration": ("Declaration",),
    "nets.library": ("load_model", "shipped_folder"),
    "nets.model": ("Model", "as_model"),
    "nets.spec": ("ModelSpec",),
    "nets.training_config": ("TrainingConfig",),
    "order_analysis": ("order",),
    "pair_analysis": ("profile_pairs",),
    "profile_analysis": ("profile",),
    "report.budget_results": ("BudgetResults", "load_budget"),
    "report.certificate_results": ("CertificateResults", "load_certificates"),
    "report.layer_results": ("LayerResults", "load_layers"),
    "report.order_results": ("OrderResults", "load_order"),
    "report.pair_results": ("PairResults", "load_pairs"),
    "report.profile_results": ("ProfileResults", "load_profile"),
    "report.results": ("Results", "load_results"),
    "report.sliding_results": ("SlidingResults", "load_sliding"),
    "sliding_analysis": ("slide",),
    "sound.audio": ("load_clip", "write_audio"),
    "sound.clip": ("Clip",),
    "sound.fundamental": ("find_pitch",),
    "sound.grid": ("ShiftGrid", "parse_grid"),
    "sound.harmonics": ("harmonicity_error", "measure_partials"),
    "sound.pitch": ("pitch_shift",),
    "sound.shifts": ("bin_shift", "frequency_shift", "time_shift"),
    "trained_model": ("ModelOptions", "TrainedModel"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AudioFileError",
    "AudioinvError",
    "BudgetResults",
    "CertificateResults",
    "CheckpointError",
    "Clip",
    "Corpus",
    "CorpusEntry",
    "Declaration",
    "Event",
    "Expectation",
    "InputError",
    "LayerResults",
    "ListenerFile",
    "Model",
    "ModelError",
    "ModelOptions",
    "ModelSpec",
    "OrderResults",
    "PairResults",
    "ProfileResults",
    "Results",
    "ShiftGrid",
    "SlidingResults",
    "TrainedModel",
    "TrainingConfig",
    "analyze",
    "as_model",
    "bin_shift",
    "budget",
    "certify",
    "find_pitch",
    "frequency_shift",
    "harmonicity_error",
    "layers",
    "load_budget",
    "load_certificates",
    "load_clip",
    "load_layers",
    "load_model",
    "load_order",
    "load_pairs",
    "load_profile",
    "load_results",
    "load_sliding",
    "measure_partials",
    "order",
    "parse_grid",
    "pitch_shift",
    "profile",
    "profile_pairs",
    "read_corpus",
    "read_listener",
    "shipped_folder",
    "slide",
    "time_shift",
    "train",
    "write_audio",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("audioinv")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
