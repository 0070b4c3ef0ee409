"""An exporter that polls a vendor declared in a file: replayed by the sandbox under faults, and declared anew."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import jsonschema
import pytest
from exporter_process import ANY_PORT, Running, ended, running
from patience import DEADLINE_SECONDS
from programs import eventually

from exporter import strict_yaml
from exporter.sandbox import SIMULATIONS

pytestmark = pytest.mark.slow

VENDORS = Path(__file__).parents[2] / "declared-vendors"
FILE, REPLIES = VENDORS / "sendgrid.yaml", VENDORS / "sendgrid.replies.json"
SECRET = {"SENDGRID_API_KEY": "sandbox-secret"}
REPLAYED = [f"--vendor-file={FILE}", f"--replies={REPLIES}"]


def configuration(folder: Path, sandbox: Running, vendor: str) -> Path:
    account = {
        "vendor": "sendgrid",
        "name": "acme",
        "interval": "1s",
        "base_url": f"{sandbox.url}/sendgrid/v3",
        "api_key": "${SENDGRID_API_KEY}",
    }
    (folder / "vendor.yaml").write_text(vendor)
    file = folder / "config.yaml"
    file.write_text(json.dumps({"vendor_files": ["vendor.yaml"], "accounts": [account]}))
    return file


def shows(exporter: Running, said: str) -> Callable[[], bool]:
    return lambda: said in exporter.get("/metrics")[1]


def reload(exporter: Running) -> httpx.Response:
    return httpx.post(f"{exporter.url}/-/reload", timeout=DEADLINE_SECONDS)


def test_a_replayed_vendor_is_polled_fails_by_a_fault_and_is_declared_anew(tmp_path: Path) -> None:
    text = FILE.read_text()
    fault = "--fault=sendgrid:/v3/*:status=403;times=1"
    with (
        running(tmp_path, "sandbox", ANY_PORT, *REPLAYED, fault) as sandbox,
        running(
            tmp_path,
            "run",
            f"--config.file={configuration(tmp_path, sandbox, text)}",
            ANY_PORT,
            "--web.enable-lifecycle",
            env=SECRET,
        ) as exporter,
    ):
        eventually(
            shows(exporter, 'usage_exporter_poll_failures_total{vendor="sendgrid",account="acme",reason="forbidden"} 1')
        )
        eventually(shows(exporter, 'sendgrid_credits_used{account="acme"} 41789.0'))
        assert 'usage_quota_limit{account="acme",vendor="sendgrid",quota="credits"' in exporter.get("/metrics")[1]

        configuration(tmp_path, sandbox, text.replace("E-mails sent on credits", "Mails sent on credits"))
        assert reload(exporter).status_code == 200
        eventually(shows(exporter, "# HELP sendgrid_credits_used Mails sent on credits"))
        assert exporter.get("/metrics")[1].count("# HELP sendgrid_credits_used ") == 1

        configuration(tmp_path, sandbox, text.replace("value: used", "valu: used"))
        refused = reload(exporter)
        assert refused.status_code == 500
        assert "valu: unknown key; did you mean value?" in refused.text
        assert shows(exporter, 'sendgrid_credits_used{account="acme"} 41789.0')()


def test_the_sandbox_prints_a_configuration_for_what_it_replays_and_refuses_halves(tmp_path: Path) -> None:
    with running(tmp_path, "sandbox", ANY_PORT, *REPLAYED) as sandbox:
        said = sandbox.out.read_text()
        assert httpx.get(f"{sandbox.url}/sendgrid/v3/user/credits").json()["used"] == 41789
        assert httpx.get(f"{sandbox.url}/sendgrid/v3/user").status_code == 404
    half = ended("sandbox", REPLAYED[0])
    unknown = ended("sandbox", *REPLAYED, "--fault=sendgrod:*:status=500")

    assert '  - vendor: "sendgrid"' in said
    assert "# export SENDGRID_API_KEY=sandbox-secret" in said
    assert (half.returncode, "give --replies once for each --vendor-file" in half.stderr) == (2, True)
    assert (unknown.returncode, f"{', '.join(SIMULATIONS)}, sendgrid, *" in unknown.stderr) == (2, True)


def test_the_schema_knows_declared_vendors(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps({"vendor_files": [str(VENDORS / "*.yaml")]}))

    printed = ended("schema", f"--config.file={file}")
    plain = ended("schema")

    definitions = json.loads(printed.stdout)["$defs"]
    assert definitions["SendgridAccount"]["properties"]["api_key"]["description"].startswith("API key with the scope")
    assert definitions.keys() - json.loads(plain.stdout)["$defs"].keys() == {
        "SendgridAccount",
        "TwilioAccount",
        "OpenaiAccount",
    }


def test_the_schema_of_a_vendor_file_accepts_those_that_there_are() -> None:
    schema = json.loads(ended("vendor", "schema").stdout)
    for file in VENDORS.glob("*.yaml"):
        jsonschema.validate(strict_yaml.load(file.read_bytes()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"vendor": "x"}, schema)
