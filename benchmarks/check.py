"""`check` of a configuration with many accounts at four vendors, compared with one account, which is mostly start-up.

CPU time of the whole process. The file is plain YAML as a person would write it, one account after another.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.exporting import SECRET
from benchmarks.figures import Bar, Figure
from benchmarks.processes import python, run_to_end
from benchmarks.scale import Scale

_MS: Final = 1000.0
_ACCOUNTS: Final = (
    "  - vendor: netnut\n    name: account-{number}\n    email: ops@example.com\n    password: ${{BENCHMARK_SECRET}}\n",
    "  - vendor: ionos\n    name: account-{number}\n    token: ${{BENCHMARK_SECRET}}\n    interval: 2h\n",
    "  - vendor: prolifi\n    name: account-{number}\n    api_key: ${{BENCHMARK_SECRET}}\n    discover: true\n",
    (
        "  - vendor: planship\n    name: account-{number}\n    client_id: benchmark\n"
        "    client_secret: ${{BENCHMARK_SECRET}}\n    customers: [customer-1, customer-2]\n"
        "    products:\n      - slug: analytics\n        metering_ids: [api-calls]\n"
    ),
)


def figures(scale: Scale) -> Iterator[Figure]:
    """Yield the cost of reading a long configuration."""
    with tempfile.TemporaryDirectory() as folder:
        files = {count: Path(folder) / f"{count}.yaml" for count in (scale.accounts, 1)}
        for count, file in files.items():
            file.write_text("accounts:\n" + "".join(_account(number) for number in range(count)))
        commands = {count: python("exporter", "check", f"--config.file={file}") for count, file in files.items()}
        turns = [
            {count: run_to_end(command, SECRET) for count, command in commands.items()} for _ in range(scale.rounds)
        ]
    many, one = ([_MS * turn[count].cpu for turn in turns] for count in files)
    bar = Bar(ratio_at_most=2.0)
    yield Figure.of(f"check of {scale.accounts:,} accounts", many, "ms", "check of one account", one, bar)


def _account(number: int) -> str:
    return _ACCOUNTS[number % len(_ACCOUNTS)].format(number=number)
