"""One store, its desired state, and the plan that follows: directories and created files are planned here."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine.ownership import decide, holds
from trustinstall.errors import StoreError, TrustInstallError, printable
from trustinstall.host import Kind
from trustinstall.stores.backend import Capability
from trustinstall.stores.files import missing_parents
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import ABSENT, Delete, Edit, Link, MakeDirectory, RemoveDirectory
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.desired import Change, Desired, Record
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.plan import Placed
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Store


@dataclass(frozen=True)
class StoreTask:
    """One store, its desired state, and the ledger's records of it.

    `take_foreign`: copies that another program put there are removed, too.
    """

    backend: Backend
    store: Store
    desired: tuple[Desired, ...]
    record: Record
    take_foreign: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The SHA-256 of the certificates that the store may have to hold or to lose."""
        return frozenset((*(one.sha256 for one in self.desired), *self.record))

    def observe(self, host: Host) -> Observation:
        """Observe the store, and what it still says of certificates that are to be removed."""
        seen = self.backend.observe(host, self.store, self.names)
        unseen = [one.certificate for one in self.desired if not one.trusted and not seen.copies_of(one.sha256)]
        return self.backend.identified(host, self.store, seen, unseen) if unseen else seen

    def look(self, host: Host) -> Observation:
        """Observe the store before a change, and whether it is outdated."""
        seen = self.observe(host)
        if seen.outdated or not any(one.trusted and holds(seen, one) for one in self.desired):
            return seen
        return replace(seen, outdated=self.backend.outdated(host, self.store))

    def decide(self, seen: Observation) -> Change:
        """Decide the change."""
        return decide(seen, self.desired, self.record, take_foreign=self.take_foreign)

    def why_not_taken(self, host: Host, seen: Observation) -> str:
        """Return why `remove --not-ours` cannot take copies of others out, and what to do; "" if it can."""
        task = replace(self, take_foreign=True)
        try:
            task.plan(host, seen, task.decide(seen))
        except StoreError as error:
            return f"{error.cause}; {error.advice}"
        except (TrustInstallError, OSError) as error:
            return str(error)
        return ""

    def plan(self, host: Host, seen: Observation, change: Change) -> Plan:
        """Plan a change, with the directories that it creates or removes. Raises StoreError if it is impossible."""
        if change.empty:
            return Plan()
        plan = self.backend.plan(host, self.store, seen, change)
        plan = self._without_created(host, _with_directories(host, plan), change)
        self._check_names(host, plan)
        return plan

    def _check_names(self, host: Host, plan: Plan) -> None:
        """Raise StoreError if the plan would separate a file from its other names (hard links)."""
        for step in plan.steps:
            status = host.status(step.path) if isinstance(step, Edit) and not step.separates else None
            if status is not None and status.kind is Kind.FILE and status.links > 1:
                names = f"{printable(step.path, 4096)} has {status.links} names (hard links)"
                cause = f"{names}, and replacing it would separate it from the others"
                advice = (
                    "make it a file of its own (cp -p, then mv the copy onto it), or a symbolic link, and try again"
                )
                raise StoreError(store=self.store.id, cause=cause, advice=advice)

    def _without_created(self, host: Host, plan: Plan, change: Change) -> Plan:
        """Remove files and directories that were created for managed certificates with the last of them."""
        if not change.last:
            return plan
        created = change.noted_entries
        steps = tuple(_or_delete(host, step) if step.path in created else step for step in plan.steps)
        directories = () if Capability.OTHER_MACHINE in self.backend.capabilities else change.made
        gone = [RemoveDirectory(path) for path in reversed(directories) if _is_itself_directory(host, path)]
        return replace(plan, steps=(*steps, *gone))


def _is_itself_directory(host: Host, path: str) -> bool:
    """Whether a path is a directory and not a link: a directory may have been moved since, with a link left behind."""
    status = host.status(path)
    return status is not None and status.kind is Kind.DIRECTORY


def _with_directories(host: Host, plan: Plan) -> Plan:
    """Create the missing directories of written files and of operations first."""
    written = [step.path for step in plan.steps if isinstance(step, Edit | Link)]
    written += [f"{plan.inside}/x"] if plan.inside else []
    directories = dict.fromkeys(posixpath.dirname(path) for path in written)
    missing = dict.fromkeys(one for path in directories for one in missing_parents(host, f"{path}/x"))
    steps = (*(MakeDirectory(one, plan.directory_mode) for one in missing), *plan.steps)
    return replace(plan, steps=steps, placed=_with_created(plan), made=tuple(dict.fromkeys((*plan.made, *missing))))


def _with_created(plan: Plan) -> tuple[Placed, ...]:
    """Note files that the plan creates with each certificate, so that the last certificate removes them.

    A file that belongs to another certificate alone is not among them.
    """
    owned = {entry for one in plan.placed for entry in one.entries}
    created = [
        step.path for step in plan.steps if isinstance(step, Edit) and step.expect == ABSENT and step.path not in owned
    ]
    return tuple(replace(one, entries=tuple(dict.fromkeys((*one.entries, *created)))) for one in plan.placed)


def _or_delete(host: Host, step: Step) -> Step:
    """Return the deletion of a created file instead of an edit that would leave nothing in it."""
    if isinstance(step, Edit) and not step.transform.apply(host.read_or_none(step.path) or b""):
        return Delete(step.path, step.expect)
    return step
