"""What `check --probe` says of readings that lack something, as `run` would warn of it."""

from pathlib import Path

import pytest
import yaml
from exporter_process import Running, ended
from faulty_vendors import faulty_vendors

from exporter.cli import demo
from exporter.cli.polls import waits
from exporter.config import parse

SECRETS = demo.environment(("acme",))
UNITS = "series in different units match and cannot be added up: match one unit, or write unit in by"
QUOTA = {"name": "q", "metric": "ionos_meter_quantity", "limit": 5}


def configured(url: str, vendor: str, **settings: object) -> str:
    """The demo's account at a vendor, with other settings."""
    document = yaml.safe_load(demo.configuration(url, "5m", ("acme",)))
    (account,) = (one for one in document["accounts"] if one["vendor"] == vendor)
    return yaml.safe_dump({"accounts": [{**account, **settings}]})


def probe(folder: Path, text: str) -> tuple[int, list[str]]:
    """The exit code, and the lines before the counts and the table."""
    (folder / "config.yaml").write_text(text)
    done = ended("check", "--probe", f"--config.file={folder / 'config.yaml'}", env=SECRETS)
    assert done.stderr == ""
    lines, _, table = done.stdout.partition("\n\n")
    assert table.partition("\n\n")[2].startswith("VENDOR")
    return done.returncode, lines.splitlines()[1:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("vendor", "settings", "expected"),
    [
        ("prolifi", {"max_customers": 2}, (0, "3 items left out: they are beyond what the configuration allows")),
        ("prolifi", {"max_customers": 2}, (0, "5 customers match, but max_customers is 2")),
        ("netnut", {"max_series": 5}, (1, "series are left out because of max_series")),
        ("netnut", {"max_series": 5}, (1, "no series of netnut_gb_used, the vendor's main figure")),
        ("prolifi", {"include": ["zzz"]}, (1, "no series of prolifi_event_count, the vendor's main figure")),
        ("ionos", {"quotas": [QUOTA]},
         (0, f"quota q is not shown: {UNITS}")),
        ("ionos", {"quotas": [{**QUOTA, "match": {"unit": "1G*30Days"}}]},
         (0, "quota q is not shown: no series matches; values of match are regular expressions")),
    ],
)  # fmt: skip
def test_what_is_missing_is_a_warning(
    vendor: str, settings: dict[str, object], expected: tuple[int, str], sandbox: Running, tmp_path: Path
) -> None:
    returned, lines = probe(tmp_path, configured(sandbox.url, vendor, **settings))

    code, said = expected
    assert returned == code
    assert any(line.startswith("    warning: ") and said in line for line in lines), lines


@pytest.mark.slow
@pytest.mark.parametrize("mended", [{"match": {"unit": "1G[*]30Days"}}, {"by": ["unit"]}, {"by": ["contract", "unit"]}])
def test_a_quota_of_several_units_is_shown_once_they_are_told_apart(
    mended: dict[str, object], sandbox: Running, tmp_path: Path
) -> None:
    code, lines = probe(tmp_path, configured(sandbox.url, "ionos", quotas=[{**QUOTA, **mended}]))

    assert (code, len(lines)) == (0, 1), lines


@pytest.mark.slow
def test_a_main_figure_that_is_gone_is_a_failure(tmp_path: Path) -> None:
    with faulty_vendors("netnut:*usage/myusage*:missing;field=total_gb_used") as vendors:
        code, lines = probe(tmp_path, configured(vendors.url, "netnut", reseller=False, sub_users=[]))

    assert code == 1
    assert "    warning: no series of netnut_gb_used, the vendor's main figure" in lines
    assert any("deviate from the vendor's documentation" in line and "total_gb_used missing" in line for line in lines)


PLAIN = "the port does not speak TLS; write http in"
CERTIFICATE = "Check port and certificate. Behind a proxy that intercepts TLS, name its authority in tls.ca_file."
RIGHT = "The credentials lack a permission (docs/vendors lists those needed), or the proxy blocks the vendor."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "said", "advice"),
    [
        ({"base_url": "{https}"},
         f"GET {{https}}/profile: {PLAIN} base_url, or another port (tls)", CERTIFICATE),
        ({"base_url": "https://vendor.invalid", "proxy_url": "{https}"},
         f"GET https://vendor.invalid/profile: {PLAIN} proxy_url, or another port (tls)",
         CERTIFICATE),
        ({"base_url": "https://vendor.invalid", "proxy_url": "{http}"},
         "GET https://vendor.invalid/profile: the proxy answered HTTP 403 (forbidden)", RIGHT),
    ],
)  # fmt: skip
def test_a_failure_is_said_in_words_that_lead_to_its_mending(
    settings: dict[str, str], said: str, advice: str, sandbox: Running, tmp_path: Path
) -> None:
    urls = {"http": sandbox.url, "https": sandbox.url.replace("http:", "https:")}
    placed = {name: value.format(**urls) for name, value in settings.items()}
    (tmp_path / "config.yaml").write_text(configured(sandbox.url, "ionos", **placed))
    done = ended("check", "--probe", f"--config.file={tmp_path / 'config.yaml'}", env=SECRETS)
    _, line, *_, last = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (1, "")
    assert line.startswith("ionos/acme: failed after ")
    assert line.endswith(said.format(**urls))
    assert last.endswith(f"; no figures are shown. {advice}")


@pytest.mark.parametrize(
    ("vendor", "settings", "said"),
    [
        ("netnut", {}, []),
        ("netnut", {"rate_limit": "1/1h"}, ["netnut/acme: rate_limit allows a request every 1h"]),
        ("prolifi", {"max_customers": 1000}, ["prolifi/acme: up to 2,010 requests, about 2m31s"]),
    ],
)
def test_a_long_wait_is_announced(
    vendor: str, settings: dict[str, object], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    assert list(waits(parse(configured("http://127.0.0.1:1", vendor, **settings).encode(), Path()))) == said
