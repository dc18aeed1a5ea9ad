"""Servers' chains with one odd property each, in the manner of x509-limbo: what verifiers do not agree on.

Each has a root of its own, so that a verifier may be given the anchors of all of them at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.der_writing import oid, sequence, tlv
from tests.support.extensions import ANY_PURPOSE, CLIENT_AUTH, SERVER_AUTH, Extension
from tests.support.pki import Leaf, Made, Root, make_root

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime.now(timezone.utc).replace(microsecond=0)
_SAN = Extension("2.5.29.17", sequence(tlv(0x82, b"localhost")))
_UNKNOWN = Extension("1.2.3.4.5", tlv(5), critical=True)
_POLICY_CONSTRAINTS = Extension("2.5.29.36", sequence(tlv(0x80, b"\5")), critical=True)
_POLICIES = Extension("2.5.29.32", sequence(sequence(oid("2.23.140.1.2.1"))), critical=True)


class Chain(NamedTuple):
    """What a server sends, and the certificates that its clients hold as anchors."""

    leaf: Leaf
    anchors: tuple[Made, ...]


def made(issuer: Root | None = None, *, san: bool = True, **changes: Any) -> Leaf:  # noqa: ANN401 -- many types
    """A server's certificate for localhost, with the arguments of `make_root`; self-signed without an issuer."""
    given: dict[str, Any] = {"ca": False, "usage": ("digital_signature",), "purposes": (SERVER_AUTH,), **changes}
    given["extensions"] = [*([_SAN] if san else []), *changes.get("extensions", ())]
    given.setdefault("not_after", NOW + timedelta(days=30))
    one = make_root("localhost", issuer=issuer, **given)
    return Leaf(one.der, one.key, one.name_der, one.parents)


def _below(**changes: Any) -> Callable[[str], Chain]:  # noqa: ANN401  those of make_root
    """A chain of root and leaf, the leaf changed."""
    return lambda name: _of(make_root(f"R {name}"), **changes)


def _root(**changes: Any) -> Callable[[str], Chain]:  # noqa: ANN401  those of make_root
    """A chain of root and leaf, the root changed."""
    return lambda name: _of(make_root(f"R {name}", **changes))


def _middle(**changes: Any) -> Callable[[str], Chain]:  # noqa: ANN401  those of make_root
    """A chain of root, intermediate and leaf, the intermediate changed."""

    def make(name: str) -> Chain:
        root = make_root(f"R {name}")
        return Chain(made(root.intermediate(f"I {name}", **changes)), (root,))

    return make


def _of(root: Root, **changes: Any) -> Chain:  # noqa: ANN401  those of make_root
    return Chain(made(root, **changes), (root,))


def _missing(name: str) -> Chain:
    root = make_root(f"R {name}")
    leaf = made(root.intermediate(f"I {name}"))
    return Chain(Leaf(leaf.der, leaf.key, leaf.name_der), (root,))


def _middle_anchor(name: str) -> Chain:
    middle = make_root(f"R {name}").intermediate(f"I {name}")
    leaf = made(middle)
    return Chain(Leaf(leaf.der, leaf.key, leaf.name_der), (middle,))


def _same_name(name: str) -> Chain:
    other, root = make_root(f"R {name}", ski=False), make_root(f"R {name}", ski=False)
    return Chain(made(root, aki=False), (other, root))


def _self_signed(name: str) -> Chain:
    one = made(not_before=NOW - timedelta(days=1), extensions=[Extension("2.5.29.99", name.encode())])
    return Chain(one, (one,))


def _limited(name: str) -> Chain:
    return _of(make_root(f"R {name}", permitted=["corp.test"]))


def _short(name: str) -> Chain:
    root = make_root(f"R {name}", path_length=0)
    return Chain(made(root.intermediate(f"I {name}")), (root,))


_PAST = {"not_before": NOW - timedelta(days=20), "not_after": NOW - timedelta(days=2)}

_KINDS: dict[str, Callable[[str], Chain]] = {
    "good": _middle(),
    "unknown-issuer": lambda name: Chain(made(make_root(f"R {name}")), (make_root(f"Other {name}"),)),
    "missing-intermediate": _missing,
    "intermediate-anchor": _middle_anchor,
    "same-name-anchors": _same_name,
    "self-signed-leaf": _self_signed,
    "no-aki": _below(aki=False),
    "no-ski-root": _root(ski=False),
    "no-ski-intermediate": _middle(ski=False),
    "root-no-usage": _root(usage=None),
    "root-constraints-not-critical": _root(basic_constraints_critical=False),
    "root-no-constraints": _root(ca=None),
    "root-version-1": _root(version=1, ca=None, usage=None, ski=False),
    "ed25519-leaf": _below(key="ed25519"),
    "ed25519-root": _root(key="ed25519"),
    "rsa1024-leaf": _below(key="rsa1024"),
    "rsa1024-root": _root(key="rsa1024"),
    "rsa1024-intermediate": _middle(key="rsa1024"),
    "p192-root": _root(key="ec192"),
    "brainpool-root": _root(key="brainpool"),
    "sha1-leaf": _below(digest="sha1"),
    "sha1-intermediate": _middle(digest="sha1"),
    "sha1-root": _root(digest="sha1"),
    "negative-serial": _below(serial=-5),
    "zero-serial": _below(serial=0),
    "common-name-only": _below(san=False),
    "critical-leaf": _below(extensions=[_UNKNOWN]),
    "critical-intermediate": _middle(extensions=[_UNKNOWN]),
    "critical-root": _root(extensions=[_UNKNOWN]),
    "critical-policies-leaf": _below(extensions=[_POLICIES]),
    "critical-policy-constraints": _middle(extensions=[_POLICY_CONSTRAINTS]),
    "name-constraints-root": _limited,
    "name-constraints-intermediate": _middle(permitted=["corp.test"]),
    "expired-leaf": _below(**_PAST),
    "expired-intermediate": _middle(**_PAST),
    "expired-root": _root(**_PAST),
    "early-leaf": _below(not_before=NOW + timedelta(days=2)),
    "client-leaf": _below(purposes=(CLIENT_AUTH,)),
    "any-purpose-leaf": _below(purposes=(ANY_PURPOSE,)),
    "no-purpose-leaf": _below(purposes=None),
    "client-intermediate": _middle(purposes=(CLIENT_AUTH,)),
    "client-root": _root(purposes=(CLIENT_AUTH,)),
    "intermediate-no-sign": _middle(usage=("crl_sign",)),
    "root-no-sign": _root(usage=("crl_sign",)),
    "intermediate-no-authority": _middle(ca=False, usage=("digital_signature",)),
    "authority-leaf": _below(ca=True, usage=("digital_signature", "key_cert_sign")),
    "leaf-constraints-missing": _below(ca=None),
    "path-length": _short,
    "years-leaf": _below(not_after=NOW + timedelta(days=1200)),
    "usage-leaf": _below(usage=("key_agreement",)),
}


#: By name: a chain of each kind.
CHAINS: dict[str, Chain] = {name: make(name) for name, make in _KINDS.items()}
