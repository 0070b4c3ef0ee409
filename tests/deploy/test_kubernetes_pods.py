"""What a pod runs: its command line, configuration, secrets, probes and memory."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kept_logging import kept_logging
from kubernetes_manifests import (
    BASE,
    NAME,
    ROOT,
    SECRETS,
    SHARDED,
    arguments,
    bytes_of,
    container_of,
    documents,
    one,
    rendered,
    secrets_of,
)

from exporter.cli.main import main
from exporter.config import digest, load
from exporter.vendors import VENDORS
from exporter.web.addresses import DEFAULT_ADDRESS, split_address

pytestmark = pytest.mark.live

PODS = [(BASE, 0), (SHARDED, 0), (SHARDED, 1), (SHARDED, 2)]
CONFIGURATION = (BASE / "config.yaml").read_text()
SECRET_FILES = re.findall(r"_file: (\S+)", CONFIGURATION)
# What the numbers in the comments of the manifests come from.
PROCESS_BYTES = 60 * 10**6
SERIES_BYTES = 250
SHARDED_SERIES = 1_000_000


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with kept_logging():
        yield


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """The configuration in a file, and the Secrets that the README makes beside it."""
    text = CONFIGURATION
    for name, mounted in secrets_of(rendered(BASE)).items():
        here = tmp_path / name
        here.mkdir()
        for key in SECRETS[name]:
            (here / key).write_text(f"an-invented-{key}\n")
        text = text.replace(f"{mounted}/", f"{here}/")
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def check(path: Path) -> Result:
    return CliRunner().invoke(main, ["check", f"--config.file={path}"])


@pytest.mark.parametrize(("folder", "index"), PODS, ids=lambda one: getattr(one, "name", str(one)))
def test_the_command_line_of_each_pod_is_accepted(folder: Path, index: int, tmp_path: Path) -> None:
    command, *options = arguments(rendered(folder), index)
    here = [re.sub(r"^(--storage\.path=).*", rf"\g<1>{tmp_path}", option) for option in options]

    # A command keeps the names of its help flags that it has in its first context, so that must be as in a run.
    parent = main.make_context("usage-exporter", [command])
    with main.commands[command].make_context(command, here, parent=parent) as context:
        assert context.params["file"] == Path("/etc/usage-exporter/config.yaml")
        assert context.params["addresses"] == (f":{split_address(DEFAULT_ADDRESS)[1]}",)


def test_there_are_as_many_pods_as_shards_and_each_is_another() -> None:
    pods = one(rendered(SHARDED), "StatefulSet")["spec"]["replicas"]
    shards = [
        {option for option in arguments(rendered(SHARDED), index) if re.match(r"--(total-)?shards?=", option)}
        for index in range(pods)
    ]

    assert shards == [{f"--shard={index}", f"--total-shards={pods}"} for index in range(pods)]


@pytest.mark.parametrize("folder", [BASE, SHARDED], ids=lambda folder: folder.name)
def test_probes_ask_pages_that_there_are(folder: Path) -> None:
    pages = (ROOT / "exporter" / "web" / "pages.py").read_text()
    container = container_of(rendered(folder))
    probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}

    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert all(f'"{probe["path"]}"' in pages for probe in probes.values())
    assert probes["startup"]["path"] == probes["liveness"]["path"] == "/-/healthy"


def test_the_configuration_is_well_with_the_secrets_that_the_readme_makes(configuration: Path) -> None:
    checked = check(configuration)

    assert checked.exit_code == 0, checked.output
    assert {account.vendor for account in load(configuration).accounts} <= VENDORS.keys()
    assert sorted(SECRET_FILES) == sorted(
        f"{mounted}/{key}" for name, mounted in secrets_of(rendered(BASE)).items() for key in SECRETS[name]
    )


def test_a_vendor_without_its_secret_is_said_by_the_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIGURATION)

    checked = check(tmp_path / "config.yaml")

    assert checked.exit_code == 2
    for path in SECRET_FILES:
        assert f"the file {path} cannot be read" in checked.output


def test_a_change_of_the_config_map_is_seen_in_the_pod(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    for name in ("..first", "..second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / path.name).write_text(f"# {name}")
    (tmp_path / "..data").symlink_to("..first")
    path.symlink_to(f"..data/{path.name}")
    before = digest(path)
    (tmp_path / "..data_tmp").symlink_to("..second")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")  # as the kubelet does

    assert digest(path) != before
    container = container_of(rendered(BASE))
    assert "--config.auto-reload" in container["args"]
    assert not [mount for mount in container["volumeMounts"] if "subPath" in mount], "it would never change"


def test_the_memory_is_enough_for_all_series_that_there_may_be(configuration: Path) -> None:
    pods = one(rendered(SHARDED), "StatefulSet")["spec"]["replicas"]
    series = {
        BASE: sum(account.max_series for account in load(configuration).accounts),
        SHARDED: SHARDED_SERIES / pods,
    }

    for folder, most in series.items():
        resources = container_of(rendered(folder))["resources"]
        needed = PROCESS_BYTES + SERIES_BYTES * most
        assert needed < bytes_of(resources["requests"]["memory"]) < bytes_of(resources["limits"]["memory"])


def test_the_memory_of_one_process_is_limited_as_in_the_other_deployments() -> None:
    (compose,) = documents(ROOT / "deploy" / "compose.yaml")
    unit = (ROOT / "deploy" / "systemd" / "usage-exporter.service").read_text()
    (limit,) = re.findall(r"(?m)^MemoryMax=(\d+)M$", unit)

    assert container_of(rendered(BASE))["resources"]["limits"] == {"memory": f"{limit}Mi"}
    assert compose["services"][NAME]["mem_limit"] == f"{limit}m"
