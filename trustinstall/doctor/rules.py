"""The faults for which verifiers refuse a certificate of a path: a table of rules, by the code of the reason.

`families` says which verifiers apply which rule. A rule takes a Step and returns words that follow the certificate's
name ("expired on 2026-01-31"), or "" if the certificate complies. Sources: RFC 5280, 4.1.2.2 (serial number), 4.2 (an
unknown critical extension), 4.2.1.3, 4.2.1.9, 4.2.1.10 and 4.2.1.12; CA/Browser Forum 6.1.5 and 7.1.3.2.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from trustinstall.errors import CertificateRefused, printable
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from trustinstall.doctor.families import Family

_Value = TypeVar("_Value", bound=x509.ExtensionType)
_LONGEST_LIFE = timedelta(days=825)
#: The errors of reading a server's certificate that is malformed, or has a malformed part.
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    CertificateRefused,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class Step(NamedTuple):
    """One certificate of a path, as a rule sees it.

    Attributes:
        path: the certificates, from the server's upwards.
        at: the index of the certificate in the path; 0 is the server's.
        family: the verifier that judges it.
        now: the time of the judgement, with a time zone.
    """

    path: Sequence[x509.Certificate]
    at: int
    family: Family
    now: datetime

    @property
    def one(self) -> x509.Certificate:
        """The certificate."""
        return self.path[self.at]

    def value(self, kind: type[_Value]) -> _Value | None:
        """Return the value of the extension of this kind, or None if the certificate lacks it."""
        return value_of(self.one, kind)


def value_of(one: x509.Certificate, kind: type[_Value]) -> _Value | None:
    """Return the value of the extension of this kind, or None if the certificate lacks it."""
    try:
        return one.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def against(step: Step, codes: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the code and the words of each rule that a certificate breaks; only the rules of `codes` are tried."""
    for code, rule in RULES.items():
        said = rule(step) if code in codes else ""
        if said:
            yield code, said


def _expired(step: Step) -> str:
    end = step.one.not_valid_after_utc
    return f"expired on {end:%Y-%m-%d}" if step.now > end else ""


def _early(step: Step) -> str:
    start = step.one.not_valid_before_utc
    return f"is valid from {start:%Y-%m-%d} on" if step.now < start else ""


def _signature(step: Step) -> str:
    digest = step.one.signature_hash_algorithm
    return f"is signed with {digest.name.upper()}" if digest and digest.name in step.family.digests else ""


def _small(step: Step) -> str:
    key = step.one.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < step.family.rsa:
        return f"has an RSA key of {key.key_size} bits"
    return ""


def _kind(step: Step) -> str:
    try:
        key = step.one.public_key()
    except UnsupportedAlgorithm:
        return "has a key of a kind that is not known here"
    kind = type(key).__name__.removesuffix("PublicKey").lower()
    name = key.curve.name if isinstance(key, EllipticCurvePublicKey) else kind
    taken = isinstance(key, RSAPublicKey) or name in step.family.keys
    return "" if taken else f"has a key of the kind {printable(name, 40)}, which {step.family.name} does not take"


def _critical(step: Step) -> str:
    unknown = (one.oid.dotted_string for one in step.one.extensions if one.critical)
    oid = next((one for one in unknown if one not in step.family.known), "")
    return f"has a critical extension that {step.family.name} does not know ({printable(oid, 60)})" if oid else ""


def _purpose(step: Step) -> str:
    return "" if step.at else _not_for_servers(step, any_too=step.family.any_leaf)


def _authority_purpose(step: Step) -> str:
    return _not_for_servers(step, any_too=step.family.any_authority) if step.at else ""


def _not_for_servers(step: Step, *, any_too: bool) -> str:
    purposes = step.value(x509.ExtendedKeyUsage)
    allowed = {ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE] if any_too else [])}
    unfit = purposes is not None and allowed.isdisjoint(purposes)
    return "is not for servers (extended key usage)" if unfit else ""


def _no_purpose(step: Step) -> str:
    missing = not step.at and step.value(x509.ExtendedKeyUsage) is None
    return "does not say that it is for servers (extended key usage)" if missing else ""


def _key_usage(step: Step) -> str:
    usage = step.value(x509.KeyUsage) if step.at else None
    return "may not sign certificates (key usage)" if usage is not None and not usage.key_cert_sign else ""


def _path_length(step: Step) -> str:
    basic = step.value(x509.BasicConstraints) if step.at else None
    between = sum(below.issuer != below.subject for below in step.path[1 : step.at])
    if basic is None or basic.path_length is None or between <= basic.path_length:
        return ""
    return f"allows {basic.path_length} authorities below it, and there are {between}"


def _name_constraints(step: Step) -> str:
    limits = step.value(x509.NameConstraints) if step.at else None
    outside = limits is not None and not _within(limits, step.path[0])
    return "is limited to other names (name constraints)" if outside else ""


def _negative(step: Step) -> str:
    return "has a negative serial number" if step.one.serial_number < 0 else ""


def _no_authority(step: Step) -> str:
    missing = step.at and step.one.version is x509.Version.v3 and step.value(x509.BasicConstraints) is None
    return "does not say that it is an authority (basic constraints)" if missing else ""


def _version_1(step: Step) -> str:
    return "is of version 1, and no authority's" if step.at and step.one.version is x509.Version.v1 else ""


def _authority_leaf(step: Step) -> str:
    basic = None if step.at else step.value(x509.BasicConstraints)
    return "is an authority's certificate, and no server's" if basic is not None and basic.ca else ""


def _self_signed(step: Step) -> str:
    alone = len(step.path) == 1 and step.one.issuer == step.one.subject
    return "is signed by itself, and no authority" if alone else ""


def _leaf_usage(step: Step) -> str:
    usage = None if step.at or isinstance(step.one.public_key(), RSAPublicKey) else step.value(x509.KeyUsage)
    return "may not make signatures (key usage)" if usage is not None and not usage.digital_signature else ""


def _leaf_encipherment(step: Step) -> str:
    usage = step.value(x509.KeyUsage) if not step.at and isinstance(step.one.public_key(), RSAPublicKey) else None
    return "may not encipher keys (key usage)" if usage is not None and not usage.key_encipherment else ""


def _no_key_identifier(step: Step) -> str:
    if step.one.version is not x509.Version.v3:
        return ""
    names = step.value(x509.AuthorityKeyIdentifier)
    if step.at + 1 < len(step.path) and (names is None or names.key_identifier is None):
        return "does not name its issuer's key (authority key identifier)"
    missing = step.at and step.value(x509.SubjectKeyIdentifier) is None
    return "does not name its key (subject key identifier)" if missing else ""


def _no_key_usage(step: Step) -> str:
    missing = step.at and step.one.version is x509.Version.v3 and step.value(x509.KeyUsage) is None
    return "does not say that it may sign certificates (key usage)" if missing else ""


def _not_critical(step: Step) -> str:
    every = [one for one in step.one.extensions if isinstance(one.value, x509.BasicConstraints)]
    weak = step.at and any(not one.critical for one in every)
    return "does not mark its basic constraints as critical" if weak else ""


def _long_lived(step: Step) -> str:
    days = step.one.not_valid_after_utc - step.one.not_valid_before_utc
    return f"is valid for {days.days} days, more than 825" if not step.at and days > _LONGEST_LIFE else ""


def _no_revocation(step: Step) -> str:
    access = step.value(x509.AuthorityInformationAccess) or ()
    asked = any(one.access_method == AuthorityInformationAccessOID.OCSP for one in access)
    missing = not asked and step.value(x509.CRLDistributionPoints) is None and step.at + 1 < len(step.path)
    return "names no address where its revocation can be asked for" if missing else ""


#: By the code of the reason; reasons are shown in this order.
RULES: Mapping[str, Callable[[Step], str]] = {
    "expired": _expired,
    "not-yet-valid": _early,
    "weak-signature": _signature,
    "small-key": _small,
    "key-type": _kind,
    "critical-extension": _critical,
    "purpose": _purpose,
    "no-purpose": _no_purpose,
    "authority-purpose": _authority_purpose,
    "key-usage": _key_usage,
    "path-length": _path_length,
    "name-constraints": _name_constraints,
    "negative-serial": _negative,
    "no-authority": _no_authority,
    "version-1": _version_1,
    "authority-leaf": _authority_leaf,
    "self-signed": _self_signed,
    "leaf-usage": _leaf_usage,
    "leaf-encipherment": _leaf_encipherment,
    "no-key-identifier": _no_key_identifier,
    "no-key-usage": _no_key_usage,
    "not-critical": _not_critical,
    "long-lived": _long_lived,
    "no-revocation": _no_revocation,
}


def _within(limits: x509.NameConstraints, leaf: x509.Certificate) -> bool:
    """Whether an authority's name constraints permit the DNS names and IP addresses of a server's certificate."""
    for name in value_of(leaf, x509.SubjectAlternativeName) or ():
        if any(_covers(one, name) for one in limits.excluded_subtrees or ()):
            return False
        alike = [one for one in limits.permitted_subtrees or () if type(one) is type(name)]
        if alike and not any(_covers(one, name) for one in alike):
            return False
    return True


def _covers(limit: x509.GeneralName, name: x509.GeneralName) -> bool:
    if isinstance(limit, x509.DNSName) and isinstance(name, x509.DNSName):
        base, asked = limit.value.lower().lstrip("."), name.value.lower().removeprefix("*.")
        return not base or asked == base or asked.endswith(f".{base}")
    if isinstance(limit, x509.IPAddress) and isinstance(name, x509.IPAddress):
        network, address = limit.value, name.value
        if isinstance(network, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
            return isinstance(address, (ipaddress.IPv4Address, ipaddress.IPv6Address)) and address in network
    return False
