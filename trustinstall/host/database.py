"""SQLite databases of programs that may be running: rows are read and deleted under SQLite's own locks.

Sources: sqlite.org, "URI Filenames", "File Locking And Concurrency". Texts of SQLite's errors are never translated.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from trustinstall.host import files

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Sequence

_PATIENCE = 5.0  # seconds for a lock of another program
_LONGEST = 20.0  # seconds for one read
_STEPS = 10_000  # of SQLite's machine, between two checks of the clock
_MOST_ROWS, _MOST_BYTES = 100_000, 64 * 1024 * 1024
_MOST_TEXTS = 1000
_JOURNAL = "-journal"
_BESIDE = (_JOURNAL, "-wal", "-shm")  # files that SQLite opens by itself; it would wait for ever on a FIFO


def rows(path: str, table: str, columns: Sequence[str], *, may_recover: bool = False) -> list[tuple[bytes | None, ...]]:
    """Return all rows of a table (none if there is no such table); None for a column or value that is missing.

    A program that ended in the middle of a commit (a power loss) leaves a hot journal beside its database. Only a
    connection that may write can roll it back: with `may_recover` it is rolled back, as every program that opens the
    database would do. Raises OSError if it cannot be read: in words, whether it is locked or damaged.
    """
    hot = may_recover and (files.status(f"{path}{_JOURNAL}") is not None)
    with _opened(path, "rw" if hot else "ro") as database:
        known = _columns(database, table)
        if not known:
            return []
        if _is_computed(database, table):
            raise OSError(errno.EINVAL, "it is no database of a browser's: what should be a table is computed", path)
        wanted = ", ".join(f'"{name}"' if name in known else "NULL" for name in columns)
        cursor = database.execute(f'SELECT {wanted} FROM "{table}"')  # noqa: S608  names are constants of this program
        found: list[tuple[bytes | None, ...]] = []
        size = 0
        for row in cursor:
            values = tuple(map(_bytes, row))
            size += sum(len(one) for one in values if one)
            if len(found) >= _MOST_ROWS or size > _MOST_BYTES:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
            found.append(values)
        return found


def texts(path: str, table: str, column: str, where: tuple[str, str]) -> list[str]:
    """Return a column as text, of the rows in which another column has a value; none if there is no such table.

    Raises OSError as `rows` does.
    """
    other, value = where
    with _opened(path, "ro") as database:
        if not {column, other} <= _columns(database, table) or _is_computed(database, table):
            return []
        statement = f'SELECT CAST("{column}" AS TEXT) FROM "{table}" WHERE "{other}" = ? LIMIT {_MOST_TEXTS}'  # noqa: S608  as above
        return [one for (one,) in database.execute(statement, (value,)) if isinstance(one, str)]


def erase(path: str, table: str, where: Sequence[tuple[str, bytes]]) -> None:
    """Delete the rows in which all of these columns have these values. Raises OSError as `rows` does."""
    with _opened(path, "rw") as database:
        if not {name for name, _ in where} <= _columns(database, table):
            return
        condition = " AND ".join(f'"{name}" = ?' for name, _ in where)
        statement = f'DELETE FROM "{table}" WHERE {condition}'  # noqa: S608  as above
        database.execute(statement, [value for _, value in where])
        database.commit()


@contextlib.contextmanager
def _opened(path: str, mode: str) -> Generator[sqlite3.Connection]:
    """Open the database at a path that is not a link; SQLite's errors become OSError."""
    try:
        import sqlite3
    except ImportError:
        raise OSError(errno.ENOSYS, "this Python has no sqlite3; install it", path) from None
    os.close(files.open_regular(path, getattr(os, "O_NOFOLLOW", 0)))
    for beside in (f"{path}{ending}" for ending in _BESIDE):
        status = files.status(beside)
        if status is not None and status.kind is not files.Kind.FILE:
            raise OSError(errno.EINVAL, "not a regular file", beside)
    end = time.monotonic() + _LONGEST
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode={mode}", uri=True, timeout=_PATIENCE)
        ) as database:
            database.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
            if sys.version_info >= (3, 11):
                database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)  # of one value, before it is in memory
            database.execute("PRAGMA trusted_schema = OFF")
            yield database
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise OSError(errno.EBUSY, "another program keeps it locked; close the browser", path) from None
        if "readonly" in str(error) or "unable to open" in str(error):
            raise OSError(errno.EACCES, "it may not be written, or a browser was cut off in it", path) from None
        raise OSError(errno.EIO, f"SQLite cannot use it: {error}", path) from None
    except sqlite3.DataError:  # a value beyond the limit
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path) from None
    except sqlite3.Error:
        raise OSError(
            errno.EIO, "the database is damaged; restore it, or let the browser make a new one", path
        ) from None


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {str(row[1]) for row in database.execute(f'PRAGMA table_info("{table}")')}


def _is_computed(database: sqlite3.Connection, table: str) -> bool:
    """Whether it is a view or a virtual table: its rows may be endless, or larger than any file."""
    statement = "SELECT count(*) FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type = 'table' AND rootpage > 0"
    return bool(database.execute(statement, (table,)).fetchone() == (0,))


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) else None
