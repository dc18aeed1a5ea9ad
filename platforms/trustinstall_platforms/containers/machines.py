"""The store inside each machine of a container engine that runs: Podman's, Lima's, Colima's and others'.

The engine's own command reads and changes it: `vm_engines` says how it is reached, `vm_inside` what stands in it.
A machine with several nodes is one store: a certificate is trusted in it where every node's bundle holds it.
What runs inside and has read its roots already, we do not restart: that would stop people's containers.

A machine that does not run is out of reach, which is no error, unless something of ours in it should go. Where a
command was killed, and the machine does not run any more when we clean up, what lies in it is known by its name, and
mended by the next `add` or `remove` that reaches it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.errors import OutOfReach, StoreError, ToolFailed
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import Native
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.containers import engines, inside, reach
from trustinstall_platforms.containers.reach import Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.host.commands import Run
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.store import Places
    from trustinstall_platforms.containers.engines import Machine
    from trustinstall_platforms.containers.reach import Node


class VirtualMachines:
    """The backend of these machines."""

    name = "vm"

    def discover(self, host: Host, _places: Places) -> list[Store]:
        """The machines of the acting account; whether one runs is seen here only where files say so."""
        return [self._store(host, one) for one in engines.machines(host)]

    def at(self, host: Host, location: str) -> Store | None:
        """The machine whose file or directory that is, or None where it was deleted."""
        found = (one for one in engines.machines(host) if one.location == location)
        return next((self._store(host, one) for one in found), None)

    def observe(self, host: Host, store: Store) -> Observation:
        """See what all nodes trust; HALF is what only some do, or what lies there and is in no bundle yet.

        Raises OutOfReach where the machine does not run, or has no tool; ToolFailed where the engine fails.
        """
        return _seen(Look(host, store).nodes())

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate in a bundle, each once. Raises OSError where nothing can be read."""
        try:
            found = [node.inside.bundle for node in Look(host, store).nodes()]
        except (ToolFailed, OutOfReach) as error:
            raise OSError(str(error)) from None
        blocks = (one for bundle in found for one in pem_blocks(bundle) if one.label in CERTIFICATE_LABELS)
        return iter(dict.fromkeys(one.der for one in blocks if one.der is not None))

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan a file in each node, or its removal, and one run of the tool in each.

        Raises StoreError for what only the system inside has brought, and OutOfReach or ToolFailed as `observe`.
        """
        return _Draft(Look(host, store), store, seen, record).plan(wanted)

    def refresh(self, host: Host, store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Have each node's bundle made anew; None where the machine does not run any more. Raises ToolFailed."""
        look = Look(host, store)
        try:
            return look.refresh(gone=True)
        except OutOfReach:
            return None

    def verify(self, _host: Host, _store: Store) -> str | None:
        """Return None: what was observed is what clients inside read."""
        return None

    def commands(self, host: Host, store: Store, step: Native) -> Sequence[Run]:
        """What is run in each node for an operation, by what stands there now.

        Nothing where the machine is not reached: what came of it is looked at, and seen to be not as it should be.
        """
        look = Look(host, store)
        with suppress(ToolFailed, OutOfReach):
            return [run for node in look.nodes() for run in look.commands(node, step)]
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


class _Draft:
    """A plan while it is being made."""

    def __init__(self, look: Look, store: Store, seen: Observation, record: Record) -> None:
        self._look, self._store, self._seen, self._record = look, store, seen, record
        self._nodes = look.nodes()
        self._operations: list[Native] = []
        self._placed: list[Placed] = []
        self._foreign: set[str] = set()
        self._stale = self._gone = False

    def plan(self, wanted: Sequence[Wanted]) -> Plan:
        """Make the plan. Raises StoreError."""
        for one in wanted:
            if one.trusted:
                self._place(one.certificate)
            else:
                self._take(one)
        going = {one.certificate.sha256 for one in wanted if not one.trusted}
        made = any(one.directories for one in self._record.values())
        if self._gone and made and not self._record.keys() - going:
            self._operations.append(Native(reach.TIDY, reach.NOTHING, wanted[0].certificate.der))
        return Plan(
            refresh=self._look.making(self._nodes, gone=self._gone) if self._stale else None,
            placed=tuple(self._placed),
            foreign=frozenset(self._foreign),
            operations=tuple(self._operations),
        )

    def _place(self, certificate: Certificate) -> None:
        sha256 = certificate.sha256
        ours = [node for node in self._nodes if sha256 in node.inside.ours]
        whole = self._seen.anchors.get(sha256) is State.TRUSTED
        if whole and not ours:
            self._foreign.add(sha256)
            return
        made = {path for one in self._record.values() for path in one.directories}
        if not whole:
            made |= self._making_room(certificate)
            self._operations.append(Native(reach.PUT, reach.TAKE, certificate.der))
            self._stale = True
        paths = {inside.path_for(node.family, certificate) for node in self._nodes}
        self._placed.append(Placed(sha256, tuple(sorted(paths)), tuple(sorted(made))))

    def _making_room(self, certificate: Certificate) -> set[str]:
        """Plan the directories that are missing, once; what they are."""
        if self._operations:
            return {path for one in self._placed for path in one.directories}
        missing = {node.family.anchors for node in self._nodes if node.family.anchors not in self._look.listed(node)}
        if missing:
            self._operations.append(Native(reach.ROOM, reach.TIDY, certificate.der))
        return missing

    def _take(self, one: Wanted) -> None:
        certificate, known = one.certificate, self._record.get(one.certificate.sha256)
        sha256 = certificate.sha256
        if sha256 not in self._seen.anchors and not (known and self._cut_off(certificate)):
            return
        going = left = False
        for node in self._nodes:
            holding = set(node.inside.holding(sha256))
            paths = set(node.inside.going(sha256, foreign=one.foreign, known=known is not None))
            going, left = going or bool(paths), left or bool(holding - paths)
            # In the bundle, and in no file of an administrator's: the system's own, unless we have just taken it out.
            fed = sha256 in node.inside.trusted and not holding
            left = left or (fed and known is None)
        if left and one.foreign:
            raise StoreError(
                store=self._store.id,
                cause=f"{certificate.name} is the system's own inside, or in a file with others, which stays as it is",
                advice="take it out by hand in the machine",
            )
        if left:
            self._foreign.add(sha256)
        operation = reach.TAKE_ALL if one.foreign else reach.TAKE_KNOWN if known else reach.TAKE
        if going or sha256 not in self._seen.anchors:
            self._operations.append(Native(operation, reach.PUT, certificate.der))
        if going or not left:
            self._stale = self._gone = True

    def _cut_off(self, certificate: Certificate) -> bool:
        """Whether a file of ours stands there in which the certificate is not to be seen."""
        return any(inside.path_for(node.family, certificate) in self._look.listed(node) for node in self._nodes)


def _seen(nodes: Sequence[Node]) -> Observation:
    """What several nodes trust together."""
    trusted = [node.inside.trusted for node in nodes]
    everywhere = frozenset[str].intersection(*trusted) if trusted else frozenset[str]()
    somewhere = frozenset[str]().union(*trusted, *(node.inside.lying for node in nodes))
    return Observation(
        {one: State.TRUSTED if one in everywhere else State.HALF for one in somewhere},
        ours=frozenset(sha256 for node in nodes for sha256 in node.inside.ours),
        problems=tuple(problem for node in nodes for problem in _problems(node)),
    )


def _problems(node: Node) -> Iterator[str]:
    where = f" of {node.name}" if node.name else ""
    if not node.inside.bundle:
        yield f"{node.family.bundle}{where} is missing or empty"
    if damaged := node.inside.damaged():
        yield f"{node.family.bundle}{where} has {damaged} damaged blocks"
