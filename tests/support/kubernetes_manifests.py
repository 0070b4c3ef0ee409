"""The Kubernetes manifests as they reach a cluster, and what a pod makes of them.

They are rendered as kustomize would, by as much of it as they use: another field in a kustomization fails the test.
"""

import re
from pathlib import Path
from typing import Any, Final

import yaml

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

_FIELDS: Final = {"apiVersion", "kind", "resources", "configMapGenerator", "generatorOptions", "patches"}

Manifest = dict[str, Any]


def documents(path: Path) -> list[Any]:
    """The YAML documents of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def rendered(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` would apply."""
    (kustomization,) = documents(folder / "kustomization.yaml")
    assert kustomization["apiVersion"] == "kustomize.config.k8s.io/v1beta1"
    assert kustomization["kind"] == "Kustomization"
    assert kustomization.keys() <= _FIELDS
    manifests: list[Manifest] = []
    for name in kustomization["resources"]:
        path = folder / name
        manifests += rendered(path) if path.is_dir() else documents(path)
    for generator in kustomization.get("configMapGenerator", ()):
        assert kustomization["generatorOptions"] == {"disableNameSuffixHash": True}
        manifests.append(_config_map(folder, **generator))
    for patch in kustomization.get("patches", ()):
        (document,) = documents(folder / patch["path"])
        _patch(manifests, patch["target"], document)
    return manifests


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


def _config_map(folder: Path, name: str, files: list[str]) -> Manifest:
    data = {file: (folder / file).read_text() for file in files}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def _patch(manifests: list[Manifest], target: dict[str, str], operations: list[Manifest]) -> None:
    """Apply a JSON patch (RFC 6902) to the one manifest that it is for."""
    version = f"{target['group']}/{target['version']}"
    wanted = (version, target["kind"], target["name"])
    (manifest,) = (
        manifest
        for manifest in manifests
        if (manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"]) == wanted
    )
    for operation in operations:
        _apply(manifest, **operation)


def _apply(manifest: Manifest, op: str, path: str, value: object) -> None:
    *way, last = path.removeprefix("/").split("/")
    place: Any = manifest
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    if op == "add" and isinstance(place, list) and last == "-":
        place.append(value)
        return
    assert isinstance(place, dict)
    assert (op == "replace") is (last in place), path
    place[last] = value
