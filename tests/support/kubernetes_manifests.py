"""The Kubernetes manifests as kubectl sends them to a cluster, and what a pod makes of them."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from servers import NEWEST, run_tool

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "deploy" / "kubernetes"
BASE, SHARDED, OPERATOR = (FOLDER / name for name in ("base", "overlays/sharded", "prometheus-operator"))

NAME: Final = "usage-exporter"
README: Final = (FOLDER / "README.md").read_text()
SECRETS: Final[dict[str, list[str]]] = {
    name: keys.replace("--from-file=", "").split()
    for name, keys in re.findall(r"kubectl create secret generic (\S+)((?: --from-file=\S+)+)", README)
}
"""The Secrets that the README has made, with their keys."""

Manifest = dict[str, Any]


def documents(path: Path) -> list[Any]:
    """The YAML documents of a file."""
    return list(yaml.safe_load_all(path.read_text()))


@cache
def rendered(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` applies."""
    done = run_tool("kubectl", NEWEST, "kustomize", folder)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def files_of(folder: Path) -> set[Path]:
    """The files that a kustomization is made of, itself included."""
    (kustomization,) = documents(folder / "kustomization.yaml")
    names = [*kustomization["resources"], *(patch["path"] for patch in kustomization.get("patches", ()))]
    names += [name for generator in kustomization.get("configMapGenerator", ()) for name in generator["files"]]
    found = {folder / "kustomization.yaml"}
    for path in (folder / name for name in names):
        found |= files_of(path.resolve()) if path.is_dir() else {path}
    return found


def one(manifests: list[Manifest], kind: str) -> Manifest:
    """The manifest of a kind, of which there is one."""
    (found,) = (manifest for manifest in manifests if manifest["kind"] == kind)
    return found


def pod_of(manifests: list[Manifest]) -> Manifest:
    """The pod's specification."""
    found: Manifest = one(manifests, "StatefulSet")["spec"]["template"]["spec"]
    return found


def container_of(manifests: list[Manifest]) -> Manifest:
    """The exporter's container."""
    (found,) = pod_of(manifests)["containers"]
    assert isinstance(found, dict)
    return found


def secrets_of(manifests: list[Manifest]) -> dict[str, str]:
    """The pod's Secrets, each with the folder where its keys are files."""
    mounted = {mount["name"]: mount["mountPath"] for mount in container_of(manifests)["volumeMounts"]}
    volumes = pod_of(manifests)["volumes"]
    return {volume["secret"]["secretName"]: mounted[volume["name"]] for volume in volumes if "secret" in volume}


def arguments(manifests: list[Manifest], index: int) -> list[str]:
    """The command line of the pod of a number, its variables replaced as the kubelet does."""
    labels = {"metadata.labels['apps.kubernetes.io/pod-index']": str(index)}
    container = container_of(manifests)
    variables = {
        variable["name"]: labels[variable["valueFrom"]["fieldRef"]["fieldPath"]]
        for variable in container.get("env", ())
    }
    return [re.sub(r"\$\((\w+)\)", lambda found: variables[found[1]], argument) for argument in container["args"]]


def bytes_of(quantity: str) -> int:
    """An amount of memory, such as 256Mi."""
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", quantity).groups()  # type: ignore[union-attr]  # or the test fails
    return int(number) * {"Mi": 2**20, "Gi": 2**30}[unit]
