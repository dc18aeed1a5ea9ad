"""The stores of the Windows that a Linux runs under (WSL): Windows' own tools, started from Linux.

They are on a drive that every account of this Linux may write, so root does not run them: the stores belong to the
ordinary account that acts, or that has called sudo. The terminal in which WSL was started decides the rights in
Windows: an elevated one changes the machine's store, and any other the Windows account's, after a window.

Sources: Microsoft's list of well-known security identifiers; the source of WSL (see `facts.wsl`).
"""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, ToolFailed
from trustinstall.facts import wsl
from trustinstall.host.commands import Run
from trustinstall.stores.backend import Capability
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.windows.certutil import Reach, WindowsStore
from trustinstall_platforms.windows.reg_query import RegQuery
from trustinstall_platforms.windows.registry_stores import ACCOUNT, MACHINE, Kind, ignores_accounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import Host
    from trustinstall.stores.steps import ToolOperation
    from trustinstall.stores.store import DiscoveryOptions

HOST_MACHINE = MACHINE._replace(
    name="windows-host",
    clients="Edge, Chrome, .NET, PowerShell, others in the Windows beside this Linux",
)
HOST_ACCOUNT = ACCOUNT._replace(
    name="windows-host-user",
    clients="this account's programs in the Windows beside this Linux",
)
_ELEVATED = frozenset({"S-1-16-12288", "S-1-16-16384"})  # a process of high integrity, or of the system's
_AT_DESKTOP = "S-1-5-4"  # a person has logged on to see windows, and not by ssh, as a service, or in a batch
_SID = 2  # its column in the output of whoami.exe
_SECONDS = 60.0
_LOWEST = 0xFF  # of an exit status, Linux keeps eight bits
_NO_SHARE = (
    "Windows does not reach the files of this Linux, by which the certificate is handed over (\\\\wsl.localhost)"
)
_MEANINGS = ((0x80070003, _NO_SHARE), (0x80070035, _NO_SHARE), (0x80070043, _NO_SHARE))  # ERROR_PATH_NOT_FOUND, …


def system32(host: Host) -> str:
    """Return the directory of Windows' programs. Raises OSError, in words, if no Windows is reached."""
    why = wsl.unreachable(host)
    if why is not None:
        raise OSError(errno.EHOSTUNREACH, why)
    return wsl.system32(host) or ""


def memberships(host: Host) -> frozenset[str]:
    """Return Windows' identifiers for programs started from here. Raises OSError if it gives no answer."""
    run = Run(
        (f"{system32(host)}/whoami.exe", "/groups", "/fo", "csv", "/nh"),
        env=tuple(wsl.interop(host.environ).items()),
        seconds=_SECONDS,
    )
    try:
        answer = host.query(run).answer
    except ToolFailed as error:
        raise OSError(errno.EIO, str(error)) from error
    return parse_groups(answer)


def parse_groups(answer: bytes) -> frozenset[str]:
    """Return the identifiers in the output of `whoami.exe /groups /fo csv /nh`; its names are translated."""
    import csv

    text = answer.decode("latin-1").replace("\0", "").splitlines()
    try:
        return frozenset(row[_SID] for row in csv.reader(text, strict=True) if len(row) > _SID)
    except csv.Error:
        return frozenset()


_REACH = Reach(
    lambda host: wsl.unreachable(host) is None,
    lambda host: RegQuery(host, system32(host)),
    lambda host: f"{system32(host)}/certutil.exe",
)


class WindowsHost(WindowsStore):
    """One of the stores of the Windows beside this Linux; found only if the caller asks for it."""

    capabilities = frozenset({Capability.ON_REQUEST})

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind, _REACH)

    def discover(self, host: Host, places: DiscoveryOptions, /) -> list[Store]:
        """Find the machine's store if this terminal is elevated, else the account's."""
        if not places.windows_host or host.account.is_root:
            return []
        try:
            elevated = bool(_ELEVATED & memberships(host))
        except OSError:
            if self._kind.asks:
                return []  # the other store reports it
            raise
        return [self._found(host, elevated=elevated)] if elevated is not self._kind.asks else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find it again; an unreachable Windows still exists, and OSError is raised."""
        if location != self._location or host.account.is_root or not wsl.kernel(host):
            return None
        return self._found(host, elevated=bool(_ELEVATED & memberships(host)))

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """Return the runs in Windows, which names the file otherwise; fewer bits of the exit status arrive here."""
        return [
            replace(
                run,
                env=tuple(wsl.interop(host.environ).items()),
                translate=wsl.TRANSLATE,
                meanings=_as_seen_here((*run.meanings, *_MEANINGS)),
                timeout_advice="close what Windows has opened, and try again",
            )
            for run in super().commands(host, store, step)
        ]

    @property
    def _location(self) -> str:
        return rf"{self._kind.own.hive}\{self._kind.own.path}"

    def _found(self, host: Host, *, elevated: bool) -> Store:
        return Store(
            self.name,
            self._location,
            host.account.uid,
            f"{self.name}:{self._location}",
            self._kind.clients,
            label=self.name,
            blocked=blocked(self._unwritable(host, elevated=elevated)),
        )

    def _unwritable(self, host: Host, *, elevated: bool) -> str | None:
        if not self._kind.asks and not elevated:
            return (
                "only an administrator of Windows changes the machine's store; open a terminal of Windows as "
                "administrator, start this Linux there, and run it again"
            )
        if ignores_accounts(self._reach.registry(host), self._kind):
            return (
                "a policy makes Windows ignore the roots of single accounts (ProtectedRoots); run it in a terminal "
                "of Windows that was opened as administrator"
            )
        return None

    def _refuse_unseen(self, host: Host, store: Store) -> None:
        if not host.dialogs or _AT_DESKTOP not in memberships(host):
            raise StoreError(
                store=store.id,
                cause="Windows asks in a window before it changes an account's roots, and no person can answer it here",
                advice="run it at the desktop without --no-input, in a terminal of Windows that was opened as "
                "administrator, or without --with-windows",
            )


class HostRoots(WindowsHost):
    """The machine's store of the Windows beside this Linux, to read the company's roots in it."""

    def discover(self, host: Host, _places: DiscoveryOptions, /) -> list[Store]:
        """Find it, with any rights."""
        return [self._found(host, elevated=False)]


def _as_seen_here(meanings: Sequence[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Return the meanings of exit statuses of which only the lowest bits arrive: several have the same."""
    found: dict[int, list[str]] = {}
    for status, meaning in meanings:
        words = found.setdefault(status & _LOWEST, [])
        if meaning not in words:
            words.append(meaning)
    return tuple(
        (status, f"{', or '.join(words)} (what arrives here of its exit status: {status})")
        for status, words in found.items()
    )
