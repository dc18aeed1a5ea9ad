"""Performs file steps: the only place where a plan becomes a change.

Immediately before a step acts, it is checked against its expected state. Its inverse was computed and journalled
before anything was done.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.editing.pem_blocks import Blocks
from trustinstall.editing.setting import SetKey
from trustinstall.errors import ToolFailed, printable
from trustinstall.host import CHANGED, Kind, Metadata, Replacement
from trustinstall.stores.steps import (
    ABSENT,
    ANY,
    Content,
    Delete,
    DeleteRows,
    Edit,
    Link,
    MakeDirectory,
    RemoveDirectory,
    SetVariables,
    ToolOperation,
    digest,
    link_digest,
)
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.host import ActingHost, Status
    from trustinstall.host.commands import Run
    from trustinstall.stores.steps import Command, Step, Undo

    Commands = Callable[
        [ToolOperation], Sequence[Command]
    ]  # returns the commands of an operation, or none if there is nothing to do


_ATTEMPTS = 3  # how often an undo is tried while another program changes the file
_HRESULT = 0x8000_0000  # Windows statuses from here on are known by their hexadecimal digits


class Changed(Exception):  # noqa: N818  not an error: a signal to plan again
    """The file at a path is no longer in the state that the step was planned against."""


@dataclass(frozen=True)
class _Standing:
    """The file at a path when it was read: its status was read first, so that a later change shows in the status."""

    status: Status | None
    content: bytes | None = None
    target: str = ""

    @property
    def name(self) -> str:
        """The same state as an `expect` value."""
        if self.status is None:
            return ABSENT
        return link_digest(self.target) if self.content is None else digest(self.content)


def _look(host: ActingHost, step: Edit | Delete | Link) -> _Standing:
    """Read the file at the path of a step. Raises Changed if the step was planned against another state.

    Raises OSError for a directory, a FIFO and the like.
    """
    status = host.status(step.path)
    if status is None:
        found = _Standing(None)
    elif status.kind is Kind.LINK:
        found = _Standing(status, None, host.link_target(step.path) or "")
    else:
        try:
            found = _Standing(status, host.read(step.path))
        except FileNotFoundError:
            raise Changed(step.path) from None
    if step.expect not in {ANY, found.name}:
        raise Changed(step.path)
    return found


def inverse(host: ActingHost, step: Step) -> Step | None:
    """Return the step that undoes `step`, computed from the present file; None if `step` will do nothing.

    Raises Changed if the step no longer fits.
    """
    if isinstance(step, (MakeDirectory, RemoveDirectory)):
        status = host.status(step.path)
        if isinstance(step, MakeDirectory):
            return RemoveDirectory(step.path) if status is None else None
        return MakeDirectory(step.path, status.mode) if status else None
    found = _look(host, step)
    status, old = found.status, found.content
    if isinstance(step, Link):
        ours = link_digest(step.target)
        return Link(step.path, found.target, ours) if found.target else Delete(step.path, ours)
    if status is None:
        return Delete(step.path, digest(step.transform.apply(b""))) if isinstance(step, Edit) else None
    owner = (status.uid, status.gid)
    if old is None:
        return Link(step.path, found.target, owner=owner)
    if isinstance(step, Delete):
        return Edit(step.path, Content(old), ABSENT, status.mode, owner, host.attributes(step.path))
    if isinstance(step.transform, (Blocks, SetKey)):
        return Edit(step.path, step.transform.inverse(old), ANY, status.mode, owner)
    return Edit(step.path, Content(old), digest(step.transform.apply(old)), status.mode, owner)


def operate(host: ActingHost, operation: ToolOperation, commands: Commands, token: str) -> str | None:
    """Run the store's tool and return its error, if any. The store is observed afterwards in any case.

    `token` as for `perform`. Raises ToolFailed if a tool that must succeed reports a failure, even if the store shows
    the desired state.
    """
    for run in commands(operation):
        if isinstance(run, DeleteRows):
            host.erase(run.path, run.table, run.where)
            continue
        if isinstance(run, SetVariables):
            host.set_variables(run.hive, run.path, dict(run.values))
            continue
        if isinstance(run, Delete | RemoveDirectory):
            perform(host, run, token)
            continue
        if run.announce:
            host.announce(run.announce)
        try:
            result = host.run(replace(run, must_succeed=False), {})
        except ToolFailed as error:
            return str(error)
        if result.status:
            said = complaint(run, result.status, result.output)
            if run.must_succeed:
                raise ToolFailed(said)
            return said
    return None


def is_left(steps: Sequence[Undo], commands: Commands) -> bool:
    """Whether an operation among inverse steps still has commands: the tool has not done them, or not completely."""
    return any(isinstance(step, ToolOperation) and commands(step) for step in steps)


def no_commands(operation: ToolOperation) -> Sequence[Command]:
    """Return no commands: for stores that are files."""
    raise ValueError(f"no operation of this store: {operation.operation!r}")


def complaint(run: Run, status: int, output: str) -> str:
    """A tool's failure in words: the meaning of its exit status if it is known, else its last output."""
    meant = [meaning for word, meaning in run.says if word in output]
    if meant:
        return meant[0]
    said = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "it said nothing")
    tool = run.argv[0].replace("\\", "/").rpartition("/")[2]
    number = f"0x{status:08X}" if status >= _HRESULT else status
    return dict(run.meanings).get(status) or f"{tool} failed with status {number}: {printable(said)}"


def perform(host: ActingHost, step: Step, token: str) -> None:
    """Perform one file step durably. `token` names the temporary file, and is already in the journal.

    Raises Changed if the step no longer fits, or if another program changes the file during the write, and
    OSError if the operating system refuses.
    """
    if isinstance(step, MakeDirectory):
        host.make_directory(step.path, step.mode)
        return
    if isinstance(step, RemoveDirectory):
        host.remove_directory(step.path)
        return
    try:
        _change(host, step, _look(host, step), token)
    except OSError as error:
        if error.errno != CHANGED:
            raise
        raise Changed(step.path) from None


def _change(host: ActingHost, step: Edit | Delete | Link, found: _Standing, token: str) -> None:
    """Perform one step on the file that was read. Raises OSError(CHANGED) if the file has changed since."""
    if isinstance(step, Edit):
        new = step.transform.apply(found.content or b"")
        if new != found.content:
            created = Metadata(step.mode, step.owner, step.attributes)
            host.replace(Replacement(step.path, new, found.status, token, created))
    elif isinstance(step, Delete):
        if found.status is not None:
            host.delete(step.path, found.status, token)
    elif found.status is not None:
        host.relink(step.path, step.target, token, found.status)
    else:
        try:
            host.link(step.path, step.target, step.owner)
        except FileExistsError:
            raise Changed(step.path) from None


def undo(host: ActingHost, steps: Sequence[Undo], token: str, commands: Commands = no_commands) -> list[str]:
    """Perform inverse steps, newest first; return the managed files that no longer exist.

    A step that never acted, or whose file another program has changed since, is skipped: that program's data is kept.
    Raises OSError if a step cannot be undone.
    """
    deleted: list[str] = []
    for step in steps:
        if isinstance(step, ToolOperation):
            with suppress(ToolFailed):  # the caller observes the result
                operate(host, step, commands, token)
        elif _undo(host, step, token) and isinstance(step, Delete):
            deleted.append(step.path)
    return deleted


def _undo(host: ActingHost, step: Step, token: str) -> bool:
    """Perform one inverse step; return whether it is done, or was done before."""
    if not isinstance(step, (MakeDirectory, RemoveDirectory)) and host.status(step.path) is None:
        if isinstance(step, Delete):
            return True  # files derived from this file may still be outdated
        if isinstance(step, Edit) and step.expect == ANY:
            return False  # the file was deleted, and the managed content with it
    for _ in range(_ATTEMPTS):
        try:
            perform(host, step, token)
        except FileExistsError:
            return False
        except Changed:
            continue
        return True
    if isinstance(step, Edit) and step.expect == ANY:  # the managed content is still there
        raise OSError(CHANGED, "another program keeps changing it", step.path)
    return False
