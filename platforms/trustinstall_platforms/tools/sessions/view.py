"""The files that the programs of an account see, of which a bounded amount is read; see `seen`."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from contextlib import contextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING, TypeVar

from trustinstall.values import dataclass
from trustinstall_platforms.tools.sessions.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterator, Mapping

    from trustinstall.host import Host, Status
    from trustinstall_platforms.tools.sessions.repeated import Effect
    from trustinstall_platforms.tools.sessions.seen import Text

    Question = tuple[str, str]  # its kind, and the path

_T = TypeVar("_T")
_MOST_BYTES = 2 * 1024 * 1024  # of all files of one session
_MOST_STEPS = 20_000  # commands and words of one session
_MOST_FILES = 400  # files of one session; one that is read twice counts twice
_MOST_NAMES = 1000  # files that one pattern may name


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
        effects: what files did to shells, which several views share; see `repeated`.
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
    _asked: dict[Question, object] | None = None
    _seen: Seen = field(init=False)

    def __post_init__(self) -> None:
        """Look at the same files."""
        self._seen = Seen(self.host, self.home, self.shown, self.added)

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

    @contextmanager
    def noting(self) -> Generator[Mapping[Question, object], None, None]:
        """Note every question about files, with its answer."""
        before, self._asked = self._asked, {}
        try:
            yield self._asked
        finally:
            self._asked = before

    def answers(self, asked: Mapping[Question, object]) -> bool:
        """Whether this view gives the same answers to questions."""
        return all(getattr(self._seen, kind)(path) == answer for (kind, path), answer in asked.items())

    def look(self, path: str) -> Text:
        """Return the text of a file, which then does not count as read."""
        return self._noted("text", path, self._seen.text(path))

    def text(self, path: str) -> str | None:
        """Return the text of a file, or None if the account cannot read one there. Raises ExhaustedError."""
        found = self.look(path)
        if found.too_long:
            self.last = path
            raise ExhaustedError
        if found.text is None:
            return None
        if not found.assumed:
            self.spend(found.size)
            self._files -= 1
            if self._files < 0:
                raise ExhaustedError
            self.last = path
        self.read.add(found.real)
        return found.text

    def names(self, directory: str) -> list[str]:
        """Return the sorted names in a directory."""
        return self._noted("names", directory, self._seen.names(directory))

    def exists(self, path: str) -> bool:
        """Return whether a path exists, links followed."""
        return self._noted("exists", path, self._seen.exists(path))

    def status(self, path: str) -> Status | None:
        """Return the status of a path, links followed, or None."""
        return self._noted("status", path, self._seen.status(path))

    def readable(self, path: str) -> bool:
        """Return whether the account may read the target of a path."""
        return self._noted("readable", path, self._seen.readable(path))

    def executable(self, path: str) -> bool:
        """Return whether a path may be executed, links followed."""
        return self._noted("executable", path, self._seen.executable(path))

    def is_link(self, path: str) -> bool:
        """Return whether a path is a symbolic link."""
        return self._noted("is_link", path, self._seen.is_link(path))

    def _noted(self, kind: str, path: str, answer: _T) -> _T:
        if self._asked is not None:
            self._asked[kind, path] = answer
        return answer

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
