"""Groups of stores: every backend has the group that a reader expects."""

from __future__ import annotations

from trustinstall import catalog
from trustinstall.catalog import SYSTEM_STORES
from trustinstall.stores import groups
from trustinstall.stores.store import Store
from trustinstall_platforms.tools.table import TOOLS


def test_the_systems_own_stores_are_the_group_system() -> None:
    """A backend is in the group `system` exactly if the catalogue calls its store an operating system's own."""
    assert {one.name for one in catalog.every() if groups.group_of_backend(one.name) == "system"} == SYSTEM_STORES


def test_every_tool_has_a_group() -> None:
    """Settings of a tool are in the group of its users: npm's in node, pip's in python, wget's in tools."""
    found = {one.name: groups.group_of(Store("settings", "/x", 0, "settings:/x", "", label=one.name)) for one in TOOLS}
    assert set(found.values()) <= set(groups.GROUPS)
    assert (found["npm"], found["pip"], found["wget"], found["lima"]) == ("node", "python", "tools", "containers")


def test_every_group_is_the_group_of_a_store() -> None:
    """No group is empty on every system."""
    backends = {groups.group_of_backend(one.name) for one in catalog.every()}
    tools = {groups.group_of(Store("settings", "/x", 0, "settings:/x", "", label=one.name)) for one in TOOLS}
    assert backends | tools == set(groups.GROUPS)
