"""The groups of stores: by the kind of programs that read them, for reports and as names for `--store` and `--skip`.

A group has the same name on every system, while the names of backends differ (`debian`, `rhel`, `keychain`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.stores.store import Store

#: Every group, in the order of reports.
GROUPS = ("system", "browsers", "java", "python", "node", "tools", "shells", "containers", "other")

#: The group of each backend. A backend that is not here is an operating system's own store.
_OF_BACKENDS: Mapping[str, str] = MappingProxyType(
    {
        "chromium-policy": "browsers",
        "firefox-policy": "browsers",
        "nss": "browsers",
        "java": "java",
        "certifi": "python",
        "settings": "tools",
        "own-bundle": "tools",  # the file that settings and variables name
        "environment": "shells",
        "proxies": "tools",
        "verification": "tools",
        "vm": "containers",
        "bundle": "other",
        "homebrew": "other",
        "drop-directory": "other",
        "embedded": "other",
        "mono": "other",
        "dotnet": "other",
        "android-emulator": "other",
    }
)

#: Tools of `settings` that belong to another group than "tools", by the store's label.
_OF_TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "pip": "python",
        "conda": "python",
        "npm": "node",
        "yarn": "node",
        "yarn-1": "node",
        "lima": "containers",
        "colima": "containers",
        "rancher-desktop": "containers",
    }
)

#: The words of `--store` and `--skip` on any machine: groups, kinds of stores, and tools with groups of their own.
NAMES = (*GROUPS, *(name for name in _OF_BACKENDS if name not in GROUPS), *_OF_TOOLS)


def group_of(store: Store) -> str:
    """Return the group of a store, one of `GROUPS`."""
    return group_of_backend(store.backend, store.label)


def group_of_backend(backend: str, label: str = "") -> str:
    """Return the group of a backend's stores; the label says which tool the settings belong to."""
    return _OF_TOOLS.get(label, "tools") if backend == "settings" else _OF_BACKENDS.get(backend, "system")


def groups_of_backend(backend: str) -> frozenset[str]:
    """Return every group that stores of a backend can be in: each tool's settings are in the tool's own group."""
    own = group_of_backend(backend)
    return frozenset({own, *_OF_TOOLS.values()}) if backend == "settings" else frozenset({own})
