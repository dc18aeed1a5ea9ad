"""Servers' chains with one odd property each: what verifiers do not agree on.

The kinds are those of x509-limbo's namespaces, as far as a client that verifies a server sees them, and of the findings
of people: see `chains_of_names` (host names, name constraints) and `chains_of_paths` (several paths, extensions) too.
"""

from __future__ import annotations

from datetime import timedelta

from tests.support import chains_of_names, chains_of_paths
from tests.support.chain_making import NOW, PAST, Chain, Maker, leaf_with, made, middle_with, of, root_with
from tests.support.der_writing import oid, sequence, tlv
from tests.support.extensions import ANY_PURPOSE, CLIENT_AUTH, Extension
from tests.support.pki import Leaf, make_root

_UNKNOWN = Extension("1.2.3.4.5", tlv(5), critical=True)
_POLICY_CONSTRAINTS = Extension("2.5.29.36", sequence(tlv(0x80, b"\5")), critical=True)
_POLICIES = Extension("2.5.29.32", sequence(sequence(oid("2.23.140.1.2.1"))), critical=True)


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
    return of(make_root(f"R {name}", permitted=["corp.test"]))


def _short(name: str) -> Chain:
    root = make_root(f"R {name}", path_length=0)
    return Chain(made(root.intermediate(f"I {name}")), (root,))


_KINDS: dict[str, Maker] = {
    "good": middle_with(),
    "unknown-issuer": lambda name: Chain(made(make_root(f"R {name}")), (make_root(f"Other {name}"),)),
    "missing-intermediate": _missing,
    "intermediate-anchor": _middle_anchor,
    "same-name-anchors": _same_name,
    "self-signed-leaf": _self_signed,
    "no-aki": leaf_with(aki=False),
    "no-ski-root": root_with(ski=False),
    "no-ski-intermediate": middle_with(ski=False),
    "root-no-usage": root_with(usage=None),
    "root-constraints-not-critical": root_with(basic_constraints_critical=False),
    "root-no-constraints": root_with(ca=None),
    "root-version-1": root_with(version=1, ca=None, usage=None, ski=False),
    "ed25519-leaf": leaf_with(key="ed25519"),
    "ed25519-root": root_with(key="ed25519"),
    "rsa1024-leaf": leaf_with(key="rsa1024"),
    "rsa1024-root": root_with(key="rsa1024"),
    "rsa1024-intermediate": middle_with(key="rsa1024"),
    "p192-root": root_with(key="ec192"),
    "brainpool-root": root_with(key="brainpool"),
    "sha1-leaf": leaf_with(digest="sha1"),
    "sha1-intermediate": middle_with(digest="sha1"),
    "sha1-root": root_with(digest="sha1"),
    "negative-serial": leaf_with(serial=-5),
    "zero-serial": leaf_with(serial=0),
    "common-name-only": leaf_with(names=()),
    "critical-leaf": leaf_with(extensions=[_UNKNOWN]),
    "critical-intermediate": middle_with(extensions=[_UNKNOWN]),
    "critical-root": root_with(extensions=[_UNKNOWN]),
    "critical-policies-leaf": leaf_with(extensions=[_POLICIES]),
    "critical-policy-constraints": middle_with(extensions=[_POLICY_CONSTRAINTS]),
    "name-constraints-root": _limited,
    "name-constraints-intermediate": middle_with(permitted=["corp.test"]),
    "expired-leaf": leaf_with(**PAST),
    "expired-intermediate": middle_with(**PAST),
    "expired-root": root_with(**PAST),
    "early-leaf": leaf_with(not_before=NOW + timedelta(days=2)),
    "client-leaf": leaf_with(purposes=(CLIENT_AUTH,)),
    "any-purpose-leaf": leaf_with(purposes=(ANY_PURPOSE,)),
    "no-purpose-leaf": leaf_with(purposes=None),
    "client-intermediate": middle_with(purposes=(CLIENT_AUTH,)),
    "client-root": root_with(purposes=(CLIENT_AUTH,)),
    "intermediate-no-sign": middle_with(usage=("crl_sign",)),
    "root-no-sign": root_with(usage=("crl_sign",)),
    "intermediate-no-authority": middle_with(ca=False, usage=("digital_signature",)),
    "authority-leaf": leaf_with(ca=True, usage=("digital_signature", "key_cert_sign")),
    "leaf-constraints-missing": leaf_with(ca=None),
    "path-length": _short,
    "years-leaf": leaf_with(not_after=NOW + timedelta(days=1200)),
    "usage-leaf": leaf_with(usage=("key_agreement",)),
}


#: By name: a chain of each kind.
CHAINS: dict[str, Chain] = {
    name: make(name) for name, make in {**_KINDS, **chains_of_names.KINDS, **chains_of_paths.KINDS}.items()
}
