"""Judges whether a set of anchors makes a server's chain acceptable, with every reason against it.

`paths` builds the paths that a family of verifiers tries, `names` compares names, and `families` and `rules` say what
it refuses. Revocation is not checked: no client of the tables checks it by default but some of Schannel's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from trustinstall.certificates.loaded import key_identifiers, quiet
from trustinstall.doctor import names, paths, rules
from trustinstall.doctor.families import COMMON
from trustinstall.doctor.paths import Case, Path
from trustinstall.doctor.step import UNREADABLE, Step, value_of
from trustinstall.errors import printable
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.doctor.family import Family

_MALFORMED = "malformed"
_UNREAD = "a part of its certificates cannot be read here, and programs do not agree about such ones"


class Reason(NamedTuple):
    """Why a chain is refused: a stable word, and a sentence for people."""

    code: str
    text: str


class Judgement(NamedTuple):
    """The judgement of a chain by a set of anchors.

    Attributes:
        path: from the server's certificate upwards, as far as it was found; () if that one cannot be read.
        trusted: whether the path ends in an anchor.
        reasons: every reason against it; () if the chain is accepted.
        accepted: whether it is accepted; None if only some versions or settings of the verifier refuse it, or if a
            certificate is malformed in a way that programs judge differently.
    """

    path: tuple[Certificate, ...]
    trusted: bool
    reasons: tuple[Reason, ...]
    accepted: bool | None = False


def judge(
    chain: Sequence[Certificate],
    anchors: Mapping[bytes, Sequence[Certificate]],
    host: str,
    now: datetime,
    family: Family = COMMON,
) -> Judgement:
    """Judge a chain as sent against anchors (see `paths.by_subject`), for a host name or address, at a moment."""
    if not chain:
        return _unread(Reason("no-certificate", "the server sends no certificate"))
    if not chain[0].is_readable:
        return _unread(Reason(_MALFORMED, "its certificate cannot be read"))
    case = Case(chain, anchors, family, now)
    try:
        with quiet():
            return _best(_judge(one, case, host) for one in paths.paths(case))
    except UNREADABLE:
        return Judgement((), trusted=False, reasons=(Reason(_MALFORMED, _UNREAD),), accepted=None)


def _unread(why: Reason) -> Judgement:
    return Judgement((), trusted=False, reasons=(why,))


def _best(judged: Iterator[Judgement]) -> Judgement:
    """Return the first path that is accepted, else the one with the fewest reasons against it, trusted ones first."""
    found: list[Judgement] = []
    for one in judged:
        if one.accepted:
            return one
        found.append(one)
    return min(found, key=lambda one: (one.accepted is not None, not one.trusted, len(one.reasons)))


def _judge(path: Path, case: Case, host: str) -> Judgement:
    family, (certificates, trusted) = case.family, path
    reasons = [*_about_name(certificates[0], host, family)]
    reasons += _about_anchor(certificates, case) if trusted else [_unknown(certificates, case.anchors)]
    loaded = [one.load() for one in certificates]
    for place, one in enumerate(certificates):
        at_anchor = trusted and place and place == len(path.certificates) - 1
        step = Step(loaded, place, family, case.now, one)
        reasons += _broken(step, family.anchor if at_anchor else family.below)
    told = tuple(_told(one, family) for one in reasons)
    certain = any(one.code not in family.unsure and one.code != _MALFORMED for one in reasons)
    return Judgement(certificates, trusted, told, None if reasons and not certain else not reasons)


def _about_name(leaf: Certificate, host: str, family: Family) -> Iterator[Reason]:
    try:
        fits = names.is_for(leaf.load(), host, family.names)
    except UNREADABLE:
        return  # `_broken` says that the certificate is malformed
    if not fits:
        yield Reason("host-name", f"the certificate is not for {host}")


def _broken(step: Step, codes: frozenset[str]) -> Iterator[Reason]:
    """Yield a reason for each rule that a certificate breaks; one for all if it cannot be read."""
    try:
        found = [*rules.against(step, codes)]
    except UNREADABLE:
        yield Reason(_MALFORMED, f"{step.own.name} cannot be read in part here, and programs do not agree about that")
        return
    for code, text in found:
        yield Reason(code, f"{step.own.name} {text}")


def _told(reason: Reason, family: Family) -> Reason:
    """Return the reason with the versions or settings of the verifier that it applies to."""
    when = family.unsure.get(reason.code)
    return reason._replace(text=f"{reason.text} ({when})") if when else reason


def _about_anchor(path: Sequence[Certificate], case: Case) -> list[Reason]:
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
