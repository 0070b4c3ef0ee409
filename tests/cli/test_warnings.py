"""What a person is told at start of settings that are not wrong, only risky."""

from pathlib import Path

import anyio
import pytest
from captured_logs import captured_logs
from configurations import account
from virtual_time import run_virtually, virtual_now

from exporter.app.exporter import Exporter
from exporter.config import parse


def told(text: str, folder: Path) -> list[str]:
    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            Exporter(virtual_now).restart_polling(parse(text.encode(), folder), tasks)
            tasks.cancel_scope.cancel()

    with captured_logs() as logs:
        run_virtually(main)
    return [line["event"] for line in logs if line["log_level"] == "warning"]


def test_a_certificate_that_is_not_verified(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOKEN", "an-invented-secret")
    careless = account("ionos", "tls: {insecure_skip_verify: true}")

    assert told(careless, tmp_path) == ["the vendor's certificate is not verified"]
    assert told(account("ionos"), tmp_path) == []


@pytest.mark.parametrize(
    ("mode", "said"),
    [(0o600, []), (0o644, ["token_file: the file can be read by users other than its owner: chmod 600 {}"])],
)
def test_a_file_of_a_secret_that_others_can_read(mode: int, said: list[str], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("an-invented-secret\n")
    file.chmod(mode)

    lines = told(account("ionos", "token_file: token").replace(" token: '${TOKEN}',", ""), tmp_path)

    assert lines == [one.format(file) for one in said]
