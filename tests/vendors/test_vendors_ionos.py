"""What is IONOS Cloud's own: contracts, the UTC month, and data centres."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest
from ionos_replies import CENTRE, PERIOD, ionos, meter, of, usage
from polled_accounts import SECRET, polled
from scripted_vendor import Scripted, answer, scripted

from exporter.errors import Malformed, NotFound
from exporter.problems import ConfigError
from exporter.store.reading import Reading


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, f"Bearer {SECRET}"),
        ({"username": "ops", "password": "${VENDOR_SECRET}"}, "Basic b3BzOmludmVudGVkLXNlY3JldA=="),
    ],
)
def test_a_request_is_signed_by_token_or_by_password(
    settings: dict[str, str], header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted({"GET /12345/usage?period=2026-11": [usage()]}) as server:
        polled(ionos(server.url, monkeypatch, contracts=[12345], **settings))

    assert {request.headers["authorization"] for request in server.requests} == {header}


@pytest.fixture
def _far_from_utc() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_far_from_utc")
@pytest.mark.parametrize(
    ("now", "period", "previous"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, 999_999, UTC), "2026-11", "2026-10"),
        (datetime(2026, 12, 1, 0, 0, 0, 0, UTC), "2026-12", "2026-11"),
        (datetime(2026, 12, 31, 23, 59, 59, 0, UTC), "2026-12", "2026-11"),
        (datetime(2027, 1, 1, 0, 0, 1, 0, UTC), "2027-01", "2026-12"),
        (datetime(2028, 2, 29, 23, 59, 59, 0, UTC), "2028-02", "2028-01"),
        (datetime(2028, 3, 1, 0, 0, 1, 0, UTC), "2028-03", "2028-02"),
    ],
)
def test_the_periods_asked_for_are_the_utc_month_in_which_the_poll_began_and_the_one_before(
    now: datetime, period: str, previous: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = usage(meter(1), startDate=f"{period}-01", endDate=f"{period}-01")
    with scripted({f"GET /12345/usage?period={period}": [reply]}) as server:
        outcome = polled(ionos(server.url, monkeypatch, contracts=[12345]), now)

    assert len(of("ionos_meter_quantity", outcome)) == 1
    asked = [request.key for request in server.requests]
    assert asked == [f"GET /12345/usage?period={one}" for one in (previous, period)]


@pytest.mark.parametrize(
    ("meters", "sums"),
    [
        ([meter("1.5"), meter(2)], ['unit="1hour"} 3.5']),
        ([meter(1), meter(2, unit="30Days")], ['unit="1hour"} 1.0', 'unit="30Days"} 2.0']),
        ([meter("0")], ['unit="1hour"} 0.0']),
        ([meter(-1)], ['unit="1hour"} -1.0']),
        ([meter("N/A")], []),
        ([meter("N/A"), meter(2)], []),
        ([meter("N/A", unit="1 hour"), meter(0, unit="1G")], ['unit="1G"} 0.0']),
        ([{"meterId": "C01000", "quantity": None}, meter(0, unit="1G"), meter(1, "R01000")], ['unit="1hour"} 1.0']),
        ([{"meterId": None, "quantity": {"quantity": 1, "unit": "1hour"}}, meter(2)], ['unit="1hour"} 2.0']),
        ([], []),
    ],
)
def test_rows_of_one_meter_are_summed_by_unit_and_an_unknown_row_leaves_no_sum(
    meters: list[object], sums: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted({"GET /12345/usage?period=2026-11": [usage(*meters)]}) as server:
        outcome = polled(ionos(server.url, monkeypatch, contracts=[12345]))

    assert [line.rpartition(",")[2] for line in of("ionos_meter_quantity", outcome)] == sums


def test_data_centres_are_asked_for_one_by_one_where_they_are_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    script = {
        f"GET /12345/usage/{CENTRE}?period=2026-11": [usage(meter(1))],
        "GET /12345/usage/null?period=2026-11": [usage(meter(2), centre=None, endDate="2026-11-18")],
    }
    with scripted(script) as server:
        account = ionos(server.url, monkeypatch, contracts=["12345"], datacenters=[CENTRE.upper(), None])
        outcome = polled(account)

    assert {request.key for request in server.requests if "2026-11" in request.key} == set(script)
    assert of("ionos_meter_quantity", outcome) == [
        f'ionos_meter_quantity{{contract="12345",datacenter_id="{CENTRE}",meter_id="C01000",unit="1hour"}} 1.0',
        'ionos_meter_quantity{contract="12345",datacenter_id="null",meter_id="C01000",unit="1hour"} 2.0',
    ]
    assert isinstance(outcome, Reading)
    assert outcome.as_of == datetime(2026, 11, 18, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("end", "as_of"),
    [("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)), ("2026-11-30", None), ("soon", None), (None, None)],
)
def test_figures_reach_to_a_day_that_is_not_to_come(
    end: str | None, as_of: datetime | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = answer({**PERIOD, "endDate": end, "datacenters": []})
    with scripted({"GET /12345/usage?period=2026-11": [reply]}) as server:
        outcome = polled(ionos(server.url, monkeypatch, contracts=[12345]))

    assert isinstance(outcome, Reading)
    assert outcome.as_of == (as_of and as_of.timestamp())


@pytest.mark.parametrize("contracts", [[], ["0012345", 22222]], ids=["discovered", "configured"])
def test_a_contract_keeps_its_zeros_in_the_path_and_loses_them_in_the_label(
    contracts: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    script: Mapping[str, Sequence[Scripted]] = {
        "GET /profile": [answer({"companies": [{"contractId": "0012345"}, {"contractId": 22222}]})],
        "GET /0012345/usage?period=2026-11": [usage()],
        "GET /22222/usage?period=2026-11": [usage()],
    }
    with scripted(script) as server:
        outcome = polled(ionos(server.url, monkeypatch, contracts=contracts))

    assert [line[: line.index("}")] for line in of("ionos_period_start_timestamp_seconds", outcome)] == [
        'ionos_period_start_timestamp_seconds{contract="12345"',
        'ionos_period_start_timestamp_seconds{contract="22222"',
    ]
    assert server.asked("GET /profile") == (not contracts)


@pytest.mark.parametrize(("gone", "left"), [(["11111"], 1), (["11111", "22222"], 0)])
def test_a_contract_that_is_gone_is_left_out_unless_it_was_the_last(
    gone: list[str], left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = {f"GET /{one}/usage?period=2026-11": [usage()] for one in ("11111", "22222") if one not in gone}
    with scripted(script) as server:
        outcome = polled(ionos(server.url, monkeypatch, contracts=[11111, 22222]))

    if left:
        assert len(of("ionos_period_start_timestamp_seconds", outcome)) == left
        assert isinstance(outcome, Reading)
        assert outcome.diagnostics.skipped == {"gone": len(gone)}
    else:
        assert isinstance(outcome, NotFound)


@pytest.mark.parametrize("contract", ["..", ".", "", "a\nb"])
def test_a_discovered_contract_that_would_climb_in_the_path_is_never_asked_for(
    contract: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted({"GET /profile": [answer({"companies": [{"contractId": contract}]})]}) as server:
        outcome = polled(ionos(server.url, monkeypatch))

    assert isinstance(outcome, Malformed)
    assert [request.key for request in server.requests] == ["GET /profile"]


def test_data_centres_need_their_one_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="needs exactly one number in contracts"):
        ionos("http://127.0.0.1", monkeypatch, datacenters=[CENTRE])
