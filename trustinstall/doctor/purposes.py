"""What the certificates of a path may be used for: purposes, key usage, path length, names, critical extensions.

Rules: RFC 5280, 4.2 (a critical extension that is not known), 4.2.1.3, 4.2.1.9, 4.2.1.10 and 4.2.1.12. Purposes of an
authority count as for OpenSSL and NSS, which the RFC leaves open; a leaf with "any purpose" alone is refused as there.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from trustinstall.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Value = TypeVar("_Value", bound=x509.ExtensionType)

#: The extensions that verifiers of servers know; another one that is critical makes them refuse.
_KNOWN = frozenset(
    {
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    }
)


def against(path: Sequence[x509.Certificate]) -> Iterator[tuple[int, str, str]]:
    """Yield what speaks against a path (leaf first): the place in it, a stable word, and the words behind the name."""
    for place, one in enumerate(path):
        for extension in one.extensions:
            if extension.critical and extension.oid not in _KNOWN:
                oid = printable(extension.oid.dotted_string, 60)
                yield place, "critical-extension", f"has a critical extension that programs do not know ({oid})"
        purposes = _value(one, x509.ExtendedKeyUsage)
        allowed = {ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE] if place else [])}
        if purposes is not None and allowed.isdisjoint(purposes):
            yield place, "purpose", "is not for servers (extended key usage)"
        if place:
            yield from _of_authority(path, place)


def _of_authority(path: Sequence[x509.Certificate], place: int) -> Iterator[tuple[int, str, str]]:
    one = path[place]
    usage, basic = _value(one, x509.KeyUsage), _value(one, x509.BasicConstraints)
    if usage is not None and not usage.key_cert_sign:
        yield place, "key-usage", "may not sign certificates (key usage)"
    between = sum(below.issuer != below.subject for below in path[1:place])
    if basic is not None and basic.path_length is not None and between > basic.path_length:
        yield place, "path-length", f"allows {basic.path_length} authorities below it, and there are {between}"
    limits = _value(one, x509.NameConstraints)
    if limits is not None and not _within(limits, path[0]):
        yield place, "name-constraints", "is limited to other names (name constraints)"


def _value(one: x509.Certificate, kind: type[_Value]) -> _Value | None:
    try:
        return one.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _within(limits: x509.NameConstraints, leaf: x509.Certificate) -> bool:
    """Whether the DNS names and addresses of a server's certificate are within the constraints of an authority."""
    names = _value(leaf, x509.SubjectAlternativeName)
    for name in names or ():
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
