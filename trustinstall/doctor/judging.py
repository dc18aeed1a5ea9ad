"""Whether a set of anchors makes a server's chain acceptable, with every reason against it, each on its own.

The rules are those on which verifiers agree (RFC 5280, RFC 9525 for names; no SHA-1, no RSA below 2048 bits as in the
CA/Browser Forum's requirements 6.1.5 and 7.1.3.2). A single program may be stricter: Python from 3.13 on wants key
identifiers, rustls and Java have rules of their own, and revocation is not looked at.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import AuthorityInformationAccessOID

from trustinstall.certificates.certificate import quiet
from trustinstall.doctor import purposes
from trustinstall.errors import CertificateRefused, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from trustinstall.certificates.certificate import Certificate

_LONGEST_PATH = 10
_RSA_BITS = 2048
_WEAK = frozenset({"sha1", "md5"})
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, CertificateRefused)


class Reason(NamedTuple):
    """Why a chain is refused: a stable word, and a sentence for people."""

    code: str
    text: str


class Judgement(NamedTuple):
    """What a set of anchors makes of a chain.

    Attributes:
        path: from the server's certificate upwards, as far as it was found; () where one of them cannot be read.
        trusted: whether the path ends in an anchor.
        reasons: every reason against it; () where the chain is accepted.
    """

    path: tuple[Certificate, ...]
    trusted: bool
    reasons: tuple[Reason, ...]


def by_subject(anchors: Iterable[Certificate]) -> dict[bytes, list[Certificate]]:
    """Return anchors by the DER of their subject; those without a readable one are left out."""
    found: dict[bytes, list[Certificate]] = {}
    for one in anchors:
        try:
            found.setdefault(one.subject_element.whole, []).append(one)
        except _UNREADABLE:
            continue
    return found


def judge(
    chain: Sequence[Certificate], anchors: Mapping[bytes, Sequence[Certificate]], host: str, now: datetime
) -> Judgement:
    """Judge a chain as sent against anchors (see `by_subject`), for a host name or address, at a moment."""
    if not chain:
        return _unread(Reason("no-certificate", "the server sends no certificate"))
    try:
        with quiet():
            return _judge(chain, anchors, host, now)
    except _UNREADABLE:
        return _unread(Reason("malformed", "its certificates cannot be read"))


def _unread(why: Reason) -> Judgement:
    return Judgement((), trusted=False, reasons=(why,))


def _judge(
    chain: Sequence[Certificate], anchors: Mapping[bytes, Sequence[Certificate]], host: str, now: datetime
) -> Judgement:
    path, trusted = _path(chain, anchors, now)
    reasons = [] if _is_for(path[0].load(), host) else [Reason("host-name", f"the certificate is not for {host}")]
    reasons += [reason for one in path for reason in _dates(one, now)]
    reasons += [] if trusted else [_unknown(path[-1])]
    reasons += [reason for one in (path[:-1] if trusted else path) for reason in _signature(one)]
    reasons += [reason for one in path for reason in _key(one)]
    unfit = purposes.against([one.load() for one in path])
    reasons += [Reason(code, f"{path[place].name} {text}") for place, code, text in unfit]
    return Judgement(tuple(path), trusted, tuple(reasons))


def _path(
    chain: Sequence[Certificate], anchors: Mapping[bytes, Sequence[Certificate]], now: datetime
) -> tuple[list[Certificate], bool]:
    """Return the way from the server's certificate to an anchor, or as far as it goes, and whether it arrives."""
    sent = by_subject(chain[1:])
    path = [chain[0]]
    while len(path) < _LONGEST_PATH:
        last = path[-1]
        if last in anchors.get(last.subject_element.whole, ()):
            return path, True
        issuer = last.load().issuer.public_bytes()
        for candidates, ends in ((anchors, True), (sent, False)):
            able = [one for one in candidates.get(issuer, ()) if one not in path and _issued(one, last)]
            if able:
                path.append(min(able, key=lambda one: not one.not_before <= now <= one.not_after))
                if ends:
                    return path, True
                break
        else:
            return path, False
    return path, False


def _issued(issuer: Certificate, issued: Certificate) -> bool:
    try:
        authority = issuer.load()
        issued.load().verify_directly_issued_by(authority)
    except (*_UNREADABLE, InvalidSignature):
        return False
    try:
        return authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return authority.version is x509.Version.v1 or issuer.self_issued


def _is_for(leaf: x509.Certificate, host: str) -> bool:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    try:
        return ipaddress.ip_address(host) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        return any(_matches(one.lower().rstrip("."), host) for one in names.get_values_for_type(x509.DNSName))


def _matches(name: str, host: str) -> bool:
    """A star stands for the whole first label (RFC 9525 6.3)."""
    head, _, rest = host.partition(".")
    return name == host or (bool(head) and "." in rest and name == f"*.{rest}")


def _dates(one: Certificate, now: datetime) -> list[Reason]:
    if now > one.not_after:
        return [Reason("expired", f"{one.name} expired on {one.not_after:%Y-%m-%d}")]
    if now < one.not_before:
        return [Reason("not-yet-valid", f"{one.name} is valid from {one.not_before:%Y-%m-%d} on")]
    return []


def _unknown(last: Certificate) -> Reason:
    if last.self_issued:
        return Reason("unknown-issuer", f"the root {last.name} is not trusted")
    issuer, url = last.issuer_name, _fetch(last.load())
    if url:
        return Reason("missing-intermediate", f"the server does not send {issuer}, which is at {url}")
    return Reason("unknown-issuer", f"{issuer} is not trusted, and the server does not send it")


def _fetch(one: x509.Certificate) -> str:
    """Return where the issuer's certificate can be fetched (RFC 5280 4.2.2.1), or ""."""
    try:
        access = one.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    places = [item for item in access if item.access_method == AuthorityInformationAccessOID.CA_ISSUERS]
    found = [item.access_location.value for item in places]
    return next((printable(one, 200) for one in found if isinstance(one, str)), "")


def _signature(one: Certificate) -> list[Reason]:
    digest = one.load().signature_hash_algorithm
    if digest is not None and digest.name in _WEAK:
        return [Reason("weak-signature", f"{one.name} is signed with {digest.name.upper()}")]
    return []


def _key(one: Certificate) -> list[Reason]:
    key = one.load().public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < _RSA_BITS:
        return [Reason("small-key", f"{one.name} has an RSA key of {key.key_size} bits")]
    return []
