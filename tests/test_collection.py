"""Python's own collection of garbage: off until there is something to do, and never of what is there by then."""

import gc
import os
from collections.abc import Iterator

import pytest

from exporter import __main__, cli, client


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "")
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
    gc.enable()


def test_nothing_is_collected_and_no_plugin_looked_for_while_a_program_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(
        cli, "main", lambda **given: seen.append((gc.isenabled(), os.environ["PYDANTIC_DISABLE_PLUGINS"], given))
    )
    __main__.main()

    assert seen == [(False, "__all__", {"prog_name": "usage-exporter"})]


@pytest.mark.parametrize("started", [True, False])
def test_what_was_there_at_the_start_is_not_looked_at_again(started: bool) -> None:
    async def look() -> tuple[bool, bool, tuple[int, int, int]]:
        return gc.isenabled(), gc.get_freeze_count() > 0, gc.get_threshold()

    before = gc.get_threshold()
    if started:
        gc.disable()

    assert cli._run(look) == ((True, started, before))  # noqa: SLF001


@pytest.mark.parametrize("frozen", [True, False])
def test_nor_is_what_is_imported_for_the_first_request(frozen: bool) -> None:
    gc.collect()
    if frozen:
        gc.freeze()
    before = gc.get_freeze_count()
    kept: list[list[int]] = [[] for _ in range(1000)]

    client._import_connections.cache_clear()  # noqa: SLF001
    client._import_connections()  # noqa: SLF001
    then = gc.get_freeze_count()
    kept += [[] for _ in range(1000)]
    client._import_connections()  # noqa: SLF001 - as the next account does

    assert (then >= before + 1000) is frozen
    assert gc.get_freeze_count() <= then
