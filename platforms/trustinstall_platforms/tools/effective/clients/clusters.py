"""Clients of container registries and clusters, whose settings name roots for one registry, repository or cluster.

The roots of such a setting of a registry are trusted beside the system's roots: real for a directory of certificates
(tests/end_to_end/clients/test_containers.py). Helm and kubectl trust no other roots there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective import paths
from trustinstall_platforms.tools.effective.model import Mode
from trustinstall_platforms.tools.effective.reading import LYING, Reader, Said, UnreadableError
from trustinstall_platforms.tools.effective.rows import PLAIN, Client, Expansion, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall_platforms.tools.effective.model import Scene

_DOCKER = ("/etc/docker/certs.d", "{XDG_CONFIG_HOME|~/.config}/docker/certs.d")
_CONTAINERD = ("/etc/containerd/certs.d", "{XDG_CONFIG_HOME|~/.config}/containerd/certs.d")
_RANCHER = (("k3s", "/etc/rancher/k3s/registries.yaml"), ("rke2", "/etc/rancher/rke2/registries.yaml"))
_DOCKER_SOURCE = "Docker documentation, Verify repository client with certificates; moby, registry.ReadCertsDirectory"
_CONTAINERD_SOURCE = "containerd, docs/hosts.md, ca field; nerdctl, docs/registry.md (rootless)"
_RANCHER_SOURCE = "K3s documentation, Private Registry Configuration; RKE2 documentation, Containerd Registry"
_HELM_SOURCE = "Helm documentation, helm repo add, --ca-file; helm, pkg/repo, Entry.CAFile"
_KUBECTL_SOURCE = (
    "Kubernetes documentation, Organizing Cluster Access Using kubeconfig Files; client-go, TLSClientConfig"
)
_BESIDE_FILE = Expansion(relative="file")


def limited(scene: Scene) -> Iterator[Client]:
    """Yield a client for each registry, repository and cluster that has a setting of its own."""
    yield from _registries(scene, "Docker", _DOCKER)
    yield from _registries(scene, "containerd", _CONTAINERD)
    for name, path in _RANCHER:
        for one in _said(scene, "yaml-tree", path):
            if one.key[:1] == ("configs",) and one.key[2:] == ("tls", "ca_file"):
                place = Place(files=(path,), key=one.key, format="yaml-tree", mode=Mode.ADDS, source=_RANCHER_SOURCE)
                yield Client(f"{name} for {one.key[1]}", (place,), PLAIN, systems=("linux",))
    yield from _named(scene, "Helm", _helm_files(scene), ("repositories",), ("caFile",), _HELM_SOURCE)
    key = ("cluster", "certificate-authority")
    yield from _named(scene, "kubectl", _kube_files(scene), ("clusters",), key, _KUBECTL_SOURCE)


def _registries(scene: Scene, name: str, tops: tuple[str, ...]) -> Iterator[Client]:
    """Yield a client for each registry that has a directory with certificates, or with a hosts.toml that names some."""
    for top in paths.every(scene, tops):
        for registry in scene.host.names(top):
            directory = f"{top}/{registry}"
            hosts = f"{directory}/hosts.toml"
            source = _DOCKER_SOURCE if name == "Docker" else _CONTAINERD_SOURCE
            if name != "Docker" and scene.host.status(hosts) is not None:
                keys = [one.key for one in _said(scene, "hosts.toml", hosts) if one.key[-1] == "ca"]
                places = [
                    Place(files=(hosts,), key=key, format="hosts.toml", mode=Mode.ADDS, expansion=_LIST, source=source)
                    for key in dict.fromkeys(keys)
                ]
            else:
                files = [f"{directory}/{one}" for one in scene.host.names(directory) if one.endswith(".crt")]
                places = [
                    Place(files=(file,), key=LYING, format="lying", mode=Mode.ADDS, source=source) for file in files
                ]
            if places:
                yield Client(f"{name} for {registry}", tuple(places), PLAIN, systems=("linux",))


_LIST = Expansion(relative="file", separator="\n")


def _named(
    scene: Scene, client: str, files: tuple[str, ...], top: tuple[str, ...], key: tuple[str, ...], source: str
) -> Iterator[Client]:
    """Yield a client for each item of a list that names a file of roots, by the name of the item."""
    for path in files:
        said = _said(scene, "yaml-tree", path)
        names = {one.key[:-1]: one.value for one in said if one.key[-1] == "name"}
        for one in said:
            if one.key[:1] == top and one.key[2:] == key:
                place = Place(files=(path,), key=one.key, format="yaml-tree", expansion=_BESIDE_FILE, source=source)
                yield Client(f"{client} for {names.get(one.key[:2], one.key[1])}", (place,), PLAIN)


def _helm_files(scene: Scene) -> tuple[str, ...]:
    mac = scene.host.platform == "darwin"
    usual = "~/Library/Preferences/helm" if mac else "{XDG_CONFIG_HOME|~/.config}/helm"
    directory = "{HELM_CONFIG_HOME}" if scene.session.value("HELM_CONFIG_HOME") else usual
    named = scene.session.value("HELM_REPOSITORY_CONFIG")
    return paths.every(scene, (named or f"{directory}/repositories.yaml",))


def _kube_files(scene: Scene) -> tuple[str, ...]:
    named = [one for one in (scene.session.value("KUBECONFIG") or "").split(":") if one]
    return paths.every(scene, tuple(named or ["~/.kube/config"]))


def _said(scene: Scene, format_: str, path: str) -> Sequence[Said]:
    try:
        return Reader(scene.host, scene.home).read(format_, path)
    except UnreadableError:  # a file that only its own program can interpret names nothing here
        return []
