"""Runs another module, and on SIGUSR1 gives back to the kernel what the process has no use for.

`python -m benchmarks.trimming MODULE ARGUMENTS`. What is resident then is what is held.
"""

from __future__ import annotations

import ctypes
import gc
import runpy
import signal
import sys


def _trim(*_: object) -> None:
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _trim)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
