"""Two authorities of one name: which of them a client takes for the issuer of a server's certificate.

A client looks for the issuer by its name. Where it finds two, the authority key identifier in the server's certificate
tells which is meant, if there is one and the two have different subject key identifiers. Tried on Debian 12 with real
servers and both orders of the two in a bundle (curl 7.88, Python 3.11 and Node.js 20 with OpenSSL, Wget with GnuTLS):

| key     | subject key identifiers         | servers that are refused                                                 |
| ------- | ------------------------------- | ------------------------------------------------------------------------ |
| same    | any                             | none                                                                     |
| another | different                       | those of one of the two, if they have no authority key identifier        |
| another | the same, or one or both lack it| those of one of the two, with an authority key identifier, too           |

OpenSSL takes the first one of the name, GnuTLS the last. One that has ended is passed over by all of them. OpenSSL
compares names without regard to case and blanks.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from trustinstall.certificates.canonical_name import canonical
from trustinstall.certificates.loaded import key_identifiers
from trustinstall.certificates.vetting import SAME_NAME
from trustinstall.errors import CertificateRefused, printable
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.certificates.intake import Intake, Vetted


class Kind(Enum):
    """How an anchor with the same subject relates to a certificate."""

    CONFUSED = "confused"  # another key, and no identifier that tells the two apart
    OTHER_KEY = "other key"
    RENEWED = "renewed"  # the same key, and an earlier end
    SAME_KEY = "same key"


@dataclass(frozen=True)
class _Namesake:
    """An anchor with the same subject, and its relation."""

    certificate: Certificate
    kind: Kind


def check(intake: Intake, anchors: Iterable[Certificate], now: datetime, *, allow: Collection[str]) -> Intake:
    """Search the anchors and the intake for other certificates with the same subject, and add warnings about them.

    Raises CertificateRefused, as policy, if clients could not tell two of them apart, unless `allow` has "same-name",
    or the certificate is an anchor already.
    """
    held = list(anchors)
    known = {one.sha256 for one in held}
    every = {one.sha256: one for one in (*held, *(each.certificate for each in intake.accepted))}
    by_name: dict[bytes, list[Certificate]] = {}
    for one in every.values():
        by_name.setdefault(_name(one), []).append(one)
    accepted: list[Vetted] = []
    for vetted in intake.accepted:
        new = vetted.certificate
        others = by_name[_name(new)] if _name(new) else []
        found = [each for one in others if (each := _compared(new, one, now)) is not None]
        accepted.append(_judged(vetted, found, allowed=SAME_NAME in allow, known=new.sha256 in known))
    return replace(intake, accepted=tuple(accepted))


def _judged(vetted: Vetted, found: list[_Namesake], *, allowed: bool, known: bool) -> Vetted:
    """Return the same certificate with the warnings added. Raises CertificateRefused."""
    warnings: list[str] = []
    for one in found:
        sentence = f"{vetted.certificate.name} {_sentence(vetted.certificate, one)}"
        if one.kind is Kind.CONFUSED and not (allowed or known):
            raise CertificateRefused(f"{printable(vetted.origin)}: {sentence}", allowed_as=SAME_NAME)
        if one.kind is Kind.CONFUSED and allowed and not known:
            sentence += f" (--allow-{SAME_NAME})"
        if not (known and one.kind in {Kind.RENEWED, Kind.SAME_KEY}):
            warnings.append(sentence)
    return replace(vetted, warnings=(*vetted.warnings, *warnings))


def _name(certificate: Certificate) -> bytes:
    """Return the subject in canonical form; empty if it is missing or unreadable."""
    try:
        return canonical(certificate.subject_element)
    except (ValueError, CertificateRefused):
        return b""


def _compared(new: Certificate, other: Certificate, now: datetime) -> _Namesake | None:
    """Return the relation of another certificate with the same subject; None if it makes no difference."""
    if new == other:
        return None
    try:
        return _kind(new, other, now)
    except CertificateRefused:  # a time that cannot be read, in a certificate of a store
        return None


def _kind(new: Certificate, other: Certificate, now: datetime) -> _Namesake | None:
    if new.key_info == other.key_info:
        renewed = new.self_issued and other.self_issued and new.not_after > other.not_after
        return _Namesake(other, Kind.RENEWED if renewed else Kind.SAME_KEY)
    if other.not_after < now or new.not_after < now:
        return None
    own, others = _key_identifier(new), _key_identifier(other)
    confused = own is None or others is None or own == others
    return _Namesake(other, Kind.CONFUSED if confused else Kind.OTHER_KEY)


def _key_identifier(certificate: Certificate) -> bytes | None:
    try:
        return key_identifiers(certificate.load())[0]
    except (CertificateRefused, ValueError):
        return None


def _sentence(new: Certificate, one: _Namesake) -> str:
    other = one.certificate
    if one.kind in {Kind.RENEWED, Kind.SAME_KEY}:
        return _same_key(new, one)
    both = f"(SHA-256 {new.sha256}) has the subject of another root (SHA-256 {other.sha256}), and another key"
    if one.kind is Kind.CONFUSED:
        missing = None in {_key_identifier(new), _key_identifier(other)}
        why = "no key identifier tells them apart" if missing else "the same key identifier"
        return (
            f"{both}; {why}, so that programs take one for the other and refuse its servers; compare both fingerprints "
            "with what the authority has published, and remove the one that is not wanted"
        )
    return (
        f"{both}: while both are trusted, servers under one of them are refused if their certificates have no "
        "authority key identifier (by curl, Python and Node.js under the second that they find, by GnuTLS under the "
        "first); remove the old one as soon as no server needs it"
    )


def _same_key(new: Certificate, one: _Namesake) -> str:
    other = one.certificate
    if one.kind is Kind.SAME_KEY:
        return f"has the subject and key of another certificate ({other.sha256}): servers under either are accepted"
    sentence = (
        f"renews {other.sha256}, which ends on {other.not_after:%Y-%m-%d} (the same subject and key): both may stand, "
        "and servers under either are accepted"
    )
    if _key_identifier(new) == _key_identifier(other):
        return sentence
    return f"{sentence} until then; later only those whose certificates do not name the old key identifier"
