"""Servers' chains with several paths, and with odd extensions, keys and signatures.

These are the kinds of x509-limbo's pathlen, pathological, cve, invalid, rfc5280 and webpki namespaces, and of the suite
of path building of BetterTLS: a server sends two certificates of one authority, and the first one leads nowhere.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.support.chain_making import NOW, PAST, Chain, Maker, leaf_with, made, middle_with, of, root_with, sending
from tests.support.der_writing import generalized_time, integer, oid, sequence, tlv
from tests.support.extensions import CLIENT_AUTH, SERVER_AUTH, Extension, extended_key_usage, issuers_at
from tests.support.keys import explicit_p256, make_key
from tests.support.pki import Leaf, make_root

_KEY = b"\1" * 20
_SHA256 = sequence(oid("1.2.840.10045.4.3.2"))
_SHA384 = sequence(oid("1.2.840.10045.4.3.3"))


def _critical(number: str, value: bytes) -> list[Extension]:
    return [Extension(number, value, critical=True)]


_OWN_ID = _critical("2.5.29.14", tlv(0x04, _KEY))
_ISSUERS_ID = _critical("2.5.29.35", sequence())
_LISTS = sequence(sequence(tlv(0xA0, tlv(0xA0, tlv(0x86, b"http://localhost/list.crl")))))
_MAPPING = sequence(sequence(oid("1.2.3.4.7"), oid("1.2.3.4.8")))
_POLICIES = sequence(sequence(oid("1.2.3.4.7")))


def _second(**changes: Any) -> Maker:  # noqa: ANN401  those of make_root
    """A chain whose server sends two certificates of its issuer, and the first one is bad."""

    def make(name: str) -> Chain:
        root = make_root(f"R {name}")
        good = root.intermediate(f"I {name}")
        bad = make_root("unused", key=good.key, subject=good.name_der, issuer=root, **changes)
        return sending(made(good), bad, good, anchors=[root])

    return make


def _first(**changes: Any) -> Maker:  # noqa: ANN401  those of make_root
    """The same, and the good one comes first."""

    def make(name: str) -> Chain:
        root = make_root(f"R {name}")
        good = root.intermediate(f"I {name}")
        bad = make_root("unused", key=good.key, subject=good.name_der, issuer=root, **changes)
        return sending(made(good), good, bad, anchors=[root])

    return make


def _crossed(*, old: bool, new: bool, ended: bool) -> Maker:
    """A new root, signed by an old one too: the server sends that certificate, and the clients hold `old` or `new`."""

    def make(name: str) -> Chain:
        past = PAST if ended else {}
        elder = make_root(f"Old {name}", **past)
        root = make_root(f"R {name}")
        crossed = make_root("unused", key=root.key, subject=root.name_der, issuer=elder)
        middle = root.intermediate(f"I {name}")
        anchors = [*([elder] if old else []), *([root] if new else [])]
        return sending(made(middle), middle, crossed, anchors=anchors)

    return make


def _renewed(name: str) -> Chain:
    """A root that has ended, and its successor with the same name and key; clients hold both."""
    root = make_root(f"R {name}")
    old = make_root("unused", key=root.key, subject=root.name_der, **PAST)
    return Chain(made(root), (old, root))


def _renewed_other_id(name: str) -> Chain:
    """A root's successor with the same name and key and another key identifier; clients hold the successor."""
    old = make_root(f"R {name}")
    root = make_root("unused", key=old.key, subject=old.name_der, ski=_KEY)
    return Chain(made(old), (root,))


def _circle(name: str) -> Chain:
    """Two authorities that have signed each other's certificates, and no root."""
    one, other = make_root(f"A {name}"), make_root(f"B {name}")
    first = make_root("unused", key=one.key, subject=one.name_der, issuer=other)
    second = make_root("unused", key=other.key, subject=other.name_der, issuer=one)
    return sending(made(one), first, second, anchors=[make_root(f"R {name}")])


def _circle_with_root(name: str) -> Chain:
    """Two authorities that have signed each other's certificates, and a root that has signed one of them."""
    one, other, root = make_root(f"A {name}"), make_root(f"B {name}"), make_root(f"R {name}")
    first = make_root("unused", key=one.key, subject=one.name_der, issuer=other)
    second = make_root("unused", key=other.key, subject=other.name_der, issuer=one)
    third = make_root("unused", key=one.key, subject=one.name_der, issuer=root)
    return sending(made(one), first, second, third, anchors=[root])


def _long(length: int) -> Maker:
    """A chain of many authorities."""

    def make(name: str) -> Chain:
        last = root = make_root(f"R {name}")
        for number in range(length):
            last = last.intermediate(f"I{number} {name}")
        return Chain(made(last), (root,))

    return make


def _limits(*limits: int | None) -> Maker:
    """A chain of authorities with these path lengths, below a root without."""

    def make(name: str) -> Chain:
        last = root = make_root(f"R {name}")
        for number, limit in enumerate(limits):
            last = last.intermediate(f"I{number} {name}", path_length=limit)
        return Chain(made(last), (root,))

    return make


def _self_issued_limit(name: str) -> Chain:
    """A self-issued certificate, which does not count for the path length (RFC 5280 4.2.1.9)."""
    root = make_root(f"R {name}")
    first = root.intermediate(f"I {name}", path_length=0)
    second = make_root("unused", subject=first.name_der, issuer=first, path_length=0)
    return Chain(made(second), (root,))


def _swapped(name: str) -> Chain:
    """Clients hold the intermediate, and the server sends the root."""
    root = make_root(f"R {name}")
    middle = root.intermediate(f"I {name}")
    return sending(made(middle), root, anchors=[middle])


def _root_too(name: str) -> Chain:
    """The server sends the root as well, first."""
    root = make_root(f"R {name}")
    middle = root.intermediate(f"I {name}")
    return sending(made(middle), root, middle, anchors=[root])


def _beside(name: str) -> Chain:
    """The server sends a certificate that has nothing to do with it."""
    root, other = make_root(f"R {name}"), make_root(f"Other {name}")
    middle = root.intermediate(f"I {name}")
    return sending(made(middle), other.intermediate("Stray"), middle, anchors=[root])


def _two_algorithms(name: str) -> Chain:
    """The algorithm outside the signed part is another than the one inside."""
    root = make_root(f"R {name}")
    leaf = made(root)
    start, end = leaf.der[: leaf.der.rindex(_SHA256)], leaf.der[leaf.der.rindex(_SHA256) + len(_SHA256) :]
    return Chain(Leaf(start + _SHA384 + end, leaf.key, leaf.name_der, (root,)), (root,))


def _explicit_root(name: str) -> Chain:
    """A root whose key is a curve with explicit parameters (CVE-2020-0601)."""
    key = make_key("ec")
    root = make_root(f"R {name}", key=key, public_key=explicit_p256(key))
    return Chain(made(root), (root,))


def _crossed_anchor(name: str) -> Chain:
    """The only anchor is an authority that another root has signed, without an authority key identifier."""
    middle = make_root(f"R {name}").intermediate(f"I {name}", aki=False)
    return sending(made(middle), anchors=[middle])


_SOON = sequence(generalized_time(NOW - timedelta(days=1)), generalized_time(NOW + timedelta(days=30)))

KINDS: dict[str, Maker] = {
    "second-expired": _second(**PAST),
    "second-limited": _second(permitted=["corp.test"]),
    "second-client": _second(purposes=(CLIENT_AUTH,)),
    "second-no-authority": _second(ca=False, usage=("digital_signature",)),
    "second-no-constraints": _second(ca=None),
    "second-sha1": _second(digest="sha1"),
    "second-unknown": _second(extensions=_critical("1.2.3.4.5", tlv(5))),
    "first-expired": _first(**PAST),
    "first-limited": _first(permitted=["corp.test"]),
    "crossed": _crossed(old=True, new=False, ended=False),
    "crossed-both": _crossed(old=True, new=True, ended=False),
    "crossed-new": _crossed(old=False, new=True, ended=False),
    "crossed-ended": _crossed(old=True, new=False, ended=True),
    "crossed-ended-both": _crossed(old=True, new=True, ended=True),
    "crossed-anchor": _crossed_anchor,
    "renewed-root": _renewed,
    "renewed-root-other-id": _renewed_other_id,
    "circle": _circle,
    "circle-with-root": _circle_with_root,
    "long-path": _long(6),
    "path-length-none-below": _limits(0),
    "path-length-intermediate": _limits(0, None),
    "path-length-more-below": _limits(1, 5),
    "path-length-too-long": _limits(5, 0, None),
    "path-length-self-issued": _self_issued_limit,
    "swapped": _swapped,
    "root-sent-first": _root_too,
    "stray-sent-first": _beside,
    "aki-mismatch": leaf_with(aki=_KEY),
    "aki-mismatch-intermediate": middle_with(aki=_KEY),
    "aki-mismatch-root": root_with(aki=_KEY),
    "no-aki-intermediate": middle_with(aki=False),
    "critical-aki-leaf": leaf_with(aki=False, extensions=_ISSUERS_ID),
    "critical-ski-leaf": leaf_with(ski=False, extensions=_OWN_ID),
    "critical-ski-intermediate": lambda name: of(
        make_root(f"R {name}").intermediate(f"I {name}", ski=False, extensions=_OWN_ID), aki=_KEY
    ),
    "critical-crl-leaf": leaf_with(extensions=_critical("2.5.29.31", _LISTS)),
    "critical-issuers-leaf": leaf_with(
        extensions=_critical("1.3.6.1.5.5.7.1.1", issuers_at("http://localhost/root.crt").value)
    ),
    "critical-any-policy": middle_with(extensions=_critical("2.5.29.54", integer(5))),
    "critical-mapping": middle_with(extensions=[Extension("2.5.29.32", _POLICIES), *_critical("2.5.29.33", _MAPPING)]),
    "policy-constraints": middle_with(extensions=[Extension("2.5.29.36", sequence(tlv(0x80, b"\5")))]),
    "policy-required": middle_with(extensions=_critical("2.5.29.36", sequence(tlv(0x80, b"\0")))),
    "critical-purposes-leaf": leaf_with(purposes=None, extensions=[extended_key_usage(SERVER_AUTH, critical=True)]),
    "empty-purposes-leaf": leaf_with(purposes=None, extensions=[Extension("2.5.29.37", sequence())]),
    "two-of-an-extension": leaf_with(extensions=[Extension("1.2.3.4.9", tlv(5))] * 2),
    "malformed-issuers-leaf": leaf_with(extensions=[Extension("1.3.6.1.5.5.7.1.1", b"\x30\x03abc")]),
    "intermediate-no-constraints": middle_with(ca=None),
    "intermediate-no-usage": middle_with(usage=None),
    "root-no-usage-bits": root_with(usage=()),
    "leaf-signs": leaf_with(usage=("digital_signature", "key_cert_sign")),
    "leaf-signs-only": leaf_with(usage=("key_cert_sign", "crl_sign")),
    "authority-leaf-signs-only": leaf_with(ca=True, usage=("key_cert_sign", "crl_sign")),
    "leaf-no-usage": leaf_with(usage=None),
    "version-2-leaf": leaf_with(version=2),
    "long-serial": leaf_with(serial=1 << 165),
    "negative-serial-root": root_with(serial=-5),
    "generalized-time": leaf_with(validity=_SOON),
    "broken-signature": leaf_with(break_signature=True),
    "two-algorithms": _two_algorithms,
    "explicit-curve-root": _explicit_root,
    "dsa-root": root_with(key="dsa2048"),
    "ed448-root": root_with(key="ed448"),
    "rsa2052-root": root_with(key="rsa2052"),
    "pss-root": root_with(key="rsa2048", digest="pss"),
    "sha384-root": root_with(key="ec384", digest="sha384"),
    "sha512-root": root_with(key="rsa2048", digest="sha512"),
}
