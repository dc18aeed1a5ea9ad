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
from trustinstall.errors import OutOfReach, ToolFailed
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import ToolOperation
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.containers import engines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.host.commands import Run
    from trustinstall.stores.desired import Change
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.store import DiscoveryOptions
    from trustinstall_platforms.containers.engines import Machine
    from trustinstall_platforms.containers.reach import Access, Node


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
        return _seen(_access(host, store).nodes(), names)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in a bundle, each once. Raises OSError if nothing can be read."""
        try:
            found = [node.inside.bundle for node in _access(host, store).nodes()]
        except (ToolFailed, OutOfReach) as error:
            raise OSError(str(error)) from None
        blocks = (one for bundle in found for one in pem_blocks(bundle) if one.label in CERTIFICATE_LABELS)
        return iter(dict.fromkeys(one.der for one in blocks if one.der is not None))

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Plan a file in each node, or its removal, and one run of the tool in each.

        Raises StoreError for a certificate that only the system inside brought, and OutOfReach or ToolFailed as
        `observe`.
        """
        from trustinstall_platforms.containers.machines_plan import PlanBuilder

        return PlanBuilder(_access(host, store), store, seen, change).plan()

    def refresh(self, host: Host, store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Make each node's bundle again; None if the machine does not run any more. Raises ToolFailed."""
        access = _access(host, store)
        try:
            return access.refresh(gone=True)
        except OutOfReach:
            return None

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """Return the commands of an operation in each node, by its present content.

        There are none if the machine is not reached: the observation afterwards shows the failure.
        """
        access = _access(host, store)
        with suppress(ToolFailed, OutOfReach):
            return [run for node in access.nodes() for run in access.commands(node, step)]
        return ()

    def _store(self, host: Host, one: Machine) -> Store:
        from trustinstall_platforms.containers import reach

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


def _access(host: Host, store: Store) -> Access:
    """Return the access to a machine; few computers have one."""
    from trustinstall_platforms.containers.reach import Access

    return Access(host, store)
