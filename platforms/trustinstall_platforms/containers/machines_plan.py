"""The change of the machine of a container engine: a file in each node, and one run of the tool in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StoreError
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ToolOperation
from trustinstall_platforms.containers import inside, reach

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
    from trustinstall.stores.desired import Change, Desired
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.store import Store
    from trustinstall_platforms.containers.reach import Access


class PlanBuilder:
    """A plan while it is built."""

    def __init__(self, access: Access, store: Store, seen: Observation, change: Change) -> None:
        self._access, self._store, self._seen, self._change = access, store, seen, change
        self._nodes = access.nodes()
        self._operations: list[ToolOperation] = []
        self._stale = self._gone = False

    def plan(self) -> Plan:
        """Make the plan. Raises StoreError."""
        placed = tuple(map(self._place, self._change.add))
        for one in self._change.drop:
            self._take(one)
        if self._gone and self._change.last and self._rooms():
            self._operations.append(ToolOperation(reach.TIDY, reach.NOTHING, self._change.drop[0].der))
        refresh = self._access.making(self._nodes, gone=self._gone) if self._stale else None
        return Plan(refresh=refresh, placed=placed, operations=tuple(self._operations))

    def _place(self, one: Desired) -> Placed:
        rooms = self._rooms() | self._making_room(one.certificate)
        self._operations.append(ToolOperation(reach.PUT, reach.TAKE, one.certificate.der))
        self._stale = True
        paths = {inside.path_for(node.family, one.certificate) for node in self._nodes}
        return Placed(one.sha256, (*sorted(paths), *sorted(rooms)))

    def _rooms(self) -> set[str]:
        """Return the directories that trustinstall made inside: as entries, or as directories in older ledgers."""
        known = {*self._change.noted_entries, *self._change.made}
        return {node.family.anchors for node in self._nodes} & known

    def _making_room(self, certificate: Certificate) -> set[str]:
        """Plan the directories that are missing, once; return them."""
        missing = {node.family.anchors for node in self._nodes if node.family.anchors not in self._access.listed(node)}
        if missing and not self._operations:
            self._operations.append(ToolOperation(reach.ROOM, reach.TIDY, certificate.der))
        return missing

    def _take(self, certificate: Certificate) -> None:
        sha256 = certificate.sha256
        copies = [one for one in self._change.remove if one.sha256 == sha256]
        if not all(one.entry for one in copies):
            raise StoreError(
                store=self._store.id,
                cause=f"{certificate.name} is the system's own inside, or in a file with others, which stays as it is",
                advice="take it out by hand in the machine",
            )
        if copies or self._is_cut_off(certificate):
            operation = reach.TAKE_KNOWN if all(one.marked for one in copies) else reach.TAKE_ALL
            self._operations.append(ToolOperation(operation, reach.PUT, certificate.der))
        elif sha256 not in self._seen.anchors or sha256 in self._change.foreign:
            return
        self._stale = self._gone = True

    def _is_cut_off(self, certificate: Certificate) -> bool:
        """Whether there is a managed file in which the certificate cannot be read."""
        return any(inside.path_for(node.family, certificate) in self._access.listed(node) for node in self._nodes)
