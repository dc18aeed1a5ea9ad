"""SQLite databases of other programs, sound or damaged, are read without harm."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from trustinstall.host import Account, ActingHost, database


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A host that begins in a directory."""
    return ActingHost("linux", str(tmp_path), {}, Account(os.geteuid(), os.getegid(), "alice", None))


def make(host: ActingHost, *statements: str) -> None:
    """Make a database."""
    with sqlite3.connect(host.where("/x.db")) as made:
        for statement in statements:
            made.execute(statement)
    made.close()


def test_columns_that_are_not_there(host: ActingHost) -> None:
    """Other versions have others: what is missing is None, and so is what is no text and no blob."""
    make(host, "CREATE TABLE t (a, b)", "INSERT INTO t VALUES (x'01', 'text')", "INSERT INTO t VALUES (7, NULL)")
    assert host.rows("/x.db", "t", ("a", "c", "b")) == [(b"\x01", None, b"text"), (None, None, None)]
    assert host.rows("/x.db", "elsewhere", ("a",)) == []


def test_erase(host: ActingHost) -> None:
    """Rows go in which everything fits; where there is no such column, none do."""
    make(host, "CREATE TABLE t (a, b)", "INSERT INTO t VALUES (x'01', x'02')", "INSERT INTO t VALUES (x'01', x'03')")
    host.erase("/x.db", "t", (("a", b"\x01"), ("c", b"\x02")))
    host.erase("/x.db", "t", (("a", b"\x01"), ("b", b"\x02")))
    assert host.rows("/x.db", "t", ("b",)) == [(b"\x03",)]


def test_one_that_takes_too_long(host: ActingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading ends when its time is over."""
    monkeypatch.setattr(database, "_LONGEST", 0.0)
    count = "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n LIMIT 20000) INSERT INTO t SELECT a FROM n"
    make(host, "CREATE TABLE t (a)", count)
    with pytest.raises(OSError, match="interrupted"):
        host.rows("/x.db", "t", ("a",))


def test_one_that_never_ends(host: ActingHost) -> None:
    """A view that counts for ever in the place of the table is not so much as begun."""
    count = "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT count(*) AS a FROM n"
    make(host, f"CREATE VIEW t AS {count}")
    with pytest.raises(OSError, match="is computed"):
        host.rows("/x.db", "t", ("a",))


ONE, HALF = "INSERT INTO t VALUES (zeroblob(1001))", "INSERT INTO t VALUES (zeroblob(501))"


@pytest.mark.parametrize("rows", [(ONE,), (HALF, HALF)], ids=["in one row", "in two"])
def test_too_much(host: ActingHost, monkeypatch: pytest.MonkeyPatch, rows: tuple[str, ...]) -> None:
    """There is an end to what is taken in."""
    monkeypatch.setattr(database, "_MOST_BYTES", 1000)
    make(host, "CREATE TABLE t (a)", *rows)
    with pytest.raises(OSError, match="File too large"):
        host.rows("/x.db", "t", ("a",))


def test_links_and_pipes(host: ActingHost) -> None:
    """What is no file of its own is not opened."""
    Path(host.where("/link.db")).symlink_to("/etc/passwd")
    os.mkfifo(host.where("/fifo.db"))
    for name, number in (("link", errno.ELOOP), ("fifo", errno.EINVAL), ("nothing", errno.ENOENT)):
        with pytest.raises(OSError) as caught:  # noqa: PT011  the number is looked at
            host.rows(f"/{name}.db", "t", ("a",))
        assert caught.value.errno == number


_CUT_OFF = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN")
for number in range(500):
    database.execute("INSERT INTO t VALUES (zeroblob(1000))")
    database.execute("UPDATE t SET a = x'ff' WHERE a = x'01'")
os._exit(0)
"""


def test_one_that_was_cut_off_in_a_commit(host: ActingHost) -> None:
    """A hot journal (power lost while NSS commits) is rolled back under our lock, once; readers stay read-only."""
    make(host, "CREATE TABLE t (a)", "INSERT INTO t VALUES (x'01')")
    subprocess.run([sys.executable, "-c", _CUT_OFF, host.where("/x.db")], check=True)
    journal = Path(host.where("/x.db-journal"))
    assert journal.stat().st_size > 0
    before = Path(host.where("/x.db")).read_bytes()
    with pytest.raises(OSError, match="was cut off in it"):
        host.rows("/x.db", "t", ("a",))
    assert Path(host.where("/x.db")).read_bytes() == before
    assert host.holding(0).rows("/x.db", "t", ("a",)) == [(b"\x01",)]
    assert not journal.exists()
    assert host.rows("/x.db", "t", ("a",)) == [(b"\x01",)]
