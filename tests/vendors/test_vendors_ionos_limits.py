"""What contracts have of each resource and may have, as IONOS's other API tells it."""

from typing import Any

import pytest
from polled_accounts import SECRET, account_at, lines, polled
from scripted_vendor import Answer, Request, Script, answer, scripted

from exporter.errors import PollError
from exporter.problems import ConfigError
from exporter.store.reading import Reading

ASKED = "GET /cloudapi/v6/contracts?depth=1"
USAGE = answer({"startDate": "2026-11-01", "endDate": "2026-11-20", "datacenters": []})
CORES = {"coresProvisioned": 20, "coresPerContract": 64}
REST = dict.fromkeys(
    [
        *("ramProvisioned", "ramPerContract", "hddVolumeProvisioned", "hddLimitPerContract", "ssdVolumeProvisioned"),
        *("ssdLimitPerContract", "dasVolumeProvisioned", "reservedIpsOnContract", "reservableIps"),
        *("k8sClustersProvisioned", "k8sClusterLimitTotal", "nlbProvisioned", "nlbLimitTotal"),
        *("natGatewayProvisioned", "natGatewayLimitTotal"),
    ],
    1,
)
SHOWN = 17


def contract(number: object, **limits: object) -> dict[str, Any]:
    return {"type": "contract", "properties": {"contractNumber": number, "resourceLimits": {**REST, **limits}}}


def limits_of(*items: object, **settings: Any) -> tuple[Reading | PollError, list[str], list[str | None]]:
    """Return what is read of a contract, its series of cores, and the contracts that were named in the header."""
    script: Script = {"GET /0012345/usage?period=2026-11": [USAGE], ASKED: [answer({"items": list(items)})]}
    with scripted(script) as server, pytest.MonkeyPatch.context() as monkeypatch:
        given = {"vendor": "ionos", "name": "main", "token": "${VENDOR_SECRET}", "contracts": ["0012345"]}
        account = account_at(server.url, monkeypatch, {**given, "base_url": "{base_url}", "limits": True, **settings})
        outcome = polled(account)
    headers = [one.headers.get("x-contract-number") for one in server.requests if "contracts" in one.key]
    assert all(one.headers["authorization"] == f"Bearer {SECRET}" for one in server.requests)
    cores = [line for line in lines(outcome) if 'resource="cores"' in line] if isinstance(outcome, Reading) else []
    return outcome, [line.partition("{")[0][15:] + line.rpartition("}")[2] for line in cores], headers


@pytest.mark.parametrize(
    ("items", "cores"),
    [
        ([contract(12345, **CORES)], ["used 20.0", "limit 64.0"]),
        ([contract("012345", **CORES)], ["used 20.0", "limit 64.0"]),
        ([contract(99999), contract(12345, **CORES)], ["used 20.0", "limit 64.0"]),
        ([contract(None, **CORES)], ["used 20.0", "limit 64.0"]),
        ([contract(12345, coresProvisioned="20", coresPerContract="64")], ["used 20.0", "limit 64.0"]),
        ([contract(12345, coresProvisioned=0, coresPerContract=0)], ["used 0.0", "limit 0.0"]),
        ([contract(12345, coresProvisioned=20, coresPerContract=None)], ["used 20.0"]),
        ([contract(12345, coresProvisioned=20)], ["used 20.0"]),
        ([contract(12345, coresPerContract=64)], ["limit 64.0"]),
        ([contract(12345)], []),
        ([contract(99999, **CORES)], []),
        ([contract(None, **CORES), contract(None, **CORES)], []),
        ([], []),
    ],
)
def test_a_resource_has_what_the_answer_says_of_this_contract(items: list[object], cores: list[str]) -> None:
    outcome, shown, headers = limits_of(*items)

    assert isinstance(outcome, Reading), outcome
    assert shown == cores
    assert headers == ["12345"]


def test_an_answer_about_other_contracts_only_is_noted() -> None:
    outcome, _, _ = limits_of(contract(99999, **CORES))

    assert isinstance(outcome, Reading)
    assert outcome.diagnostics.drift == {("items.properties.contract_number", "value"): 1}


@pytest.mark.parametrize(
    ("base_path", "settings", "path"),
    [
        ("/billing", {}, "/cloudapi/v6/contracts"),
        ("/ionos/billing", {}, "/ionos/cloudapi/v6/contracts"),
        ("/billing", {"cloud_api_url": "{base_url}/cloud/"}, "/cloud/contracts"),
    ],
)
def test_the_cloud_api_is_beside_the_billing_api_or_where_the_account_says(
    base_path: str, settings: dict[str, str], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = {
        f"GET {base_path}/12345/usage?period=2026-11": [USAGE],
        f"GET {path}?depth=1": [answer({"items": [contract(12345, **CORES)]})],
    }
    with scripted(script) as server:
        given = {"vendor": "ionos", "name": "main", "token": "${VENDOR_SECRET}", "contracts": [12345], "limits": True}
        outcome = polled(
            account_at(server.url, monkeypatch, {**given, "base_url": "{base_url}" + base_path, **settings})
        )

    assert isinstance(outcome, Reading), outcome
    assert len([line for line in lines(outcome) if line.startswith("ionos_resource")]) == SHOWN


@pytest.mark.parametrize(
    ("base_url", "cloud_api_url", "problem"),
    [
        ("https://a.example/billing", "https://a.example:443/v6", None),
        ("https://A.example/billing", "https://a.example/v6", None),
        ("https://a.example/billing", "https://b.example/v6", "must have the scheme, host and port of base_url"),
        ("https://a.example/billing", "https://a.example:8443/v6", "must have the scheme, host and port of base_url"),
        ("https://a.example/billing", "http://a.example/v6", "must have the scheme, host and port of base_url"),
        (None, "https://b.example/v6", "must have the scheme, host and port of base_url"),
        (None, "https://api.ionos.com/cloudapi/v6", None),
        (None, "api.ionos.com", "write a URL such as"),
    ],
)
def test_credentials_go_to_one_host(
    base_url: str | None, cloud_api_url: str, problem: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"vendor": "ionos", "name": "main", "token": "${VENDOR_SECRET}", "cloud_api_url": cloud_api_url}
    settings = {**given, **({"base_url": base_url} if base_url else {})}
    if problem is None:
        account_at("", monkeypatch, settings)
        return

    with pytest.raises(ConfigError) as refused:
        account_at("", monkeypatch, settings)
    assert [one.path for one in refused.value.problems] == ["accounts[0].cloud_api_url"]
    assert problem in refused.value.problems[0].text


def test_limits_that_are_not_this_users_cost_only_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    def limits(request: Request) -> Answer:
        is_foreign = request.headers["x-contract-number"] == "12345"
        return Answer(403) if is_foreign else answer({"items": [contract(23456, **CORES)]})

    script: Script = {
        **{f"GET /{number}/usage?period=2026-11": [USAGE] for number in (12345, 23456)},
        ASKED: [limits],
    }
    with scripted(script) as server:
        given = {"vendor": "ionos", "name": "main", "base_url": "{base_url}", "token": "${VENDOR_SECRET}"}
        outcome = polled(account_at(server.url, monkeypatch, {**given, "contracts": [12345, 23456], "limits": True}))

    assert isinstance(outcome, Reading), outcome
    assert outcome.diagnostics.skipped == {"refused": 1}
    resources = [line for line in lines(outcome) if line.startswith("ionos_resource")]
    assert len(resources) == SHOWN
    assert all('contract="23456"' in line for line in resources)
