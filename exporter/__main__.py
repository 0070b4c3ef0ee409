"""The entry point: `usage-exporter`, and `python -m exporter`."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command line. Pydantic's plugins are disabled, so that no plugin sees a configuration."""
    if sys.argv[1:2] == ["run"]:  # a SIGHUP would end the process; it is deferred until `handle_signals` is ready
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    from exporter.cli.main import main as command_line  # noqa: PLC0415 - the signal is blocked first

    command_line(prog_name="usage-exporter")


if __name__ == "__main__":
    main()
