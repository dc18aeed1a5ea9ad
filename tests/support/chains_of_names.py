"""Servers' chains for names: host names with stars and other odd ones, and name constraints.

These are the kinds of x509-limbo's webpki::san, webpki::cn, rfc5280::san, rfc5280::nc, webpki::nc, of its nc-dos and
CVE-2025-61727, and of the suite of name constraints of BetterTLS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.chain_making import (
    HERE,
    Chain,
    Maker,
    alternatives,
    constraints,
    leaf_with,
    middle_with,
    network,
    of,
    other_name,
    root_with,
)
from tests.support.der_writing import common_name, sequence, tlv
from tests.support.pki import make_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.extensions import Extension

_HOST = "host.corp.test"
_MANY = 1100  # names and constraints: more than 2 ** 20 comparisons, at which OpenSSL, GnuTLS and Go give up
_DIRECTORY = tlv(0xA4, common_name("elsewhere"))
_MAIL = tlv(0x81, b"corp.test")


def _limits(limit: Extension, host: str = HERE, *names: str | bytes, **leaf: Any) -> Maker:  # noqa: ANN401  those of make_root
    """A chain whose root has name constraints."""
    return lambda name: of(make_root(f"R {name}", extensions=[limit]), host, names=names or (host,), **leaf)


def _limits_below(limit: Extension, *names: str | bytes, also: Sequence[Extension] = ()) -> Maker:
    """A chain whose intermediate has name constraints."""
    return middle_with(names=names or (HERE,), extensions=[limit, *also])


def _self_issued(name: str) -> Chain:
    """Two authorities of one name below a root whose constraints allow the server's name, and not theirs."""
    limit = constraints([HERE])
    first = make_root(f"R {name}", extensions=[limit])
    other = alternatives("authority.test")
    second = make_root("unused", issuer=first, subject=first.name_der, extensions=[other])
    return of(second)


def _many(name: str) -> Chain:
    names = [f"h{number}.corp.test" for number in range(_MANY)]
    limit = constraints(["corp.test", HERE], names)
    others = [f"o{number}.corp.test" for number in range(_MANY)]
    return of(make_root(f"R {name}", extensions=[limit]), names=[HERE, *others])


KINDS: dict[str, Maker] = {
    "wrong-name": leaf_with(names=("other.corp.test",)),
    "name-above": leaf_with(_HOST, names=("corp.test",)),
    "name-below": leaf_with("corp.test", names=(_HOST,)),
    "name-in-capitals": leaf_with(_HOST, names=("HOST.Corp.Test",)),
    "name-with-a-dot": leaf_with(_HOST, names=(f"{_HOST}.",)),
    "underscore": leaf_with("my_host.corp.test", names=("my_host.corp.test",)),
    "star": leaf_with(_HOST, names=("*.corp.test",)),
    "star-in-a-label": leaf_with(_HOST, names=("ho*.corp.test",)),
    "star-in-the-middle": leaf_with("a.host.corp.test", names=("a.*.corp.test",)),
    "star-for-two-labels": leaf_with("a.host.corp.test", names=("*.corp.test",)),
    "star-of-a-top-domain": leaf_with("corp.test", names=("*.test",)),
    "star-alone": leaf_with(names=("*",)),
    "address": leaf_with("127.0.0.1", names=("127.0.0.1",)),
    "address-as-name": leaf_with("127.0.0.1", names=(tlv(0x82, b"127.0.0.1"),)),
    "address-in-common-name": leaf_with("127.0.0.1", names=(), common_name="127.0.0.1"),
    "common-name-beside-names": leaf_with(names=("other.corp.test",), common_name=HERE),
    "common-name-beside-addresses": leaf_with(names=("192.0.2.1",), common_name=HERE),
    "no-subject": leaf_with(subject=sequence()),
    "no-subject-critical": leaf_with(names=(), subject=sequence(), extensions=[alternatives(HERE, critical=True)]),
    "critical-names": leaf_with(names=(), extensions=[alternatives(HERE, critical=True)]),
    "permitted": _limits(constraints(["corp.test"]), _HOST),
    "permitted-not-critical": _limits(constraints(["corp.test"], critical=False), _HOST),
    "permitted-more": _limits(constraints(["corp.test"]), _HOST, _HOST, "host.other.test"),
    "permitted-with-dot": _limits(constraints([".corp.test"]), _HOST),
    "permitted-with-dot-apex": _limits(constraints([".corp.test"]), "corp.test"),
    "permitted-star": _limits(constraints(["corp.test"]), _HOST, "*.corp.test"),
    "permitted-one-of-star": _limits(constraints([_HOST]), _HOST, "*.corp.test"),
    "excluded": _limits(constraints(excluded=["corp.test"]), _HOST),
    "excluded-other": _limits(constraints(excluded=["other.test"]), _HOST),
    "excluded-all": _limits(constraints(excluded=[""]), _HOST),
    "excluded-one-of-star": _limits(constraints(excluded=["secret.corp.test"]), _HOST, "*.corp.test"),
    "excluded-and-permitted": _limits(constraints(["corp.test"], [_HOST]), _HOST),
    "permitted-address": _limits(constraints([network("127.0.0.0/8")]), "127.0.0.1"),
    "permitted-other-address": _limits(constraints([network("192.0.2.0/24")]), "127.0.0.1"),
    "excluded-address": _limits(constraints(excluded=[network("127.0.0.0/8")]), "127.0.0.1"),
    "permitted-addresses-only": _limits(constraints([network("192.0.2.0/24")])),
    "permitted-directory": _limits(constraints([tlv(0xA4, common_name(HERE))])),
    "permitted-other-directory": _limits(constraints([_DIRECTORY])),
    "excluded-directory": _limits(constraints(excluded=[tlv(0xA4, common_name(HERE))])),
    "permitted-mail": _limits(constraints([_MAIL])),
    "excluded-other-kind": _limits(constraints(excluded=[other_name("x")])),
    "excluded-other-kind-used": _limits(constraints(excluded=[other_name("x")]), HERE, HERE, other_name("x")),
    "permitted-other-directory-intermediate": _limits_below(constraints([_DIRECTORY])),
    "excluded-directory-intermediate": _limits_below(constraints(excluded=[tlv(0xA4, common_name(HERE))])),
    "excluded-other-kind-intermediate": _limits_below(constraints(excluded=[other_name("x")])),
    "excluded-other-kind-used-intermediate": _limits_below(
        constraints(excluded=[other_name("x")]), HERE, other_name("x")
    ),
    "permitted-common-name": _limits(constraints(["corp.test"]), HERE, "host.corp.test", common_name=HERE),
    "constraints-malformed": _limits(constraints([tlv(0x87, b"\x7f\0")])),
    "constraints-empty": _limits(constraints()),
    "constraints-on-leaf": leaf_with(extensions=[constraints([HERE])]),
    "constraints-of-both": lambda name: of(
        make_root(f"R {name}", permitted=["corp.test"]).intermediate(f"I {name}", permitted=["test"]),
        _HOST,
        names=(_HOST,),
    ),
    "constraints-wider-below": lambda name: of(
        make_root(f"R {name}", permitted=["corp.test"]).intermediate(f"I {name}", permitted=["test"]),
        "host.other.test",
        names=("host.other.test",),
    ),
    "authority-outside": lambda name: of(
        make_root(f"R {name}", permitted=[HERE]).intermediate(f"I {name}", extensions=[alternatives("ca.test")])
    ),
    "authority-outside-itself": _limits_below(constraints([HERE]), also=[alternatives("ca.test")]),
    "authority-outside-below": lambda name: of(
        make_root(f"R {name}")
        .intermediate(f"I {name}", permitted=[HERE])
        .intermediate(f"J {name}", extensions=[alternatives("ca.test")])
    ),
    "permitted-with-dot-apex-intermediate": lambda name: of(
        make_root(f"R {name}").intermediate(f"I {name}", permitted=[".corp.test"]), "corp.test", names=["corp.test"]
    ),
    "authority-self-issued-outside": _self_issued,
    "many-constraints": _many,
    "names-of-authority": middle_with(extensions=[alternatives("ca.test")]),
    "no-names-of-root": root_with(subject=sequence()),
}
