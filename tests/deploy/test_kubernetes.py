"""The Kubernetes manifests are valid, refer to what there is, and give the exporter no rights."""

import re
import shutil
from ipaddress import ip_network
from pathlib import Path

import pytest
from kubernetes_manifests import (
    BASE,
    FOLDER,
    NAME,
    OPERATOR,
    README,
    ROOT,
    SECRETS,
    SHARDED,
    container_of,
    documents,
    files_of,
    one,
    pod_of,
    rendered,
    secrets_of,
)
from kubernetes_validate import validate  # type: ignore[import-untyped]  # it has no types
from kubernetes_validate.utils import all_versions  # type: ignore[import-untyped]  # the same

from exporter import __version__
from exporter.web.addresses import DEFAULT_ADDRESS, split_address

pytestmark = [pytest.mark.slow, pytest.mark.live]

LABELS = {"app.kubernetes.io/name": NAME}
KINDS = {
    BASE: ["ConfigMap", "NetworkPolicy", "Service", "ServiceAccount", "StatefulSet"],
    SHARDED: ["ConfigMap", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount", "StatefulSet"],
    OPERATOR: ["PrometheusRule", "ServiceMonitor"],
}
OLDEST = (1, 28)
VERSIONS = sorted({version for version in all_versions() if tuple(map(int, version.split(".")))[:2] >= OLDEST})

exporters = pytest.mark.parametrize("folder", [BASE, SHARDED], ids=lambda folder: folder.name)


@pytest.mark.parametrize("folder", KINDS, ids=lambda folder: folder.name)
def test_a_folder_applies_what_it_says_and_forces_no_namespace(folder: Path) -> None:
    manifests = rendered(folder)

    assert sorted(manifest["kind"] for manifest in manifests) == KINDS[folder]
    for manifest in manifests:
        assert {"labels": LABELS, **manifest["metadata"]} == {"name": NAME, "labels": LABELS}


def test_every_file_is_applied_by_some_folder() -> None:
    assert set(FOLDER.rglob("*.yaml")) == {path for folder in KINDS for path in files_of(folder)}


@exporters
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_accepts_the_manifests(folder: Path, version: str) -> None:
    for manifest in rendered(folder):
        validate(manifest, version, strict=True)


@exporters
def test_what_a_manifest_refers_to_is_there(folder: Path) -> None:
    manifests = rendered(folder)
    pod, container = pod_of(manifests), container_of(manifests)
    (port,) = container["ports"]
    claims = {claim["metadata"]["name"] for claim in one(manifests, "StatefulSet")["spec"]["volumeClaimTemplates"]}
    volumes = {volume["name"] for volume in pod["volumes"]} | claims
    config_maps = [volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume]

    assert one(manifests, "StatefulSet")["spec"]["serviceName"] == one(manifests, "Service")["metadata"]["name"]
    assert pod["serviceAccountName"] == one(manifests, "ServiceAccount")["metadata"]["name"]
    assert config_maps == [one(manifests, "ConfigMap")["metadata"]["name"]]
    assert secrets_of(manifests).keys() == SECRETS.keys()
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    assert port == {"name": "http", "containerPort": split_address(DEFAULT_ADDRESS)[1]}
    (served,) = one(manifests, "Service")["spec"]["ports"]
    assert served == {"name": "http", "port": port["containerPort"], "targetPort": "http"}


@exporters
def test_selectors_choose_the_pods_and_each_pod_is_scraped_by_itself(folder: Path) -> None:
    manifests = rendered(folder)
    workload = one(manifests, "StatefulSet")["spec"]
    selectors = [workload["selector"], one(manifests, "NetworkPolicy")["spec"]["podSelector"]]
    selectors += [manifest["spec"]["selector"] for manifest in manifests if manifest["kind"] == "PodDisruptionBudget"]
    selectors += [spread["labelSelector"] for spread in pod_of(manifests).get("topologySpreadConstraints", ())]

    assert workload["template"]["metadata"] == {"labels": LABELS}
    assert all(selector == {"matchLabels": LABELS} for selector in selectors)
    assert one(manifests, "Service")["spec"]["selector"] == LABELS
    assert one(manifests, "Service")["spec"]["clusterIP"] == "None"


@exporters
def test_the_pod_runs_the_image_as_its_user_without_rights(folder: Path) -> None:
    pod, container = pod_of(rendered(folder)), container_of(rendered(folder))
    (user,) = re.findall(r"(?m)^USER (\d+):\1$", (ROOT / "Dockerfile").read_text())
    (compose,) = documents(ROOT / "deploy" / "compose.yaml")

    assert container["image"] == compose["services"][NAME]["image"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        **dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), int(user)),
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "hostUsers"} & pod.keys()
    assert pod["automountServiceAccountToken"] is False
    assert one(rendered(folder), "ServiceAccount")["automountServiceAccountToken"] is False


@exporters
def test_only_the_storage_can_be_written_and_only_the_pods_user_reads_the_secrets(folder: Path) -> None:
    pod, container = pod_of(rendered(folder)), container_of(rendered(folder))
    writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]

    assert [f"--storage.path={path}" for path in writable] == [
        argument for argument in container["args"] if argument.startswith("--storage.path")
    ]
    assert {volume["secret"]["defaultMode"] for volume in pod["volumes"] if "secret" in volume} == {0o440}


@exporters
def test_the_network_policy_lets_scrapes_in_and_names_and_https_out(folder: Path) -> None:
    policy = one(rendered(folder), "NetworkPolicy")["spec"]
    names, vendors = policy["egress"]

    assert [rule["ports"] for rule in policy["ingress"]] == [[{"port": "http", "protocol": "TCP"}]]
    assert [port["port"] for port in names["ports"]] == [53, 53]
    assert vendors["ports"] == [{"port": 443, "protocol": "TCP"}]
    for block in (to["ipBlock"] for to in vendors["to"]):
        assert all(ip_network(part).subnet_of(ip_network(block["cidr"])) for part in block["except"])  # type: ignore[arg-type]  # of one version
    assert {to["ipBlock"]["cidr"] for to in vendors["to"]} == {"0.0.0.0/0", "::/0"}


def test_the_readme_applies_folders_that_there_are() -> None:
    applied = re.findall(r"kubectl apply -k (\S+)", README)

    assert f"docker build -t registry.example.com/{NAME}:{__version__} ." in README
    assert [ROOT / path for path in applied] == [BASE, OPERATOR]


def test_the_readmes_own_kustomization_has_its_configuration_image_and_namespace(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n# kustomization.yaml.*?\n(.*?)```", README, re.DOTALL)
    own = tmp_path / "own"
    own.mkdir()
    (own / "kustomization.yaml").write_text(text)
    (own / "config.yaml").write_text("accounts: []\n")
    shutil.copytree(FOLDER, tmp_path / "usage-exporter" / FOLDER.relative_to(ROOT))

    manifests = rendered(own)

    assert sorted(manifest["kind"] for manifest in manifests) == sorted(KINDS[BASE] + KINDS[OPERATOR])
    assert {manifest["metadata"]["namespace"] for manifest in manifests} == {"usage"}
    assert one(manifests, "ConfigMap")["data"] == {"config.yaml": "accounts: []\n"}
    assert one(manifests, "ConfigMap")["metadata"]["name"] == NAME
    assert container_of(manifests)["image"] == f"registry.example.com/{NAME}:{__version__}"
