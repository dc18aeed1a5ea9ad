"""All kinds of stores: a literal tuple, so that a program that runs as root imports only the modules named here."""

from __future__ import annotations

from trustinstall.stores.backend import Backend
from trustinstall_platforms.browsers.chromium_policy import ChromiumPolicy
from trustinstall_platforms.browsers.firefox_policy import FirefoxPolicy
from trustinstall_platforms.browsers.nss import Nss
from trustinstall_platforms.bsd.freebsd import Certctl
from trustinstall_platforms.containers.machines import VirtualMachines
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.linux.anchor_directory import AnchorStore
from trustinstall_platforms.linux.debian import SystemStore
from trustinstall_platforms.linux.declarative import DeclaredStore
from trustinstall_platforms.linux.families import ALPINE, ARCH, DEBIAN, GENTOO, RHEL, SUSE, VOID
from trustinstall_platforms.linux.other_families import CLEAR, FLATCAR, PHOTON, SLACKWARE
from trustinstall_platforms.macos.keychain import Keychain
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
from trustinstall_platforms.windows.certutil import WindowsStore
from trustinstall_platforms.windows.registry_stores import ACCOUNT, MACHINE
from trustinstall_platforms.windows.wsl_host import HOST_ACCOUNT, HOST_MACHINE, HostRoots, WindowsHost

BACKENDS: tuple[Backend, ...] = (
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
    Certctl(),
    DeclaredStore(),
    WindowsStore(MACHINE),
    WindowsStore(ACCOUNT),
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
    OwnBundle(),
    Settings(),
    Environment(),
    Keychain("keychain", machine=True),
    Keychain("login-keychain", machine=False),
    Embedded(),  # last, because every other backend is more specific
)


def with_variables(mode: str) -> tuple[Backend, ...]:
    """Return the same backends, with a mode of setting variables (`--variables`): "add", "replace" or "none"."""
    return tuple(Environment(mode) if isinstance(one, Environment) else one for one in BACKENDS)


#: The backend that `--from windows` reads: the machine's store of the Windows that hosts this Linux.
FROM_WINDOWS: tuple[Backend, ...] = (HostRoots(HOST_MACHINE),)

#: The kinds of stores that are an operating system's own, by name.
SYSTEM_STORES = frozenset(
    one.name
    for one in BACKENDS
    if isinstance(one, (SystemStore, AnchorStore, Certctl, DeclaredStore, WindowsStore, Keychain))
)
