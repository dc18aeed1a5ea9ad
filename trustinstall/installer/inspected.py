"""Whether a connection is inspected: a proxy or a client on this machine answers in the place of the server."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.certificates.certificate import Certificate, quiet
from trustinstall.doctor import judging
from trustinstall.doctor.rules import UNREADABLE
from trustinstall.facts import inspection

if TYPE_CHECKING:
    from collections.abc import Sequence

_LABELS = 2  # of a name that hosts share which are not unrelated


class Inspected(Enum):
    """What is known of it."""

    NO = "no"  # a public authority vouches for the server
    BYPASSED = "bypassed"  # so it does, and NO_PROXY leads past the proxy
    YES = "yes"  # the root is an inspection product's, or vouches for an unrelated server, too
    PERHAPS = "perhaps"  # the root is no public one: the server may be private
    UNKNOWN = "unknown"  # no root is seen


class Inspection(NamedTuple):
    """Whether the connection is inspected, and by which product, or ""."""

    state: Inspected
    product: str = ""


NOT_KNOWN = Inspection(Inspected.UNKNOWN)


class Look(NamedTuple):
    """What one handshake has shown: the server, the chain as sent, and the end of the best path, or None."""

    host: str
    chain: Sequence[Certificate]
    root: Certificate | None


def judge(look: Look, beside: Look | None, *, public: bool | None, past_proxy: bool) -> Inspection:
    """Judge a look, and one at a second server where the caller has named one.

    `public`: whether the root is a public one, None where it is not seen. `past_proxy`: whether NO_PROXY leads past it.
    """
    if public:
        return Inspection(Inspected.BYPASSED if past_proxy else Inspected.NO)
    product = _product(look)
    if product or (beside is not None and _is_for_all(look, beside, rooted=public is not None)):
        return Inspection(Inspected.YES, product)
    return Inspection(Inspected.UNKNOWN if public is None else Inspected.PERHAPS)


def _product(look: Look) -> str:
    """The product whose root or intermediate is in the path, or named as the issuer of its end."""
    ends = [*look.chain, *([look.root] if look.root else [])]
    names = [name for one in ends for name in (one.subject, _issuer(one))]
    found = (inspection.product_named(one) for one in names)
    return next((one.name for one in found if one is not None), "")


def _issuer(one: Certificate) -> str:
    try:
        with quiet():
            return one.load().issuer.rfc4514_string()
    except UNREADABLE:
        return ""


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
