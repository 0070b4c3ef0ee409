"""Faults of the sandbox: which calls they are of, and how they are added, told, cleared and read."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from exporter_process import ANY_PORT, ended, running
from faulty_vendors import IONOS_KEY, LIST, PRODUCTS, PROFILE, PROLIFI_KEY, FaultyVendors, faulty_vendors

from exporter.sandbox import SIMULATIONS, read_fault
from exporter.sandbox.faults_body import TEXTS
from exporter.sandbox.faults_kinds import KINDS


@pytest.fixture
def vendors() -> Iterator[FaultyVendors]:
    with faulty_vendors(clock=lambda: 1795262400.0) as one:
        yield one


def test_a_fault_is_of_its_vendor_and_path_and_used_up(vendors: FaultyVendors) -> None:
    vendors.fail("ionos:/*/products:status=503;times=2")
    vendors.fail("ion*:/*:status=409;times=1")
    asked = [vendors.ask(path, IONOS_KEY)[0] for path in (PRODUCTS, PROFILE, PRODUCTS, PRODUCTS, PROFILE)]

    assert asked == [503, 409, 503, 200, 200]
    assert vendors.ask(LIST, PROLIFI_KEY)[0] == 200


def test_faults_are_added_told_and_cleared_over_http(vendors: FaultyVendors) -> None:
    ask = partial(vendors.ask, "/-/faults")
    added, _, body = ask(method="POST", body=b"ionos:/profile:status=503;times=2\n\nprolifi:*:empty\n")
    vendors.ask(PROFILE, IONOS_KEY)
    one, other = json.loads(ask()[2])

    assert (added, len(json.loads(body)), body[-1:]) == (201, 2, b"\n")
    assert one | {"number": 0} == {"number": 0, "fault": "ionos:/profile:status=503;times=2", "calls": 1, "left": 1}
    assert other | {"number": 0} == {"number": 0, "fault": "prolifi:*:empty", "calls": 0, "left": None}
    assert vendors.ask(f"/-/faults/{one['number']}", method="DELETE")[0] == 204
    assert vendors.ask(PROFILE, IONOS_KEY)[0] == 200
    assert json.loads(ask()[2]) == [other]
    assert vendors.ask(f"/-/faults/{one['number']}", method="DELETE")[0] == 404
    assert (ask(method="DELETE")[0], json.loads(ask()[2])) == (204, [])


def test_a_mistake_among_faults_adds_none(vendors: FaultyVendors) -> None:
    status, _, body = vendors.ask("/-/faults", method="POST", body=b"ionos:*:empty\nionos:*:emptiness")

    assert (status, json.loads(vendors.ask("/-/faults")[2])) == (400, [])
    assert json.loads(body)["detail"].startswith("unknown fault 'emptiness'; write one of: refuse, ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "write VENDOR:PATH:FAULT, such as 'netnut:*:status=503;times=3'"),
        ("netnut:status=503", "write VENDOR:PATH:FAULT, such as 'netnut:*:status=503;times=3'"),
        ("netnut:/x:", "write VENDOR:PATH:FAULT, such as 'netnut:*:status=503;times=3'"),
        ("nobody:*:empty", f"unknown vendor 'nobody'; write one of: {', '.join(SIMULATIONS)}, *"),
        ("netnut:customer:empty", "write a path that begins with / or *"),
        ("*:*:status", "status: write =CODE after its name"),
        ("*:*:status=600", "status: value '600': write a status of HTTP from 200, such as 503"),
        ("*:*:status=100", "status: value '100': write a status of HTTP from 200, such as 503"),
        ("*:*:status=503;times=0", "status: write a whole number from 1 to 10,000,000"),
        ("*:*:rows=10000001", "rows: value '10000001': write a whole number from 1 to 10,000,000"),
        ("*:*:status=503;often=3", "status: unknown option often; write one of: retry-after, retry-at, skew, times"),
        ("*:*:status=503;retry-after", "status: write retry-after=VALUE after the ;"),
        ("*:*:status=503;retry-after=a\nb", "status: retry-after 'a\\nb': write visible ASCII characters"),
        ("*:*:empty=1", "empty: only options may follow its name"),
        ("*:*:hang=long", "hang: value 'long': write seconds"),
        ("*:*:hang=nan", "hang: value 'nan': write seconds"),
        ("*:*:skew=1e12", "skew: value '1e12': write seconds, negative for the past"),
        ("*:*:redirect=elsewhere", "redirect: value 'elsewhere': write a URL, such as http://127.0.0.1:1/"),
        ("*:*:set=1", "set: write ;field=NAMES too"),
        ("*:*:labels=odd", f"labels: value 'odd': write one of: {', '.join(TEXTS)}"),
    ],
)
def test_what_is_no_fault_is_told_with_what_to_write(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        read_fault(text)


def test_every_kind_says_what_it_does_in_a_sentence() -> None:
    for name, kind in KINDS.items():
        assert kind.meaning.endswith("."), name
        assert kind.meaning[0].isupper(), name


@pytest.mark.slow
def test_a_sandbox_is_started_with_faults_which_its_help_lists(tmp_path: Path) -> None:
    options = ("--fault=ionos:/profile:status=503;retry-after=7;times=1", "--fault=prolifi:*:html")
    with running(tmp_path, "sandbox", ANY_PORT, *options) as sandbox:
        told = json.loads(sandbox.get("/-/faults")[1])
        failed, there = sandbox.get(PROFILE)[0], sandbox.get(PROFILE)[0]
        assert sandbox.stop() == 0

    assert [one["fault"] for one in told] == [option.removeprefix("--fault=") for option in options]
    assert (failed, there) == (503, 401)
    listed = ended("sandbox", "--help").stdout.partition("Faults:")[2]
    assert set(re.findall(r"^  ([a-z0-9-]+)", listed, re.MULTILINE)) >= set(KINDS)
