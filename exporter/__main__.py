"""The entrance: `usage-exporter`, and `python -m exporter`."""

from __future__ import annotations

import os

from exporter.cli.main import main as command_line


def main() -> None:
    """Run the command line. No plugin for pydantic is looked for: none has any business with a configuration."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    command_line(prog_name="usage-exporter")


if __name__ == "__main__":
    main()
