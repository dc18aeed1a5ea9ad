"""Performing file steps: the only place where a plan becomes a change.

Each step is checked against what it was planned for immediately before it acts, and has an inverse that was
computed, and written to the journal, before anything was done.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.editing.pem_blocks import Blocks
from trustinstall.editing.setting import SetKey
from trustinstall.errors import ToolFailed, printable
from trustinstall.host import Kind
from trustinstall.stores.steps import (
    ABSENT,
    ANY,
    Content,
    Delete,
    Edit,
    Erase,
    Link,
    MakeDirectory,
    Native,
    RemoveDirectory,
    SetVariables,
    digest,
    link_digest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.host import ActingHost
    from trustinstall.host.commands import Run
    from trustinstall.stores.steps import Command, Step, Undo

    Commands = Callable[[Native], Sequence[Command]]  # what is run for an operation, and nothing where nothing is to do


_HRESULT = 0x8000_0000  # from here on, a status of Windows' that is known by its hexadecimal digits


class Changed(Exception):  # noqa: N818  not an error: a signal to plan again
    """What stands at a path is no longer what the step was planned against."""


def standing(host: ActingHost, path: str) -> str:
    """What stands at a path, in the words of `expect`. Raises OSError for a directory, a FIFO and the like."""
    status = host.status(path)
    if status is None:
        return ABSENT
    if status.kind is Kind.LINK:
        return link_digest(host.link_target(path) or "")
    return digest(host.read(path))


def check(host: ActingHost, step: Step) -> None:
    """Raise Changed unless what the step was planned against still stands."""
    expect = getattr(step, "expect", ANY)
    if expect != ANY and expect != standing(host, step.path):
        raise Changed(step.path)


def inverse(host: ActingHost, step: Step) -> Step | None:
    """The step that undoes `step`, from what stands there now; None where `step` will do nothing.

    Raises Changed where the step no longer fits.
    """
    check(host, step)
    status = host.status(step.path)
    if isinstance(step, MakeDirectory):
        return RemoveDirectory(step.path) if status is None else None
    if isinstance(step, RemoveDirectory):
        return MakeDirectory(step.path, status.mode) if status else None
    if isinstance(step, Link):
        ours, before = link_digest(step.target), host.link_target(step.path)
        return Delete(step.path, ours) if before is None else Link(step.path, before, ours)
    if status is None:
        return Delete(step.path, digest(step.transform.apply(b""))) if isinstance(step, Edit) else None
    if status.kind is Kind.LINK:
        return Link(step.path, host.link_target(step.path) or "")
    old, owner = host.read(step.path), (status.uid, status.gid)
    if isinstance(step, Delete):
        return Edit(step.path, Content(old), ABSENT, status.mode, owner)
    if isinstance(step.transform, (Blocks, SetKey)):
        return Edit(step.path, step.transform.inverse(old), ANY, status.mode, owner)
    return Edit(step.path, Content(old), digest(step.transform.apply(old)), status.mode, owner)


def operate(host: ActingHost, operation: Native, commands: Commands) -> str | None:
    """Have the store's tool do something; what it complained of, or None. It is no verdict: the store is looked at.

    Raises ToolFailed where a tool that must succeed says that it has not, whatever the store shows.
    """
    for run in commands(operation):
        if isinstance(run, Erase):
            host.erase(run.path, run.table, run.where)
            continue
        if isinstance(run, SetVariables):
            host.set_variables(run.hive, run.path, dict(run.values))
            continue
        if isinstance(run, Delete | RemoveDirectory):
            perform(host, run, "")
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


def no_commands(operation: Native) -> Sequence[Command]:
    """Know no operation: for stores that are files."""
    raise ValueError(f"no operation of this store: {operation.operation!r}")


def complaint(run: Run, status: int, output: str) -> str:
    """A tool's failure in words: what its exit status means where that is known, else what it said last."""
    meant = [meaning for word, meaning in run.says if word in output]
    if meant:
        return meant[0]
    said = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "it said nothing")
    tool = run.argv[0].replace("\\", "/").rpartition("/")[2]
    number = f"0x{status:08X}" if status >= _HRESULT else status
    return dict(run.meanings).get(status) or f"{tool} failed with status {number}: {printable(said)}"


def perform(host: ActingHost, step: Step, token: str) -> None:
    """Do one file step, durably. `token` names the temporary file, and is in the journal already.

    Raises Changed where the step no longer fits, and OSError where the operating system refuses.
    """
    check(host, step)
    if isinstance(step, Edit):
        old = host.read_or_none(step.path)
        new = step.transform.apply(old or b"")
        if new != old:
            host.write(step.path, new, step.mode, step.owner, token)
    elif isinstance(step, Delete):
        if host.status(step.path) is not None:
            host.delete(step.path)
    elif isinstance(step, Link) and step.expect != ABSENT:
        host.relink(step.path, step.target, token)
    elif isinstance(step, Link):
        host.link(step.path, step.target)
    elif isinstance(step, MakeDirectory):
        host.make_directory(step.path, step.mode)
    else:
        host.remove_directory(step.path)


def undo(host: ActingHost, steps: Sequence[Undo], token: str, commands: Commands = no_commands) -> list[str]:
    """Perform inverse steps, newest first; return the files of ours that are gone after it.

    A step that never acted, or whose file somebody else has changed since, is left out: nothing of theirs is lost.
    """
    deleted: list[str] = []
    for step in steps:
        if isinstance(step, Native):
            with suppress(ToolFailed):  # the caller looks at what it came to
                operate(host, step, commands)
            continue
        try:
            if isinstance(step, Edit) and step.expect == ANY and host.status(step.path) is None:
                continue  # the file went away with what we had put in
            if not (isinstance(step, Delete) and host.status(step.path) is None):
                perform(host, step, token)
        except (Changed, FileExistsError):
            continue
        if isinstance(step, Delete):  # gone already, too: what is derived from it may not know yet
            deleted.append(step.path)
    return deleted
