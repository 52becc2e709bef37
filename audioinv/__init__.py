"""audioinv: how a sound classifier's answers change when the sound comes later, or moves in frequency.

Conventions
-----------
Names are looked up when first used, so that importing the package loads neither torch nor librosa nor matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis import AnalysisOptions, analyze, analyze_models
    from .budget_analysis import BudgetOptions, budget
    from .certification import certify
    from .corpus.entries import Corpus
    from .corpus.layouts import read_corpus, read_sources
    from .errors import AudioFileError, AudioinvError, CheckpointError, InputError, ModelError
    from .layer_analysis import LayerOptions, layers
    from .nets.adapters.declaration import Declaration
    from .nets.classifier import Classifier, load_classifier, save_classifier
    from .nets.library import load_model
    from .nets.model import Model, ModelSpec, as_model
    from .nets.training import TrainingConfig, train_classifier
    from .pair_analysis import profile_pairs
    from .profile_analysis import profile
    from .report.certificate_results import Certification
    from .report.profile_results import load_profile
    from .report.results import Results, load_results
    from .sliding_analysis import slide
    from .sound.audio import Clip, load_clip, write_audio
    from .sound.fundamental import find_pitch
    from .sound.grid import ShiftGrid, parse_grid
    from .sound.harmonics import harmonicity_error, measure_partials
    from .sound.pitch import pitch_shift
    from .sound.shifts import bin_shift, frequency_shift, time_shift
    from .sound.spectrogram import Spectrogram, SpectrogramConfig

_HOMES = {
    "analysis": ("AnalysisOptions", "analyze", "analyze_models"),
    "budget_analysis": ("BudgetOptions", "budget"),
    "certification": ("certify",),
    "corpus.entries": ("Corpus",),
    "corpus.layouts": ("read_corpus", "read_sources"),
    "errors": ("AudioFileError", "AudioinvError", "CheckpointError", "InputError", "ModelError"),
    "layer_analysis": ("LayerOptions", "layers"),
    "nets.adapters.declaration": ("Declaration",),
    "nets.classifier": ("Classifier", "load_classifier", "save_classifier"),
    "nets.library": ("load_model",),
    "nets.model": ("Model", "ModelSpec", "as_model"),
    "nets.training": ("TrainingConfig", "train_classifier"),
    "pair_analysis": ("profile_pairs",),
    "profile_analysis": ("profile",),
    "report.profile_results": ("load_profile",),
    "report.certificate_results": ("Certification",),
    "report.results": ("Results", "load_results"),
    "sliding_analysis": ("slide",),
    "sound.audio": ("Clip", "load_clip", "write_audio"),
    "sound.grid": ("ShiftGrid", "parse_grid"),
    "sound.fundamental": ("find_pitch",),
    "sound.harmonics": ("harmonicity_error", "measure_partials"),
    "sound.pitch": ("pitch_shift",),
    "sound.shifts": ("bin_shift", "frequency_shift", "time_shift"),
    "sound.spectrogram": ("Spectrogram", "SpectrogramConfig"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AnalysisOptions",
    "AudioFileError",
    "AudioinvError",
    "BudgetOptions",
    "Certification",
    "CheckpointError",
    "Classifier",
    "Clip",
    "Corpus",
    "Declaration",
    "InputError",
    "LayerOptions",
    "Model",
    "ModelError",
    "ModelSpec",
    "Results",
    "ShiftGrid",
    "Spectrogram",
    "SpectrogramConfig",
    "TrainingConfig",
    "analyze",
    "analyze_models",
    "as_model",
    "bin_shift",
    "budget",
    "certify",
    "find_pitch",
    "frequency_shift",
    "harmonicity_error",
    "layers",
    "load_classifier",
    "load_clip",
    "load_model",
    "load_profile",
    "load_results",
    "measure_partials",
    "parse_grid",
    "pitch_shift",
    "profile",
    "profile_pairs",
    "read_corpus",
    "read_sources",
    "save_classifier",
    "slide",
    "time_shift",
    "train_classifier",
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
