"""The command line and the small model that the tests of ``tests/cli`` use."""

from ..cli.conftest import _made, place, run

__all__ = ["_made", "place", "run"]
