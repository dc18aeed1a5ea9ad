"""Makes servers' chains with one odd property each; most functions here return the maker of a chain.

A maker takes the name of a kind, which is in the name of each authority: each chain has a root of its own, so that a
verifier may be given the anchors of all of them at once.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tests.support.der_writing import oid, sequence, tlv
from tests.support.extensions import SERVER_AUTH, Extension
from tests.support.pki import Leaf, Made, Root, make_root

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime.now(timezone.utc).replace(microsecond=0)
PAST: dict[str, Any] = {"not_before": NOW - timedelta(days=20), "not_after": NOW - timedelta(days=2)}
HERE = "localhost"


class Chain(NamedTuple):
    """The certificates that a server sends, those that its clients hold as anchors, and the name that clients use."""

    leaf: Leaf
    anchors: tuple[Made, ...]
    host: str = HERE


Maker: TypeAlias = Callable[[str], Chain]


def general_name(text: str) -> bytes:
    """Return the DER of a name of a server: an IP address, or a DNS name that may be invalid."""
    try:
        return tlv(0x87, ipaddress.ip_address(text).packed)
    except ValueError:
        return tlv(0x82, text.encode("latin-1"))


def alternatives(*names: str | bytes, critical: bool = False) -> Extension:
    """Return Subject Alternative Name; a name in bytes is the DER of a GeneralName."""
    found = [one if isinstance(one, bytes) else general_name(one) for one in names]
    return Extension("2.5.29.17", sequence(*found), critical=critical)


def constraints(
    permitted: Iterable[str | bytes] = (), excluded: Iterable[str | bytes] = (), *, critical: bool = True
) -> Extension:
    """Return Name Constraints of DNS names, or of GeneralNames in DER (an address has a mask after it)."""
    parts = b""
    for tag, names in ((0xA0, permitted), (0xA1, excluded)):
        found = [one if isinstance(one, bytes) else tlv(0x82, one.encode()) for one in names]
        parts += tlv(tag, *(sequence(one) for one in found)) if found else b""
    return Extension("2.5.29.30", sequence(parts), critical=critical)


def network(text: str) -> bytes:
    """Return the GeneralName of an IP network in Name Constraints (RFC 5280 4.2.1.10)."""
    found = ipaddress.ip_network(text)
    return tlv(0x87, found.network_address.packed + found.netmask.packed)


def other_name(text: str) -> bytes:
    """Return the GeneralName of a name of a kind that no verifier knows (otherName)."""
    return tlv(0xA0, oid("1.2.3.4.6"), tlv(0xA0, tlv(0x0C, text.encode())))


def made(issuer: Root | None = None, *, names: Iterable[str | bytes] = (HERE,), **changes: Any) -> Leaf:  # noqa: ANN401 -- many types
    """A server's certificate for names, with the arguments of `make_root`; self-signed without an issuer."""
    given: dict[str, Any] = {"ca": False, "usage": ("digital_signature",), "purposes": (SERVER_AUTH,), **changes}
    found = [*names]
    given["extensions"] = [*([alternatives(*found)] if found else []), *changes.get("extensions", ())]
    given.setdefault("not_after", NOW + timedelta(days=30))
    one = make_root(given.pop("common_name", HERE), issuer=issuer, **given)
    return Leaf(one.der, one.key, one.name_der, one.parents)


def of(root: Root, host: str = HERE, **changes: Any) -> Chain:  # noqa: ANN401  those of make_root
    """Return the chain of a root, or of an intermediate and its root, and a leaf with changes."""
    return Chain(made(root, **changes), ((root, *root.parents)[-1],), host)


def leaf_with(host: str = HERE, **changes: Any) -> Maker:  # noqa: ANN401  those of make_root
    """A chain of root and leaf, the leaf changed."""
    return lambda name: of(make_root(f"R {name}"), host, **changes)


def root_with(host: str = HERE, names: Iterable[str | bytes] = (HERE,), **changes: Any) -> Maker:  # noqa: ANN401  those of make_root
    """A chain of root and leaf, the root changed."""
    return lambda name: of(make_root(f"R {name}", **changes), host, names=names)


def middle_with(host: str = HERE, names: Iterable[str | bytes] = (HERE,), **changes: Any) -> Maker:  # noqa: ANN401  those of make_root
    """A chain of root, intermediate and leaf, the intermediate changed."""
    return lambda name: of(make_root(f"R {name}").intermediate(f"I {name}", **changes), host, names=names)


def sending(leaf: Leaf, *sent: Made, anchors: Iterable[Made], host: str = HERE) -> Chain:
    """Return the chain of a server that sends these certificates after its own, in this order."""
    return Chain(Leaf(leaf.der, leaf.key, leaf.name_der, (*sent, leaf)), tuple(anchors), host)
