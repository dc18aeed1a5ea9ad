"""Performing file steps: the only place where a plan becomes a change.

Each step is checked against what it was planned for immediately before it acts, and has an inverse that was
computed, and written to the journal, before anything was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.host import Kind
from trustinstall.plan import (
    ABSENT,
    ANY,
    Content,
    Delete,
    Edit,
    Link,
    MakeDirectory,
    RemoveDirectory,
    digest,
    link_digest,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import Host
    from trustinstall.plan import Step


class Changed(Exception):  # noqa: N818  not an error: a signal to plan again
    """What stands at a path is no longer what the step was planned against."""


def standing(host: Host, path: str) -> str:
    """What stands at a path, in the words of `expect`. Raises OSError for a directory, a FIFO and the like."""
    status = host.status(path)
    if status is None:
        return ABSENT
    if status.kind is Kind.LINK:
        return link_digest(host.link_target(path) or "")
    return digest(host.read(path))


def check(host: Host, step: Step) -> None:
    """Raise Changed unless what the step was planned against still stands."""
    expect = getattr(step, "expect", ANY)
    if expect != ANY and expect != standing(host, step.path):
        raise Changed(step.path)


def inverse(host: Host, step: Step) -> Step | None:
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
        return Delete(step.path, link_digest(step.target))
    if status is None:
        return Delete(step.path, digest(step.transform.apply(b""))) if isinstance(step, Edit) else None
    if status.kind is Kind.LINK:
        return Link(step.path, host.link_target(step.path) or "")
    old, owner = host.read(step.path), (status.uid, status.gid)
    if isinstance(step, Delete):
        return Edit(step.path, Content(old), ABSENT, status.mode, owner)
    if isinstance(step.transform, Content):
        return Edit(step.path, Content(old), digest(step.transform.content), status.mode, owner)
    return Edit(step.path, step.transform.inverse(old), ANY, status.mode, owner)


def perform(host: Host, step: Step, token: str) -> None:
    """Do one step, durably. `token` names the temporary file, and is in the journal already.

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
    elif isinstance(step, Link):
        host.link(step.path, step.target)
    elif isinstance(step, MakeDirectory):
        host.make_directory(step.path, step.mode)
    else:
        host.remove_directory(step.path)


def undo(host: Host, steps: Sequence[Step], token: str) -> list[str]:
    """Perform inverse steps, newest first; return the files of ours that are gone after it.

    A step that never acted, or whose file somebody else has changed since, is left out: nothing of theirs is lost.
    """
    deleted: list[str] = []
    for step in steps:
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
