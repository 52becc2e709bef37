"""``audioinv doctor``: versions, devices, what ships."""

from __future__ import annotations

from typing import Any

from .options import Config, ExitCode, Json, NoProgress, Quiet, Verbose, Version, print_json, say

__all__ = ["doctor"]


def doctor(
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    no_progress: NoProgress = False,
    config: Config = None,
    version: Version = False,
) -> int:
    """Print versions, devices and what ships, for a report of a problem."""
    facts = _examine()
    if json:
        print_json(facts)
    elif not quiet:
        for name, found in facts["versions"].items():
            say(f"{name:<16} {found}")
        say(f"{'platform':<16} {facts['platform']}")
        say(f"{'devices':<16} {', '.join(facts['devices'])}; auto takes {facts['auto']}")
        say(f"{'threads':<16} {facts['threads']}")
        say(f"{'formats':<16} {', '.join(facts['formats'])}")
        say(f"{'models':<16} {', '.join(facts['models']) or 'none found: the installation is not complete'}")
        say(f"{'clips':<16} {facts['clips'] or 'none found: the installation is not complete'}")
    return ExitCode.DONE if facts["models"] and facts["clips"] else ExitCode.INTERNAL


def _examine() -> dict[str, Any]:
    import platform

    import soundfile
    import torch

    from ..analysis import versions
    from ..nets.library import choose_device, shipped_folder, shipped_models

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
