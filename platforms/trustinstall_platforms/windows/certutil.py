"""The certificate stores of Windows: the machine's and one account's.

`certutil.exe` writes to one of the places that make a store; copies in the other places cannot be removed here.
Everything is read in the registry, and nothing from the output of certutil, which is translated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.errors import StoreError
from trustinstall.host.commands import INPUT_FILE, Run
from trustinstall.stores.backend import Backend
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ToolOperation
from trustinstall.stores.store import Store, blocked
from trustinstall.values import dataclass
from trustinstall_platforms.windows.registry_stores import (
    UPDATED,
    certificates,
    ignores_accounts,
    read_contents,
    thumbprint,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.store import DiscoveryOptions
    from trustinstall_platforms.windows.blob import Entry
    from trustinstall_platforms.windows.registry_stores import Contents, Kind, Registry


@dataclass(frozen=True)
class Reach:
    """How one Windows is reached from a host: the running one, or another one beside it.

    Attributes:
        is_there: whether there is one.
        registry: the registry to read.
        tool: the path of its certutil.exe on the host. NSS, Git and others bring programs of that name.
    """

    is_there: Callable[[Host], bool]
    registry: Callable[[Host], Registry]
    tool: Callable[[Host], str]


LOCAL = Reach(
    lambda host: host.platform == "win32",
    lambda host: host,
    lambda host: host.windows_tool("certutil.exe"),
)


_PATIENCE = 120.0  # seconds for a person to find the window and to read it
_SECONDS = 60.0

# Exit statuses of certutil: the HRESULT, which the host gives as an unsigned number (winerror.h).
_WORDS = (
    (0x80070005, "Windows refuses it (access is denied): the prompt is not elevated, or a policy forbids it"),
    (0x800704C7, "the answer was No, or the window that Windows opened was not visible"),
    (0x80090011, "certutil found no such certificate"),
    (0x80092004, "certutil found no such certificate"),
    (0x80070002, "certutil did not find the store or the file that it was given"),
    (0x80070057, "certutil did not understand how it was called"),
    (0x80092009, "certutil sees no certificate in what it was given"),
    (0x80093102, "certutil cannot read the certificate that it was given"),
    (0x8009310B, "certutil cannot read the certificate that it was given"),
    (0x80070020, "another program holds the store"),
)
MEANINGS = tuple((status, f"{said} (0x{status:08X})") for status, said in _WORDS)
_ADD, _REMOVE = "add", "remove"
# Instead of the inverse of a removal. Certutil takes certificates without the other properties in Windows: a friendly
# name is lost when an entry is restored, but a limit to some purposes must not be.
_LEAVE = "leave"


class WindowsStore(Backend):
    """One of Windows' stores, reached in one way."""

    def __init__(self, kind: Kind, reach: Reach = LOCAL) -> None:
        self.name = kind.name
        self._kind, self._reach = kind, reach

    def discover(self, host: Host, _places: DiscoveryOptions, /) -> list[Store]:
        """Find the store if there is a Windows; an elevated account has only the machine's."""
        store = self._store(host)
        return [store] if store else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again."""
        store = self._store(host)
        return store if store and store.location == location else None

    def observe(self, host: Host, _store: Store, names: frozenset[str]) -> Observation:
        """Observe the certificates that Windows trusts, in all places of this store; a registry key is a copy."""
        contents = self._contents(host)
        return replace(contents.observation, copies=tuple(contents.copies(names)))

    def anchors(self, host: Host, _store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that `observe` counts."""
        yield from self._contents(host).entries.values()

    def delivered(self, host: Host, _store: Store) -> frozenset[str]:
        """Return the SHA-256 of the public roots that Windows Update has brought."""
        return frozenset(certificates(self._reach.registry(host), UPDATED)[0])

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan an operation of certutil for each missing certificate, and for each key that goes.

        Raises StoreError if Windows distrusts a wanted certificate, if a key that is to go belongs to a policy, or if
        Windows would ask and no person can answer.
        """
        contents = self._contents(host)
        for one in change.add:
            self._refuse_distrusted(store, contents, one.sha256)
        operations = [ToolOperation(_ADD, _REMOVE, one.certificate.der) for one in change.add]
        for copy in change.remove:
            if not copy.removable:
                raise self._brought_elsewhere(store, contents, copy.sha256)
            entry = contents.own.get(copy.sha256)
            if entry is not None:  # None: another program has just removed it
                operations.append(ToolOperation(_REMOVE, _ADD if entry.plain else _LEAVE, entry.der))
        if operations and self._kind.asks:
            self._refuse_unseen(host, store)
        placed = (Placed(one.sha256, (self._kind.own.entry(one.certificate.der),)) for one in change.add)
        return Plan(placed=tuple(placed), operations=tuple(operations))

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """Return a run of certutil for an operation, or () if the registry shows that there is nothing to do.

        A certificate is removed by the SHA-1 of its DER, the name of its key in the registry, and only after that key
        has been seen to hold this very certificate. Raises StoreError if Windows would ask and no person can answer.
        """
        there = sha256_of(step.der) in self._own(host)
        if step.operation == _LEAVE or there == (step.operation == _ADD):
            return ()
        if self._kind.asks:
            self._refuse_unseen(host, store)
        name = thumbprint(step.der)
        words = ("-addstore", "Root", INPUT_FILE) if step.operation == _ADD else ("-delstore", "Root", name.lower())
        return (
            Run(
                (self._reach.tool(host), *self._kind.options, *words),
                seconds=_PATIENCE if self._kind.asks else _SECONDS,
                given=step.der if step.operation == _ADD else b"",
                meanings=MEANINGS,
                announce=_announcement(step.operation, name) if self._kind.asks else "",
            ),
        )

    def _store(self, host: Host) -> Store | None:
        own = self._kind.own
        if not self._reach.is_there(host) or (self._kind.owner and host.account.is_root):
            return None
        ignored = ignores_accounts(self._reach.registry(host), self._kind)
        return Store(
            self.name,
            rf"{own.hive}\{own.path}",
            self._kind.owner,
            self.name,
            self._kind.clients,
            blocked=blocked(
                "a policy makes Windows ignore the roots of single accounts (ProtectedRoots); an administrator "
                "can add it for the machine"
                if ignored
                else None
            ),
            system=not self._kind.asks,
        )

    def _contents(self, host: Host) -> Contents:
        return read_contents(self._reach.registry(host), self._kind)

    def _own(self, host: Host) -> Mapping[str, Entry]:
        return certificates(self._reach.registry(host), self._kind.own)[0]

    def _refuse_distrusted(self, store: Store, contents: Contents, sha256: str) -> None:
        if sha256 in contents.distrusted:
            raise StoreError(
                store=store.id,
                cause=f"Windows distrusts sha256 {sha256[:12]}: it is among the Untrusted Certificates",
                advice="take it out there first (certlm.msc, or the Group Policy that put it there)",
            )

    def _brought_elsewhere(self, store: Store, contents: Contents, sha256: str) -> StoreError:
        whose = contents.whose(sha256)
        return StoreError(
            store=store.id,
            cause=f"sha256 {sha256[:12]} was put there by {whose}, and would come back",
            advice=f"have it taken out there: by {whose}",
        )

    def _refuse_unseen(self, host: Host, store: Store) -> None:
        if not host.dialogs or not host.has_desktop():
            raise StoreError(
                store=store.id,
                cause="Windows asks in a window before it changes an account's roots, and no person can answer it here",
                advice="run it at the desktop without --no-input, have an administrator add it for the "
                f"machine, or leave this store out (--skip {store.id})",
            )


def _announcement(operation: str, name: str) -> str:
    verb = "trust" if operation == _ADD else "delete"
    grouped = " ".join(name[at : at + 8] for at in range(0, len(name), 8))
    return (
        f"Windows opens a window and asks whether to {verb} the certificate with the thumbprint (sha1)\n"
        f"  {grouped}\n"
        f"Answer Yes there within {_PATIENCE:.0f} s. An administrator's prompt needs no such window."
    )
