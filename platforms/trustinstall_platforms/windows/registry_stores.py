"""Windows' places of certificates in the registry, and the stores that programs see in them.

The store that programs see as Root is a union of places. `certutil.exe` writes to one of them; the others (Group
Policy, the enterprise's, Windows Update's) have owners of their own. Source: wincrypt.h, CERT_SYSTEM_STORE_….
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.values import NamedTuple
from trustinstall_platforms.windows import blob

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Registry(Protocol):
    """The registry to read; `host.Host` is an example."""

    def registry_keys(self, hive: str, path: str) -> list[str] | None:
        """Return the names of a key's sub-keys, or None if there is no such key."""
        ...

    def registry_value(self, hive: str, path: str, name: str) -> bytes | int | None:
        """Return a binary value or a number, or None."""
        ...


class Place(NamedTuple):
    """One place in the registry that holds certificates, a sub-key of `Certificates` for each; and its owner."""

    hive: str
    path: str
    whose: str

    @property
    def certificates(self) -> str:
        """The path of the key that holds them."""
        return rf"{self.path}\Certificates"

    def entry(self, der: bytes) -> str:
        """Return the ledger's name of the key that holds a certificate here."""
        return rf"{self.hive}\{self.certificates}\{thumbprint(der)}"


def _places(name: str, account: str = "") -> tuple[Place, ...]:
    """Return the other places of a system store called `name` (wincrypt.h, CERT_SYSTEM_STORE_…)."""
    machine = (
        Place("HKLM", rf"SOFTWARE\Policies\Microsoft\SystemCertificates\{name}", "a Group Policy"),
        Place("HKLM", rf"SOFTWARE\Microsoft\EnterpriseCertificates\{name}", "the enterprise's directory"),
    )
    policy = Place("HKCU", rf"SOFTWARE\Policies\Microsoft\SystemCertificates\{name}", "a Group Policy")
    return (*machine, policy) if account else machine


def _own(hive: str, name: str, whose: str) -> Place:
    return Place(hive, rf"SOFTWARE\Microsoft\SystemCertificates\{name}", whose)


UPDATED = _own("HKLM", "AuthRoot", "Windows Update")
_MACHINE, _ACCOUNT = _own("HKLM", "Root", "the machine"), _own("HKCU", "Root", "this account")


class Kind(NamedTuple):
    """One of Windows' two stores.

    Attributes:
        name: the backend's.
        own: the place that certutil writes to.
        elsewhere: other places of the same store.
        distrusted: places of certificates that are never trusted, even if they are in other places.
        options: certutil's, before its verb.
        owner: uid of the account that it belongs to.
        clients: the programs that read it.
        asks: whether Windows asks in a window before each change.
    """

    name: str
    own: Place
    elsewhere: tuple[Place, ...]
    distrusted: tuple[Place, ...]
    options: tuple[str, ...]
    owner: int
    clients: str
    asks: bool


MACHINE = Kind(
    name="windows",
    own=_MACHINE,
    elsewhere=(*_places("Root"), UPDATED),
    distrusted=(_own("HKLM", "Disallowed", "the machine"), *_places("Disallowed")),
    options=(),
    owner=0,
    clients="Edge, Chrome, .NET, PowerShell, curl, Python, others with Windows' own TLS",
    asks=False,
)
ACCOUNT = Kind(
    name="windows-user",
    own=_ACCOUNT,
    elsewhere=(_MACHINE, *_places("Root", "user"), UPDATED),
    distrusted=(
        _own("HKLM", "Disallowed", "the machine"),
        _own("HKCU", "Disallowed", "this account"),
        *_places("Disallowed", "user"),
    ),
    options=("-user",),
    owner=1000,
    clients="this account's programs that use Windows' own TLS",
    asks=True,
)

# A policy that makes Windows ignore roots of single accounts (CERT_PROT_ROOT_DISABLE_CURRENT_USER_FLAG).
_PROTECTED = r"SOFTWARE\Policies\Microsoft\SystemCertificates\Root\ProtectedRoots"
_IGNORE_ACCOUNTS = 0x1


class Contents(NamedTuple):
    """The registry's content of one store.

    Attributes:
        kind: the store.
        own: entries by SHA-256, in the place that certutil writes to.
        elsewhere: the same of each other place.
        distrusted: SHA-256 of those that are never trusted.
        damaged: how many entries hold no certificate.
        ignored: whether Windows ignores `own`.
    """

    kind: Kind
    own: Mapping[str, blob.Entry]
    elsewhere: Mapping[Place, Mapping[str, blob.Entry]]
    distrusted: frozenset[str]
    damaged: int
    ignored: bool

    @property
    def entries(self) -> dict[str, bytes]:
        """DER by SHA-256 of the certificates in the store as programs see it."""
        places = [*self.elsewhere.values(), *(() if self.ignored else (self.own,))]
        return {sha256: one.der for held in places for sha256, one in held.items()}

    @property
    def observation(self) -> Observation:
        """The certificates that are trusted in it, and those that are distrusted."""
        problems = (f"{self.damaged} of its entries in the registry hold no certificate",) if self.damaged else ()
        states = {one: State.DISTRUSTED if one in self.distrusted else State.TRUSTED for one in self.entries}
        return Observation(states, problems=problems)

    def copies(self, names: frozenset[str]) -> Iterator[Copy]:
        """Yield the keys that hold these certificates (SHA-256); certutil removes them from one of the places only."""
        for sha256 in names & self.own.keys():
            yield Copy(sha256, self.kind.own.entry(self.own[sha256].der))
        for place, held in self.elsewhere.items():
            for sha256 in names & held.keys():
                entry, trusts = place.entry(held[sha256].der), sha256 not in self.distrusted
                yield Copy(sha256, entry, removable=False, trusts=trusts)

    def whose(self, sha256: str) -> str:
        """Return who put a certificate into another place than certutil's, in words."""
        return next(place.whose for place, held in self.elsewhere.items() if sha256 in held)


def read_contents(registry: Registry, kind: Kind) -> Contents:
    """Return the current content of a store."""
    own, damaged = certificates(registry, kind.own)
    elsewhere = {place: certificates(registry, place)[0] for place in kind.elsewhere}
    distrusted = frozenset(sha256 for one in kind.distrusted for sha256 in certificates(registry, one)[0])
    return Contents(kind, own, elsewhere, distrusted, damaged, ignores_accounts(registry, kind))


def thumbprint(der: bytes) -> str:
    """Return Windows' name for a certificate, which proves nothing."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def ignores_accounts(registry: Registry, kind: Kind) -> bool:
    """Whether a policy makes Windows ignore the account's own place."""
    flags = registry.registry_value("HKLM", _PROTECTED, "Flags") if kind.asks else None
    return isinstance(flags, int) and flags & _IGNORE_ACCOUNTS != 0


def certificates(registry: Registry, place: Place) -> tuple[dict[str, blob.Entry], int]:
    """Return a place's certificates by SHA-256, under keys of any name; and how many keys hold no certificate."""
    found: dict[str, blob.Entry] = {}
    damaged = 0
    for name in registry.registry_keys(place.hive, place.certificates) or ():
        value = registry.registry_value(place.hive, rf"{place.certificates}\{name}", "Blob")
        try:
            one = blob.entry(value if isinstance(value, bytes) else b"")
        except ValueError:
            damaged += 1
            continue
        found[sha256_of(one.der)] = one
    return found, damaged
