"""What an earlier run has read from files and directories, each with the status that it had then.

An entry is believed while the status is the same: device, inode, size, time of modification, time of change, mode,
owner and group. No program can set a time of change (inode(7), utimensat(2)), so an edit that restores size and time of
modification is seen, too. Only derived answers are kept, and no content: settings files may hold passwords.

A change within the same tick of the file system's clock as the look before it would be missed, so a file that was
changed shortly before the run began is not kept (as git does with its index: "racy git", gitformat-index(5)).
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

#: Nanoseconds: more than any believed file system's clock is coarse (1 s in ext2 and ext3).
MARGIN = 3_000_000_000
MOST = 200_000  # entries of each kind; the rest is read in each run
_ABSENT = "-"

#: An answer about files: lists of texts.
Lists = tuple[tuple[str, ...], ...]


class Wanted(NamedTuple):
    """Chooses among the names of a directory's files; `question` names the choice, and is another one for another."""

    question: str
    choose: Callable[[tuple[str, ...]], Iterable[str]]


class Answer(NamedTuple):
    """An answer to a question about files: the status of each file, and the answer."""

    statuses: tuple[str, ...]
    lists: Lists


class Listing(NamedTuple):
    """A directory: its status, the number of its entries, the wanted names of files, and the names of directories."""

    status: str
    entries: int
    files: tuple[str, ...]
    directories: tuple[str, ...]


class Contents(NamedTuple):
    """The answers by question and paths, and the listings by path.

    Attributes:
        question: names the choice of files in the listings.
        since: when everything was read for the last time, nanoseconds since 1970.
    """

    question: str
    since: int
    answers: Mapping[tuple[str, ...], Answer]
    listings: Mapping[str, Listing]


class Memory:
    """What an earlier run has read, and what this run reads. For one thread.

    Attributes:
        known: what an earlier run has read.
        began: when this run began, nanoseconds since 1970.
        learned: whether this run has read something that may be kept.
    """

    def __init__(self, known: Contents, began: int, keeps: Callable[[str], bool]) -> None:
        """`keeps`: whether a path's file system gives a file another time of change with each change."""
        self.known, self.began, self._keeps = known, began, keeps
        self._answers: dict[tuple[str, ...], Answer] = {}
        self._listings: dict[str, Listing] = {}
        self._devices: dict[int, bool] = {}
        self.learned = False

    @property
    def seen(self) -> Contents:
        """Everything that this run has looked at and that may be kept."""
        return self.known._replace(answers=self._answers, listings=self._listings)

    def answer(self, question: str, paths: Sequence[str], size: int, work_out: Callable[[], Lists]) -> Lists:
        """Return the answer to a question about the files at real paths, which depends on nothing else.

        It has `size` lists. `work_out` reads the files; its errors are raised, and not kept.
        """
        statuses = [self._status(path) for path in paths]
        kept = tuple(one for one in statuses if one is not None)
        key = (question, *paths)
        known = self.known.answers.get(key)
        if known is not None and len(kept) == len(paths) and known.statuses == kept and len(known.lists) == size:
            self._answers[key] = known
            return known.lists
        lists = work_out()
        if len(kept) == len(paths) and len(self._answers) < MOST:
            self._answers[key] = Answer(kept, lists)
            self.learned = True
        return lists

    def names(self, path: str) -> list[str]:
        """Return the sorted names in the directory that a path leads to; empty if it cannot be listed."""
        try:
            found = os.stat(path)
            key, status = ("names", path), _text(found)
            known = self.known.answers.get(key)
            if known is not None and known.statuses == (status,) and len(known.lists) == 1:
                self._answers[key] = known
                return list(known.lists[0])
            names = sorted(os.listdir(path))
        except OSError:
            return []
        if self._is_settled(path, found) and len(self._answers) < MOST:
            self._answers[key] = Answer((status,), (tuple(names),))
            self.learned = True
        return names

    def listing(self, path: str, found: os.stat_result, wanted: Wanted) -> Listing | None:
        """Return the listing of the directory at a real path, whose status was found, or None if it must be read."""
        known = self.known.listings.get(path)
        if known is None or wanted.question != self.known.question or known.status != _text(found):
            return None
        self._listings[path] = known
        return known

    def note_listing(self, path: str, found: os.stat_result, wanted: Wanted, listing: Listing) -> None:
        """Keep a listing that was read after the status was found."""
        fits = wanted.question == self.known.question and len(self._listings) < MOST
        if fits and self._is_settled(path, found):
            self._listings[path] = listing._replace(status=_text(found))
            self.learned = True

    def _status(self, path: str) -> str | None:
        """Return the status of a path as a text, or None if nothing about it may be kept."""
        try:
            found = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return _ABSENT
        except OSError:
            return None
        return _text(found) if self._is_settled(path, found) else None

    def _is_settled(self, path: str, found: os.stat_result) -> bool:
        """Whether a later change of a file would change its status."""
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode)):
            return False
        if max(found.st_mtime_ns, found.st_ctime_ns) >= self.began - MARGIN:
            return False
        if found.st_dev not in self._devices:  # a device is one file system
            self._devices[found.st_dev] = self._keeps(path)
        return self._devices[found.st_dev]


def _text(found: os.stat_result) -> str:
    return (
        f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} "
        f"{found.st_mode} {found.st_uid} {found.st_gid}"
    )


def rights() -> tuple[int, ...]:
    """Return what decides the files that this process may read: its account, its group and its other groups."""
    return (os.geteuid(), os.getegid(), *sorted(os.getgroups()))
