"""How processes that work are started: each as new, the libraries loaded for all of them once where that is safe.

Conventions
-----------
On Linux they are forked from a server that has loaded the libraries and has done nothing else: no model, no file, and
no thread, whose locks a fork would copy as they are. Elsewhere each starts from nothing. The server can be started
while this process is still loading itself. It knows the environment of that moment.

What is here: `start_server`, `process_context`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerContext, SpawnContext

__all__ = ["process_context", "start_server"]

_LOADED = ["audioinv.work_order", "torch.distributed.tensor"]  # the second is what reading a network loads
_NO_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}  # of Arrow, which starts one where it is loaded
_SERVED = sys.platform == "linux"  # what macOS loads does not stand a fork; Windows has none


def start_server() -> None:
    """Have the libraries loaded that processes will need, beside whatever this process does next."""
    if _SERVED:
        from multiprocessing import forkserver

        process_context()
        forkserver.ensure_running()


def process_context() -> ForkServerContext | SpawnContext:
    """Return what starts processes.

    Returns
    -------
    ForkServerContext or SpawnContext
    """
    if not _SERVED:
        return multiprocessing.get_context("spawn")
    for name, value in _NO_THREAD.items():
        os.environ.setdefault(name, value)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    return context
