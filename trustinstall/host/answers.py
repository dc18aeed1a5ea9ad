"""Answers derived from a machine's files, kept until trustinstall changes the machine.

For example, each store of settings and variables needs the values that a shell's start-up files set, and a hundred
files must be read to find them. A command sees the machine as of one moment; after each change it reads again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_T = TypeVar("_T")


class Answers:
    """The answers of one command, by question. Several threads may call the methods."""

    def __init__(self) -> None:
        self._known: dict[Hashable, object] = {}
        self._kept: dict[Hashable, object] = {}

    def of(self, question: Hashable, work_out: Callable[[], _T]) -> _T:
        """Return the answer to a question: the known one, or the result of `work_out`."""
        known = self._known  # if another thread changes the machine meanwhile, this answer is forgotten, too
        if question not in known:
            known[question] = work_out()
        return cast("_T", known[question])  # a question has answers of one type

    def kept(self, name: Hashable, make: Callable[[], _T]) -> _T:
        """Return an object that changes of the machine do not touch, made at its first use."""
        if name not in self._kept:
            self._kept[name] = make()
        return cast("_T", self._kept[name])

    def forget(self) -> None:
        """Forget every answer: the machine was changed."""
        self._known = {}
