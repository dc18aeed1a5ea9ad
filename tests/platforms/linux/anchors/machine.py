"""Made-up systems of the families that have a directory of anchors, and how the backend sees them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.platforms.linux.one_store import OneStore
from tests.support.pki import Root, make_root
from trustinstall.engine.perform import perform
from trustinstall.stores.desired import Placement, Record
from trustinstall.stores.plan import Plan
from trustinstall_platforms.linux.families import ALPINE, ARCH, RHEL, SUSE
from trustinstall_platforms.linux.family import Family

FAMILIES = {family.name: family for family in (RHEL, SUSE, ARCH, ALPINE)}
on_p11_kit = pytest.mark.parametrize("machine", ["rhel", "suse", "arch"], indirect=True)
PUBLIC, OTHER, CORP = make_root("Public Root"), make_root("Other Root"), make_root("Corp Root")


@dataclass
class Machine(OneStore):
    """A directory tree that looks like such a system, and the host that it is for the backend."""

    family: Family

    @property
    def ours(self) -> str:
        """The path of the managed file."""
        return f"{self.family.anchors}/corp-root-{CORP.sha256[:12]}.crt"

    def by_hand(self, name: str, content: bytes) -> str:
        """An administrator's file."""
        path = f"{self.family.anchors}/{name}"
        self.write(path, content)
        return path

    def ship(self, name: str, content: bytes) -> str:
        """A package's file, selected where that is needed."""
        path = f"{self.family.packages[-1]}/{name}"
        self.write(path, content)
        if self.family.selection:
            selection = self.path(self.family.selection)
            before = selection.read_bytes() if selection.exists() else b""
            self.write(self.family.selection, before + f"{name}\n".encode())
        return path

    def settle(self) -> None:
        """Make the bundle as the tool would: of every anchor, and what packages bring."""
        files = sorted(self.path(self.family.packages[-1]).glob("*.*"))
        if self.path(self.family.anchors).exists():
            files += sorted(self.path(self.family.anchors).iterdir())
        self.write(self.family.bundle, b"".join(file.read_bytes() for file in files if file.is_file()))

    def apply(self, plan: Plan) -> None:
        """Do a plan's steps, and what its tool would do."""
        for step in plan.steps:
            perform(self.host, step, "t")
            if plan.refresh:
                self.settle()


def placement(machine: Machine, root: Root, *entries: str, directories: tuple[str, ...] = ()) -> Record:
    """Make a ledger's record of one certificate."""
    return {root.sha256: Placement(root.sha256, machine.family.name, entries, directories)}
