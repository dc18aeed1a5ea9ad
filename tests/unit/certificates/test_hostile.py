"""Any bytes at all: only the documented error, in bounded time, and what is accepted is good everywhere."""

from __future__ import annotations

import functools
import gc
import ssl
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.extensions import Extension
from tests.support.pki import make_root, to_pem
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.parsing import MOST_OCTETS, read_certificates
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.certificates.vetting import ALLOWABLE, vet
from trustinstall.errors import CertificateRefused

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

ROOT = make_root("Corp Root G2", purposes=["1.3.6.1.5.5.7.3.1"], permitted=["corp.test"])
RSA = make_root("RSA", key="rsa2048", extensions=[Extension("2.5.29.17", b"\x30\x06\x82\x04a.bc")])
LEAF = ROOT.issue("a.corp.test")
SEEDS = (
    ROOT.der,
    ROOT.pem,
    RSA.der,
    RSA.pem,
    LEAF.der,
    LEAF.pem + ROOT.pem,
    to_pem(ROOT.der + b"\x30\x00", "TRUSTED CERTIFICATE"),
    pkcs7.serialize_certificates([ROOT.certificate, LEAF.certificate], serialization.Encoding.DER),
    pkcs7.serialize_certificates([ROOT.certificate], serialization.Encoding.PEM),
    ROOT.key_pem,
    b"-----BEGIN CERTIFICATE-----\n",
    b"-----END CERTIFICATE-----\n",
    b"\xef\xbb\xbf",
)
NOW = datetime.now(timezone.utc)


def answer(judge: Callable[[], Answer]) -> Answer | None:
    """What `judge` answers; None where it refuses, which it may do in printable text only."""
    try:
        return judge()
    except CertificateRefused as refusal:
        text = str(refusal)
    assert text.isprintable()
    return None


def judged(data: bytes) -> None:
    """Read and vet; every accepted certificate loads in OpenSSL, and everything shown of it is printable."""
    found = answer(lambda: read_certificates(data, "x"))
    assert found is None or found
    for each in found or ():
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=each.pem.decode("ascii"))
        assert (each.subject + each.name + each.issuer_name + each.slug).isprintable()
        assert each.not_before.tzinfo is each.not_after.tzinfo is timezone.utc
        assert each.is_root in {True, False}
        vetted = functools.partial(vet, each, now=NOW, allow=ALLOWABLE, allow_intermediate=True)
        assert all(warning.isprintable() for warning in answer(vetted) or ())


def accepted(data: bytes) -> None:
    """Read and vet one certificate as plain `add` does."""
    (found,) = read_certificates(data, "x")
    vet(found, now=NOW, allow=(), allow_intermediate=False)


@given(st.binary(max_size=3000))
@settings(max_examples=150)
def test_random_bytes(data: bytes) -> None:
    """Random bytes are refused, and never with anything but the documented error."""
    judged(data)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A certificate file with some octets changed, cut out, doubled, or put in from another."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "set", "cut", "end", "double", "splice"])):
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "set" if at < len(data):
                data[at] = draw(st.sampled_from([0, 1, 0x30, 0x7F, 0x80, 0x84, 0xFF, 10, 13, 45]))
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case "end":
                del data[max(at, 1) :]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 200))]
            case _:
                other = draw(st.sampled_from(SEEDS))
                start = draw(st.integers(0, len(other)))
                data[at:at] = other[start : start + draw(st.integers(1, 400))]
    return bytes(data)


@given(mutated())
@settings(max_examples=400)
def test_mutations(data: bytes) -> None:
    """Damaged files are refused with the documented error, or what is left of them is good."""
    judged(data)


@given(st.sampled_from([ROOT.der, RSA.der]), st.data())
@settings(max_examples=150)
def test_one_octet_changed(der: bytes, data: st.DataObject) -> None:
    """No single changed octet makes anything but a refusal: the signature covers all but itself, and is checked."""
    at = data.draw(st.integers(0, len(der) - 1))
    other = bytearray(der)
    other[at] ^= data.draw(st.integers(1, 255))
    judged(bytes(other))
    with pytest.raises(CertificateRefused):
        accepted(bytes(other))


@given(
    st.lists(st.sampled_from([*SEEDS[:4], SEEDS[-3], SEEDS[-2], b"text\n", b"\r", b"-----BEGIN X-----\r\n", b"-----"]))
)
def test_blocks_lie_in_their_place(parts: list[bytes]) -> None:
    """Blocks come in order, do not overlap, begin with a marker, and are found again when cut out."""
    data = b"".join(parts)
    at = 0
    for block in pem_blocks(data):
        assert at <= block.start < block.end <= len(data)
        assert data[block.start :].startswith((b"-----BEGIN ", b"-----END "))
        if block.der is not None and block.label in CERTIFICATE_LABELS:
            assert list(pem_blocks(data[block.start : block.end])) == [
                block._replace(start=0, end=block.end - block.start)
            ]
            assert block.der == next(pem_blocks(Certificate.held(block.der).pem)).der
        at = block.end


# --- time ----------------------------------------------------------------------------------------

FULL = MOST_OCTETS - 100


def filled(unit: bytes, prefix: bytes = b"") -> bytes:
    """As much of `unit` after `prefix` as an input may hold."""
    return prefix + unit * ((FULL - len(prefix)) // len(unit))


PATHOLOGICAL = {
    "BEGIN lines": filled(b"-----BEGIN CERTIFICATE-----\n"),
    "END lines": filled(b"-----END CERTIFICATE-----\n"),
    "BEGIN and END lines": filled(b"-----BEGIN X-----\n-----END X-----\n"),
    "tiny good blocks": filled(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
    "BEGIN without end of line": filled(b"-----BEGIN "),
    "hyphens": filled(b"-"),
    "hyphens by line": filled(b"-----\n"),
    "labels that do not end": filled(b"-----BEGIN " + b"A" * 63 + b"\n"),
    "half a block of base64": filled(b"A" * 64 + b"\n", b"-----BEGIN CERTIFICATE-----\n"),
    "base64 alone": filled(b"A" * 64 + b"\n", b"MII"),
    "base64 alone, spoilt at its end": filled(b"A" * 64 + b"\n", b"MII") + b"!",
    "line breaks": filled(b"\n", b"x"),
    "carriage returns": filled(b"\r\n\r", b"x"),
    "blanks": filled(b" \t", b"x"),
    "byte-order marks": filled(b"\xef\xbb\xbf"),
    "key markers that stop short": filled(b"-----BEGIN RSA PRIVATE KE"),
    "nested DER": filled(b"\x30\x80"),
    "nested DER in PEM": to_pem(b"\x30\x83\x0b\0\0" + b"\x30\x80" * (0xB0000 // 2)),
    "DER of many nulls": b"\x30\x83" + (FULL - 5).to_bytes(3, "big") + b"\x05\0" * ((FULL - 5) // 2),
    "an endless object identifier": (
        b"\x30\x83"
        + (FULL - 5).to_bytes(3, "big")
        + b"\x06\x83"
        + (FULL - 10).to_bytes(3, "big")
        + b"\x81" * (FULL - 10)
    ),
    "nearly UTF-16": filled(b"-\0-\0-\0x"),
    "a certificate with a huge extension": make_root(extensions=[Extension("1.2.3.4", bytes(900_000))]).der,
    "a certificate with many extensions": make_root(
        extensions=[Extension(f"1.2.3.{at}", b"\x05\0") for at in range(20_000)]
    ).der,
}


def best_of_three(data: bytes) -> float:
    """The shortest of three readings, in seconds of processor time.

    Other work on the machine does not count, nor do the objects of other tests, which each collection would visit.
    """
    times: list[float] = []
    gc.collect()
    gc.freeze()
    for _ in range(3):
        start = time.process_time()
        judged(data)
        times.append(time.process_time() - start)
    gc.unfreeze()
    return min(times)


@pytest.fixture(scope="module")
def benign() -> float:
    """How long a full file of ordinary certificates takes here."""
    made = b"".join(make_root(f"Root {at}").pem for at in range(400))
    return best_of_three(made + b"# filler\n" * ((FULL - len(made)) // 9))


@pytest.mark.parametrize("case", PATHOLOGICAL)
def test_time_is_bounded(case: str, benign: float) -> None:
    """A mebibyte made to be slow takes no longer than a mebibyte of ordinary certificates."""
    assert len(PATHOLOGICAL[case]) <= MOST_OCTETS
    assert best_of_three(PATHOLOGICAL[case]) <= benign


@pytest.mark.parametrize("case", ["BEGIN lines", "hyphens by line", "tiny good blocks", "carriage returns"])
def test_scanning_is_linear(case: str) -> None:
    """Four times the input takes about four times as long to scan: were it quadratic, it would be sixteen."""
    whole = PATHOLOGICAL[case]

    def scan(data: bytes) -> float:
        times: list[float] = []
        for _ in range(5):
            start = time.process_time()
            list(pem_blocks(data))
            times.append(time.process_time() - start)
        return min(times)

    assert scan(whole) <= 9 * scan(whole[: len(whole) // 4]) + 0.002
