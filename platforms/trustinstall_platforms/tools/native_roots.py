"""The operating system's own store, for settings that switch a tool to it: Windows', which has no file of roots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.windows.registry_stores import ACCOUNT, MACHINE, read_contents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.observation import Observation
    from trustinstall_platforms.windows.registry_stores import Kind


def location(host: Host) -> str:
    """Return the location of the store that the acting account changes."""
    own = _kind(host).own
    return rf"{own.hive}\{own.path}"


def observe(host: Host) -> Observation:
    """Observe the anchors that programs of the acting account trust through it."""
    return read_contents(host, _kind(host)).observation


def anchors(host: Host) -> Iterator[bytes]:
    """Yield the DER of every certificate that `observe` counts."""
    return iter(read_contents(host, _kind(host)).entries.values())


def _kind(host: Host) -> Kind:
    return MACHINE if host.account.is_root else ACCOUNT
