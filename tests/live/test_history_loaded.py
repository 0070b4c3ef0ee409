"""The past of 60 days, loaded into real servers, and an exporter that is scraped on from there."""

import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

import anyio
import httpx
import pytest
from dashboard_queries import Board, Panel, boards, chosen_value, faults
from history_prometheus import ENGINES, LONG_QUERIES, Prometheus
from history_text import Recorder
from page_text import page_text
from patience import DEADLINE_SECONDS
from programs import fetch
from servers import GENERATIONS, prometheus, run_tool, victoria_metrics
from virtual_time import START
from written_histories import CUSTOMERS, config, plan, write

from exporter.app.exporter import Exporter, open_client
from exporter.cli import demo
from exporter.config import Config
from exporter.exposition.negotiation import Format
from exporter.sandbox import World, make_app
from exporter.sandbox.ionos.catalogue import DATA_CENTRES
from exporter.sandbox.prolifi.api import _Customer, _Prolifi
from exporter.store.files import Storage

pytestmark = pytest.mark.timeout(300)  # the first test waits until the past is written

DAY: Final = 86_400
HOUR: Final = 3600
FIRST: Final = "2026-09-22"
BEGAN: Final = START - 60.5 * DAY
"""Midnight of that day."""
PAST_ENDS: Final = START - 3 * HOUR
MONTHS: Final = (START - 51.5 * DAY, START - 20.5 * DAY)
"""When October and November began."""
SCRAPED: Final = tuple(START + seconds for seconds in range(0, 2 * HOUR + 1, HOUR // 2))
NOW: Final = SCRAPED[-1]
LABELS: Final = {"job": "usage-exporter", "instance": "exporter:10924"}

UNTOLD: Final = ("usage_exporter_", "ionos_resource_", "prolifi_entitlement", "ALERTS", "netnut_", "planship_", "up{")
"""What only an exporter that runs can tell, or another vendor."""


class Clock:
    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@pytest.fixture(scope="module")
def accounts() -> Iterator[Config]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in demo.environment().items():
            patch.setenv(name, value)
        yield config("ionos", "prolifi")


@pytest.fixture(scope="module")
def written(accounts: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the past, and of what was scraped after it."""
    folder = tmp_path_factory.mktemp("written")
    storage = Storage(folder / "storage")
    ended = write(folder / "past", plan(accounts, FIRST, "2026-11-21", step=HOUR, labels=LABELS), storage=storage)
    assert [(one.error, one.handed_over, one.outcome.files) for one, _ in ended] == [(None, True, 61)] * 2
    recorder = Recorder(LABELS)
    anyio.run(scrape, accounts, storage, recorder)
    storage.close()
    recorder.write(folder / "past" / "scraped.om")
    return folder / "past"


async def scrape(accounts: Config, storage: Storage, recorder: Recorder) -> None:
    """Let an exporter poll and be scraped, with what the past handed over."""
    clock = Clock(START)
    transport = httpx.ASGITransport(app=make_app(World(clock=clock, customers=CUSTOMERS)))
    exporter = Exporter(clock, partial(open_client, transport=transport), storage)
    exporter.apply_config(accounts)
    for at in SCRAPED:
        clock.at = at
        for account in accounts.accounts:
            async with exporter.poller(account) as poller:
                assert (await poller.poll()).up
        page = page_text(exporter.store, exporter.telemetry, anyio.current_time(), Format.OPENMETRICS)
        recorder.scraped(at, page.removesuffix("# EOF\n"))


def merged(files: Sequence[Path]) -> str:
    """Several days as one text, family by family: a tool that is started for each takes long."""
    families: dict[str, list[str]] = {}
    header = ""
    for file in files:
        for line in file.read_text().splitlines(keepends=True):
            if line.startswith("# HELP"):
                header = line
            elif line.startswith("# TYPE"):
                lines = families.setdefault(header + line, [])
            elif not line.startswith("#"):
                lines.append(line)
    return "".join(header + "".join(lines) for header, lines in families.items()) + "# EOF\n"


@pytest.fixture(scope="module")
def blocks(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as Prometheus' blocks: the last day as people are told to make them, the others at once."""
    folder = tmp_path_factory.mktemp("blocks")
    files = sorted(written.glob("*.om"))
    last = [file for file in files if not file.stem.startswith(("ionos", "prolifi")) or "11-21" in file.name]
    others = folder / "others.om"
    others.write_text(merged([file for file in files if file not in last]))
    for file, longest in [(others, "39366h"), *((file, "24h") for file in last)]:
        options = ("tsdb", "create-blocks-from", f"--max-block-duration={longest}", "openmetrics")
        done = run_tool("promtool", GENERATIONS[0], *options, file, folder / "out")
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "out"


@pytest.fixture(scope="module", params=ENGINES)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A server of each kind that has it."""
    folder = tmp_path_factory.mktemp("server")
    if request.param in GENERATIONS:
        shutil.copytree(request.getfixturevalue("blocks"), folder / "data")
        options = ("--storage.tsdb.retention.time=10y", "--query.lookback-delta=61m")
        with prometheus(request.param, folder, {"scrape_configs": []}, *options) as url:
            yield Prometheus(url)
        return
    written = request.getfixturevalue("written")
    with victoria_metrics(folder, "-retentionPeriod=10y", "-search.maxLookback=61m", LONG_QUERIES) as url:
        for file in sorted(written.glob("*.om")):
            asked = Request(f"{url}/api/v1/import/prometheus", data=file.read_bytes())  # noqa: S310 - this machine
            with urlopen(asked, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - the same
                assert answer.status == 204
        fetch(f"{url}/internal/force_flush")
        yield Prometheus(url)


def counted(loaded: Prometheus, quota: str) -> dict[str, float]:
    found = loaded.now(f'increase(usage_quota_consumed_total{{quota="{quota}"}}[61d])', NOW)
    return {series.labels["subject"]: series.last for series in found}


def test_60_days_of_events_are_what_was_used(loaded: Prometheus) -> None:
    told = _Prolifi(World(clock=Clock(NOW), customers=CUSTOMERS))
    names = ("api_call", "document_rendered", "export_run")

    def used(customer: _Customer) -> int:
        now, then = (sum(told._events(customer, name, at) for name in names) for at in (NOW, BEGAN))  # noqa: SLF001 - the truth
        return now - then

    true = {one.id: used(one) for one in (_Customer("acme", number) for number in range(1, CUSTOMERS + 1))}

    assert counted(loaded, "events") == pytest.approx(true, rel=1e-9)


def test_60_days_of_cores_are_what_was_used_though_some_was_taken_back(loaded: Prometheus) -> None:
    world, (batch, _) = World(clock=Clock(NOW)), DATA_CENTRES[32100457]
    subject = f"ionos/32100457/{batch.id}/0/C06000"
    a_day = 4 * 24 * world.between(0.5, 2.0, f"{subject}/size")

    def used(since: float, until: float) -> float:
        """A month's figure; nothing that is taken back and comes again counts twice."""
        midnights = [BEGAN + day * DAY for day in range(61) if since <= BEGAN + day * DAY <= until]
        return max(a_day * world.billed(subject, since, at) for at in [*midnights, until])

    september, october, november = START - 65.5 * DAY, *MONTHS  # the contract began on the 17th
    baseline = a_day * world.billed(subject, september, BEGAN)
    true = used(september, october) - baseline + used(october, november) + used(november, NOW)

    assert counted(loaded, "core-hours")["32100457"] == pytest.approx(true, rel=1e-4)


def test_over_the_seam_nothing_steps_down_and_nothing_is_there_twice(loaded: Prometheus) -> None:
    seam = f"{NOW - PAST_ENDS + 2 * HOUR:.0f}s"
    names = "usage_quota_consumed_total|usage_quota_used|prolifi_event_count|ionos_meter_quantity"
    series = f'{{__name__=~"{names}|ionos_previous_month_quantity"}}'

    past, live = (sorted(sorted(one.labels.items()) for one in loaded.now(series, at)) for at in (PAST_ENDS, NOW))

    assert len(past) > 40
    assert past == live
    assert loaded.now("resets(usage_quota_consumed_total[61d]) > 0", NOW) == []
    for name in ("usage_quota_used", "prolifi_event_count"):
        assert loaded.now(f'resets({name}{{quota!="core-hours"}}[{seam}]) > 0', NOW) == []


def asked_of_the_past(board: Board) -> Iterator[Panel]:
    """Yield the panels that only ask what the past is told of."""
    for panel in board.panels:
        text = " ".join(query.expression for query in panel.queries).replace("usage_exporter_data_timestamp", "")
        if not any(name in text for name in UNTOLD):
            yield panel


@pytest.mark.parametrize("name", ["ionos", "prolifi", "quota", "overview"])
def test_dashboards_are_full_before_the_first_scrape(loaded: Prometheus, name: str) -> None:
    (board,) = (one for one in boards() if one.name == name)
    chosen: dict[str, str] = {}
    for one in board.choices:
        selector = board.asked(one.selector, chosen, board.seconds)
        values = loaded.values_of(one.label, selector, PAST_ENDS - board.seconds, PAST_ENDS)
        # What names the job is of the exporter itself, which has not run yet.
        chosen[one.name] = one.everything or (chosen_value(values[:1]) if values else LABELS[one.label])
    panels = list(asked_of_the_past(board))
    empty = {}
    for panel in panels:
        expressions = [board.asked(query.expression, chosen, HOUR) for query in panel.queries]
        answers = [loaded.now(expression, PAST_ENDS) for expression in expressions]
        if problems := faults(panel, answers):
            empty[str(panel)] = problems

    assert len(panels) >= 3
    assert empty == {}
