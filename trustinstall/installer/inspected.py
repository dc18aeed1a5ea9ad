"""Whether a connection is inspected: a proxy or a client on this machine answers in the place of the server."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.loaded import quiet
from trustinstall.doctor import judging, paths, target
from trustinstall.doctor.step import UNREADABLE
from trustinstall.errors import printable
from trustinstall.facts import inspection
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.facts.inspection import Product
    from trustinstall.host import Host

_LABELS = 2  # of a name that hosts share which are not unrelated


class Inspected(Enum):
    """What is known of it."""

    NO = "no"  # a public authority vouches for the server
    BYPASSED = "bypassed"  # so it does, and NO_PROXY leads past the proxy
    YES = "yes"  # the root is that of a product which is here, or vouches for an unrelated server, too
    PERHAPS = "perhaps"  # the root is not public: the server may be private, and a root may have any name
    UNKNOWN = "unknown"  # no root is seen


class Inspection(NamedTuple):
    """Whether the connection is inspected.

    Attributes:
        state: what is known of it.
        product: the product that inspects it, or whose name a certificate has; or "".
        beside: the server, host and port, for which the same authority answers, where that decides; or "".
        evidence: what on this machine shows the product, in a few words; or "".
    """

    state: Inspected
    product: str = ""
    beside: str = ""
    evidence: str = ""


NOT_KNOWN = Inspection(Inspected.UNKNOWN)


class Look(NamedTuple):
    """What one handshake has shown: the server, the chain as sent, the end of the best path or None, host and port."""

    host: str
    chain: Sequence[Certificate]
    root: Certificate | None
    authority: str = ""


def judge(host: Host, look: Look, beside: Look | None, *, public: bool | None, past_proxy: bool) -> Inspection:
    """Judge a look, and one at a second server where the caller has named one.

    A name alone proves nothing: the product's files or processes on the host do, or the same authority for the second
    server. `public`: whether the root is a public one, None where it is not seen. `past_proxy`: whether NO_PROXY leads
    past it.
    """
    if public:
        return Inspection(Inspected.BYPASSED if past_proxy else Inspected.NO)
    named = _named(look)
    product, evidence = _shown(host, look, named)
    if evidence:
        return Inspection(Inspected.YES, product, evidence=evidence)
    if beside is not None and _is_for_all(look, beside, rooted=public is not None):
        return Inspection(Inspected.YES, product, beside.authority)
    return Inspection(Inspected.UNKNOWN if public is None and not named else Inspected.PERHAPS, product)


def compare(judged: Inspection, look: Look, others: Iterable[Look], *, public: bool | None) -> Inspection:
    """Return a judgement that heeds the other servers of the same call.

    No person has said that these are unrelated: one company may own two domains and have one authority. So the same
    authority says that the connection may be inspected, and with the name of a product that it is. Addresses and names
    without a domain tell nothing.
    """
    if judged.state in {Inspected.UNKNOWN, Inspected.PERHAPS} and _has_domain(look):
        for one in filter(_has_domain, others):
            if _is_for_all(look, one, rooted=public is not None):
                state = Inspected.YES if judged.product else Inspected.PERHAPS
                return judged._replace(state=state, beside=one.authority)
    return judged


def _has_domain(look: Look) -> bool:
    return "." in look.host and target.address_of(look.host) is None


def _named(look: Look) -> Product | None:
    """The product whose root or intermediate is in the path, or named as the issuer of its end."""
    names = [name for one in _certificates(look) for name in (one.subject, _issuer(one))]
    return next(filter(None, map(inspection.product_named, names)), None)


def _shown(host: Host, look: Look, named: Product | None) -> tuple[str, str]:
    """Return the product that inspects, or that is named, or "", and what on this machine shows it, or ""."""
    seen = _certificates(look)
    for product in inspection.PRODUCTS:
        for one, path in inspection.roots(host, product):
            if one in seen or any(_is_from(one, other) for other in seen):
                return product.name, f"{printable(path, 4096)} holds its root"
    if named is None:
        return "", ""
    found = next((one for one in inspection.installed(host) if one.product is named), None)
    if found is None:
        return named.name, ""
    where = f"its client has {printable(found.where, 4096)}" if found.by_file else found.where
    return named.name, f"a certificate has its name, and {where}"


def _certificates(look: Look) -> list[Certificate]:
    return [*look.chain, *([look.root] if look.root else [])]


def _issuer(one: Certificate) -> str:
    try:
        with quiet():
            return one.load().issuer.rfc4514_string()
    except UNREADABLE:
        return ""


def _is_from(root: Certificate, one: Certificate) -> bool:
    """Whether a root has signed a certificate: servers often do not send the root."""
    try:
        with quiet():
            return one.load().issuer.public_bytes() == root.subject_element.whole and paths.issued(root, one)
    except UNREADABLE:
        return False


def _is_for_all(look: Look, beside: Look, *, rooted: bool) -> bool:
    """Whether one authority has issued the certificates of two servers that share no domain: their last labels differ.

    Where no root is seen, an authority that says where its own certificate is may be a public one whose server does
    not send it.
    """
    if look.host.split(".")[-_LABELS:] == beside.host.split(".")[-_LABELS:] or not (look.chain and beside.chain):
        return False
    issuer = _issuer(look.chain[0])
    return bool(issuer) and issuer == _issuer(beside.chain[0]) and (rooted or not _says_where(look.chain[-1]))


def _says_where(one: Certificate) -> bool:
    with quiet():
        return bool(judging.address_of_issuer(one))
