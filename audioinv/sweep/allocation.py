"""Memory that maps give back is kept for the next ones, where the C library would return it to the system.

Conventions
-----------
What is given back must be mapped and cleared anew, page by page, when it is asked for again: over an hour of sound that
was an eighth of all time. It is a setting of the whole process, so programs make it and the library does not.

What is here: `keep_memory`.
"""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_memory"]

# glibc's malloc.h; see mallopt(3). A block that is mapped goes back as soon as it is free, so none is.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_KEPT = 1 << 28  # bytes


def keep_memory() -> bool:
    """Keep up to 256 MiB of memory that is given back, for as long as this process lasts.

    Returns
    -------
    bool
        Whether it is kept; only glibc can be told so, elsewhere nothing is done.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "gnu_get_libc_version"):
        return False
    return bool(library.mallopt(_MMAP_MAX, 0) and library.mallopt(_TRIM_THRESHOLD, _KEPT))
