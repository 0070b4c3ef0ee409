"""The entrance: `usage-exporter`, and `python -m exporter`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line. What is imported stays, so nothing is collected before there is something to do."""
    gc.disable()
    from exporter import cli  # noqa: PLC0415 - see above

    cli.main(prog_name="usage-exporter")


if __name__ == "__main__":
    main()
