"""Debian's Java keystore: how it is read, and when Debian keeps it up to date."""

from __future__ import annotations

import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_host import program, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.host import Account, Host
from trustinstall.stores.desired import Change, Desired
from trustinstall.stores.observation import Copy, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.java.fed import FED, Fed
from trustinstall_platforms.keystores.distribution import trusted

BACKEND = Java()
KEYSTORE = "/etc/ssl/certs/java/cacerts"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PENDING = "/var/lib/ca-certificates-java/pending"
PROGRAMS = ("/etc/ca-certificates/update.d/jks-keystore", "/usr/bin/java")
CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
NAMES = frozenset({CORP.sha256})
OURS = f"debian:corp-root-{CORP.sha256[:12]}.pem"


def counted(form: str, content: bytes) -> bytes:
    """Bytes behind their number."""
    return struct.pack(form, len(content)) + content


def entry(alias: str, der: bytes, version: int = 2) -> bytes:
    """One trusted certificate of a JKS keystore."""
    kind = counted(">H", b"X.509") if version == 2 else b""
    head = struct.pack(">I", 2) + counted(">H", alias.encode()) + struct.pack(">Q", 1_700_000_000_000)
    return head + kind + counted(">I", der)


def keystore(*entries: bytes, version: int = 2) -> bytes:
    """A JKS keystore; its digest, which only a password can check, is nothing."""
    return struct.pack(">III", 0xFEEDFEED, version, len(entries)) + b"".join(entries) + bytes(20)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A Debian with Java, and one managed root in its keystore."""
    host = Host("linux", str(tmp_path), {}, Account(0, 0, "root", "/root"))
    write(host, KEYSTORE, keystore(entry(OURS, CORP.der), entry("debian:other.pem", OTHER.der)))
    write(host, "/etc/default/cacerts", b"#cacerts_updates=no\nstorepass='s3cret'\ncacerts_updates=yes\n")
    for path in PROGRAMS:
        program(host, path)
    return host


# --- the format ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
def test_trusted_entries_are_read_and_keys_passed_over(version: int) -> None:
    """Both versions of the format; a private key's chain is no trust anchor."""
    chain = (counted(">H", b"X.509") if version == 2 else b"") + counted(">I", OTHER.der)
    key = struct.pack(">I", 1) + counted(">H", b"mine") + bytes(8) + counted(">I", b"secret")
    content = keystore(
        entry("a", CORP.der, version),
        key + struct.pack(">I", 1) + chain,
        entry("b", OTHER.der, version),
        version=version,
    )

    assert list(trusted(content)) == [("a", CORP.der), ("b", OTHER.der)]


def test_a_keystore_that_is_cut_off_is_refused() -> None:
    """Wherever the end is missing, and never with another error."""
    content = keystore(entry("a", CORP.der), entry("b", OTHER.der))

    for size in range(len(content)):
        with pytest.raises(ValueError, match=r"cut off|neither"):
            list(trusted(content[:size]))


@given(st.binary(max_size=200))
def test_anything_is_read_or_refused(content: bytes) -> None:
    """Hostile content with any lengths ends in entries or in ValueError."""
    for start in (b"", b"\xfe\xed\xfe\xed\x00\x00\x00\x02"):
        try:
            list(trusted(start + content))
        except ValueError:
            continue


def test_a_claim_of_many_entries_costs_nothing() -> None:
    """A number of entries is believed only as far as there are bytes."""
    with pytest.raises(ValueError, match="cut off"):
        list(trusted(struct.pack(">III", 0xFEEDFEED, 2, 0xFFFFFFFF) + bytes(20)))
    with pytest.raises(ValueError, match="unknown version"):
        list(trusted(struct.pack(">III", 0xFEEDFEED, 3, 0) + bytes(20)))
    with pytest.raises(ValueError, match="unknown kind"):
        list(trusted(keystore(struct.pack(">I", 9) + entry("a", CORP.der)[4:])))


@pytest.mark.parametrize("protected", [False, True])
def test_keytools_own_keystores_are_read(tmp_path: Path, *, protected: bool) -> None:
    """PKCS#12 as JDK 18 and later ship it (no password) is read; with a password it is refused in words."""
    keytool = shutil.which("keytool")
    assert keytool, "install default-jre-headless"
    (tmp_path / "corp.pem").write_bytes(CORP.pem)
    plain = ["-J-Dkeystore.pkcs12.macAlgorithm=NONE", "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE"]
    store = ["-keystore", str(tmp_path / "store"), "-storetype", "PKCS12", "-storepass", "changeit"]
    command = [keytool, *([] if protected else plain), "-importcert", "-noprompt", "-alias", "corp"]
    subprocess.run(
        [*command, "-file", str(tmp_path / "corp.pem"), *store],
        check=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
    )
    content = (tmp_path / "store").read_bytes()

    if protected:
        with pytest.raises(ValueError, match="without a password"):
            list(trusted(content))
    else:
        assert list(trusted(content)) == [("corp", CORP.der)]


# --- other distributions --------------------------------------------------------------------------


@pytest.mark.parametrize("fed", FED, ids=lambda fed: fed.family.name)
def test_each_familys_keystore_follows_its_bundle(fed: Fed, tmp_path: Path) -> None:
    """A row each: where it is, what feeds it, and what is missing where nothing does."""
    host = Host("linux", str(tmp_path), {}, Account(0, 0, "root", "/root"))
    write(host, "/etc/os-release", f"ID={min(fed.family.ids)}\n".encode())
    assert list(BACKEND.discover(host, DiscoveryOptions())) == []
    write(host, fed.keystore, keystore(entry("corp", CORP.der)))
    (bare,) = BACKEND.discover(host, DiscoveryOptions())
    assert (bare.fed_by, bare.why_blocked) == (None, fed.family.without_tool)

    program(host, fed.family.tool)
    if fed.hook:
        (hookless,) = BACKEND.discover(host, DiscoveryOptions())
        assert fed.package in (hookless.why_blocked or "")
        program(host, fed.hook)
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    assert (store.id, store.fed_by, store.why_blocked) == (f"java:{fed.keystore}", fed.family.bundle, None)
    assert BACKEND.at(host, fed.keystore) == store
    assert BACKEND.at(host, "/opt/jdk/lib/security/cacerts") is None
    seen = BACKEND.observe(host, store, NAMES)
    assert (seen.anchors, seen.copies) == ({CORP.sha256: State.TRUSTED}, ())  # the tool makes the whole file anew


# --- the store -----------------------------------------------------------------------------------


def test_the_keystore_follows_debians_bundle(host: Host) -> None:
    """It is shown with what feeds it, its anchors are seen, and nothing is added to it."""
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    seen = BACKEND.observe(host, store, NAMES)

    assert (store.id, store.fed_by, store.why_blocked) == (f"java:{KEYSTORE}", BUNDLE, None)
    assert seen.anchors == {CORP.sha256: State.TRUSTED, OTHER.sha256: State.TRUSTED}
    assert seen.marked == {CORP.sha256}
    assert (seen.problems, seen.pending) == ((), None)
    assert list(BACKEND.anchors(host, store)) == [CORP.der, OTHER.der]
    assert BACKEND.verify(host, store) is None
    assert seen.copies == (Copy(CORP.sha256, OURS, marked=True),)
    added = Change(add=(Desired(Certificate(CORP.der), trusted=True),))
    assert BACKEND.plan(host, store, seen, added) == Plan()
    assert BACKEND.refresh(host, store, []) is None


def test_without_a_keystore_there_is_no_store(host: Host) -> None:
    """No keystore, no Java that reads it; another location or platform is not this store."""
    assert BACKEND.at(host, "/opt/jdk/lib/security/cacerts") is None
    assert BACKEND.at(replace(host, platform="darwin"), KEYSTORE) is None
    Path(host.where(KEYSTORE)).unlink()
    assert list(BACKEND.discover(host, DiscoveryOptions())) == []


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        ("/etc/ca-certificates/update.d/jks-keystore", "ca-certificates-java"),
        ("/usr/bin/java", "default-jre-headless"),
        ("/etc/default/cacerts", "cacerts_updates=yes"),
    ],
)
def test_a_keystore_that_debian_does_not_feed_says_why(host: Host, spoil: str, word: str) -> None:
    """Each thing that the maintainer script asks for is named where it is missing."""
    Path(host.where(spoil)).unlink()
    (store,) = BACKEND.discover(host, DiscoveryOptions())

    assert store.fed_by is None
    assert word in (store.why_blocked or "")


@pytest.mark.parametrize(
    ("said", "fed"),
    [
        (b"cacerts_updates=yes", True),
        (b"export cacerts_updates='yes'\n", True),
        (b'cacerts_updates="yes"\n', True),
        (b"cacerts_updates=no\n", False),
        (b"cacerts_updates=yes\ncacerts_updates=no\n", False),
        (b"#cacerts_updates=yes\n", False),
        (b"cacerts_updates=yesterday\n", False),
        (b"", False),
    ],
)
def test_the_switch_is_read_as_the_shell_reads_it(host: Host, said: bytes, *, fed: bool) -> None:
    """Only the word yes counts, the last one; and a password in that file is never shown."""
    write(host, "/etc/default/cacerts", b"storepass=s3cret\n" + said)
    (store,) = BACKEND.discover(host, DiscoveryOptions())

    assert (store.why_blocked is None) is fed
    assert "s3cret" not in repr(store)


def test_what_dpkg_has_still_to_do_is_said(host: Host) -> None:
    """While triggers are pending, the keystore does not show the latest state; an empty file is none."""
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    write(host, PENDING, b"")
    assert BACKEND.observe(host, store, NAMES).pending is None
    write(host, PENDING, b"+/etc/ssl/certs/corp.pem\n")
    assert "dpkg" in (BACKEND.observe(host, store, NAMES).pending or "")
    Path(host.where(PENDING)).unlink()
    within = replace(host, environ={"DPKG_MAINTSCRIPT_PACKAGE": "corp-ca"})
    assert "dpkg" in (BACKEND.observe(within, store, NAMES).pending or "")


def test_a_damaged_keystore_is_a_problem(host: Host) -> None:
    """No client can use it; that is said, and no error."""
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    write(host, KEYSTORE, b"not a keystore")
    assert "neither" in (BACKEND.verify(host, store) or "")
    Path(host.where(KEYSTORE)).unlink()
    assert "missing" in (BACKEND.verify(host, store) or "")
