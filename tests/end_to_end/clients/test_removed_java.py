"""Debian's hook never tells the Java keystore that a root has gone; the program has to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.clients.conftest import CERTIFICATE, Scene
from tests.end_to_end.clients.table import CLIENTS, REFUSES, TRUSTS, Client
from tests.support.keytool import KEYTOOL
from tests.support.throwaway import Throwaway

pytestmark = pytest.mark.timeout(120)

(JAVA,) = (client for client in CLIENTS if client.name == "java")
BY_HAND = "/usr/local/share/ca-certificates/corp.crt"


@pytest.fixture
def fresh(scene: Scene) -> Iterator[Scene]:
    """The scene as it was set up, without the changes of other tests."""
    scene.root.reset()
    yield scene
    scene.root.reset()


def aliases(root: Throwaway) -> list[str]:
    """The entries of Debian's Java keystore."""
    listed = root.run([*KEYTOOL, "-list", "-cacerts", "-storepass", "changeit"], check=True)
    return sorted(line.split(",")[0] for line in listed.stdout.splitlines() if "trustedCertEntry" in line)


def ask(client: Client, scene: Scene) -> str:
    """What a client does with the corporate server."""
    return client.ask(scene.root, scene.corporate)


def test_bare_tool_leaves_it(fresh: Scene) -> None:
    """After a copy, `update-ca-certificates`, removal and the same again, Java still trusts: the trouble is real."""
    fresh.root.write(BY_HAND, fresh.root.read(CERTIFICATE))
    fresh.root.run(["update-ca-certificates"], check=True)
    assert ask(JAVA, fresh) == TRUSTS
    fresh.root.run(["rm", BY_HAND], check=True)
    fresh.root.run(["update-ca-certificates"], check=True)
    assert ask(JAVA, fresh) == TRUSTS


def test_program_takes_it_out(fresh: Scene) -> None:
    """After `add` and `remove` the keystore has the entries that it had, and Java refuses."""
    before = aliases(fresh.root)
    assert len(before) > 50
    fresh.root.trustinstall("add", CERTIFICATE, check=True)
    assert len(aliases(fresh.root)) == len(before) + 1
    assert ask(JAVA, fresh) == TRUSTS
    fresh.root.trustinstall("remove", CERTIFICATE, check=True)
    assert aliases(fresh.root) == before
    assert ask(JAVA, fresh) == REFUSES
