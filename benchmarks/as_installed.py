"""Runs another module as in a production installation: without packages that only development has.

`python -m benchmarks.as_installed MODULE ARGUMENTS`. httpcore imports trio if it is installed, which takes longer
than the exporter's own modules do; rich imports attr.
"""

from __future__ import annotations

import runpy
import sys

if __name__ == "__main__":
    for name in ("attr", "trio"):
        sys.modules[name] = None  # type: ignore[assignment]  # None makes the import fail
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
