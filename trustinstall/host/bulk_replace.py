"""Replaces many files at once: all are written and made durable together, and only then renamed, one by one.

Each file is the old one or the new one at any moment, as with `replacing.replace`. Only the waiting for the disk is
shared: file systems make concurrent requests durable together (jbd2's group commit, for one).
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TypeVar

from trustinstall.host import durable, replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from trustinstall.host.replacing import Replacement

_What = TypeVar("_What")
_SIDE_BY_SIDE = 8  # measured for 1000 bundles on ext4: one 7.2 s, 8 and more 0.7 s


def replace_all(wanted: Sequence[Replacement]) -> list[OSError | None]:
    """Replace files; return why each could not be replaced (number CHANGED if it has changed meanwhile), or None.

    A file that failed is unchanged, unless its directory could not be made durable.
    """
    from concurrent.futures import ThreadPoolExecutor

    failures: list[OSError | None] = [None] * len(wanted)
    staged: dict[int, int] = {}
    try:
        for index, one in enumerate(wanted):
            try:
                staged[index] = replacing.stage(one)
            except OSError as error:
                failures[index] = error
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            for index, failure in zip([*staged], pool.map(_caught(_close), staged.values()), strict=True):
                failures[index] = failure or _renamed(wanted[index])
            renamed = _directories(wanted, [index for index in staged if failures[index] is None])
            for indexes, failure in zip(
                renamed.values(), pool.map(_caught(durable.sync_directory), renamed), strict=True
            ):
                for index in indexes if failure else ():
                    failures[index] = failure
    finally:
        for index in staged:
            with contextlib.suppress(OSError):  # it no longer exists if it was renamed
                os.unlink(replacing.temporary(wanted[index]))
    return failures


def _close(descriptor: int) -> None:
    """Make a staged file durable and close it, because Windows does not rename an open file."""
    try:
        durable.flush(descriptor)
    finally:
        os.close(descriptor)


def _renamed(one: Replacement) -> OSError | None:
    try:
        replacing.exchange(one)
    except OSError as error:
        return error
    return None


def _directories(wanted: Sequence[Replacement], indexes: Iterable[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index in indexes:
        found.setdefault(os.path.dirname(wanted[index].path), []).append(index)
    return found


def _caught(call: Callable[[_What], None]) -> Callable[[_What], OSError | None]:
    def caught(what: _What) -> OSError | None:
        try:
            call(what)
        except OSError as error:
            return error
        return None

    return caught
