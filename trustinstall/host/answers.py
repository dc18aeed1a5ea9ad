"""Answers worked out from a machine's files, kept for as long as trustinstall changes nothing there.

What a shell's start-up files set, for example, is asked for each store of settings and variables, and takes a hundred
files to find out. A command that looks at a machine sees it as of one moment; after each change it looks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_T = TypeVar("_T")


class Answers:
    """The answers of one command, by question. The methods may be called by several threads."""

    def __init__(self) -> None:
        self._known: dict[Hashable, object] = {}

    def of(self, question: Hashable, work_out: Callable[[], _T]) -> _T:
        """Return the answer to a question: as it is known, or else as `work_out` finds it now."""
        known = self._known  # where another thread changes the machine meanwhile, these are forgotten, this one too
        if question not in known:
            known[question] = work_out()
        return cast("_T", known[question])  # a question has answers of one type

    def forget(self) -> None:
        """Forget every answer: the machine was changed."""
        self._known = {}
