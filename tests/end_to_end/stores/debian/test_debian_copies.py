"""The Debian store where an administrator or a package has brought the root, too, with the real tools."""

from __future__ import annotations

import json
import ssl
from typing import Any

import pytest

from tests.end_to_end.stores.debian.machine import BUNDLE, DRIVER, LINKS, LOCAL, PYTHON, SHIPPED, Machine
from tests.support.pki import Root, make_root


def test_a_copy_by_hand_is_left_and_taken_out_when_asked(machine: Machine, corp: Root) -> None:
    """Odd names and several in one file: all clients follow, and the neighbour stays."""
    other = make_root("Neighbour")
    machine.root.write(f"{LOCAL}/Our Root (A), x.crt", corp.pem)
    machine.root.write(f"{LOCAL}/two.crt", corp.pem + other.pem)
    machine.shell("update-ca-certificates")
    assert "debian:our_root_=a=__x.pem" in machine.keytool()
    assert machine.do(remove=[corp])["foreign"] == [corp.sha256]
    said = machine.do(remove=[corp], foreign=True)

    assert said["error"] is None
    assert corp.sha256 not in {*said["anchors"], *said["java"]}
    assert said["anchors"][other.sha256] == "trusted"
    assert other.sha256 in said["java"]
    assert len(machine.changes()) == 4  # its file, its link, its hash link, and the bundle
    assert "our_root" not in machine.keytool()


@pytest.fixture
def brought(plain: Machine, corp: Root) -> Machine:
    """A machine to whose store we have added a root that a package has then brought, too."""
    plain.root.write("/srv/corp.crt", corp.pem)
    plain.root.trustinstall("add", "/srv/corp.crt", "--store", "debian", check=True)
    plain.root.write(f"{SHIPPED}/corp/corp.crt", corp.pem)
    plain.shell("echo corp/corp.crt >>/etc/ca-certificates.conf; update-ca-certificates")
    return plain


def outcome(machine: Machine, *arguments: str) -> dict[str, Any]:
    """What the program says of the store."""
    done = machine.root.trustinstall(*arguments, "--store", "debian", "--json", check=True)
    (store,) = json.loads(done.stdout)["stores"]
    return {**store, "changed": json.loads(done.stdout)["changed"]}


def test_a_package_brings_it_after_us(brought: Machine, corp: Root) -> None:
    """The managed root goes, not called removed while curl trusts; asked for in full, the package's is deselected."""
    left = outcome(brought, "remove", corp.sha256)
    assert (left["result"], left["foreign"]) == ("foreign", [corp.sha256])
    assert f"{SHIPPED}/corp/corp.crt" in left["detail"]
    assert list(brought.root.path(LOCAL).iterdir()) == []
    assert brought.openssl_trusts(corp)
    assert corp.pem.splitlines()[3] in brought.root.read(BUNDLE)
    assert outcome(brought, "remove", corp.sha256)["result"] == "foreign"

    assert outcome(brought, "remove", "--not-ours", "--sha256", corp.sha256)["result"] == "removed"
    assert not brought.openssl_trusts(corp)
    assert corp.pem.splitlines()[3] not in brought.root.read(BUNDLE)
    assert b"\n!corp/corp.crt\n" in brought.root.read("/etc/ca-certificates.conf")
    assert brought.changes() == {f"{SHIPPED}/corp", f"{SHIPPED}/corp/corp.crt", "/etc/ca-certificates.conf"}


def test_a_file_that_openssl_has_not_read_yet_is_left(plain: Machine, corp: Root) -> None:
    """A file beside the links without a hash: the rehash that takes the managed root out makes OpenSSL read it."""
    plain.root.write("/srv/corp.crt", corp.pem)
    plain.root.trustinstall("add", "/srv/corp.crt", "--store", "debian", check=True)
    plain.root.write(f"{LINKS}/by-hand.pem", corp.pem)

    assert outcome(plain, "remove", corp.sha256)["result"] == "foreign"
    assert plain.openssl_trusts(corp)
    assert outcome(plain, "remove", "--not-ours", "--sha256", corp.sha256)["result"] == "removed"
    assert not plain.openssl_trusts(corp)
    assert plain.changes() == set()


def test_a_file_of_ours_that_was_renamed_is_left(plain: Machine, corp: Root) -> None:
    """Without our mark it is the administrator's; nothing of the old name stays."""
    plain.root.write("/srv/corp.crt", corp.pem)
    plain.root.trustinstall("add", "/srv/corp.crt", "--store", "debian", check=True)
    plain.shell(f"cd {LOCAL}; mv corp-root-*.crt renamed.crt; update-ca-certificates")

    assert outcome(plain, "remove", corp.sha256)["result"] == "foreign"
    assert plain.openssl_trusts(corp)
    names = {path.rpartition("/")[2] for path in plain.changes() if path.startswith(LINKS)}
    assert {name for name in names if name.endswith(".pem")} == {"renamed.pem"}


def test_a_packages_root_is_deselected_everywhere(machine: Machine) -> None:
    """The way that Debian documents: a mark in ca-certificates.conf; the package's file stays."""
    name = "mozilla/ISRG_Root_X1.crt"
    path = f"{SHIPPED}/{name}"
    pem = machine.root.read(path).decode()
    request = {"remove": [ssl.PEM_cert_to_DER_cert(pem).hex()], "foreign": True}
    done = machine.root.run([PYTHON, "-I", "-c", DRIVER], input=json.dumps(request), timeout=100, check=True)

    assert json.loads(done.stdout)["error"] is None
    assert f"\n!{name}\n".encode() in machine.root.read("/etc/ca-certificates.conf")
    assert "debian:isrg_root_x1.pem" not in machine.keytool()
    assert machine.root.path(path).exists()
