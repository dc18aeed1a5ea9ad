"""What keeps a root out of p11-kit's bundle, and what p11-kit passes over, beside a managed file."""

from __future__ import annotations

import subprocess

import pytest

from tests.platforms.linux.anchors.machine import CORP, OTHER, PUBLIC, Machine, on_p11_kit
from trustinstall.certificates import der
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import to_pem
from trustinstall.errors import StoreError
from trustinstall.stores.observation import Copy, State

KEY = Certificate(CORP.der).key_info
SERVER, EMAIL, ANY = (bytes.fromhex(one) for one in ("06082b06010505070301", "06082b06010505070304", "0604551d2500"))
PURPOSES, AUTHORITY, REJECTED = "2.5.29.37", "2.5.29.19", "1.3.6.1.4.1.3319.6.10.1"
NAMES = {PURPOSES: "0603551d25", AUTHORITY: "0603551d13", REJECTED: "060a2b060104019977060a01"}


def limit(kind: str, content: bytes, *, pem: bool = False, bare: bool = False) -> bytes:
    """Attach an extension to Corp Root's key, as p11-kit's own files do."""
    inner = der.wrapped(der.SEQUENCE, content)
    whole = der.wrapped(der.SEQUENCE, bytes.fromhex(NAMES[kind]) + der.wrapped(0x04, inner))
    head = f"[p11-kit-object-v1]\nclass: x-certificate-extension\nobject-id: {kind}\nvalue: "
    key = f'public-key-info: "{escaped(KEY)}"\n'.encode() if not pem else to_pem(KEY, "PUBLIC KEY")
    return head.encode() + f'"{escaped(inner if bare else whole)}"\n'.encode() + key


def escaped(octets: bytes) -> str:
    """Write octets as p11-kit does."""
    return "".join(f"%{one:02x}" for one in octets)


@on_p11_kit
@pytest.mark.parametrize("how", ["blocklist", "reject", "p11-kit"])
def test_what_a_file_keeps_out_is_distrusted(machine: Machine, how: str) -> None:
    """A person has distrusted a managed root since: it is so, `remove` takes ours, and names nothing that stays."""
    machine.write(machine.ours, CORP.pem)
    if how == "blocklist":
        machine.write(f"{machine.family.blocklists[0]}/bad.pem", CORP.pem)
    elif how == "reject":
        words = ["openssl", "x509", "-trustout", "-addreject", "serverAuth"]
        machine.by_hand("theirs.pem", subprocess.run(words, input=CORP.pem, capture_output=True, check=True).stdout)
    else:
        machine.by_hand("theirs.p11-kit", b"[p11-kit-object-v1]\nclass: certificate\nx-distrusted: true\n" + CORP.pem)
    machine.write(machine.family.bundle, PUBLIC.pem)
    seen, change = machine.observe(CORP), machine.change(CORP)
    assert seen.anchors[CORP.sha256] is State.DISTRUSTED
    assert (change.remove, change.foreign) == ((Copy(CORP.sha256, machine.ours, marked=True),), frozenset())
    assert machine.plan(CORP, trusted=False).refresh is not None
    assert not machine.plan(OTHER).empty


@on_p11_kit
def test_a_label_that_p11_kit_passes_over_is_no_copy(machine: Machine) -> None:
    """OpenSSL's old name for a certificate: such a file beside ours neither stays named nor is missed in the bundle."""
    machine.write(machine.ours, CORP.pem)
    machine.by_hand("theirs.pem", CORP.pem.replace(b" CERTIFICATE-----", b" X509 CERTIFICATE-----"))
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)
    assert machine.observe(CORP).problems == ()
    assert machine.change(CORP).foreign == frozenset()


@on_p11_kit
@pytest.mark.parametrize("pem", [False, True])
@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize(
    ("kind", "content", "refuses"),
    [
        (PURPOSES, EMAIL, True),
        (PURPOSES, EMAIL + SERVER, False),
        (PURPOSES, ANY, False),
        (PURPOSES, b"\x06", True),
        (AUTHORITY, b"", True),
        (AUTHORITY, b"\x01\x01\xff", False),
        (REJECTED, SERVER, True),
        (REJECTED, EMAIL, False),
    ],
)
def test_a_limit_of_a_key(machine: Machine, kind: str, content: bytes, *, refuses: bool, pem: bool, bare: bool) -> None:
    """A person has limited it to other purposes than TLS servers: it is distrusted, and nothing else is named."""
    machine.write(machine.ours, CORP.pem)
    path = f"{machine.family.packages[0]}/limit.p11-kit"
    mine = b"[p11-kit-object-v1]\ntrusted: true\n" + CORP.pem
    machine.write(path, mine + limit(kind, content, pem=pem, bare=bare))
    machine.write(machine.family.bundle, PUBLIC.pem)
    seen = machine.observe(CORP)
    assert (seen.anchors.get(CORP.sha256) is State.DISTRUSTED) == refuses
    assert (machine.change(CORP).foreign == frozenset()) == refuses
    machine.path(machine.ours).unlink()
    if refuses:
        with pytest.raises(StoreError, match=r"limit\.p11-kit limits Corp Root on this machine to other purposes"):
            machine.plan(CORP)
    else:
        assert not machine.plan(CORP).empty


@on_p11_kit
def test_a_limit_of_another_key_is_none_of_ours(machine: Machine) -> None:
    """Other certificates, of other keys, are trusted as before."""
    machine.write(f"{machine.family.anchors}/limit.p11-kit", limit(PURPOSES, EMAIL))
    assert not machine.plan(OTHER).empty
