"""Systems whose trust is declared elsewhere: nothing is written, and what to declare is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.pki import make_root
from tests.support.throwaway import NOISE, Throwaway
from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import StoreError
from trustinstall.host import Account, Host
from trustinstall.stores.desired import Change
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.linux.declarative import DeclaredStore
from trustinstall_platforms.linux.declared_systems import SYSTEMS

BACKEND = DeclaredStore()
CORP = make_root("Corp Root")
SAYS = {
    "nixos": ("security.pki.certificateFiles", "nixos-rebuild switch"),
    "guix": ("operating-system", "guix system reconfigure"),
    "bottlerocket": ("settings.pki.corp.trusted=true", "settings.pki.corp.data"),
    "talos": ("TrustedRootsConfig",),
    "cos": ("/etc/ssl/certs/corp.pem", "update-ca-certificates", "at each start"),
    "openwrt": (">>/etc/ssl/certs/ca-certificates.crt", "openssl x509 -hash", "/etc/sysupgrade.conf"),
}


def machine(top: Path, name: str) -> Host:
    """A machine of that ID."""
    (top / "etc").mkdir()
    (top / "etc/os-release").write_text(f"ID={name}\n")
    return Host("linux", str(top), {}, Account(0, 0, "root", "/root"))


def test_every_system_is_proved() -> None:
    """A row of the table without a row of the test is an error."""
    assert {system.id for system in SYSTEMS} == SAYS.keys()


@pytest.mark.parametrize("name", SAYS)
def test_what_to_declare_is_said(name: str, tmp_path: Path) -> None:
    """One store, which is not writable, whose reason holds the exact words to declare, on one printable line."""
    host = machine(tmp_path, name)
    (store,) = BACKEND.discover(host, DiscoveryOptions())

    assert all(words in (store.why_blocked or "") for words in SAYS[name])
    assert (store.why_blocked or "").isprintable()
    assert BACKEND.at(host, store.location) == store
    assert BACKEND.at(host, "/elsewhere") is None
    assert BACKEND.observe(host, store, frozenset()) == Observation({})
    assert BACKEND.refresh(host, store, []) is None
    assert BACKEND.verify(host, store) is None
    with pytest.raises(StoreError):
        BACKEND.plan(host, store, Observation({}), Change())


def test_what_was_declared_is_seen(tmp_path: Path) -> None:
    """The bundle is a link into the system's own store, and is followed."""
    host = machine(tmp_path, "nixos")
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    (tmp_path / "nix/store/x").mkdir(parents=True)
    (tmp_path / "nix/store/x/ca-bundle.crt").write_bytes(CORP.pem)
    (tmp_path / "etc/ssl/certs").mkdir(parents=True)
    (tmp_path / "etc/ssl/certs/ca-certificates.crt").symlink_to("/nix/store/x/ca-bundle.crt")

    seen = BACKEND.observe(host, store, frozenset({CORP.sha256}))
    assert seen.anchors == {Certificate(CORP.der).sha256: State.TRUSTED}
    assert seen.copies == (Copy(CORP.sha256, removable=False),)
    assert list(BACKEND.anchors(host, store)) == [CORP.der]


@pytest.mark.parametrize("name", ["debian", "fedora", ""])
def test_other_systems_have_none(name: str, tmp_path: Path) -> None:
    """Nor has another platform."""
    host = machine(tmp_path, name)
    assert BACKEND.discover(host, DiscoveryOptions()) == []
    darwin = Host("darwin", str(tmp_path), {}, host.account)
    assert BACKEND.discover(darwin, DiscoveryOptions()) == []
    assert BACKEND.at(darwin, SYSTEMS[0].bundle) is None


def test_the_program_writes_nothing_there() -> None:
    """`add` fails with what to declare, no file changes, and once it is declared `add` finds it there."""
    with Throwaway(java=False) as root:
        root.write("/etc/os-release", "ID=nixos\n")
        root.write("/srv/corp.crt", CORP.pem)
        root.freeze()
        done = root.trustinstall("add", "/srv/corp.crt", "--json", "--store", "declared")
        (store,) = json.loads(done.stdout)["stores"]
        assert (done.returncode, store["result"]) == (1, "failed")
        assert "security.pki.certificateFiles" in store["detail"]
        assert root.changes(ignore=(*NOISE, "/var/lib/trustinstall")) == {}

        bundle = "/etc/ssl/certs/ca-certificates.crt"
        root.write(bundle, root.read(bundle) + CORP.pem)
        done = root.trustinstall("add", "/srv/corp.crt", "--json", "--store", "declared")
        assert (done.returncode, json.loads(done.stdout)["stores"][0]["result"]) == (0, "present")
