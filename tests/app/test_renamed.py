"""An account that says what it was called before keeps its figures and its counters; so does one with other labels."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest
from captured_logs import captured_logs
from page_text import page_text
from prometheus_client.parser import text_string_to_metric_families
from reloading import SECRETS, account, configured, page_after
from virtual_time import run_virtually, virtual_now

from exporter.app.exporter import Exporter
from exporter.config import Config
from exporter.metrics import Labels, figures_of
from exporter.quota import Ledger, Member, Quota, QuotaId, Total
from exporter.sharding import Shard
from exporter.store.files import Storage
from exporter.store.stored_reading import StoredReading
from exporter.vendors.netnut.families import NETNUT_GB_USED
from exporter.vendors.periods import UNKNOWN_SPAN

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]

HOUR = 3600.0
NAMES, WHOLE = ("old", "new", "main"), {"subject": "the account"}
CAP = "quotas: [{name: cap, metric: netnut_gb_used, limit: 5}]"
RENAMED = account("new", "was: old")
GROWING = {"usage_exporter_polls_total", "usage_quota_consumed_total"}
MOVING = {"usage_exporter_poll_next_attempt_timestamp_seconds", "usage_exporter_rate_limit_remaining"}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def series(page: str, **without: str) -> Series:
    """The series of a page that have these labels, each without them; all if none is given.

    The subject of a quota on a whole account is the account's name.
    """
    return {
        (
            one.name,
            frozenset(
                (one.labels | WHOLE if one.labels.get("subject") in NAMES else one.labels).items() - without.items()
            ),
        ): one.value
        for family in text_string_to_metric_families(page)
        for one in family.samples
        if one.labels.items() >= without.items()
    }


def changed(before: Series, after: Series) -> set[str]:
    """The metrics of which some series is another, or has another value."""
    return {name for name, _ in dict(before.items() ^ after.items())}


@pytest.mark.parametrize(
    ("before", "after", "old", "new"),
    [
        (account("old", CAP), account("new", "was: old", CAP), {"account": "old"}, {"account": "new"}),
        (account(), account("main", "labels: {team: pay}"), {"account": "main"}, {"account": "main", "team": "pay"}),
        (
            account("main", 'labels: {team: a, tier: "1"}'),
            account("main", "labels: {team: '%s\"\\'}"),
            {"account": "main", "team": "a", "tier": "1"},
            {"account": "main", "team": '%s"\\'},
        ),
        (
            account("old", "labels: {team: a}"),
            account("new", "was: old"),
            {"account": "old", "team": "a"},
            {"account": "new"},
        ),
    ],
    ids=["name", "a label", "labels", "both"],
)
@pytest.mark.slow
def test_a_reload_that_renames_an_account_or_changes_its_labels_keeps_every_figure_and_every_counter(
    before: str, after: str, old: dict[str, str], new: dict[str, str]
) -> None:
    _, polled, at_once, later = page_after(configured(before), configured(after), seconds=4 * HOUR)

    shown, taken_over = series(polled, **old), series(at_once, **new)
    assert len(shown) > 40
    assert changed(shown, taken_over) <= MOVING
    assert not [labels for _, labels in series(at_once, account=old["account"]) if old["account"] != new["account"]]
    assert changed(shown, series(later, **new)) >= GROWING
    assert all(series(later, **new)[key] >= value for key, value in shown.items() if key[0] in GROWING)


def test_without_labels_series_have_none_but_their_own() -> None:
    (_, page) = page_after(configured(account(), account("other", "labels: {team: a}")))

    assert {("team", "a") in labels for _, labels in series(page, account="other")} == {True}
    assert not [labels for _, labels in series(page, account="main") if "team" in dict(labels)]


def test_a_name_that_never_was_is_nothing_to_go_on_with() -> None:
    with captured_logs() as logs:
        _, page = page_after(configured(RENAMED))

    assert series(page, account="new")
    assert not [line for line in logs if "former" in str(line)]


def test_another_login_under_the_new_name_is_another_account() -> None:
    _, before, at_once, _ = page_after(
        configured(account("old")), configured(account("new", "was: old", email="globex"))
    )

    assert ("netnut_gb_used", "old") in {(name, dict(labels).get("account")) for name, labels in series(before)}
    assert "netnut_gb_used" not in {name for name, _ in series(at_once)}


QUOTA = QuotaId("traffic", "41/Residential", "GB")


def reading(consumed: float, at: float, quota: QuotaId = QUOTA) -> StoredReading:
    figures = figures_of([NETNUT_GB_USED(consumed, plan_id="41", product_type="Residential")])
    member: dict[tuple[QuotaId, Labels], Member] = {
        (quota, ("41", "Residential")): Member(consumed, consumed, UNKNOWN_SPAN, at)
    }
    ledger = Ledger(1.0, {quota: Total(consumed, 1.0, consumed)}, {0: member})
    return StoredReading(at, at, figures, (Quota(QUOTA, consumed, None, UNKNOWN_SPAN),), ledger=ledger)


def started(config: Config, folder: Path) -> tuple[str, list[str]]:
    """What a process shows right after its start with what is stored in a folder, and its lines of log."""
    pages: list[str] = []

    async def main() -> None:
        storage = Storage(folder)
        exporter = Exporter(virtual_now, storage=storage)
        exporter.apply_config(config)
        pages.append(page_text(exporter.store, exporter.telemetry, anyio.current_time()))
        storage.close()

    with captured_logs() as logs:
        run_virtually(main)
    return pages[0], [str(line) for line in logs]


@pytest.fixture
def now() -> float:
    times: list[float] = []

    async def main() -> None:
        times.append(virtual_now())

    run_virtually(main)
    return times[0]


def counters(page: str) -> dict[str, float]:
    return {dict(key[1])["account"]: one for key, one in series(page).items() if key[0] == "usage_quota_consumed_total"}


def write(folder: Path, config: Config, *consumed: float, at: float) -> None:
    storage = Storage(folder)
    for one, value in zip(config.accounts, consumed, strict=True):
        storage.write(one, 0, reading(value, at))
    storage.close()


def test_a_restart_takes_over_what_is_stored_under_the_former_name(tmp_path: Path, now: float) -> None:
    write(tmp_path, configured(account("old")), 7.0, at=now)

    page, logs = started(configured(RENAMED), tmp_path)

    assert counters(page) == {"new": 7.0}
    assert ("netnut_gb_used", "new") in {(name, dict(labels).get("account")) for name, labels in series(page)}
    assert not [line for line in logs if "stored" in line]
    assert (tmp_path / "netnut-old.json").exists()


def test_what_was_stored_since_under_the_new_name_counts(tmp_path: Path, now: float) -> None:
    """A process ended after it wrote the new file and before it removed the old one."""
    write(tmp_path, configured(account("old")), 7.0, at=now - 10)
    write(tmp_path, configured(RENAMED), 9.0, at=now)

    assert counters(started(configured(RENAMED), tmp_path)[0]) == {"new": 9.0}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-40].replace(b"7.0", b"8.0")), "damaged"),
        (lambda file: file.with_name("netnut-else.json").replace(file), "foreign"),
    ],
)
def test_what_cannot_be_taken_over_is_said_and_stays(
    spoil: Callable[[Path], object], said: str, tmp_path: Path, now: float
) -> None:
    write(tmp_path, configured(account("old"), account("else")), 7.0, 5.0, at=now)
    spoil(tmp_path / "netnut-old.json")

    page, logs = started(configured(RENAMED), tmp_path)

    assert counters(page) == {}
    assert [line for line in logs if "former name" in line and said in line]
    assert (tmp_path / "netnut-old.json").exists()


def test_the_counter_of_a_quota_on_a_whole_account_has_the_new_name_too(tmp_path: Path) -> None:
    """Whoever counts by customer may have one of the account's name."""
    storage = Storage(tmp_path)
    for name, of_each in (("whole", ""), ("each", ", by: [plan_id]")):
        quotas = f"quotas: [{{name: cap, metric: netnut_gb_used, limit: 5{of_each}}}]"
        old, new = configured(account(f"old-{name}", quotas)), configured(account(name, f"was: old-{name}", quotas))
        storage.write(old.accounts[0], 0, reading(7.0, 1.0, QuotaId("cap", f"old-{name}", "GB")))
        ledger = storage.read(new.accounts[0]).ledger

        subject = name if name == "whole" else "old-each"
        assert list(ledger.totals) == [QuotaId("cap", subject, "GB")] == [one for one, _ in ledger.members[0]]
    storage.close()


@pytest.mark.parametrize(("total", "left"), [(1, 0), (2, 1)])
def test_the_former_files_go_when_all_of_the_account_is_stored_under_its_new_name(
    total: int, left: int, tmp_path: Path
) -> None:
    """Those of shards stay: a customer's counter may be another shard's now, which has not read it yet."""
    shard = Shard(0, total)
    old, new = (configured(one).accounts[0].for_shard(shard) for one in (account("old"), RENAMED))
    storage = Storage(tmp_path)

    def kept() -> tuple[float, int]:
        return storage.read(new).ledger.totals[QUOTA].value, len(list(tmp_path.glob("netnut-old*")))

    storage.write(old, 0, reading(7.0, 1.0))
    assert bool(storage.read(new).readings) == (total == 1)
    assert kept() == (7.0, 1)
    anyio.run(partial(storage.store, new, 0, reading(8.0, 2.0), is_complete=False))
    assert kept() == (8.0, 1)
    anyio.run(partial(storage.store, new, 0, reading(9.0, 3.0), is_complete=True))
    assert kept() == (9.0, left)
    storage.close()


def test_a_shard_keeps_the_counters_and_no_customer_that_may_be_anothers_now() -> None:
    pages: list[str] = []
    consumed: list[dict[str, float]] = []

    async def main() -> None:
        exporter = Exporter(virtual_now)
        shard = Shard(0, 2)
        old, new = (
            Config.model_construct(accounts=(configured(one).accounts[0].for_shard(shard),), shard=shard)
            for one in (account("old"), RENAMED)
        )
        exporter.apply_config(old)
        snapshot = exporter.store["netnut", "old"]
        exporter.store.restore(("netnut", "old"), replace(snapshot, ledger=Ledger(1.0, {QUOTA: Total(7.0, 1.0, 7.0)})))
        exporter.apply_config(new)
        pages.append(page_text(exporter.store, exporter.telemetry, anyio.current_time()))
        consumed.append(
            {one.subject: total.value for one, total in exporter.store["netnut", "new"].ledger.totals.items()}
        )

    run_virtually(main)
    assert "netnut_gb_used{" not in pages[0]
    assert consumed == [{QUOTA.subject: 7.0}]
