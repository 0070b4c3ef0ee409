"""The entrance: `usage-exporter`, and `python -m exporter`."""

from __future__ import annotations

import gc
import os
import signal
import sys


def main() -> None:
    """Run the command line, and do nothing before that only takes time.

    What is imported stays, so there is nothing to collect yet; and no plugin
    for pydantic is looked for, which has no business with a configuration anyway.
    """
    if sys.argv[1:2] == ["run"]:  # its SIGHUP waits in the kernel until `heed_signals` can take it, and ends nothing
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    gc.disable()
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    from exporter import cli  # noqa: PLC0415 - see above

    cli.main(prog_name="usage-exporter")


if __name__ == "__main__":
    main()
