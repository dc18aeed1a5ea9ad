"""The kinds of stores that there are: a literal tuple, because what runs as root imports only what is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.anchored import AnchorStore
from trustinstall_platforms.certifi import Certifi
from trustinstall_platforms.declared import DeclaredStore
from trustinstall_platforms.families import ALPINE, ARCH, DEBIAN, GENTOO, RHEL, SUSE, VOID
from trustinstall_platforms.java import Java
from trustinstall_platforms.linux import SystemStore

if TYPE_CHECKING:
    from trustinstall.backend import Backend

BACKENDS: tuple[Backend, ...] = (
    SystemStore(DEBIAN),
    SystemStore(GENTOO),
    SystemStore(VOID),
    AnchorStore(RHEL),
    AnchorStore(SUSE),
    AnchorStore(ARCH),
    AnchorStore(ALPINE),
    DeclaredStore(),
    Java(),
    Certifi(),
)
