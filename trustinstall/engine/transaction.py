"""Bringing one store to what is wanted: observe, plan, note the undo, act, refresh, verify, or put back."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.engine.perform import Changed, inverse, no_commands, operate, perform, undo
from trustinstall.errors import StoreError, ToolFailed, TrustInstallError, printable
from trustinstall.host.commands import Guard
from trustinstall.state.journal import Entry
from trustinstall.stores.backend import ToolBackend
from trustinstall.stores.steps import VERBS, Native

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.host import ActingHost, Guarded
    from trustinstall.state.journal import Journal
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.plan import Plan, Refresh
    from trustinstall.stores.steps import Command, Undo
    from trustinstall.stores.store import Store

ATTEMPTS = 3  # how often a store is planned, or refreshed, again when somebody else works on it meanwhile
_ADVICE = {
    errno.ENOSPC: "make room on that file system, and try again",
    errno.EDQUOT: "raise the quota or make room, and try again",
    errno.EROFS: "it lies on a read-only file system; use an overlay or change the image",
    errno.EACCES: "the acting account may not do that; run it as the owner",
    errno.EPERM: "the acting account may not do that, or the file is immutable (chattr -i)",
    errno.ENOENT: "a directory on the way is missing; is the store half-installed?",
    errno.EINVAL: "something else than a regular file stands there; look at it",
    errno.ELOOP: "a link stands there, and links are not followed; look at it",
    errno.EFBIG: "no bundle is that large; look at it",
}
_PAUSE = 0.3  # seconds between two refreshes


@dataclass(frozen=True)
class Done:
    """How one store was brought: the plan that held, and what was seen before and after it."""

    plan: Plan
    before: Observation
    after: Observation


def bring(
    host: ActingHost,
    backend: Backend,
    store: Store,
    wanted: Sequence[Wanted],
    record: Record,
    journal: Journal | None,
) -> Done:
    """Bring one store to what is wanted; without a journal, only say what would be done.

    Raises StoreError where that is not possible; the store is then as it was before.
    """
    for _ in range(ATTEMPTS):
        before = backend.observe(host, store)
        plan = backend.plan(host, store, before, wanted, record)
        if plan.empty or journal is None:
            return Done(plan, before, before)
        try:
            after = _act(host, backend, store, plan, before, wanted, journal)
        except Changed:
            continue
        return Done(plan, before, after)
    raise StoreError(store=store.id, cause="somebody else keeps changing it", advice="try again when it is quiet")


def refresh(host: ActingHost, what: Refresh | None, guarded: Guarded, *, whatever: bool = False) -> None:
    """Make derived files anew, while what must be quiet is quiet.

    With `whatever`, a tool that fails does not keep the ones after it from running: for putting things back, where
    the artefact is judged and not the tools. Raises ToolFailed or Busy.
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
            if not whatever:
                raise


def _act(
    host: ActingHost,
    backend: Backend,
    store: Store,
    plan: Plan,
    before: Observation,
    wanted: Sequence[Wanted],
    journal: Journal,
) -> Observation:
    with host.guarded(plan.refresh.guard if plan.refresh else Guard()) as guarded:
        undoing: list[Undo] = [operation.undone for operation in reversed(plan.operations)]
        undoing += [step for step in [inverse(host, step) for step in plan.steps][::-1] if step is not None]
        token = host.token()
        journal.note(Entry(journal.transaction, backend.name, store.location, tuple(undoing), token))
        refreshing = False
        try:
            for step in plan.steps:
                perform(host, step, token)
            commands = commands_of(host, backend, store)
            complaint = None
            for operation in plan.operations:
                complaint = operate(host, operation, commands)
                if complaint is not None:
                    break  # whoever said no once is not asked a hundred times
            refreshing = plan.refresh is not None
            try:
                return _settle(host, backend, store, plan, before, wanted, guarded)
            except StoreError as error:
                if complaint is None:
                    raise
                raise StoreError(store=store.id, cause=complaint, advice=error.advice) from error
        except BaseException as error:
            failure = put_back(host, backend, store, undoing, token, before, guarded if refreshing else None)
            if failure is not None:
                raise stuck(store, failure, error, journal, token) from error
            raise


def commands_of(host: ActingHost, backend: Backend, store: Store) -> Callable[[Native], Sequence[Command]]:
    """What knows the commands for a store's operations."""

    def commands(step: Native) -> Sequence[Command]:
        if not isinstance(backend, ToolBackend):
            return no_commands(step)
        return backend.commands(host, store, step)

    return commands


def put_back(
    host: ActingHost,
    backend: Backend,
    store: Store,
    steps: Sequence[Undo],
    token: str,
    before: Observation,
    guarded: Guarded | None,
) -> str | None:
    """Undo file steps, then make derived files anew (in this order: none of them stays stale); why not, or None."""
    try:
        deleted = undo(host, steps, token, commands_of(host, backend, store))
        if guarded is not None:
            refresh(host, backend.refresh(host, store, deleted), guarded, whatever=True)
        same = backend.observe(host, store).anchors == before.anchors
    except (TrustInstallError, OSError) as error:
        return words(error)
    return None if same else "it does not show what it showed before"


def stuck(store: Store, failure: str, cause: BaseException, journal: Journal, token: str) -> StoreError:
    """The error of a store that could not be put back: the next command will try again."""
    journal.keep(token)
    return StoreError(
        store=store.id,
        cause=f"{words(cause)}, and it could not be put back: {failure}",
        advice="run the command again when the cause is mended",
    )


def _settle(
    host: ActingHost,
    backend: Backend,
    store: Store,
    plan: Plan,
    before: Observation,
    wanted: Sequence[Wanted],
    guarded: Guarded,
) -> Observation:
    """Refresh until the artefact shows what is wanted; whatever a tool says of itself is no evidence."""
    wrong: str | None = None
    for attempt in range(ATTEMPTS if plan.refresh else 1):
        if attempt:
            host.pause(_PAUSE)
        refresh(host, plan.refresh, guarded)
        after, wrong = judged(host, backend, store, plan, before, wanted)
        if wrong is None:
            return after
    raise not_verified(store, wrong or "it was not verified")


def judged(
    host: ActingHost, backend: Backend, store: Store, plan: Plan, before: Observation, wanted: Sequence[Wanted]
) -> tuple[Observation, str | None]:
    """What a store shows after a change, and what is not as it should be, or None."""
    after = backend.observe(host, store)
    wrong = _wrong(plan, before, after, wanted)
    if wrong is None and not before.problems:  # what was damaged before may stay so: ours goes out of it, too
        wrong = backend.verify(host, store)
    return after, wrong


def not_verified(store: Store, wrong: str) -> StoreError:
    """The error of a store that does not show what it should, and is put back."""
    return StoreError(store=store.id, cause=wrong, advice="everything was put back")


def _wrong(plan: Plan, before: Observation, after: Observation, wanted: Sequence[Wanted]) -> str | None:
    """What is not as it should be after a change, or None."""
    leaving = {one.certificate.sha256 for one in wanted if not one.trusted}
    for one in wanted:
        sha256, state = one.certificate.sha256, after.anchors.get(one.certificate.sha256)
        if one.trusted and state is not one.goal:
            return f"it does not show {one.certificate.name} after the change"
        if not one.trusted and state is not None and sha256 not in plan.foreign:
            return f"it still shows {one.certificate.name} after the change"
    lost = 0 if plan.withdraws else len(before.anchors.keys() - after.anchors.keys() - leaving)
    if lost:
        return f"{lost} other anchors were lost in the change"
    return next((problem for problem in after.problems if problem not in before.problems), None)


def words(error: BaseException) -> str:
    """An error as a few words for people, with what to do where that is known."""
    if isinstance(error, OSError):
        advice = _ADVICE.get(error.errno or 0, "look at it, and try again")
        where = f" ({printable(str(error.filename))})" if error.filename else ""
        return f"{error.strerror or type(error).__name__}{where}; {advice}"
    return str(error) or type(error).__name__


def describe(plan: Plan) -> tuple[str, ...]:
    """What a plan would do, a line each, for a dry run."""
    lines = [f"{VERBS[type(step)]} {printable(step.path, 4096)}" for step in plan.steps]
    lines += [f"{one.operation} sha256 {hashlib.sha256(one.der).hexdigest()[:12]}" for one in plan.operations]
    runs = plan.refresh.runs if plan.refresh else ()
    return (*lines, *(f"run {printable(' '.join(run.argv), 4096)}" for run in runs))
