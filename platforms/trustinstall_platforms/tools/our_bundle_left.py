"""The two files after the last managed root is removed: running programs may still have variables that name them.

Deno reaches no server if DENO_CERT names a missing file; Deno and Node.js accept a file without certificates. Therefore
the files stay while such a program runs, with public roots only; the next command, or the next boot, deletes them.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.facts import our_files
from trustinstall.stores import bundle
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import RemoveDirectory
from trustinstall_platforms.tools.our_bundle_files import beside, contents_left, deletes, edits

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.steps import Delete
    from trustinstall_platforms.tools.our_bundle_files import Files


def observe(host: Host, found: Files, names: frozenset[str]) -> Observation:
    """Observe files without managed roots.

    If no running program needs them, they count as copies of every certificate, so that the next command deletes them.
    """
    if not found.left:
        return Observation({})
    copies = () if _named(host, found.location) else (Copy(one, marked=True) for one in sorted(names))
    seen = bundle.observe(host, found.location)
    anchors = {**seen.anchors, **dict.fromkeys(names & seen.anchors.keys(), State.PARTIAL)}
    return replace(seen, anchors=anchors, copies=tuple(copies))


def leave(host: Host, location: str, made: Sequence[str], leaving: Collection[str]) -> Plan:
    """Plan to delete both files, or to keep them without managed roots if a running program's variable names one.

    `made` are directories that were created for them, outermost first; `leaving` are the SHA-256 of removed roots.
    """
    if not _named(host, location):
        return delete(host, location)
    left = contents_left(host, location, made, leaving)
    for path in _at_boot(host):
        words = (*left, *reversed(made), path)
        left[path] = our_files.AT_BOOT_HEAD + b"".join(f"r! {one}\n".encode() for one in words)
    return Plan(tuple(edits(host, left)), detaches=True)


def delete(host: Host, location: str, made: Sequence[str] = ()) -> Plan:
    """Plan to delete both files, and the directories `made`, outermost first, which the ledger no longer holds."""
    files = deletes(host, beside(location), location, *_at_boot(host))
    return Plan((*files, *map(RemoveDirectory, reversed(made))), detaches=True)


def keep_at_boot(host: Host) -> list[Delete]:
    """Return the step that stops the next boot from deleting the files."""
    return deletes(host, *_at_boot(host))


def _at_boot(host: Host) -> tuple[str, ...]:
    """Return the file of tmpfiles.d(5) by which a boot deletes the files; only root has one.

    A file of that name with other content belongs to another author, and is left alone.
    """
    path = our_files.AT_BOOT
    if host.platform != "linux" or not host.account.is_root or host.status(posixpath.dirname(path)) is None:
        return ()
    return (path,) if host.status(path) is None or our_files.goes_at_boot(host) else ()


def _named(host: Host, location: str) -> bool:
    """Whether a running program has a variable that names either file."""
    return any(map(host.named_in_environment, (beside(location), location)))
