"""What is logged while a test runs something, without the lines of level debug: those are for who looks for a bug."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from structlog.testing import capture_logs


@contextmanager
def captured_logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Yield a list that has the lines, in their order, at the end of the block."""
    told: list[MutableMapping[str, Any]] = []
    with capture_logs() as lines:
        yield told
    told += [line for line in lines if line["log_level"] != "debug"]
