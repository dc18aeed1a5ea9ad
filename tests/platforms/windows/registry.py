"""A made-up Windows that is nothing but a registry, and how the backend sees and changes it."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.task import StoreTask
from trustinstall.host import Account, Host
from trustinstall.stores.desired import Change, Desired, Placement
from trustinstall.stores.observation import State
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.windows.certutil import WindowsStore
from trustinstall_platforms.windows.registry_stores import ACCOUNT, MACHINE

ROOT, OTHER = (Certificate(make_root(common_name=name).der) for name in ("Windows Root", "Another Root"))
OWN = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\Root"
USER = r"HKCU\SOFTWARE\Microsoft\SystemCertificates\Root"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\Root"
ENTERPRISE = r"HKLM\SOFTWARE\Microsoft\EnterpriseCertificates\Root"
UPDATED = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\AuthRoot"


@dataclass(frozen=True)
class Computer(Host):
    """A Windows that is nothing but a registry: values by the path of their key and their name."""

    values: dict[tuple[str, str], bytes | int] = field(default_factory=dict[tuple[str, str], "bytes | int"])
    desktop: bool = True

    def registry_keys(self, hive: str, path: str) -> list[str] | None:
        """As `registry.keys`."""
        top = rf"{hive}\{path}" + "\\"
        names = {key[len(top) :].split("\\")[0] for key, _ in self.values if key.startswith(top)}
        return sorted(names) or None

    def registry_value(self, hive: str, path: str, name: str) -> bytes | int | None:
        """As `registry.value`."""
        return self.values.get((rf"{hive}\{path}", name))

    def has_desktop(self) -> bool:
        """As the test says."""
        return self.desktop

    def put(self, place: str, certificate: Certificate, *, content: bytes | None = None) -> Computer:
        """Put a certificate into a place; `content` instead of what belongs there."""
        name = hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest().upper()
        value = packed((3, b"\x01" * 20), (11, "A name".encode("utf-16le")), (32, certificate.der))
        self.values[rf"{place}\Certificates\{name}", "Blob"] = value if content is None else content
        return self


def packed(*properties: tuple[int, bytes]) -> bytes:
    """A blob of these properties."""
    return b"".join(struct.pack("<III", number, 1, len(data)) + data for number, data in properties)


def computer(*, elevated: bool = True) -> Computer:
    """A Windows with nothing in its stores."""
    account = Account(0 if elevated else 1000, 0, "tester", "C:/Users/tester")
    return Computer("win32", "/", {}, account, dialogs=True)


def store_of(host: Host, backend: WindowsStore) -> Store:
    """The one store of a kind."""
    (store,) = backend.discover(host, DiscoveryOptions())
    return store


def states(host: Host, backend: WindowsStore) -> dict[str, State]:
    """What is observed."""
    return dict(backend.observe(host, store_of(host, backend), frozenset()).anchors)


def task(
    host: Host,
    backend: WindowsStore,
    *desired: Desired,
    record: dict[str, Placement] | None = None,
    foreign: bool = False,
) -> tuple[Change, Plan]:
    """The engine's decision from an observation, and the plan; `foreign`: `remove --not-ours`."""
    one = StoreTask(backend, store_of(host, backend), desired, record or {}, take_foreign=foreign)
    seen = one.observe(host)
    change = one.decide(seen)
    return change, one.plan(host, seen, change)


def add(certificate: Certificate = ROOT) -> Desired:
    """It is to be trusted."""
    return Desired(certificate, trusted=True)


def remove(certificate: Certificate = ROOT) -> Desired:
    """It is to go."""
    return Desired(certificate, trusted=False)


WINDOWS, WINDOWS_USER = WindowsStore(MACHINE), WindowsStore(ACCOUNT)
