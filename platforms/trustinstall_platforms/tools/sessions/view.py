"""The part of a machine's files that the programs of an account see, of which a bounded amount is read.

A file counts only if the account may read it. Root reads nothing that another account may change.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from trustinstall.facts import variables as facts
from trustinstall.host import Kind
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from trustinstall.host import Host, Status
    from trustinstall_platforms.tools.sessions.repeated import Effect

_LARGEST = 512 * 1024  # bytes of one file of settings
_MOST_BYTES = 2 * 1024 * 1024  # of all files of one session
_MOST_STEPS = 20_000  # commands and words of one session
_MOST_FILES = 400  # files of one session; one that is read twice counts twice
_MOST_NAMES = 1000  # files that one pattern may name
#: Of the files that packages put there only those count that name a variable: completions and frameworks are long.
_PACKAGES = "/usr/share/"
_READ, _SEARCH = 0o4, 0o1


class ExhaustedError(Exception):
    """A session reads more than trustinstall does: the rest is unknown."""


@dataclass
class View:
    """A machine as one account sees it.

    Attributes:
        host: the machine, seen by the account that looks.
        home: the account's home, without a slash at its end; "" for people in general, who have none here.
        shown: returns the part of a file's text that counts, by its path and text; None for all of it.
        added: additional files that are assumed to exist, with their text, by real path.
        last: the file that was read last.
        read: the real paths of all files that were read.
        effects: what files did to shells, which this view and its copies share; see `repeated`.
    """

    host: Host
    home: str
    shown: Callable[[str, str], str] | None = None
    added: Mapping[str, str] = field(default_factory=dict[str, str])
    last: str = ""
    read: set[str] = field(default_factory=set[str])
    _bytes: int = _MOST_BYTES
    _steps: int = _MOST_STEPS
    _files: int = _MOST_FILES
    effects: dict[Hashable, Effect] = field(default_factory=dict["Hashable", "Effect"])

    def copy(self) -> View:
        """Return a view that has read the same, and goes on by itself."""
        return replace(self, read=set(self.read))

    def goes_on(self, before: View, after: View) -> bool:
        """Go on as another view did; return False, and do nothing, if more would be read than may be."""
        left = [
            mine - (first - last) for mine, first, last in zip(self._left(), before._left(), after._left(), strict=True)
        ]
        if min(left) < 0:
            return False
        self._bytes, self._steps, self._files = left
        self.last = after.last
        self.read |= after.read
        return True

    def _left(self) -> tuple[int, int, int]:
        return self._bytes, self._steps, self._files

    def step(self) -> None:
        """Count a command. Raises ExhaustedError."""
        self._steps -= 1
        if self._steps < 0:
            raise ExhaustedError

    def spend(self, size: int) -> None:
        """Count bytes of text that are read. Raises ExhaustedError."""
        self._bytes -= size
        if self._bytes < 0:
            raise ExhaustedError

    def text(self, path: str) -> str | None:
        """Return the text of a file, or None if the account cannot read one there. Raises ExhaustedError."""
        real = self._real(path)
        status = self._status(real) if real else None
        if real is not None and real in self.added and status is None:
            self.read.add(real)
            return self.added[real]
        if real is None or status is None or status.kind is not Kind.FILE or not self._may(real, status, _READ):
            return None
        if status.size > _LARGEST:
            self.last = path
            raise ExhaustedError
        content = self.host.remembered(("text of sessions", real), lambda: _content(self.host, real))
        if content is None:
            return None
        self.spend(len(content))
        self._files -= 1
        if self._files < 0:
            raise ExhaustedError
        self.last = path
        self.read.add(real)
        text = content.decode("utf-8", "surrogateescape")
        if real.startswith(_PACKAGES) and not any(one.name in text for one in facts.EVERY):
            return ""
        return text if self.shown is None else self.shown(real, text)

    def names(self, directory: str) -> list[str]:
        """Return the sorted names in a directory."""
        more = (posixpath.basename(one) for one in self.added if posixpath.dirname(one) == directory)
        return sorted({*self.host.names(directory), *more})

    def exists(self, path: str) -> bool:
        """Return whether a path exists, links followed."""
        return self._real(path) in self.added or self.status(path) is not None

    def status(self, path: str) -> Status | None:
        """Return the status of a path, links followed, or None."""
        real = self._real(path)
        return self._status(real) if real else None

    def readable(self, path: str) -> bool:
        """Return whether the account may read the target of a path."""
        real = self._real(path)
        if real in self.added:
            return True
        status = self._status(real) if real else None
        return real is not None and status is not None and self._may(real, status, _READ)

    def matching(self, pattern: str) -> list[str]:
        """Return the paths that an absolute pattern of the shell names, in the order of the C locale."""
        if not pattern.startswith("/"):
            return []
        found = ["/"]
        for part in pattern.strip("/").split("/"):
            found = [path for directory in found for path in self._in(directory, part)][:_MOST_NAMES]
        return found

    def _in(self, directory: str, part: str) -> Iterator[str]:
        if not re.search(r"[*?\[]", part):
            path = posixpath.join(directory, part)
            if self.exists(path):
                yield path
            return
        self.step()
        matches = re.compile(fnmatch.translate(part)).match
        for name in self.names(directory):
            if matches(name) and (not name.startswith(".") or part.startswith(".")):
                yield posixpath.join(directory, name)

    def _real(self, path: str) -> str | None:
        if not path.startswith("/") or "\0" in path:
            return None
        return self.host.remembered(("real path", path), lambda: _resolved(self.host, path))

    def _status(self, path: str) -> Status | None:
        return self.host.remembered(("status", path), lambda: self.host.status(path))

    def _may(self, path: str, status: Status, right: int) -> bool:
        """Return whether the account has a right; people in general have only the rights of every account."""
        if not self.home and self.host.account.is_root:
            return bool(status.mode & right) and all(self._everybody_enters(one) for one in _above(path))
        if self.host.account.is_root:
            return True
        if status.uid == self.host.account.uid:
            return bool(status.mode & right << 6)
        return bool(status.mode & (right << 3 if status.gid == self.host.account.gid else right))

    def _everybody_enters(self, directory: str) -> bool:
        status = self._status(directory)
        return status is not None and bool(status.mode & _SEARCH)


def _content(host: Host, path: str) -> bytes | None:
    """Return the content of a file that another account may not change under root, or None."""
    try:
        return None if host.account.is_root and host.path_owner(path) != 0 else host.read(path, _LARGEST)
    except OSError:
        return None


def _resolved(host: Host, path: str) -> str | None:
    try:
        return host.real(path)
    except OSError:
        return None


def _above(path: str) -> Iterator[str]:
    while path not in {"/", ""}:
        path = posixpath.dirname(path)
        if path != "/":
            yield path
