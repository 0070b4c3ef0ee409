"""Logging: one line per change of state, as logfmt or JSON on standard error, with every secret redacted."""

from __future__ import annotations

import logging
import select
import sys
from contextlib import suppress
from typing import Final, Literal, TextIO, get_args

import structlog

from exporter.secret import redact

LogFormat = Literal["logfmt", "json"]
FORMATS: Final[tuple[LogFormat, ...]] = get_args(LogFormat)
Level = Literal["debug", "info", "warn", "warning", "error"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

logger: Final[structlog.stdlib.BoundLogger] = structlog.get_logger()

_OTHERS: Final = ("httpx", "httpcore", "h11", "asyncio", "anyio")
_WRITTEN_AT_ONCE: Final = 1000
"""The number of characters that a pipe accepts without blocking, if `select` reports that the pipe is writable."""
_KEYS: Final = ("ts", "level", "vendor", "account", "msg")


class _RedactedStream:
    """Standard error, with secrets redacted. If standard error is closed or blocked, lines are lost."""

    def write(self, text: str) -> None:
        safe = redact(text)
        with suppress(OSError, ValueError):
            for start in range(0, len(safe), _WRITTEN_AT_ONCE):
                if sys.stderr is None or not _has_room(sys.stderr):
                    return
                sys.stderr.write(safe[start : start + _WRITTEN_AT_ONCE])
                sys.stderr.flush()

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            if sys.stderr is not None:
                sys.stderr.flush()


def _has_room(stream: TextIO) -> bool:
    """Whether a write of a few characters would not block."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return True
    return bool(select.select([], [descriptor], [], 0)[1])


def configure(level: Level = "info", form: LogFormat = "logfmt") -> None:
    """Set up all logging. Third-party packages log only warnings and errors."""
    threshold = logging.getLevelNamesMapping()["WARNING" if level == "warn" else level.upper()]
    render: structlog.typing.Processor
    if form == "json":
        render = structlog.processors.JSONRenderer(sort_keys=False)
    else:
        render = structlog.processors.LogfmtRenderer(key_order=_KEYS, drop_missing=True)
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
        if form == "json"
        else structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("msg"),
    ]
    stream = _RedactedStream()
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(stream),  # type: ignore[arg-type]  # it writes and flushes
        cache_logger_on_first_use=False,
    )
    forwarded = logging.StreamHandler(stream)
    forwarded.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[*shared, _without_record, render]))
    logging.basicConfig(level=logging.WARNING, handlers=[forwarded], force=True)
    for name in _OTHERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_record(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(None, "", event)
