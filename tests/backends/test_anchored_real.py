"""RHEL's, SUSE's, Arch's and Alpine's store with p11-kit's own engine, real clients and what others do to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.table import REFUSES, TRUSTS, URLLIB, VERIFY_FAILED, Command
from tests.support.families import COUNT, LAYOUTS, Layout, lay_out
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)

CERTIFICATE = "/srv/corp.crt"
STORES = {"el9": "rhel", "fedora": "rhel", "suse": "suse", "arch": "arch", "alpine": "alpine"}
P11_KIT = [name for name, layout in LAYOUTS.items() if layout.shipped]
#: Where these distributions' own builds look; Debian's curl names a file that SUSE does not have.
PLACES = {"suse": ("--cacert", "/var/lib/ca-certificates/ca-bundle.pem", "--capath", "/etc/ssl/certs")}


class System:
    """A throw-away root of one layout, with a corporate root in a file."""

    def __init__(self, root: Throwaway, name: str) -> None:
        """Lay it out."""
        self.root, self.name, self.corp = root, name, make_root("Corp Root")
        self.layout: Layout = lay_out(root, name)
        root.write(CERTIFICATE, self.corp.pem)

    def tool(self) -> None:
        """Run the distribution's tool, as an administrator does."""
        self.root.run([self.layout.tool, *self.layout.arguments], check=True)

    def outcome(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run the program for this store: its exit code, and what it says of the store."""
        done = self.root.trustinstall(*arguments, "--json", "--store", STORES[self.name])
        (store,) = json.loads(done.stdout)["stores"]
        return done.returncode, store

    def bundle(self) -> bytes:
        """What clients read, without comments."""
        content = self.root.read(self.layout.bundle)
        return b"\n".join(line for line in content.splitlines() if not line.startswith(b"#"))

    @property
    def shows_it(self) -> bool:
        """Whether the corporate root is in the bundle, by its text."""
        return self.corp.pem.splitlines()[3] in self.bundle()


@pytest.fixture
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """A system of the layout that the test names."""
    with Throwaway(java=False) as root:
        yield System(root, request.param)


def layouts(*names: str) -> pytest.MarkDecorator:
    """Run the test on these."""
    return pytest.mark.parametrize("system", names, indirect=True)


@layouts(*LAYOUTS)
def test_clients_refuse_trust_and_refuse(system: System) -> None:
    """Python and curl refuse a server of the root before `add`, trust it after, and refuse it after `remove`."""
    curl = ("curl", "--silent", "--show-error", *PLACES.get(system.name, ()), "{url}")
    clients = (
        Command("curl", curl, "SSL certificate problem"),
        Command("urllib", ("/usr/bin/python3", "-c", URLLIB, "{url}"), VERIFY_FAILED),
    )
    with (
        Server(system.corp.issue("localhost")) as corporate,
        Server(make_root("Corp Root").issue("localhost")) as other,
    ):
        seen = [[client.ask(system.root, corporate) for client in clients]]
        for command in ("add", "remove"):
            system.root.trustinstall(command, CERTIFICATE, check=True)
            seen.append([client.ask(system.root, corporate) for client in clients])
            assert [client.ask(system.root, other) for client in clients] == [REFUSES, REFUSES]
    assert seen == [[REFUSES, REFUSES], [TRUSTS, TRUSTS], [REFUSES, REFUSES]]


@layouts(*P11_KIT)
def test_trust_anchor_is_recognised_and_left(system: System) -> None:
    """What `trust anchor` has stored is trusted already and not removed; the error's own advice removes it."""
    compat = f"#!/bin/sh\nexec {system.layout.tool} {' '.join(system.layout.arguments)}\n"
    system.root.write("/usr/libexec/p11-kit/trust-extract-compat", compat, mode=0o755)
    system.root.run(["trust", "anchor", CERTIFICATE], check=True)
    assert system.shows_it

    assert system.outcome("add", CERTIFICATE)[1]["result"] == "already"
    assert system.outcome("remove", CERTIFICATE)[1]["result"] == "foreign"
    code, store = system.outcome("remove", "--foreign", "--sha256", system.corp.sha256)
    assert (code, store["result"]) == (1, "failed")
    assert "trust anchor --remove" in store["detail"]
    assert system.shows_it
    system.root.run(["trust", "anchor", "--remove", CERTIFICATE], check=True)
    assert not system.shows_it


@layouts(*P11_KIT)
def test_a_blocklist_is_named_before_anything_is_written(system: System) -> None:
    """The engine drops what is blocked without a word; the error says which file does that."""
    blocked = f"{system.layout.blocklist}/bad.pem"
    system.root.write(blocked, system.corp.pem)
    by_hand = system.root.write(f"{system.layout.anchors}/by-hand.pem", system.corp.pem)
    system.tool()
    assert not system.shows_it
    system.root.path(by_hand).unlink()
    system.root.freeze()

    code, store = system.outcome("add", CERTIFICATE)
    assert (code, store["result"]) == (1, "failed")
    assert blocked in store["detail"]
    assert system.layout.anchors not in "".join(system.root.changes())


@layouts(*P11_KIT)
def test_what_the_engine_left_out_is_a_problem(system: System) -> None:
    """A leaf in the anchors' directory gets no trust; it is named, and does not keep others from being added."""
    leaf = system.corp.issue("leaf.example")
    system.root.write(f"{system.layout.anchors}/leaf.pem", leaf.pem)
    system.tool()

    assert "leaf.pem is not in" in system.root.trustinstall("stores", check=True).stdout.replace("\n     ", "")
    assert system.outcome("add", CERTIFICATE)[1]["result"] == "added"
    assert system.shows_it


@layouts("fedora")
def test_a_lost_race_is_run_again(system: System) -> None:
    """EL10's tool stops half-way with status 1 where another one runs: bundle made, hash links not. Then once more."""
    real = f"{system.layout.tool}.real"
    system.root.write(real, system.root.read(system.layout.tool), mode=0o755)
    links = f"{system.layout.directory}"
    system.root.write(
        system.layout.tool,
        f"#!/bin/sh\nif [ -e /var/tmp/lost ]; then exec {real} extract; fi\ntouch /var/tmp/lost\n"
        f"cp -a {links} /var/tmp/links\n{real} extract\nchmod u+w {links}\nrm -rf {links}\nmv /var/tmp/links {links}\n"
        "exit 1\n",
        mode=0o755,
    )

    assert system.outcome("add", CERTIFICATE)[1]["result"] == "added"
    assert system.root.read(COUNT).count(b"run") == 2
    verified = system.root.run(["openssl", "verify", "-no-CAfile", "-CApath", links, CERTIFICATE])
    assert verified.returncode == 0, verified


@layouts("alpine")
def test_where_only_the_bundle_package_is(system: System) -> None:
    """Alpine's smallest images: listed, not written, and the package that helps is named."""
    system.root.run(["rm", "-r", system.layout.tool, "/usr/share/ca-certificates"], check=True)
    before = system.bundle()

    code, store = system.outcome("add", CERTIFICATE)
    assert (code, store["result"]) == (1, "failed")
    assert "apk add ca-certificates" in store["detail"]
    assert system.bundle() == before
