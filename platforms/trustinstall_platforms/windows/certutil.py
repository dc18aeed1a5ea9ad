"""The certificate stores of Windows: the machine's and one account's.

`certutil.exe` writes to one of the places that make a store, and only what is in that one is ours to take out.
Everything is read in the registry, and nothing from what certutil prints, which it translates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError
from trustinstall.host.commands import GIVEN, Run
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import Native
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.windows.registry_stores import UPDATED, certificates, ignores_accounts, look

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.store import Places
    from trustinstall_platforms.windows.blob import Entry
    from trustinstall_platforms.windows.registry_stores import Kind, Registry, Sight


@dataclass(frozen=True)
class Reach:
    """How one Windows is reached from a host: the one we run on, or another one beside it.

    Attributes:
        is_there: whether there is one.
        registry: where its registry is read.
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


_PATIENCE = 120.0  # seconds for somebody to find the window and to read it
_SECONDS = 60.0

# What certutil ends with: the HRESULT, which the host gives as an unsigned number (winerror.h).
_WORDS = (
    (0x80070005, "Windows refuses it (access is denied): the prompt is not elevated, or a policy forbids it"),
    (0x800704C7, "somebody answered No, or nobody could see the window that Windows opened"),
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
# Instead of the inverse of a removal. Certutil takes certificates and none of what Windows has noted beside them: a
# friendly name is lost when an entry is put back, but a limit to some purposes must not be.
_LEAVE = "leave"


class WindowsStore:
    """One of Windows' stores, reached in one way."""

    def __init__(self, kind: Kind, reach: Reach = LOCAL) -> None:
        self.name = kind.name
        self._kind, self._reach = kind, reach

    def discover(self, host: Host, _places: Places, /) -> list[Store]:
        """Find the store where there is a Windows; an elevated account has none but the machine's."""
        store = self._store(host)
        return [store] if store else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again."""
        store = self._store(host)
        return store if store and store.location == location else None

    def observe(self, host: Host, _store: Store) -> Observation:
        """See what Windows trusts, in all places that are seen as this store."""
        return self._look(host).observation

    def anchors(self, host: Host, _store: Store) -> Iterator[bytes]:
        """The DER of every certificate that `observe` counts."""
        yield from self._look(host).entries.values()

    def delivered(self, host: Host, _store: Store) -> frozenset[str]:
        """SHA-256 of the public roots that Windows Update has brought."""
        return frozenset(certificates(self._reach.registry(host), UPDATED)[0])

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan an operation of certutil for each certificate that is missing, or ours and to go.

        Raises StoreError where Windows distrusts one that is wanted, where one that is to go belongs to a policy, and
        where Windows would ask and nobody can answer.
        """
        sight = self._look(host)
        operations: list[Native] = []
        placed: list[Placed] = []
        foreign: set[str] = set()
        for one in wanted:
            sha256, der = one.certificate.sha256, one.certificate.der
            placement = record.get(sha256)
            ours = placement is not None and not placement.adopted
            if one.trusted:
                self._refuse_distrusted(store, sight, sha256)
                if sha256 not in seen.anchors:
                    operations.append(Native(_ADD, _REMOVE, der))
                elif not ours:
                    foreign.add(sha256)
                if sha256 not in foreign:
                    placed.append(Placed(sha256, (self._entry(der),)))
                continue
            going = sha256 in sight.own and (ours or one.foreign)
            if going:
                operations.append(Native(_REMOVE, _ADD if sight.own[sha256].plain else _LEAVE, der))
            if sha256 in seen.anchors and (not going or sha256 in sight.elsewhere):
                foreign.add(sha256)
            if one.foreign and not going and placement is None:
                self._refuse_elsewhere(store, sight, sha256)
        if operations and self._kind.asks:
            self._refuse_unseen(host, store)
        return Plan(placed=tuple(placed), foreign=frozenset(foreign), operations=tuple(operations))

    def commands(self, host: Host, store: Store, step: Native) -> Sequence[Run]:
        """Certutil for an operation; none where the registry shows that there is nothing to do.

        What goes is named by the SHA-1 of its DER, the name of its key in the registry, and only after that key
        has been seen to hold this very certificate. Raises StoreError where Windows would ask and nobody can answer.
        """
        there = hashlib.sha256(step.der).hexdigest() in self._own(host)
        if step.operation == _LEAVE or there == (step.operation == _ADD):
            return ()
        if self._kind.asks:
            self._refuse_unseen(host, store)
        thumbprint = _thumbprint(step.der)
        words = ("-addstore", "Root", GIVEN) if step.operation == _ADD else ("-delstore", "Root", thumbprint.lower())
        return (
            Run(
                (self._reach.tool(host), *self._kind.options, *words),
                seconds=_PATIENCE if self._kind.asks else _SECONDS,
                given=step.der if step.operation == _ADD else b"",
                meanings=MEANINGS,
                announce=_announcement(step.operation, thumbprint) if self._kind.asks else "",
            ),
        )

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: nothing is derived from the registry."""
        return None

    def verify(self, _host: Host, _store: Store) -> str | None:
        """There is no second opinion: what was observed is what Windows reads."""
        return None

    # --- how it is found out ---

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

    def _look(self, host: Host) -> Sight:
        return look(self._reach.registry(host), self._kind)

    def _own(self, host: Host) -> Mapping[str, Entry]:
        return certificates(self._reach.registry(host), self._kind.own)[0]

    def _entry(self, der: bytes) -> str:
        own = self._kind.own
        return rf"{own.hive}\{own.certificates}\{_thumbprint(der)}"

    # --- what is refused ---

    def _refuse_distrusted(self, store: Store, sight: Sight, sha256: str) -> None:
        if sha256 in sight.distrusted:
            raise StoreError(
                store=store.id,
                cause=f"Windows distrusts sha256 {sha256[:12]}: it is among the Untrusted Certificates",
                advice="whoever put it there must take it out first (certlm.msc, or a Group Policy)",
            )

    def _refuse_elsewhere(self, store: Store, sight: Sight, sha256: str) -> None:
        if sha256 in sight.elsewhere:
            whose = sight.elsewhere[sha256][1]
            raise StoreError(
                store=store.id,
                cause=f"sha256 {sha256[:12]} was put there by {whose}, and would come back",
                advice=f"have it taken out there: by {whose}",
            )

    def _refuse_unseen(self, host: Host, store: Store) -> None:
        if not host.dialogs or not host.has_desktop():
            raise StoreError(
                store=store.id,
                cause="Windows asks in a window before it changes an account's roots, and nobody can answer it here",
                advice="run it at the desktop without --no-input, have an administrator add it for the "
                f"machine, or leave this store out (--skip {store.id})",
            )


def _announcement(operation: str, thumbprint: str) -> str:
    verb = "trust" if operation == _ADD else "delete"
    grouped = " ".join(thumbprint[at : at + 8] for at in range(0, len(thumbprint), 8))
    return (
        f"Windows opens a window and asks whether to {verb} the certificate with the thumbprint (sha1)\n"
        f"  {grouped}\n"
        f"Answer Yes there within {_PATIENCE:.0f} s. An administrator's prompt needs no such window."
    )


def _thumbprint(der: bytes) -> str:
    """What Windows calls a certificate: a name, and no proof of anything."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
