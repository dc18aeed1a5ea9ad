"""Programs that bring public roots along and are in no table: real clients refuse a server, and then do not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(600)

CERTIFICATE = "/srv/corp.crt"
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
#: A program of an omnibus package, and one that alice has unpacked at home, each with roots of its own.
PROGRAMS = {"/opt/agent/embedded": "root", "/home/alice/apps/tool": "alice"}
_CURL = """#!/bin/sh
exec curl --silent --show-error --capath /nonexistent --cacert "${0%/bin/fetch}/ssl/cacert.pem" "$@"
"""
#: What is no program's: a download, and a checkout's test.
OTHERS = ("/home/alice/Downloads/cacert.pem", "/home/alice/src/app/tests/cacert.pem")


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[Throwaway, Server]]:
    """A throw-away root with the programs, and a server under a root that no program knows yet."""
    corporate = make_root("Corp Root")
    with Server(corporate.issue("localhost", "127.0.0.1")) as server, Throwaway() as root:
        public = root.read(SYSTEM)
        for place, user in PROGRAMS.items():
            root.write(f"{place}/bin/fetch", _CURL, mode=0o755, user=user)
            root.write(f"{place}/ssl/cacert.pem", public, user=user)
        root.write("/home/alice/src/app/.git/HEAD", "ref: refs/heads/main\n", user="alice")
        for path in OTHERS:
            root.write(path, public, user="alice")
        root.write("/var/lib/dpkg/info/example-agent.list", "/.\n/opt\n/opt/agent\n/opt/agent/embedded\n")
        root.write(CERTIFICATE, corporate.pem)
        root.freeze()
        yield root, server


def answers(root: Throwaway, server: Server) -> list[int]:
    """How each program ends: 0 where it trusts the server, 60 where it refuses its certificate (curl(1))."""
    return [root.run([f"{place}/bin/fetch", server.url], user=user).returncode for place, user in PROGRAMS.items()]


def test_programs_trust_what_was_added(scene: tuple[Throwaway, Server]) -> None:
    """`add` reaches both programs, changes no download and no checkout, and `remove` gives every byte back."""
    root, server = scene
    public = root.read(SYSTEM)
    assert answers(root, server) == [60, 60]
    added = root.trustinstall("add", "--json", "--for-user", "alice", CERTIFICATE, check=True, timeout=300)
    stores = {one["id"]: one for one in json.loads(added.stdout)["stores"]}
    paths = [f"{place}/ssl/cacert.pem" for place in PROGRAMS]
    assert [stores[f"embedded:{path}"]["result"] for path in paths] == ["added", "added"]
    assert "package example-agent" in root.trustinstall("stores", "--json", check=True).stdout
    assert answers(root, server) == [0, 0]
    assert [root.read(path) for path in OTHERS] == [public, public]
    root.trustinstall("remove", CERTIFICATE, check=True, timeout=300)
    assert answers(root, server) == [60, 60]
    assert [root.read(path) for path in paths] == [public, public]
