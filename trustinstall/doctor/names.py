"""Host names and name constraints, by the rules of each family of verifiers.

Sources: RFC 9525 6 (names of servers); RFC 5280 4.2.1.10 (name constraints); and where verifiers differ, the programs
themselves, which tests ask (tests/support/chains_of_names.py).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import NameOID

from trustinstall.doctor.family import AS_LABELS, EVERYWHERE, IN_PART, WITHOUT_DNS, WITHOUT_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustinstall.doctor.family import Family, Limits, Names

_MOST_COMPARISONS = 1 << 20  # OpenSSL's NAME_CHECK_MAX, GnuTLS' MAX_NC_CHECKS; Go and rustls stop earlier
_MOST_COMPARED = 1 << 16  # of one certificate, here: a comparison of addresses takes a microsecond


def is_for(leaf: x509.Certificate, host: str, rules: Names) -> bool:
    """Whether a certificate is for a host: a DNS name, or an IP address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _is_for_name(leaf, host.lower(), rules)
    names = _alternatives(leaf)
    if names is None:
        common = _common_names(leaf) if rules.common_name_of_address else ()
        return host in common
    return address in names.get_values_for_type(x509.IPAddress)


def _is_for_name(leaf: x509.Certificate, host: str, rules: Names) -> bool:
    if "_" in host and not rules.underscores:
        return False
    names = _alternatives(leaf)
    found = [] if names is None else names.get_values_for_type(x509.DNSName)
    by_common = names is None if rules.common_name == WITHOUT_NAMES else not found
    if rules.common_name in {WITHOUT_NAMES, WITHOUT_DNS} and by_common:
        found = _common_names(leaf)
    return any(_matches(one.lower(), host, rules) for one in found)


def _alternatives(leaf: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _common_names(leaf: x509.Certificate) -> list[str]:
    return [str(one.value) for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _matches(name: str, host: str, rules: Names) -> bool:
    name = name.removesuffix(".") if rules.last_dot else name
    if name == host or "*" not in name:
        return name == host
    head, _, rest = name.partition(".")
    label, _, domain = host.partition(".")
    if rules.stars == EVERYWHERE:
        return bool(rest) and _labels_match(name.split("."), host.split("."))
    if not label or rest != domain or (rules.stars != AS_LABELS and "." not in rest):
        return False
    part = rules.stars == IN_PART and head.count("*") == 1 and not head.startswith("xn--")
    return head == "*" or (part and label_matches(head, label))


def _labels_match(names: Sequence[str], labels: Sequence[str]) -> bool:
    return len(names) == len(labels) and all(map(label_matches, names, labels))


def label_matches(name: str, label: str) -> bool:
    """Whether each part between the stars follows the one before: a pattern of many stars could take for ever."""
    first, *rest = name.split("*")
    if not rest:
        return name == label
    if not label.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = label.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(label) - at >= len(rest[-1]) and label.endswith(rest[-1])


def limit_broken(path: Sequence[x509.Certificate], at: int, family: Family) -> str:
    """Return how the names below the certificate at `at` of a path break its name constraints; "" if they do not.

    Raises ValueError if there are too many constraints of IP addresses and directories to compare.
    """
    value = _constraints(path[at])
    if value is None:
        return ""
    rules = family.limits
    limits = _Compared([*(value.permitted_subtrees or ())], [*(value.excluded_subtrees or ())], rules)
    if limits.has_refused:
        return f"has name constraints of a kind that {family.name} does not know"
    kept = all(map(limits.allow, _limited_names(path, at, rules)))
    return "" if kept else "is limited to other names (name constraints)"


def too_many(path: Sequence[x509.Certificate], at: int, family: Family) -> bool:
    """Whether the name constraints of the certificate at `at` of a path need more comparisons than verifiers make."""
    value = _constraints(path[at])
    if value is None:
        return False
    limits = len(value.permitted_subtrees or ()) + len(value.excluded_subtrees or ())
    return limits * sum(1 for _ in _limited_names(path, at, family.limits)) > _MOST_COMPARISONS


class _Compared:
    """Name constraints that are ready for many names: those of DNS are looked up, and not compared one by one."""

    def __init__(
        self, permitted: Sequence[x509.GeneralName], excluded: Sequence[x509.GeneralName], rules: Limits
    ) -> None:
        self._rules = rules
        self._permitted, self._excluded = _by_kind(permitted), _by_kind(excluded)
        self._domains = {id(one): frozenset(_bases(one)) for one in (self._permitted, self._excluded)}
        self._with_sister = {one.partition(".")[2] for one in self._domains[id(self._excluded)]}
        self._left = _MOST_COMPARED

    @property
    def has_refused(self) -> bool:
        """Whether there is a constraint of a kind whose presence the verifier refuses."""
        found = {*self._permitted, *self._excluded, *(f"excluded {kind}" for kind in self._excluded)}
        return not found.isdisjoint(self._rules.refused)

    def allow(self, name: x509.GeneralName) -> bool:
        """Whether they allow a name. Raises ValueError after too many comparisons."""
        kind = _kind(name)
        if kind == "other":
            return not (self._rules.other_kinds and (kind in self._permitted or kind in self._excluded))
        if kind not in self._rules.kinds:
            return True
        if self._holds(self._excluded, name) or (self._rules.star_overlaps and self._overlaps(name)):
            return False
        return kind not in self._permitted or self._holds(self._permitted, name)

    def _holds(self, limits: Mapping[str, Sequence[x509.GeneralName]], name: x509.GeneralName) -> bool:
        if isinstance(name, x509.DNSName):
            return any(one in self._domains[id(limits)] for one in self._asked(name.value.lower()))
        alike = limits.get(_kind(name), ())
        self._left -= len(alike)
        if self._left < 0:
            raise ValueError
        return any(covers(one, name) for one in alike)

    @staticmethod
    def _asked(name: str) -> Iterator[str]:
        """Yield the constraints that would cover a DNS name: its own, those above it, and the one of all names.

        ".corp.test" leaves "corp.test" itself out in every verifier; RFC 5280 has no such form for DNS names.
        """
        name = name.removeprefix("*.")
        yield from ("", name)
        while "." in name:
            name = name.partition(".")[2]
            yield from (name, f".{name}")

    def _overlaps(self, name: x509.GeneralName) -> bool:
        """Whether a name with a star may stand for a name that a constraint excludes (CVE-2025-61727)."""
        if not (isinstance(name, x509.DNSName) and name.value.startswith("*.")):
            return False
        return name.value.lower()[2:] in self._with_sister


def _by_kind(limits: Sequence[x509.GeneralName]) -> dict[str, list[x509.GeneralName]]:
    found: dict[str, list[x509.GeneralName]] = {}
    for one in limits:
        found.setdefault(_kind(one), []).append(one)
    return found


def _bases(limits: Mapping[str, Sequence[x509.GeneralName]]) -> Iterator[str]:
    return (one.value.lower() for one in limits.get("dns", ()) if isinstance(one, x509.DNSName))


def _constraints(one: x509.Certificate) -> x509.NameConstraints | None:
    try:
        return one.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return None


def _limited_names(path: Sequence[x509.Certificate], at: int, rules: Limits) -> Iterator[x509.GeneralName]:
    """Yield the names below a certificate that its constraints hold for."""
    if rules.of_itself:
        yield from _alternatives(path[at]) or ()
    for place, one in enumerate(path[: at if rules.of_authorities else 1]):
        if place and one.issuer == one.subject and not rules.of_self_issued:
            continue
        yield from _alternatives(one) or ()
        if len(one.subject.rdns):
            yield x509.DirectoryName(one.subject)


def _kind(name: x509.GeneralName) -> str:
    if isinstance(name, x509.DNSName):
        return "dns"
    if isinstance(name, x509.IPAddress):
        return "ip"
    if isinstance(name, x509.DirectoryName):
        return "directory"
    return "other" if isinstance(name, x509.OtherName) else ""


def covers(limit: x509.GeneralName, name: x509.GeneralName) -> bool:
    """Whether a constraint holds for a name: an IP network or a directory. Other kinds are never covered."""
    if isinstance(limit, x509.IPAddress) and isinstance(name, x509.IPAddress):
        network, address = limit.value, name.value
        if isinstance(network, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
            return isinstance(address, (ipaddress.IPv4Address, ipaddress.IPv6Address)) and address in network
    if isinstance(limit, x509.DirectoryName) and isinstance(name, x509.DirectoryName):
        above = limit.value.rdns
        return name.value.rdns[: len(above)] == above
    return False
