"""The steps of a dry run: the files and commands of a plan, and the lines that would change.

A diff has no context lines, and shows only the differing part of a line: the rest may hold a secret.
"""

from __future__ import annotations

import difflib
from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.engine.outcome import Planned
from trustinstall.errors import TrustInstallError, printable
from trustinstall.stores.steps import Delete, Edit, Link, MakeDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.steps import Step

_PATH = 4096  # characters
_LINE = 200  # characters of a line of a diff
_MOST = 400  # lines of a diff
_COMPARED = 2000  # lines that are compared one by one, once equal ends are off
_DIGITS = 12  # of a fingerprint
_CUT = "…"


def steps(host: Host, plan: Plan, *, diff: bool) -> tuple[Planned, ...]:
    """Return the steps of a plan in order; with `diff`, files are read for the lines that would change."""
    found = [_step(host, step, diff=diff) for step in plan.steps]
    found += [Planned("operate", f"{one.operation} sha256 {sha256_of(one.der)[:_DIGITS]}") for one in plan.operations]
    runs = plan.refresh.runs if plan.refresh else ()
    return (*found, *(Planned("run", printable(" ".join(run.argv), _PATH)) for run in runs))


def _step(host: Host, step: Step, *, diff: bool) -> Planned:
    path = printable(step.path, _PATH)
    if isinstance(step, Edit):
        there = host.status(step.path) is not None
        return Planned("change" if there else "create", path, _diff(host, step) if diff else ())
    if isinstance(step, Link):
        return Planned("link", path, (f"-> {printable(step.target, _PATH)}",) if diff else ())
    if isinstance(step, Delete):
        return Planned("delete", path)
    if isinstance(step, MakeDirectory):
        return Planned("make-directory", path)
    return Planned("remove-directory", path)


def _diff(host: Host, step: Edit) -> tuple[str, ...]:
    """Return the lines that change, or () if they are unknown."""
    with suppress(OSError, TrustInstallError, ValueError):
        old = host.read_or_none(step.path) or b""
        new = step.transform.apply(old)
        if b"\0" in old or b"\0" in new:
            return ("(not a text file)",)
        return tuple(printable(line, _LINE) for line in changed_lines(_lines(old), _lines(new)))
    return ()


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").splitlines()


def changed_lines(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the lines that are taken out ("-…") and put in ("+…").

    >>> changed_lines(["a", "key=secret, x"], ["a", "key=secret, y", "b"])
    ['-…x', '+…y', '+b']
    """
    start = _equal(old, new)
    end = _equal(old[start:][::-1], new[start:][::-1])
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if len(old) + len(new) > _COMPARED:
        return [f"({len(old):,} lines out, {len(new):,} lines in)"]
    lines = list(_changes(old, new))
    return [*lines[:_MOST], f"({len(lines) - _MOST:,} more lines)"] if len(lines) > _MOST else lines


def _equal(one: Sequence[str], other: Sequence[str]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    for _, first, last, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        taken, put = list(old[first:last]), list(new[start:end])
        if taken == put:
            continue
        pairs = [_difference(a, b) for a, b in zip(taken, put, strict=False)]
        yield from (f"-{a}" for a, _ in pairs)
        yield from (f"-{line}" for line in taken[len(pairs) :])
        yield from (f"+{b}" for _, b in pairs)
        yield from (f"+{line}" for line in put[len(pairs) :])


def _difference(old: str, new: str) -> tuple[str, str]:
    """Return two lines without their common start and end."""
    start = _equal(old, new)
    end = _equal(old[start:][::-1], new[start:][::-1])
    return _part(old, start, end), _part(new, start, end)


def _part(line: str, start: int, end: int) -> str:
    return f"{_CUT if start else ''}{line[start : len(line) - end]}{_CUT if end else ''}"
