"""Builds paths from a server's certificate towards anchors, in the order in which a family of verifiers tries them.

Sources: RFC 4158 (path building); RFC 5280 6.1; and the programs themselves, which tests ask
(tests/support/chains_of_paths.py).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1

from trustinstall.certificates.loaded import key_identifiers
from trustinstall.doctor.family import ANY, AS_SENT, NEWEST
from trustinstall.doctor.step import UNREADABLE
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cryptography import x509

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.doctor.family import Family

_LONGEST_PATH = 10
_MOST_PATHS = 16  # of one chain: certificates that have signed each other make as many as a server wants
_MOST_KNOWN = 4096  # signatures whose verification is remembered: each client asks for the same ones
_MOST_OF_A_NAME = 8  # sent certificates tried as an issuer: one signature may take 8 ms, and a server may send many


class Case(NamedTuple):
    """What is judged: the chain as sent, the anchors by subject (see `by_subject`), the verifier, and the time."""

    chain: Sequence[Certificate]
    anchors: Mapping[bytes, Sequence[Certificate]]
    family: Family
    now: datetime


class Path(NamedTuple):
    """Certificates from the server's upwards, as far as they were found, and whether the last one is an anchor."""

    certificates: tuple[Certificate, ...]
    trusted: bool


def by_subject(anchors: Iterable[Certificate]) -> dict[bytes, list[Certificate]]:
    """Return anchors by the DER of their subject; those without a readable one are left out."""
    found: dict[bytes, list[Certificate]] = {}
    for one in anchors:
        try:
            found.setdefault(one.subject_element.whole, []).append(one)
        except UNREADABLE:
            continue
    return found


def paths(case: Case) -> list[Path]:
    """Return the paths that a verifier tries, in its order: at least one, and one only if it does not go back."""
    sent = {name: same[:_MOST_OF_A_NAME] for name, same in by_subject(case.chain[1:]).items()}
    most = _MOST_PATHS if case.family.picks == ANY else 1
    found: list[Path] = []
    for one in _longer((case.chain[0],), case, sent):
        found.append(one)
        if len(found) == most:
            break
    return found


def _longer(path: tuple[Certificate, ...], case: Case, sent: Mapping[bytes, Sequence[Certificate]]) -> Iterator[Path]:
    """Yield a path if it ends here, else those that lead on."""
    last = path[-1]
    if _ends(last, case) and last in case.anchors.get(last.subject_element.whole, ()):
        yield Path(path, trusted=True)
        return
    issuers = _issuers(path, case, sent) if len(path) < _LONGEST_PATH else ()
    for one in issuers:
        yield from _longer((*path, one), case, sent)
    if not issuers:
        yield Path(path, trusted=False)


def _issuers(
    path: tuple[Certificate, ...], case: Case, sent: Mapping[bytes, Sequence[Certificate]]
) -> Sequence[Certificate]:
    """Return the certificates that have signed the last one, in the order in which they are tried."""
    last = path[-1]
    name = last.load().issuer.public_bytes()
    found: list[Certificate] = []
    for at, candidates in enumerate((case.anchors, sent)):
        able = [one for one in candidates.get(name, ()) if one not in (*path, *found) and issued(one, last)]
        found += _ordered(able, last, case, sent=bool(at))
        if found and case.family.picks != ANY:
            break
    return found


def _ordered(able: Sequence[Certificate], last: Certificate, case: Case, *, sent: bool) -> list[Certificate]:
    """Return issuers in the order of a verifier: by key identifier, by date, and as they come."""
    picks = case.family.picks
    if len(able) == 1 or (picks == AS_SENT and sent):
        return [*able]
    every = able[::-1] if picks == NEWEST and sent else able
    return sorted(every, key=lambda one: (names_other(last, one), not one.not_before <= case.now <= one.not_after))


def _ends(one: Certificate, case: Case) -> bool:
    """Whether a certificate may be the end of a path."""
    return case.family.partial or (one.self_issued and not names_other(one, one))


@lru_cache(_MOST_KNOWN)
def names_other(one: Certificate, issuer: Certificate) -> bool:
    """Whether a certificate names another key as its issuer's than the issuer names as its own; False if unknown."""
    try:
        named, own = key_identifiers(one.load())[1], key_identifiers(issuer.load())[0]
    except UNREADABLE:
        return False
    return None not in {named, own} and named != own


@lru_cache(_MOST_KNOWN)
def issued(issuer: Certificate, certificate: Certificate) -> bool:
    """Whether an authority's key has signed a certificate; none that cannot be read has.

    Raises CertificateRefused where the certificate cannot be read.
    """
    one = certificate.load()
    try:
        verify(issuer.load(), one)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def verify(authority: x509.Certificate, one: x509.Certificate) -> None:
    """Verify a signature, SHA-1 too, which `verify_directly_issued_by` refuses. Raises InvalidSignature and others."""
    key, digest, signed = authority.public_key(), one.signature_hash_algorithm, one.tbs_certificate_bytes
    if not isinstance(digest, SHA1):
        one.verify_directly_issued_by(authority)
    elif isinstance(key, RSAPublicKey):
        key.verify(one.signature, signed, PKCS1v15(), digest)
    elif isinstance(key, EllipticCurvePublicKey):
        key.verify(one.signature, signed, ECDSA(digest))
    else:
        raise InvalidSignature
