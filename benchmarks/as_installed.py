"""Runs another module as where it is installed for use: without what only development has.

`python -m benchmarks.as_installed MODULE ARGUMENTS`. httpcore imports trio where that is there, which takes longer than
the exporter's own modules do; rich imports attr.
"""

from __future__ import annotations

import runpy
import sys

if __name__ == "__main__":
    for name in ("attr", "trio"):
        sys.modules[name] = None  # type: ignore[assignment]  # which is how an import is made to fail
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
