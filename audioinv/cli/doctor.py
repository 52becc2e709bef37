"""``audioinv doctor``: versions, devices, what ships."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .command import ExitCode
from .options import Manners

__all__ = ["doctor"]


def doctor(manners: Manners = Manners()) -> int:
    """Print versions, devices and what ships, for a report of a problem."""
    facts = _examine()
    manners.tell(facts, _lines(facts))
    return ExitCode.DONE if facts["models"] and facts["clips"] else ExitCode.INTERNAL


def _examine() -> dict[str, Any]:
    import platform

    import soundfile
    import torch

    from ..nets.library import choose_device, shipped_folder, shipped_models
    from ..sweep.units import versions

    there = {
        "cpu": [platform.machine()],
        "cuda": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "mps": ["Apple GPU"] if torch.backends.mps.is_available() else [],
    }
    return {
        "versions": versions(),
        "platform": platform.platform(),
        "devices": [f"{kind} ({name})" for kind, names in there.items() for name in names],
        "auto": choose_device("auto"),
        "threads": torch.get_num_threads(),
        "formats": sorted(set(soundfile.available_formats()) & {"WAV", "FLAC", "OGG", "MP3", "AIFF"}),
        "models": list(shipped_models()),
        "clips": sum(1 for _ in shipped_folder("clips").rglob("*.flac")),
    }


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    told = {
        **facts["versions"],
        "platform": facts["platform"],
        "devices": f"{', '.join(facts['devices'])}; auto takes {facts['auto']}",
        "threads": facts["threads"],
        "formats": ", ".join(facts["formats"]),
        "models": ", ".join(facts["models"]) or "none found: the installation is not complete",
        "clips": facts["clips"] or "none found: the installation is not complete",
    }
    return (f"{name:<16} {found}" for name, found in told.items())
