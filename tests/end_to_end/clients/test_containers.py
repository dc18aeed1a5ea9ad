"""Container tools are Go programs: skopeo, with the registry code of Podman and CRI-O, follows the system's store."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.clients.table import REFUSES, TRUSTS, Command
from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(120)

CERTIFICATE = "/srv/corp.crt"
REGISTRY = {"/v2/": b"{}", "/v2/thing/tags/list": b'{"name": "thing", "tags": ["first"]}'}
AS_JSON = ("ruby", "-ryaml", "-rjson", "-e", "puts YAML.load_file(ARGV[0]).to_json")
OWN = "/home/alice/mine.pem"
MINE = f"cpus: 4\ncaCerts:\n  files:\n  - {OWN} # kept\n".encode()
SKOPEO = Command(
    "skopeo",
    ("skopeo", "list-tags", "docker://localhost:{port}/thing"),
    "x509: certificate signed by unknown authority",
    '"first"',
)


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[Throwaway, Server, Server, Root]]:
    """A throw-away root, a registry of the corporate root, and one of another root of the same name, never added."""
    corporate, unknown = make_root("Corp Root"), make_root("Corp Root")
    with (
        Server(corporate.issue("localhost"), REGISTRY) as known,
        Server(unknown.issue("localhost"), REGISTRY) as stranger,
        Throwaway() as root,
    ):
        root.write(CERTIFICATE, corporate.pem)
        root.freeze()
        yield root, known, stranger, unknown


def _phases(root: Throwaway, *servers: Server) -> list[tuple[str, ...]]:
    seen = [tuple(SKOPEO.ask(root, server) for server in servers)]
    for command in ("add", "remove"):
        root.trustinstall(command, CERTIFICATE, check=True)
        seen.append(tuple(SKOPEO.ask(root, server) for server in servers))
    return seen


def test_registry(scene: tuple[Throwaway, Server, Server, Root]) -> None:
    """Skopeo refuses the corporate registry, trusts it after `add`, refuses it after `remove`, and never another."""
    root, known, stranger, _ = scene
    root.reset()
    assert _phases(root, known, stranger) == [(REFUSES, REFUSES), (TRUSTS, REFUSES), (REFUSES, REFUSES)]


def test_directory_of_a_registry(scene: tuple[Throwaway, Server, Server, Root]) -> None:
    """A registry's own directory is trusted beside the system's roots: no managed file is needed there."""
    root, known, stranger, other = scene
    root.reset()
    for server in (known, stranger):
        root.write(f"/etc/containers/certs.d/localhost:{server.port}/ca.crt", other.pem)
    assert _phases(root, known, stranger) == [(REFUSES, TRUSTS), (TRUSTS, TRUSTS), (REFUSES, TRUSTS)]


@pytest.mark.parametrize("home", [".lima", ".colima/_lima", ".local/share/rancher-desktop/lima"])
@pytest.mark.parametrize("override", [None, b"# mine\ncpus: 4\n", MINE])
def test_override_of_virtual_machines(
    scene: tuple[Throwaway, Server, Server, Root], home: str, override: bytes | None
) -> None:
    """An engine's override names a file of roots that is there while it is named, beside alice's own; and all goes."""
    root, own = scene[0], scene[3].pem
    root.reset()
    root.write(OWN, own, user="alice")
    place = f"/home/alice/{home}"
    root.run(["mkdir", "-p", place], user="alice", check=True)
    path = f"{place}/_config/override.yaml"
    if override is not None:
        root.run(["mkdir", f"{place}/_config"], user="alice", check=True)
        root.write(path, override, user="alice")
    root.trustinstall("add", CERTIFICATE, "--yes", user="alice", check=True)
    said = json.loads(root.run([*AS_JSON, path], user="alice", check=True).stdout)
    (named,) = said["caCerts"]["files"]
    assert (said.get("cpus"), named == OWN) == (override and 4, override == MINE)
    assert root.read(CERTIFICATE).strip() in root.read(named)
    root.trustinstall("remove", CERTIFICATE, "--yes", user="alice", check=True)
    assert (root.read(path) if root.path(path).exists() else None) == override
    assert root.path(f"{place}/_config").exists() == (override is not None)
    assert root.read(OWN) == own
    assert root.path(named).exists() == (named == OWN)
