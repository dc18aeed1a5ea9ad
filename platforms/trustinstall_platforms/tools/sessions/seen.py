"""Questions about a machine's files, as the programs of one account see them. A file counts only if it may be read.

Root reads nothing that another account may change.
"""

from __future__ import annotations

import posixpath
from dataclasses import field
from typing import TYPE_CHECKING

from trustinstall.facts import variables as facts
from trustinstall.host import Kind
from trustinstall.values import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from trustinstall.host import Host, Status

_LARGEST = 512 * 1024  # bytes of one file of settings
#: Of the files that packages put there only those count that name a variable: completions and frameworks are long.
_PACKAGES = "/usr/share/"
_READ, _SEARCH = 0o4, 0o1


class Text(NamedTuple):
    """A file as it is read.

    Attributes:
        real: its real path.
        text: the part that counts, or None if the account cannot read a file there.
        size: bytes of the whole.
        assumed: whether it does not exist, and is assumed to.
        too_long: whether it is longer than is read, or root does not read it, because another account may change it.
    """

    real: str = ""
    text: str | None = None
    size: int = 0
    assumed: bool = False
    too_long: bool = False


_OF_CRON = "/etc/cron"  # which takes files of root alone: cron(8), Debian's "must be owned by root"


@dataclass(frozen=True)
class Seen:
    """The files of a machine; the attributes are those of `view.View`. Only questions that are methods are asked."""

    host: Host
    home: str
    shown: Callable[[str, str], str] | None = None
    added: Mapping[str, str] = field(default_factory=dict[str, str])

    def text(self, path: str) -> Text:
        """Return the text of a file."""
        real = self._real(path)
        status = self._status(real) if real else None
        if real is not None and real in self.added and status is None:
            return Text(real, self.added[real], assumed=True)
        if real is None or status is None or status.kind is not Kind.FILE or not self._may(real, status, _READ):
            return Text()
        if status.size > _LARGEST:
            return Text(too_long=True)
        if self.host.remembered(("file of others", real), lambda: is_of_others(self.host, real)):
            # A session reads it all the same, and what it sets next is unknown; cron does not.
            return Text(too_long=not path.startswith(_OF_CRON))
        content = self.host.remembered(("text of sessions", real), lambda: _content(self.host, real))
        if content is None:
            return Text()
        text = content.decode("utf-8", "surrogateescape")
        if real.startswith(_PACKAGES) and not any(one.name in text for one in facts.EVERY):
            text = ""
        elif self.shown is not None:
            text = self.shown(real, text)
        return Text(real, text, len(content))

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

    def executable(self, path: str) -> bool:
        """Return whether a path may be executed, links followed."""
        return self.host.executable(path)

    def is_link(self, path: str) -> bool:
        """Return whether a path is a symbolic link."""
        return self.host.link_target(path) is not None

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


def is_of_others(host: Host, path: str) -> bool:
    """Whether root acts, and another account may change a file, links followed; also if that cannot be determined."""
    try:
        return host.account.is_root and host.path_owner(host.real(path)) != 0
    except OSError:
        return True


def _content(host: Host, path: str) -> bytes | None:
    """Return the content of a file, or None if it cannot be read."""
    try:
        return host.read(path, _LARGEST)
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
