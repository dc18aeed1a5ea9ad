"""What the warnings say of Python's verifiers, proved with a TLS handshake in memory.

Python 3.13 made `VERIFY_X509_STRICT` and `VERIFY_X509_PARTIAL_CHAIN` the defaults of `ssl.create_default_context`;
setting or clearing these flags here makes either generation's verifier of the Python that runs the tests.
"""

from __future__ import annotations

import ssl
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509 import verification

from tests.support.der_writing import generalized_time, sequence, utc_time
from tests.support.extensions import ANY_PURPOSE, CLIENT_AUTH, Extension
from tests.support.pki import Leaf, Root, make_root

NEW = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
OLD = ssl.VERIFY_DEFAULT


def handshake(anchor: Root, leaf: Leaf, flags: ssl.VerifyFlags, folder: Path) -> str:
    """Empty where a client that trusts `anchor` accepts the server, else why not."""
    (folder / "chain.pem").write_bytes(leaf.chain_pem + leaf.key_pem)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(folder / "chain.pem")
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ours.verify_flags = flags
    ours.load_verify_locations(cadata=anchor.der)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ours.wrap_bio(to_client, to_server, server_hostname="localhost")
    server = theirs.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(6):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
            if side is client:
                return ""
    message = "the handshake did not end"
    raise AssertionError(message)


def verifier(anchor: Root, leaf: Leaf) -> str:
    """Empty where the verifier in `cryptography` accepts the server, else why not."""
    policy = verification.PolicyBuilder().store(verification.Store([anchor.certificate]))
    try:
        policy.build_server_verifier(x509.DNSName("localhost")).verify(leaf.certificate, [])
    except verification.VerificationError as error:
        return str(error)
    return ""


def year(number: int) -> datetime:
    """The first moment of a year."""
    return datetime(number, 1, 1, tzinfo=timezone.utc)


#: What is odd about the root: does Python from 3.13 on, Python before 3.13, the verifier in `cryptography` refuse? None
#: where the warning says nothing about it.
CLAIMS: dict[str, tuple[dict[str, Any], bool, bool, bool | None]] = {
    "nothing": ({}, False, False, False),
    "RSA with exponent 3": ({"key": "rsa2048e3"}, False, False, False),
    "key usage not critical": ({"usage_critical": False}, False, False, False),
    "year 9999": ({"not_after": year(9999)}, False, False, False),
    "SHA-1": ({"key": "rsa2048", "sha1": True}, False, False, None),
    "no key identifier": ({"ski": False}, True, False, None),
    "another authority key": ({"aki": b"x" * 20}, False, True, None),
    "Basic Constraints not critical": ({"basic_constraints_critical": False}, True, False, None),
    "no key usage": ({"usage": None}, True, False, None),
    "other names": ({"permitted": ["corp.test"]}, True, True, None),
    "any purpose": ({"purposes": [ANY_PURPOSE]}, True, True, None),
    "clients only": ({"purposes": [CLIENT_AUTH]}, True, True, None),
    "must not sign": ({"usage": ["crl_sign"]}, True, True, None),
    "unknown critical extension": (
        {"extensions": [Extension("1.2.3.4", b"\x05\0", critical=True)]},
        True,
        True,
        None,
    ),
    "early GeneralizedTime": (
        {"validity": sequence(utc_time(year(2020)), generalized_time(year(2049)))},
        False,
        False,
        True,
    ),
    "2060 in two digits": ({"validity": sequence(utc_time(year(2020)), utc_time(year(2060)))}, True, True, None),
    "negative serial": ({"serial": -5}, False, False, True),
    "long serial": ({"serial": 1 << 167}, False, False, True),
    "no subject": ({"subject": sequence()}, True, False, None),
    "Ed25519": ({"key": "ed25519"}, False, False, True),
    "flipped bit": ({"break_signature": True}, False, False, None),
}


# The library warns of what it reads from the odd ones; that is its matter.
@pytest.mark.filterwarnings("ignore:Parsed a serial number:UserWarning")
@pytest.mark.parametrize("case", CLAIMS)
def test_python(case: str, tmp_path: Path) -> None:
    """Python's verifiers, old and new, accept and refuse what the warnings say they do."""
    changes, new, old, library = CLAIMS[case]
    root = make_root(**changes)
    leaf = root.issue("localhost")
    assert new == bool(handshake(root, leaf, NEW, tmp_path))
    assert old == bool(handshake(root, leaf, OLD, tmp_path))
    if library is not None:
        assert library == bool(verifier(root, leaf))


def test_intermediate_as_anchor(tmp_path: Path) -> None:
    """A chain that ends in an intermediate is accepted from Python 3.13 on, and refused before."""
    anchor = make_root().intermediate()
    leaf = anchor.issue("localhost")
    assert handshake(anchor, leaf, NEW, tmp_path) == ""
    assert handshake(anchor, leaf, OLD, tmp_path) == "unable to get issuer certificate"


@pytest.mark.parametrize(("length", "refused"), [(0, True), (1, False)])
def test_path_length(*, length: int, refused: bool, tmp_path: Path) -> None:
    """Under pathlen:0 a chain with an intermediate is refused, under pathlen:1 it is not."""
    root = make_root(path_length=length)
    leaf = root.intermediate().issue("localhost")
    for flags in (NEW, OLD):
        assert refused == bool(handshake(root, leaf, flags, tmp_path))
