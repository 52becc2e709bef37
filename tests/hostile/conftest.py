"""The command line and the small model that the tests of ``tests/cli`` use."""

from ..cli.conftest import _made, place, run, short_timing

__all__ = ["_made", "place", "run", "short_timing"]


def without_timings(document):
    """A document but for what times and places make of it."""
    left_out = {"timing", "ready_s", "command", "files_sha256", "jobs", "units", "seconds", "time_ratio"}
    if isinstance(document, dict):
        return {name: without_timings(value) for name, value in document.items() if name not in left_out}
    return list(map(without_timings, document)) if isinstance(document, list) else document
