import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from kept_logging import kept_logging
from patience import DEADLINE_SECONDS

from exporter.log import FORMATS, LEVELS, LogFormat, configure, logger
from exporter.secret import register

FIELD = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "]*)(?: |\Z)')


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


def fields(line: str) -> dict[str, str]:
    """Return a logfmt line's fields, of which it consists."""
    assert FIELD.sub("", line) == ""
    return {name: re.sub(r"\\(.)", r"\1", value.strip('"')) for name, value in FIELD.findall(line)}


def fail() -> None:
    local_value = "a-local-of-the-failing-function"
    raise RuntimeError(f"it broke, not because of {len(local_value)}")


def log_a_failure() -> None:
    try:
        fail()
    except RuntimeError:
        logger.exception("a bug", vendor="netnut", account="main")


def test_a_line_in_logfmt_has_its_fields_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "logfmt")

    logger.warning("poll failed", account="main", vendor="netnut", error='with "quotes" and = and \\', failures=3)

    line = capsys.readouterr().err.rstrip("\n")
    assert list(fields(line)) == ["ts", "level", "vendor", "account", "msg", "error", "failures"]
    assert fields(line) | {"ts": ""} == {
        "ts": "",
        "level": "warning",
        "vendor": "netnut",
        "account": "main",
        "msg": "poll failed",
        "error": 'with "quotes" and = and \\',
        "failures": "3",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", fields(line)["ts"])


def test_a_line_in_json_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")

    logger.info("polled", vendor="netnut", account="main", series=12)

    line = json.loads(capsys.readouterr().err)
    assert line.pop("ts").endswith("Z")
    assert line == {"level": "info", "vendor": "netnut", "account": "main", "msg": "polled", "series": 12}


@pytest.mark.parametrize("level", LEVELS)
def test_lines_below_the_level_are_not_written(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure(level)  # type: ignore[arg-type]  # one of them

    for known in LEVELS:
        getattr(logger, "warning" if known == "warn" else known)(f"at {known}")

    written = re.findall(r'msg="at (\w+)"', capsys.readouterr().err)
    assert written == list(LEVELS[LEVELS.index("warn" if level == "warning" else level) :])


@pytest.mark.parametrize("form", FORMATS)
def test_secrets_are_taken_out_of_the_rendered_line(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure("debug", form)
    secret = register('p4ss"wörd\\ with more')

    logger.error(f"it is {secret}", field=secret)
    logging.getLogger("some.package").error("it said %s", secret)

    written = capsys.readouterr().err
    assert written.count("<secret>") == 3
    assert "p4ss" not in written


@pytest.mark.parametrize("form", FORMATS)
def test_a_traceback_is_in_one_line_and_has_no_locals(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", form)

    log_a_failure()

    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert "RuntimeError" in written
    assert "test_log.py" in written
    assert "it broke" in written
    assert "a-local-of-the-failing" not in written.replace('local_value = "a-local-of-the-failing', "")


@pytest.mark.parametrize(
    "name", ["httpx", "httpcore.http11", "hypercorn.error", "h11", "asyncio", "anyio", "any.other"]
)
@pytest.mark.parametrize("form", FORMATS)
def test_other_packages_write_warnings_only(name: str, form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure("debug", form)

    logging.getLogger(name).debug("GET https://example.com/?token=abc")
    logging.getLogger(name).info("GET https://example.com/?token=abc")
    logging.getLogger(name).warning("something is wrong")

    (line,) = capsys.readouterr().err.splitlines()
    read = json.loads(line) if form == "json" else fields(line)
    assert (read["level"], read["msg"]) == ("warning", "something is wrong")


class Gone(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [Gone(), closed(), None], ids=["broken pipe", "closed", "none at all"])
@pytest.mark.parametrize("form", FORMATS)
def test_a_standard_error_that_is_gone_stops_nothing(
    form: LogFormat, stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure("info", form)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(logging, "raiseExceptions", True)

    logger.info("nobody reads this")
    logging.getLogger("some.package").warning("nor this")
    log_a_failure()


def test_a_process_without_standard_error_goes_on() -> None:
    program = (
        "import os; os.close(2)\n"
        "from exporter.log import configure, logger\n"
        "configure()\n"
        "logger.info('nobody reads this')\n"
        "print('well')"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=DEADLINE_SECONDS, check=False)

    assert (ended.returncode, ended.stdout) == (0, b"well\n")


def test_a_pipe_that_nobody_empties_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write_end, b"x" * 4096)
    os.set_blocking(write_end, True)
    with os.fdopen(write_end, "w") as full, os.fdopen(read_end, "rb") as pipe:
        with kept_logging():
            configure()
            monkeypatch.setattr("sys.stderr", full)
            writing = threading.Thread(target=logger.warning, args=("x" * 100_000,), daemon=True)
            writing.start()
            writing.join(5)
            held_up = writing.is_alive()
            pipe.read(65536)
            logger.warning("read again")
            monkeypatch.undo()
        assert not held_up
        assert b"read again" in pipe.read1(65536)
