"""The Debian store against the real update-ca-certificates, openssl and keytool: roots come and go without a trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.stores.debian.machine import BUNDLE, LINKS, LOCAL, Machine
from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway


@pytest.fixture
def whole() -> Iterator[Machine]:
    """A fresh Debian with Java and all public roots, in the short form, too."""
    with Throwaway(every_root=True) as root:
        yield Machine(root)


@pytest.fixture(scope="module")
def twin() -> Root:
    """Another root of the same name, and so of the same subject hash."""
    return make_root("Corp Root (G2), x")


def test_add_reaches_bundle_links_and_java(whole: Machine, corp: Root) -> None:
    """Every kind of client sees it, the public roots stay, and a second add changes nothing."""
    before = whole.do()
    assert not whole.openssl_trusts(corp)
    said = whole.do(add=[corp])

    assert said["error"] is None
    assert said["anchors"] == {**before["anchors"], corp.sha256: "trusted"}
    assert said["problems"] == []
    assert whole.openssl_trusts(corp)
    assert f"debian:corp-root-g2-x-{corp.sha256[:12]}.pem" in whole.keytool()
    assert said["java"] == sorted([*before["java"], corp.sha256])
    assert not whole.do(add=[corp], record=said["placed"])["changed"]


def test_remove_leaves_no_trace(whole: Machine, corp: Root) -> None:
    """Files and links are byte for byte as before, and Java's keystore has the same entries."""
    roots = [corp, make_root("Another Root")]
    before = whole.keytool()
    record = whole.do(add=roots)["placed"]
    assert whole.changes()
    said = whole.do(remove=roots, record=record)

    assert said["error"] is None
    assert not {root.sha256 for root in roots} & {*said["anchors"], *said["java"]}
    assert whole.changes() == set()
    assert whole.keytool() == before


def test_without_java_and_without_the_directory(plain: Machine, corp: Root) -> None:
    """No hook, no keystore, no /usr/local/share/ca-certificates: none of them is there after."""
    plain.shell(f"rmdir {LOCAL}")
    said = plain.do(add=[corp])
    assert (said["error"], said["java"]) == (None, None)
    assert plain.openssl_trusts(corp)

    assert plain.do(remove=[corp], record=said["placed"])["error"] is None
    assert plain.changes() == {LOCAL}


def test_the_other_of_two_with_one_subject_stays_trusted(plain: Machine, corp: Root, twin: Root) -> None:
    """HASH.0 and HASH.1: when the first goes, the other's link works."""
    plain.do(add=[corp])
    plain.do(add=[twin])
    assert plain.openssl_trusts(corp)
    assert plain.openssl_trusts(twin)

    assert plain.do(remove=[corp])["error"] is None
    assert not plain.openssl_trusts(corp)
    assert plain.openssl_trusts(twin)
    assert plain.do(remove=[twin])["error"] is None
    assert not plain.openssl_trusts(twin)
    assert plain.changes() == set()


def test_a_leftover_of_a_killed_run_is_not_appended_to(plain: Machine, corp: Root) -> None:
    """The tool appends to a file of a fixed name with any content; a doubled bundle is mended."""
    plain.shell(f"cp {BUNDLE} {BUNDLE}.new; cat {BUNDLE}.new >>{BUNDLE}; echo junk >>{BUNDLE}.new")
    assert len(plain.do()["problems"]) == 2
    said = plain.do(add=[corp])

    assert (said["error"], said["problems"]) == (None, [])
    assert b"junk" not in plain.root.read(BUNDLE)
    count = plain.root.read(BUNDLE).count(b"BEGIN CERTIFICATE")
    assert count == list(said["anchors"].values()).count("trusted")


def test_ours_that_was_deleted_by_hand_is_taken_back(machine: Machine, corp: Root) -> None:
    """The bundle, the links and Java still show it: the tool is run again, and no trace is left."""
    before = machine.keytool()
    record = machine.do(add=[corp])["placed"]
    machine.shell(f"rm {LOCAL}/corp-root-*.crt")
    said = machine.do(remove=[corp], record=record)

    assert (said["error"], said["foreign"]) == (None, [])
    assert corp.sha256 not in {*said["anchors"], *said["java"]}
    assert machine.changes() == set()
    assert machine.keytool() == before


def test_a_missing_hash_link_is_mended(plain: Machine, corp: Root) -> None:
    """The tool by itself does not notice a hash link that is gone."""
    plain.do(add=[corp])
    plain.shell(f"rm $(find {LINKS} -lname 'corp-root*')")
    assert plain.do()["anchors"][corp.sha256] == "half-installed"

    assert plain.do(add=[corp])["anchors"][corp.sha256] == "trusted"
    assert plain.openssl_trusts(corp)
