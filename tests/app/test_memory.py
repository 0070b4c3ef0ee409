"""A process that freed much memory returns it to the system."""

import platform
import subprocess
import sys

import pytest

LARGE_READING = """
from threading import Thread
from exporter.app.memory import limit_free_memory

def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS:"))

def read():
    for _ in range(2):  # freeing the first large block raises glibc's limits, unless they were set
        blocks = [b"x" * 20_000_000, *(b"x" * (50_000 + more) for more in range(200))]
        del blocks

if {is_limited}:
    limit_free_memory()
before = resident()
reading = Thread(target=read)
reading.start()
reading.join()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the limits are glibc's")
def test_free_memory_is_returned() -> None:
    kept = {is_limited: _kept_kib(is_limited=is_limited) for is_limited in (False, True)}

    assert kept[True] < 10_000
    assert kept[False] > 20_000


def _kept_kib(*, is_limited: bool) -> int:
    script = LARGE_READING.format(is_limited=is_limited)
    return int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)
