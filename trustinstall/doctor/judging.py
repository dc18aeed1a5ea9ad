"""Judges whether a set of anchors makes a server's chain acceptable, with every reason against it.

A path is built by the rules that all verifiers share (RFC 5280 6.1; RFC 9525 for names); `families` and `rules` say
what a family of verifiers refuses in it. Revocation is not checked.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from trustinstall.certificates.loaded import key_identifiers, quiet
from trustinstall.doctor import rules
from trustinstall.doctor.families import COMMON, Family
from trustinstall.doctor.rules import UNREADABLE, Step, value_of
from trustinstall.errors import printable
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from trustinstall.certificates.certificate import Certificate

_LONGEST_PATH = 10
_MOST_KNOWN = 4096  # signatures whose verification is remembered: each client asks for the same ones
_MOST_OF_A_NAME = 8  # sent certificates tried as an issuer: one signature may take 8 ms, and a server may send many


class Reason(NamedTuple):
    """Why a chain is refused: a stable word, and a sentence for people."""

    code: str
    text: str


class Judgement(NamedTuple):
    """The judgement of a chain by a set of anchors.

    Attributes:
        path: from the server's certificate upwards, as far as it was found; () if a certificate cannot be read.
        trusted: whether the path ends in an anchor.
        reasons: every reason against it; () if the chain is accepted.
        accepted: whether it is accepted; None if only some versions or settings of the verifier refuse it.
    """

    path: tuple[Certificate, ...]
    trusted: bool
    reasons: tuple[Reason, ...]
    accepted: bool | None = False


def by_subject(anchors: Iterable[Certificate]) -> dict[bytes, list[Certificate]]:
    """Return anchors by the DER of their subject; those without a readable one are left out."""
    found: dict[bytes, list[Certificate]] = {}
    for one in anchors:
        try:
            found.setdefault(one.subject_element.whole, []).append(one)
        except UNREADABLE:
            continue
    return found


def judge(
    chain: Sequence[Certificate],
    anchors: Mapping[bytes, Sequence[Certificate]],
    host: str,
    now: datetime,
    family: Family = COMMON,
) -> Judgement:
    """Judge a chain as sent against anchors (see `by_subject`), for a host name or address, at a moment."""
    if not chain:
        return _unread(Reason("no-certificate", "the server sends no certificate"))
    try:
        with quiet():
            return _judge(_Case(chain, anchors, family, now), host)
    except UNREADABLE:
        return _unread(Reason("malformed", "its certificates cannot be read"))


class _Case(NamedTuple):
    chain: Sequence[Certificate]
    anchors: Mapping[bytes, Sequence[Certificate]]
    family: Family
    now: datetime


def _unread(why: Reason) -> Judgement:
    return Judgement((), trusted=False, reasons=(why,))


def _judge(case: _Case, host: str) -> Judgement:
    path, trusted = _path(case)
    family = case.family
    reasons = (
        [] if _is_for(path[0].load(), host, family) else [Reason("host-name", f"the certificate is not for {host}")]
    )
    reasons += _about_anchor(path, case) if trusted else [_unknown(path, case.anchors)]
    loaded = [one.load() for one in path]
    for place, one in enumerate(path):
        at_anchor = trusted and place and place == len(path) - 1
        broken = rules.against(Step(loaded, place, family, case.now), family.anchor if at_anchor else family.below)
        reasons += [Reason(code, f"{one.name} {text}") for code, text in broken]
    told = tuple(_told(one, family) for one in reasons)
    certain = any(one.code not in family.unsure for one in reasons)
    return Judgement(tuple(path), trusted, told, None if reasons and not certain else not reasons)


def _told(reason: Reason, family: Family) -> Reason:
    """Return the reason with the versions or settings of the verifier that it applies to."""
    when = family.unsure.get(reason.code)
    return reason._replace(text=f"{reason.text} ({when})") if when else reason


def _path(case: _Case) -> tuple[list[Certificate], bool]:
    """Return the path from the server's certificate towards an anchor, and whether it ends in one."""
    sent = {name: same[:_MOST_OF_A_NAME] for name, same in by_subject(case.chain[1:]).items()}
    path = [case.chain[0]]
    while len(path) < _LONGEST_PATH:
        last = path[-1]
        if _ends(last, case) and last in case.anchors.get(last.subject_element.whole, ()):
            return path, True
        issuer = last.load().issuer.public_bytes()
        for candidates in (case.anchors, sent):
            able = [one for one in candidates.get(issuer, ()) if one not in path and issued(one, last)]
            if able:
                path.append(min(able, key=lambda one: not one.not_before <= case.now <= one.not_after))
                break
        else:
            return path, False
    return path, False


def _ends(one: Certificate, case: _Case) -> bool:
    """Whether a certificate may be the end of a path."""
    return case.family.partial or one.self_issued


@lru_cache(_MOST_KNOWN)
def issued(issuer: Certificate, certificate: Certificate) -> bool:
    """Whether an authority's key has signed a certificate; no authority that cannot be read has.

    Raises CertificateRefused where the certificate cannot be read.
    """
    one = certificate.load()
    try:
        authority = issuer.load()
        verify(authority, one)
        basic = value_of(authority, x509.BasicConstraints)
    except (*UNREADABLE, InvalidSignature):
        return False
    return basic.ca if basic is not None else authority.version is x509.Version.v1 or issuer.self_issued


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


def _about_anchor(path: Sequence[Certificate], case: _Case) -> list[Reason]:
    """Return the reason if other anchors have the same name, which a verifier may try first."""
    if not case.family.one_of_a_name or len(path) == 1:
        return []
    anchor, below = path[-1], path[-2]
    named = key_identifiers(below.load())[1]
    same = case.anchors.get(anchor.subject_element.whole, ())
    keys = {one.key_info for one in same if named is None or _identifier(one) in {None, named}}
    sentence = f"there are {len(keys)} anchors of the name {anchor.name}"
    return [Reason("same-name-anchors", sentence)] if len(keys) > 1 else []


def _identifier(anchor: Certificate) -> bytes | None:
    """Return the name of an anchor's key; None where it has none, or is malformed: OpenSSL tries such a one, too."""
    try:
        return key_identifiers(anchor.load())[0]
    except UNREADABLE:
        return None


def _is_for(leaf: x509.Certificate, host: str, family: Family) -> bool:
    names = value_of(leaf, x509.SubjectAlternativeName)
    if names is None:
        common = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if family.common_name else []
        return any(_matches(str(one.value).lower(), host) for one in common)
    try:
        return ipaddress.ip_address(host) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        return any(_matches(one.lower().rstrip("."), host) for one in names.get_values_for_type(x509.DNSName))


def _matches(name: str, host: str) -> bool:
    """A star stands for the whole first label (RFC 9525 6.3)."""
    head, _, rest = host.partition(".")
    return name == host or (bool(head) and "." in rest and name == f"*.{rest}")


def _unknown(path: Sequence[Certificate], anchors: Mapping[bytes, Sequence[Certificate]]) -> Reason:
    last = path[-1]
    held = next((one for one in path if one in anchors.get(one.subject_element.whole, ())), None)
    if held is not None:
        return Reason("partial-chain", f"{held.name} is in the store, but the root above it is not")
    if last.self_issued:
        return Reason("unknown-issuer", f"the root {last.name} is not trusted")
    issuer, url = last.issuer_name, printable(address_of_issuer(last), 200)
    same = anchors.get(last.load().issuer.public_bytes(), ())
    if same and not any(map(_is_readable, same)):
        return Reason("unknown-issuer", f"the anchor {issuer} is malformed, and programs pass over it")
    if same:
        return Reason("unknown-issuer", f"the anchor {issuer} has another key than the issuer of {last.name}")
    if url:
        return Reason("missing-intermediate", f"the server does not send {issuer}, which is at {url}")
    return Reason("unknown-issuer", f"{issuer} is not trusted, and the server does not send it")


def _is_readable(anchor: Certificate) -> bool:
    try:
        _ = anchor.load().extensions
    except UNREADABLE:
        return False
    return True


def address_of_issuer(one: Certificate) -> str:
    """Return where the issuer's certificate can be fetched (RFC 5280 4.2.2.1), or "". It is text from outside."""
    try:
        access = value_of(one.load(), x509.AuthorityInformationAccess) or ()
    except UNREADABLE:
        return ""
    places = [item for item in access if item.access_method == AuthorityInformationAccessOID.CA_ISSUERS]
    found = [item.access_location.value for item in places]
    return next((one for one in found if isinstance(one, str)), "")
