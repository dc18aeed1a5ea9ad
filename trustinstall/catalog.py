"""All kinds of stores: literal tuples, so that a program that runs as root imports only the modules named here.

Kinds that only one operating system has are imported when they are asked for: on Linux those of macOS and FreeBSD would
cost each start 7 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.browsers.chromium_policy import ChromiumPolicy
from trustinstall_platforms.browsers.firefox_policy import FirefoxPolicy
from trustinstall_platforms.browsers.nss import Nss
from trustinstall_platforms.containers.machines import VirtualMachines
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.linux.anchor_directory import AnchorStore
from trustinstall_platforms.linux.debian import SystemStore
from trustinstall_platforms.linux.declarative import DeclaredStore
from trustinstall_platforms.linux.families import ALPINE, ARCH, DEBIAN, GENTOO, RHEL, SUSE, VOID
from trustinstall_platforms.linux.other_families import CLEAR, FLATCAR, PHOTON, SLACKWARE
from trustinstall_platforms.programs.android import AndroidEmulators
from trustinstall_platforms.programs.dotnet import DotNet
from trustinstall_platforms.programs.drop_directories import Dropped
from trustinstall_platforms.programs.embedded import Embedded
from trustinstall_platforms.programs.homebrew import Homebrew
from trustinstall_platforms.programs.mono import Mono
from trustinstall_platforms.programs.named_bundle import NamedBundle
from trustinstall_platforms.python.certifi import Certifi
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings
from trustinstall_platforms.windows.wsl_host import HOST_ACCOUNT, HOST_MACHINE, HostRoots, WindowsHost

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from trustinstall.stores.backend import Backend

_LINUX: tuple[Backend, ...] = (
    SystemStore(DEBIAN),
    SystemStore(GENTOO),
    SystemStore(VOID),
    SystemStore(SLACKWARE),
    AnchorStore(RHEL),
    AnchorStore(SUSE),
    AnchorStore(ARCH),
    AnchorStore(ALPINE),
    AnchorStore(PHOTON),
    AnchorStore(FLATCAR),
    AnchorStore(CLEAR),
    DeclaredStore(),
)
#: Of programs, and of the Windows beside a Linux; the order is that of reports.
_EVERYWHERE: tuple[Backend, ...] = (
    WindowsHost(HOST_MACHINE),
    WindowsHost(HOST_ACCOUNT),
    Java(),
    ChromiumPolicy(),
    FirefoxPolicy(),
    Nss(),
    Certifi(),
    NamedBundle(),
    Homebrew(),
    Dropped(),
    Mono(),
    DotNet(),
    VirtualMachines(),
    AndroidEmulators(),
    OwnBundle(),
    Settings(),
    Environment(),
)
_FREEBSD, _WINDOWS, _MACOS = "freebsd", "win32", "darwin"  # as `sys.platform` begins


def every() -> tuple[Backend, ...]:
    """Return every kind of store, of all systems."""
    return _kinds((_FREEBSD, _WINDOWS, _MACOS))


def of(platform: str) -> tuple[Backend, ...]:
    """Return the kinds of stores that a system can have, by its name in `sys.platform`."""
    return _kinds([one for one in (_FREEBSD, _WINDOWS, _MACOS) if platform.startswith(one)])


def _kinds(systems: Collection[str]) -> tuple[Backend, ...]:
    return (
        *_LINUX,
        *(_freebsd() if _FREEBSD in systems else ()),
        *(_windows() if _WINDOWS in systems else ()),
        *_EVERYWHERE,
        *(_macos() if _MACOS in systems else ()),
        Embedded(),  # last, because every other backend is more specific
    )


def _freebsd() -> tuple[Backend, ...]:
    from trustinstall_platforms.bsd.freebsd import Certctl

    return (Certctl(),)


def _windows() -> tuple[Backend, ...]:
    from trustinstall_platforms.windows.certutil import WindowsStore
    from trustinstall_platforms.windows.registry_stores import ACCOUNT, MACHINE

    return (WindowsStore(MACHINE), WindowsStore(ACCOUNT))


def _macos() -> tuple[Backend, ...]:
    from trustinstall_platforms.macos.keychain import Keychain

    return (Keychain("keychain", machine=True), Keychain("login-keychain", machine=False))


def with_variables(backends: Sequence[Backend], mode: str) -> tuple[Backend, ...]:
    """Return the same backends, with a mode of setting variables (`--variables`): "add", "replace" or "none"."""
    return tuple(Environment(mode) if isinstance(one, Environment) else one for one in backends)


#: The backend that `--from windows` reads: the machine's store of the Windows that hosts this Linux.
FROM_WINDOWS: tuple[Backend, ...] = (HostRoots(HOST_MACHINE),)

#: The kinds of stores that are an operating system's own, by name.
SYSTEM_STORES = frozenset(
    (
        *(one.name for one in (*_LINUX, *FROM_WINDOWS, WindowsHost(HOST_ACCOUNT))),
        *("freebsd", "windows", "windows-user", "keychain", "login-keychain"),
    )
)
