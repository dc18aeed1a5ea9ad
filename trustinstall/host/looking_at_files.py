"""The files of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.host import control, files, paths, walking
from trustinstall.host.value import HostValue
from trustinstall.host.walking import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trustinstall.host.files import Status
    from trustinstall.host.memory import Lists
    from trustinstall.host.walking import Entry


class LooksAtFiles(HostValue):
    """A host whose files can be read."""

    def read(self, path: str, limit: int = files.LIMIT) -> bytes:
        """Return the content of a regular file, up to `limit` bytes.

        The last component is not followed; raises FileNotFoundError, or OSError if it is a link, is not a regular file,
        or is larger.
        """
        return files.read(self.where(path), limit)

    def read_or_none(self, path: str, limit: int = files.LIMIT) -> bytes | None:
        """Like `read`; None if there is no file."""
        try:
            return self.read(path, limit)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def head(self, path: str, size: int) -> bytes:
        """Return the first bytes of a regular file, at most `size`; raises as `read`."""
        return files.head(self.where(path), size)

    def status(self, path: str) -> Status | None:
        """Return kind, owner, mode and size of the file at a path (links are not followed), or None."""
        return files.status(self.where(path))

    def attributes(self, path: str) -> tuple[tuple[str, bytes], ...]:
        """Return the extended attributes that belong to a file, a POSIX access list among them."""
        from trustinstall.host import metadata

        return metadata.attributes(self.where(path))

    def link_target(self, path: str) -> str | None:
        """Return the target of a symbolic link, or None if there is no link."""
        return files.link_target(self.where(path))

    def real(self, path: str) -> str:
        """Return the path with every link resolved, inside the host's root."""
        return self.remembered(("where links lead", path), lambda: paths.resolve(self.root, path))

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a directory; empty if it does not exist or may not be read."""
        try:
            real = paths.reached(self.root, path)
            return files.names(real) if self.memory is None else self.memory.names(real)
        except OSError:  # links in a circle
            return []

    def walk(self, top: str, bounds: Bounds = Bounds()) -> Iterator[Entry]:  # noqa: B008  it cannot be changed
        """Yield every directory below `top`, on the same file system, links not followed; see `walking.walk`."""
        return walking.walk(self.root, top if self.root == "/" else self.real(top), bounds, self.memory)

    def learned(self, question: str, paths: Sequence[str], size: int, work_out: Callable[[], Lists]) -> Lists:
        """Return an answer that depends on the files at these paths alone: that of `work_out`, or of an earlier run.

        Links are not followed. The answer has `size` lists. It is an earlier run's only if this host recalls one
        (`recalling`) and no file has changed since; see `memory.Memory`. Raises what `work_out` raises.
        """
        if self.memory is None:
            return work_out()
        return self.memory.answer(question, [self.where(path) for path in paths], size, work_out)

    def is_directory(self, path: str) -> bool:
        """Whether a path leads to a directory (links are followed)."""
        return files.is_directory(self._reached(path))

    def executable(self, path: str) -> bool:
        """Whether a file at this path may be executed (links are followed)."""
        return files.executable(self._reached(path))

    def _reached(self, path: str) -> str:
        """Return the real path of a target; on the running machine the system itself follows the links."""
        return self.where(path if self.root == "/" and path.startswith("/") else self.real(path))

    def may_write(self, path: str) -> str | None:
        """Return why the acting account could not replace a file at this path, in words, or None."""
        return files.may_write(self.where(path))

    def path_owner(self, path: str) -> int:
        """Return the uid that controls a path: 0, unless a component belongs to another account.

        Raises PermissionError, in words, if several accounts own parts of it or any account may write one of them: that
        part is its `filename2`.
        """
        return control.path_owner(self.root, path if self.root == "/" else self.real(path))

    def other_writers(self, path: str, owner: int) -> str | None:
        """Return who else than `owner` may write a file or directory, in words, or None.

        Raises OSError if that cannot be determined.
        """
        return control.other_writers(self.where(path), owner)

    def openssl_refuses(self, path: str) -> str | None:
        """Return why OpenSSL cannot load a bundle of certificates, or None, with the count that it loaded."""
        return files.openssl_refuses(paths.reached(self.root, path))

    def rows(self, path: str, table: str, columns: Sequence[str]) -> list[tuple[bytes | None, ...]]:
        """Return rows of an SQLite database that other programs may have open; see `database.rows`.

        Under the lock of trustinstall (`inherit`), a database that another program left in the middle of a commit is
        recovered first.
        """
        from trustinstall.host import database

        return database.rows(self.where(path), table, columns, may_recover=bool(self.inherit))

    def texts(self, path: str, table: str, column: str, where: tuple[str, str]) -> list[str]:
        """Return a column of the rows of an SQLite database that have a value in another one; see `database.texts`."""
        from trustinstall.host import database

        return database.texts(self.where(path), table, column, where)

    def lock_holder(self, path: str) -> tuple[bool, int | None]:
        """Whether another command holds the lock at a path, and its process; see `locks.holder`."""
        from trustinstall.host import locks

        return locks.holder(self.where(path))

    def in_use(self, path: str) -> bool:
        """Whether a process of the acting account has the file at a path open; see `other_processes.in_use`."""
        from trustinstall.host import other_processes

        return other_processes.in_use(self.where(path))

    def temporary_name(self, token: str) -> str:
        """Return the name of the temporary file that belongs to a token."""
        return files.temporary_name(token)
