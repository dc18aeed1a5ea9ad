"""One store's transaction: observe, decide, plan, note the undo, act, refresh, verify, or put back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine.ownership import holds, managed
from trustinstall.engine.perform import Changed, inverse, is_left, operate, perform, undo
from trustinstall.engine.wording import words
from trustinstall.errors import StoreError, ToolFailed, TrustInstallError
from trustinstall.host.commands import Guard
from trustinstall.state.journal import Entry
from trustinstall.stores.plan import Plan, Unsettled
from trustinstall.stores.steps import RemoveDirectory, ToolOperation
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trustinstall.engine.task import StoreTask
    from trustinstall.host import ActingHost, GuardHeld
    from trustinstall.state.journal import Journal
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.desired import Change, Desired
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.steps import Command, Step, Undo
    from trustinstall.stores.store import Store

ATTEMPTS = 3  # attempts to plan or refresh a store while another program works on it
_PAUSE = 0.3  # seconds between two refreshes


@dataclass(frozen=True)
class StoreResult:
    """The end of one store's transaction: the final change and plan, and the observations before and after."""

    change: Change
    plan: Plan
    before: Observation
    after: Observation


class StoreTransaction:
    """The work on one store. Without a journal it is a dry run, which changes nothing."""

    def __init__(self, host: ActingHost, task: StoreTask, journal: Journal | None) -> None:
        self._host, self._task, self._journal = host, task, journal

    def run(self) -> StoreResult:
        """Bring the store to the desired state.

        Raises StoreError (or another TrustInstallError or OSError) if that is impossible; the store is then as it
        was before.
        """
        for _ in range(ATTEMPTS):
            planned = self._planned()
            if planned.plan.empty or self._journal is None:
                return planned
            try:
                return replace(planned, after=self._act(planned, self._journal))
            except Changed:
                continue
        raise StoreError(
            store=self._task.store.id, cause="another program keeps changing this store", advice="try again later"
        )

    def _planned(self) -> StoreResult:
        """Observe, decide and plan; if a package manager is in the middle of its work, again when that has ended."""
        try:
            return self._plan()
        except Unsettled as error:
            if self._journal is None:
                raise
            with self._host.guarded(error.guard):
                return self._plan()

    def _plan(self) -> StoreResult:
        before = self._task.look(self._host)
        change = self._task.decide(before)
        return StoreResult(change, self._task.plan(self._host, before, change), before, before)

    def _act(self, planned: StoreResult, journal: Journal) -> Observation:
        host, task, plan = self._host, self._task, planned.plan
        with host.guarded(plan.refresh.guard if plan.refresh else Guard()) as guarded:
            # A tool's files lie in a directory until the tool has deleted them.
            later = [step for step in plan.steps if isinstance(step, RemoveDirectory) and plan.operations]
            first = [step for step in plan.steps if step not in later]
            undoing = _inverses(host, later)
            undoing += [operation.undone for operation in reversed(plan.operations)]
            undoing += _inverses(host, first)
            token = host.token()
            journal.note(Entry(journal.transaction, task.backend.name, task.store.location, tuple(undoing), token))
            refreshing = False
            try:
                for step in first:
                    perform(host, step, token)
                commands = commands_of(host, task.backend, task.store)
                complaint = None
                for operation in plan.operations:
                    complaint = operate(host, operation, commands, token)
                    if complaint is not None:
                        break  # a tool that refused once is not asked again
                for step in later:
                    perform(host, step, token)
                refreshing = plan.refresh is not None
                try:
                    return self._settle(planned, guarded)
                except StoreError as error:
                    if complaint is None:
                        raise
                    raise StoreError(store=task.store.id, cause=complaint, advice=error.advice) from error
            except BaseException as error:
                failure = put_back(host, task, undoing, token, planned.before, guarded if refreshing else None)
                if failure is not None:
                    raise stuck(task.store, failure, error, journal, token) from error
                raise

    def _settle(self, planned: StoreResult, guarded: GuardHeld) -> Observation:
        """Refresh until the artefact shows the desired state; a tool's own report is no evidence."""
        wrong: str | None = None
        for attempt in range(ATTEMPTS if planned.plan.refresh else 1):
            if attempt:
                self._host.pause(_PAUSE)
            refresh(self._host, planned.plan.refresh, guarded)
            after, wrong = judged(self._host, self._task, planned)
            if wrong is None:
                return after
        raise not_verified(self._task.store, wrong or "it was not verified")


def _inverses(host: ActingHost, steps: Sequence[Step]) -> list[Undo]:
    """Return the steps that undo these, newest first."""
    inverses = [inverse(host, step) for step in steps]
    return [step for step in reversed(inverses) if step is not None]


def refresh(host: ActingHost, what: Refresh | None, guarded: GuardHeld, *, all_tools: bool = False) -> None:
    """Regenerate derived files while programs that must be quiet are quiet.

    With `all_tools`, a failing tool does not stop the tools after it: a caller that puts a store back observes the
    artefact afterwards. Raises ToolFailed or Busy.
    """
    if what is None:
        return
    guarded.wait()
    for path in what.leftovers:
        if host.status(path) is not None:
            host.delete(path)
    for run in what.runs:
        try:
            host.run(run, guarded.told)
        except ToolFailed:
            if not all_tools:
                raise


def commands_of(host: ActingHost, backend: Backend, store: Store) -> Callable[[ToolOperation], Sequence[Command]]:
    """Return a function that returns the commands of a store's operations."""
    return lambda step: backend.commands(host, store, step)


def put_back(
    host: ActingHost,
    task: StoreTask,
    steps: Sequence[Undo],
    token: str,
    before: Observation,
    guarded: GuardHeld | None,
) -> str | None:
    """Undo file steps, then regenerate derived files (in this order, or they stay stale); return why not, or None."""
    backend, store = task.backend, task.store
    try:
        commands = commands_of(host, backend, store)
        deleted = undo(host, steps, token, commands)
        if guarded is not None:
            refresh(host, backend.refresh(host, store, deleted), guarded, all_tools=True)
        same = task.observe(host).anchors == before.anchors and not is_left(steps, commands)
    except (TrustInstallError, OSError) as error:
        return words(error)
    return None if same else "it does not show what it showed before"


def stuck(store: Store, failure: str, cause: BaseException, journal: Journal, token: str) -> StoreError:
    """Return the error of a store that could not be put back; its entry stays, and the next command retries."""
    journal.keep(token)
    return StoreError(
        store=store.id,
        cause=f"{words(cause)}, and it could not be put back: {failure}",
        advice="run the command again when the cause is mended",
    )


def judged(host: ActingHost, task: StoreTask, planned: StoreResult) -> tuple[Observation, str | None]:
    """Return the observation of a store after a change, and its first deviation from the desired state, or None."""
    after = task.observe(host)
    wrong = next(_faults(task, planned, after), None)
    if wrong is None and not planned.before.problems:  # a store that was damaged before may stay damaged
        wrong = task.backend.verify(host, task.store)
    return after, wrong


def not_verified(store: Store, wrong: str) -> StoreError:
    """Return the error of a store that does not show the desired state, and is put back."""
    return StoreError(store=store.id, cause=wrong, advice="everything was put back")


def _still_trusts(task: StoreTask, planned: StoreResult, after: Observation, one: Desired) -> bool:
    """Whether a certificate that was to be removed is still trusted, and not because of a foreign copy.

    Without its setting a program reads the defaults of all accounts, which may hold the certificate, too.
    """
    if holds(after, one) or one.sha256 in planned.change.foreign:
        return False
    mine = any(managed(copy, task.record.get(one.sha256)) for copy in after.copies_of(one.sha256))
    return mine or not planned.plan.detaches


def _faults(task: StoreTask, planned: StoreResult, after: Observation) -> Iterator[str]:
    """Yield each deviation from the desired state after a change."""
    before = planned.before
    going = {one.sha256 for one in task.desired if not one.trusted}
    for one in task.desired:
        if one.trusted and not holds(after, one):
            yield f"it does not show {one.certificate.name} after the change"
        elif not one.trusted and _still_trusts(task, planned, after, one):
            yield f"it still trusts {one.certificate.name} after the change"
    lost = 0 if planned.plan.detaches else len(before.anchors.keys() - after.anchors.keys() - going)
    if lost:
        yield f"{lost} other anchors were lost in the change"
    yield from (problem for problem in after.problems if problem not in before.problems)
