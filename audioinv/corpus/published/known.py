"""The published data sets that are known.

What is here: `PUBLISHED`.
"""

from __future__ import annotations

from .audiomnist import AUDIOMNIST
from .speech_commands import SPEECH_COMMANDS
from .tabled import ESC10, ESC50, URBANSOUND8K

__all__ = ["PUBLISHED"]

PUBLISHED = (ESC50, ESC10, URBANSOUND8K, SPEECH_COMMANDS, AUDIOMNIST)
