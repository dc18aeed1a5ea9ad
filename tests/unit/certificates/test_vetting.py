"""Which certificates are refused, which are taken with a warning, and which option lifts it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.support.der_writing import generalized_time, name, sequence, tlv, utc_time
from tests.support.extensions import ANY_PURPOSE, CLIENT_AUTH, SERVER_AUTH, Extension
from tests.support.keys import explicit_p256, key_identifier, make_key, public_key_info
from tests.support.pki import Root, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.parsing import read_certificates
from trustinstall.certificates.vetting import ALLOWABLE, vet
from trustinstall.errors import CertificateRefused

DAY = timedelta(days=1)


def year(number: int) -> datetime:
    """The first moment of a year."""
    return datetime(number, 1, 1, tzinfo=timezone.utc)


def vetted(
    made: Root, now: datetime, *, allow: Collection[str] = (), allow_intermediate: bool = False
) -> tuple[str, ...]:
    """The warnings about a certificate that has been read from its DER."""
    (found,) = read_certificates(made.der, "x")
    return vet(found, now=now, allow=allow, allow_intermediate=allow_intermediate)


def explicit() -> Root:
    """A root whose curve is spelt out."""
    key = make_key("ec")
    return make_root(key=key, public_key=explicit_p256(key))


def critical_key_identifier() -> Root:
    """A root whose subject key identifier is critical."""
    key = make_key("ec")
    raw = tlv(0x04, key_identifier(public_key_info(key)))
    return make_root(key=key, ski=False, aki=False, extensions=[Extension("2.5.29.14", raw, critical=True)])


def two_algorithms() -> Root:
    """A root that names another signature algorithm inside than outside."""
    made = make_root()
    algorithm = bytes.fromhex("06082a8648ce3d040302")  # ecdsa-with-SHA256; 03 at its end is SHA-384
    return replace(made, der=made.der.replace(algorithm, algorithm[:-1] + b"\x03", 1))


STRUCTURAL: dict[str, tuple[dict[str, Any], str]] = {
    "no Basic Constraints": ({"ca": None}, "is a server's own self-signed certificate and not a CA"),
    "CA:FALSE": ({"ca": False}, "is a server's own self-signed certificate and not a CA"),
    "version 1": ({"version": 1}, "is an X.509 version 1 certificate"),
    "must not sign": ({"usage": ["crl_sign"]}, "lacks keyCertSign"),
    "must not sign, not critical": ({"usage": ["digital_signature"], "usage_critical": False}, "lacks keyCertSign"),
    "flipped bit": ({"break_signature": True}, "is damaged"),
    "two algorithms": ({}, "is damaged"),
    "flipped bit, no key identifiers": ({"break_signature": True, "ski": False}, "is damaged"),
    "unknown critical extension": (
        {"extensions": [Extension("1.2.3.4.5", b"\x05\0", critical=True)]},
        "has a critical extension (1.2.3.4.5)",
    ),
    "for clients only": ({"purposes": [CLIENT_AUTH]}, "is limited by its extended key usage"),
    "explicit curve": ({}, "spells its elliptic curve out"),
    "critical key identifier": ({}, "has a critical extension (2.5.29.14)"),
}
SPECIAL = {
    "two algorithms": two_algorithms,
    "explicit curve": explicit,
    "critical key identifier": critical_key_identifier,
}


@pytest.mark.parametrize("allow", [(), ALLOWABLE], ids=["plain", "allowed"])
@pytest.mark.parametrize("case", STRUCTURAL)
def test_refuses_what_no_client_could_use(case: str, *, allow: Collection[str], now: datetime) -> None:
    """A structural fault is refused with its sentence, with and without options."""
    changes, expected = STRUCTURAL[case]
    made = SPECIAL[case]() if case in SPECIAL else make_root("Corp", **changes)
    with pytest.raises(CertificateRefused) as caught:
        vetted(made, now, allow=allow, allow_intermediate=True)
    assert expected in str(caught.value)
    assert str(caught.value).endswith("; no option lifts this")
    assert not caught.value.allowed_as


POLICY: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"not_before": year(2001), "not_after": year(2011)}, "expired on 2011-01-01"),
    "too early": ({"not_before": year(2090), "not_after": year(2091)}, "is not valid before 2090-01-01"),
    "2060 in two digits": (
        {"validity": sequence(utc_time(year(2020)), utc_time(year(2060)))},
        "ends in 1960, before it begins",
    ),
    "RSA 1024": ({"key": "rsa1024"}, "RSA key of only 1024 bits"),
    "DSA": ({"key": "dsa"}, "has a DSA key"),
    "EC 192": ({"key": "ec192"}, "elliptic curve key of only 192 bits"),
    "MD5": ({"key": "rsa2048", "digest": "md5"}, "is signed with MD5"),
    "MD2": ({"key": "rsa2048", "digest": "md2"}, "is signed with MD2"),
}


@pytest.mark.parametrize("case", POLICY)
def test_refuses_by_policy(case: str, now: datetime) -> None:
    """A fault of policy is refused with the option that allows it, which alone makes a warning of it."""
    changes, expected = POLICY[case]
    word = "expired" if case in {"expired", "too early", "2060 in two digits"} else "weak"
    made = make_root("Corp", **changes)
    with pytest.raises(CertificateRefused) as caught:
        vetted(made, now)
    assert expected in str(caught.value)
    assert str(caught.value).endswith(f"; to trust it all the same: --allow-{word}")
    assert caught.value.allowed_as == word
    with pytest.raises(CertificateRefused):
        vetted(made, now, allow=ALLOWABLE - {word})
    assert [each for each in vetted(made, now, allow={word}) if expected in each and each.endswith(f"(--allow-{word})")]


def test_structural_faults_come_first(now: datetime) -> None:
    """An expired certificate that is no authority is not offered an option, which would not help."""
    made = make_root(ca=False, not_before=year(2001), not_after=year(2011))
    with pytest.raises(CertificateRefused, match="not a CA") as caught:
        vetted(made, now)
    assert not caught.value.allowed_as


WARNINGS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, []),
    "RSA 2048": ({"key": "rsa2048"}, []),
    "RSA 2048 with exponent 3": ({"key": "rsa2048e3"}, []),
    "P-384": ({"key": "ec384"}, []),
    "key usage not critical": ({"usage_critical": False}, []),
    "for servers": ({"purposes": [SERVER_AUTH]}, []),
    "for servers and clients, and any": ({"purposes": [SERVER_AUTH, CLIENT_AUTH, ANY_PURPOSE]}, []),
    "unknown extension": ({"extensions": [Extension("1.2.3.4", b"\x05\0")]}, []),
    "year 9999": ({"not_after": datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)}, []),
    "21 octets of serial": ({"serial": (1 << 167) - 1}, []),
    "SHA-1": ({"key": "rsa2048", "sha1": True}, ["is signed with SHA-1"]),
    "SHA-1 with EC": ({"sha1": True}, ["is signed with SHA-1"]),
    "no key identifier": ({"ski": False}, ["has no subject key identifier: Python 3.13"]),
    "another authority key": (
        {"aki": b"x" * 20},
        ["has an authority key identifier that is not its own: Python before 3.13"],
    ),
    "Basic Constraints not critical": (
        {"basic_constraints_critical": False},
        ["has Basic Constraints that are not critical: Python 3.13"],
    ),
    "no key usage": ({"usage": None}, ["has no key usage: Python 3.13"]),
    "pathlen 0": ({"path_length": 0}, ["allows no intermediate below it (pathlen:0): curl"]),
    "pathlen 2": ({"path_length": 2}, ["limits the number of intermediates below it (pathlen): curl"]),
    "name constraints": ({"permitted": ["corp.test"]}, ["is limited to some names (name constraints): curl"]),
    "any purpose": ({"purposes": [ANY_PURPOSE]}, ["names any purpose but not servers"]),
    "GeneralizedTime too early": (
        {"validity": sequence(utc_time(year(2020)), generalized_time(year(2049)))},
        ["has a date before 2050 as GeneralizedTime"],
    ),
    "negative serial": ({"serial": -5}, ["has a negative serial number: Go"]),
    "serial zero": ({"serial": 0}, ["has the serial number zero"]),
    "22 octets of serial": ({"serial": 1 << 167}, ["has a serial number of more than 21 octets"]),
    "no subject": ({"subject": sequence()}, ["has an empty subject: curl"]),
    "T61String": (
        {"subject": name(("2.5.4.3", 0x14, b"M\xfcller"))},
        ["has a subject with control characters or in an old"],
    ),
    "terminal escape": ({"subject": name(("2.5.4.3", 0x0C, b"a\x1b[2Jb"))}, ["has a subject with control characters"]),
    "direction override": (
        {"subject": name(("2.5.4.10", 0x0C, "a\u202eb".encode()))},
        ["has a subject with control characters"],
    ),
    "brainpool": ({"key": "brainpool"}, ["has a key on an uncommon curve: wget and Java"]),
    "Ed25519": ({"key": "ed25519"}, ["has an Ed25519 or Ed448 key"]),
    "Ed448": ({"key": "ed448"}, ["has an Ed25519 or Ed448 key"]),
    "several": (
        {"ski": False, "usage": None, "path_length": 1},
        ["has no subject key identifier", "has no key usage", "limits the number"],
    ),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_warns(case: str, now: datetime) -> None:
    """Each quirk has its warning and no other; a harmless one has none."""
    changes, expected = WARNINGS[case]
    made = make_root("Corp", **changes)
    warnings = vetted(made, now)
    called = Certificate(made.der).name
    assert len(expected) == len(warnings), warnings
    for wanted, warning in zip(expected, warnings, strict=True):
        assert warning.startswith(f"{called} {wanted}")
        assert warning.isprintable()


@pytest.mark.parametrize(
    ("left", "expected"),
    [(31 * DAY, False), (30 * DAY + DAY / 24, False), (29 * DAY, True), (timedelta(0), True)],
)
def test_warns_of_a_near_end(left: timedelta, *, expected: bool, now: datetime) -> None:
    """In its last 30 days, up to its last second, a certificate is taken with a warning."""
    end = now.replace(microsecond=0) + left
    warnings = vetted(make_root(not_before=end - 365 * DAY, not_after=end), now.replace(microsecond=0))
    assert expected == any("ends within 30 days" in each for each in warnings)


def test_the_ends_of_validity_belong_to_it(now: datetime) -> None:
    """A certificate is valid in its first and its last second (RFC 5280 4.1.2.5), and not one before or after."""
    start = now.replace(microsecond=0)
    end = start + 100 * DAY
    made = make_root(not_before=start, not_after=end)
    assert vetted(made, start) == ()
    assert vetted(made, end)
    for outside in (start - timedelta(seconds=1), end + timedelta(seconds=1)):
        with pytest.raises(CertificateRefused):
            vetted(made, outside)


def test_intermediates_need_insisting(root: Root, now: datetime) -> None:
    """An intermediate is refused without --allow-intermediate, and taken with a warning with it."""
    intermediate = root.intermediate("Issuing CA 1")
    with pytest.raises(CertificateRefused, match="is an intermediate, not a root") as caught:
        vetted(intermediate, now, allow=ALLOWABLE)
    assert caught.value.allowed_as == "intermediate"
    (warning,) = vetted(intermediate, now, allow_intermediate=True)
    assert "Python before 3.13 and Node.js refuse chains that end in it" in warning


def test_a_leaf_is_never_taken(root: Root, now: datetime) -> None:
    """No flag makes an anchor of a server's own certificate."""
    leaf = root.issue("www.corp.test")
    (found,) = read_certificates(leaf.der, "x")
    with pytest.raises(CertificateRefused, match="a server's own certificate and not a CA"):
        vet(found, now=now, allow=ALLOWABLE, allow_intermediate=True)
