"""What becomes of an exporter, as a process, when an answer is larger than any it accepts: it hardly grows."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_vendors import FaultyVendors, configured, faulty_vendors
from patience import DEADLINE_SECONDS

from exporter.cli import demo

pytestmark = pytest.mark.slow

MOST_GROWTH_KB = 50_000
POLL_AND_TELL_MEMORY = """
import sys
from exporter.cli.main import main
try:
    main(["once", "--config.file=config.yaml"])
finally:
    sys.stdout.flush()
    print(open("/proc/self/status").read(), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def vendors() -> Iterator[FaultyVendors]:
    with faulty_vendors() as one:
        yield one


def polled(vendors: FaultyVendors, folder: Path) -> tuple[int, str, int]:
    """Poll once in a process of its own; return its exit code, what it says, and its largest size in kB."""
    (folder / "config.yaml").write_text(configured(vendors.url, ("netnut", "ionos"), netnut={"timeout": "10s"}))
    ended = subprocess.run(
        [sys.executable, "-c", POLL_AND_TELL_MEMORY],
        cwd=folder,
        env={**os.environ, **demo.environment(("acme",))},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    (peak,) = re.findall(r"^VmHWM:\s+(\d+) kB$", ended.stderr, re.MULTILINE)
    return ended.returncode, ended.stdout + ended.stderr, int(peak)


@pytest.fixture(scope="module")
def usual_kb(vendors: FaultyVendors, tmp_path_factory: pytest.TempPathFactory) -> int:
    vendors.recover()
    code, said, peak = polled(vendors, tmp_path_factory.mktemp("usual"))
    assert code == 0, said
    return peak


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param("gzip-bomb=1000", "too_large", id="gzip bomb"),
        pytest.param("huge=1000", "too_large", id="huge body"),
        pytest.param("gzip-twice", "decode", id="nested Content-Encoding"),
        pytest.param("endless", "too_large", id="chunked without end"),
        pytest.param("labels=long;field=product_type", "", id="labels of 1 MB"),
    ],
)
def test_gzip_bomb_huge_body_nested_content_encoding_chunked_without_end(
    fault: str, reason: str, vendors: FaultyVendors, usual_kb: int, tmp_path: Path
) -> None:
    vendors.recover()
    vendors.fail(f"netnut:/customer/usage/myusage:{fault}")
    code, said, peak = polled(vendors, tmp_path)

    assert vendors.calls == 1
    assert code == (1 if reason else 0), said
    assert re.findall(r"vendor=(\w+) .*reason=(\w+)", said) == ([("netnut", reason)] if reason else [])
    assert "\nionos_meter_quantity{" in said
    assert peak - usual_kb < MOST_GROWTH_KB
