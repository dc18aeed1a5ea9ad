"""The store inside each machine of a container engine that runs: Podman's, Lima's, Colima's and others'.

The engine's own command reads and changes it: `reach` has the commands for a machine, `inside` describes its content.
A machine with several nodes is one store: a certificate is trusted in it if every node's bundle holds it.
Programs inside that have read their roots already are not restarted: that would stop people's containers.

A machine that does not run is out of reach. That is an error only if a managed certificate in it should go. If a
command was killed, and the machine does not run any more at the recovery, the managed files in it are recognised by
their names, and the next `add` or `remove` that reaches it repairs them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.errors import OutOfReach, StoreError, ToolFailed
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ToolOperation
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.containers import engines, inside, reach
from trustinstall_platforms.containers.reach import Access

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.host.commands import Run
    from trustinstall.stores.desired import Change, Desired
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.store import DiscoveryOptions
    from trustinstall_platforms.containers.engines import Machine
    from trustinstall_platforms.containers.reach import Node


class VirtualMachines(Backend):
    """The backend of these machines."""

    name = "vm"
    capabilities = frozenset({Capability.OTHER_MACHINE})

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Find the machines of the acting account; whether one runs is known here only if files show it."""
        return [self._store(host, one) for one in engines.machines(host)]

    def at(self, host: Host, location: str) -> Store | None:
        """Return the machine of that file or directory, or None if it was deleted."""
        found = (one for one in engines.machines(host) if one.location == location)
        return next((self._store(host, one) for one in found), None)

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the anchors that all nodes trust; PARTIAL if only some do, or an anchor is in no bundle yet.

        Raises OutOfReach if the machine does not run, or has no tool; ToolFailed if the engine fails.
        """
        return _seen(Access(host, store).nodes(), names)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in a bundle, each once. Raises OSError if nothing can be read."""
        try:
            found = [node.inside.bundle for node in Access(host, store).nodes()]
        except (ToolFailed, OutOfReach) as error:
            raise OSError(str(error)) from None
        blocks = (one for bundle in found for one in pem_blocks(bundle) if one.label in CERTIFICATE_LABELS)
        return iter(dict.fromkeys(one.der for one in blocks if one.der is not None))

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Plan a file in each node, or its removal, and one run of the tool in each.

        Raises StoreError for a certificate that only the system inside brought, and OutOfReach or ToolFailed as
        `observe`.
        """
        return _PlanBuilder(Access(host, store), store, seen, change).plan()

    def refresh(self, host: Host, store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Make each node's bundle again; None if the machine does not run any more. Raises ToolFailed."""
        access = Access(host, store)
        try:
            return access.refresh(gone=True)
        except OutOfReach:
            return None

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """Return the commands of an operation in each node, by its present content.

        There are none if the machine is not reached: the observation afterwards shows the failure.
        """
        access = Access(host, store)
        with suppress(ToolFailed, OutOfReach):
            return [run for node in access.nodes() for run in access.commands(node, step)]
        return ()

    def _store(self, host: Host, one: Machine) -> Store:
        engine = one.engine
        return Store(
            self.name,
            one.location,
            host.account.uid,
            f"{self.name}:{one.location}",
            f"{engine.clients}, in {engine.name}'s {one.name}",
            label=f"{engine.name}:{one.name}",
            blocked=blocked(reach.resting(one) if one.stopped else None, permanent=one.stopped),
        )


class _PlanBuilder:
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


def _seen(nodes: Sequence[Node], names: frozenset[str]) -> Observation:
    """Return the anchors that several nodes trust together."""
    trusted = [node.inside.trusted for node in nodes]
    everywhere = frozenset[str].intersection(*trusted) if trusted else frozenset[str]()
    somewhere = frozenset[str]().union(*trusted, *(node.inside.present for node in nodes))
    return Observation(
        {one: State.TRUSTED if one in everywhere else State.PARTIAL for one in somewhere},
        marked=frozenset(sha256 for node in nodes for sha256 in node.inside.ours),
        problems=tuple(problem for node in nodes for problem in _problems(node)),
        copies=tuple(
            dict.fromkeys(one for node in nodes for name in sorted(names) for one in node.inside.copies(name))
        ),
    )


def _problems(node: Node) -> Iterator[str]:
    where = f" of {node.name}" if node.name else ""
    if not node.inside.bundle:
        yield f"{node.family.bundle}{where} is missing or empty"
    if damaged := node.inside.damaged():
        yield f"{node.family.bundle}{where} has {damaged} damaged blocks"
