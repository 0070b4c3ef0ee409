"""The commands set up the logging of the whole process; a test that runs one within its own puts it back.

What is logged has the process' secrets redacted, and those of other tests are common words: only the test's own count.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog


@contextmanager
def kept_logging() -> Iterator[None]:
    """Leave the logging of the process as it was found, and take no other test's secrets out of it."""
    root = logging.getLogger()
    handlers, level, settings = list(root.handlers), root.level, structlog.get_config()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("exporter.secret._configured", {})
            patch.setattr("exporter.secret._redacted_forms", {})
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**settings)
