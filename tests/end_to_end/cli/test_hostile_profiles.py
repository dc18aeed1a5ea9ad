"""Browsers' profiles that were prepared for root: nothing outside is touched, others are served, in time."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator, Mapping

import pytest

from tests.end_to_end.cli.machine import CERT, FULL, ROOT, deliver, quick, result, snapshot, told
from tests.support.changes import Entry
from tests.support.throwaway import Throwaway

TOP, HIS_TOP = "/home/alice/.mozilla/firefox", "/home/bob/.mozilla/firefox"
HERS, HIS = f"{TOP}/x.default", f"{HIS_TOP}/x.default"
#: What root's own work changes.
OURS = ("/etc/ssl/certs", "/usr/local/share", "/var/lib", "/home/alice", "/home/bob")
#: What may take this long, in seconds: it waits for locks, and stops tools that hang.
SOON, LATER = 20.0, 60.0

#: In alice's profile ($p) or the directory of all of them ($t), as alice; and what of hers must have failed.
PLANTS = {
    "the database is a link to root's file": ("rm $p/cert9.db; ln -s /etc/shadow $p/cert9.db", HERS),
    "the keys are a link to root's file": ("rm $p/key4.db; ln -s /etc/shadow $p/key4.db", ""),
    "the list of modules is a link to root's file": ("rm $p/pkcs11.txt; ln -s /etc/shadow $p/pkcs11.txt", ""),
    "the database is a link to bob's": (f"rm $p/cert9.db; ln -s {HIS}/cert9.db $p/cert9.db", HERS),
    "the database is a fifo": ("rm $p/cert9.db; mkfifo $p/cert9.db", HERS),
    "its journal is a fifo": ("mkfifo $p/cert9.db-journal", HERS),
    "its log is a fifo": ("mkfifo $p/cert9.db-wal", HERS),
    "its journal is a link to root's file": ("ln -s /etc/shadow $p/cert9.db-journal", ""),
    "the keys are a fifo": ("rm $p/key4.db; mkfifo $p/key4.db", HERS),
    "the keys are a link to a fifo": ("rm $p/key4.db; mkfifo ~/x; ln -s ~/x $p/key4.db", HERS),
    "the list of modules is a fifo": ("rm $p/pkcs11.txt; mkfifo $p/pkcs11.txt", HERS),
    "the database is a directory": ("rm $p/cert9.db; mkdir $p/cert9.db", HERS),
    "the database is a sparse file": ("truncate -s 100G $p/cert9.db", ""),
    "the database is nothing but zeros": ("rm $p/cert9.db; truncate -s 100G $p/cert9.db", HERS),
    "the table is an endless view": (
        (
            "sql 'DROP TABLE nssPublic; CREATE VIEW nssPublic AS WITH RECURSIVE x(a0) AS "
            "(SELECT 1 UNION ALL SELECT a0 FROM x) SELECT a0, a0 AS a3, a0 AS a11 FROM x'"
        ),
        HERS,
    ),
    "the table is a huge view": (
        "sql 'DROP TABLE nssPublic; CREATE VIEW nssPublic AS SELECT 1 AS a0, 2 AS a3, zeroblob(900000000) AS a11'",
        HERS,
    ),
    "a trigger undoes it": (
        "sql 'CREATE TRIGGER x AFTER INSERT ON nssPublic BEGIN DELETE FROM nssPublic; END'",
        HERS,
    ),
    "the profile is a link to /etc": ("rm -r $p; ln -s /etc $p", ""),
    "the profiles' directory is a link to /etc": ("rm -r $t; ln -s /etc $t", ""),
    "profiles.ini is a link to root's file": ("rm $t/profiles.ini; ln -s /etc/shadow $t/profiles.ini", ""),
    "profiles.ini is a fifo": ("rm $t/profiles.ini; mkfifo $t/profiles.ini", ""),
    "profiles.ini is huge": ("truncate -s 100G $t/profiles.ini", ""),
    "profiles.ini names other places": (
        f"printf 'Path=%s\\n' /etc ../../../../root / /proc/self/root {HIS} '' . .. /dev/stdin >> $t/profiles.ini",
        "/etc",
    ),
    "profiles.ini names what no file can be called": (
        (
            "printf 'Path=%s\\n' \"$(head -c 5000 /dev/zero | tr '\\0' x)\" '%00' >> $t/profiles.ini; "
            "printf 'Path=a\\0b\\n' >> $t/profiles.ini"
        ),
        "",
    ),
    "profiles.ini has a hundred thousand lines": ("seq -f 'Path=%g' 100000 >> $t/profiles.ini", ""),
    "a profile's name is an escape": (
        'd=$(printf \'\\033]0;evil\\007x\'); mkdir "$t/$d"; echo "Path=$d" >> $t/profiles.ini',
        "nss",
    ),
    "a hundred thousand names": (f"cd $t; seq 100000 | xargs touch; cd {HERS}; seq 1000 | xargs touch", ""),
    "a chain of links": (
        (
            'cd $t; python3 -c \'import os; [os.symlink(f"l{n + 1}", f"l{n}") for n in range(3000)]\'; '
            "echo Path=l0 >> profiles.ini"
        ),
        "",
    ),
    "links in circles": ("ln -s y $t/x; ln -s x $t/y; echo Path=x >> $t/profiles.ini; ln -s . $t/z", ""),
    "the home's own database is a link to /etc": ("rm -rf ~/.pki; mkdir ~/.pki; ln -s /etc ~/.pki/nssdb", ""),
    "where a database would be made is a link": ("rm -rf ~/.local; ln -s /etc ~/.local", ""),
    "where a database would be made is a fifo": (
        "rm -rf ~/.local; mkdir -p ~/.local/share; mkfifo ~/.local/share/pki",
        "",
    ),
    "nobody may enter the profile": ("chmod 0 $p", ""),
}
#: What the short form leaves to the full one: it waits long, or is like another one.
LONG = frozenset(
    {
        "the list of modules is a fifo",
        "a hundred thousand names",
        "the keys are a link to root's file",
        "the database is a link to bob's",
        "its journal is a link to root's file",
        "its log is a fifo",
        "profiles.ini is a link to root's file",
        "profiles.ini is huge",
        "the database is nothing but zeros",
        "the database is a directory",
        "where a database would be made is a fifo",
    }
)
SLOW = frozenset({"the table is an endless view"})


@pytest.fixture(scope="module")
def browsers() -> Iterator[Throwaway]:
    """A machine with browsers, where alice and bob have a profile each."""
    with Throwaway(java=False, browsers=True) as root:
        deliver(root)
        quick(root)
        for top, user in ((TOP, "alice"), (HIS_TOP, "bob")):
            root.write(f"{top}/profiles.ini", "[Profile0]\nIsRelative=1\nPath=x.default\n", user=user)
            root.run(["chown", "-R", f"{user}:", f"/home/{user}"], check=True)
            root.run(["mkdir", f"{top}/x.default"], user=user, check=True)
            root.run(["certutil", "-N", "--empty-password", "-d", f"sql:{top}/x.default"], user=user, check=True)
        root.freeze()
        yield root


@pytest.fixture
def desk(browsers: Throwaway) -> Iterator[Throwaway]:
    """The same, to be ruined."""
    yield browsers
    browsers.reset()


def plant(root: Throwaway, script: str) -> None:
    """Have alice do something."""
    ask = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
    sql = f"sql() {{ python3 -c '{ask}' $p/cert9.db \"$1\"; }}"
    root.run(["sh", "-c", f"{sql}; t={TOP}; p={HERS}; {script}"], user="alice", check=True)


def strayed(root: Throwaway, before: Mapping[str, Entry | None]) -> set[str]:
    """What has changed that is neither in a home nor what root is there for."""
    after = snapshot(root, "/home/alice")
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    policies = tuple(path for path in changed if "/policies" in path or path.startswith("/usr/lib/mozilla"))
    return {path for path in changed if not path.startswith(OURS) and path not in policies}


@pytest.mark.parametrize("planted", PLANTS.keys() if FULL else [one for one in PLANTS if one not in LONG])
def test_root_works_for_a_hostile_account(desk: Throwaway, planted: str) -> None:
    """The machine and bob are done and undone, alice's plants lead nowhere, and what of hers failed is said."""
    script, failed = PLANTS[planted]
    plant(desk, script)
    before = snapshot(desk, "/home/alice")  # a sparse file of hers would be read
    users = ("--user", "alice", "--user", "bob")
    for command, one, done in (("add", CERT, "added"), ("remove", ROOT.sha256, "removed")):
        without = ("--variables", "none") if command == "add" else ()
        start = time.monotonic()
        ran = desk.trustinstall(command, "--json", *without, *users, one, timeout=300)
        assert time.monotonic() - start < (LATER if planted in SLOW else SOON)
        found = told(ran)
        his = (f"nss:{HIS}", "bob")
        bobs = [each["result"] for each in found["stores"] if (each["id"], each["scope"]) == his]
        assert (result(found, "debian"), bobs) == (done, [done])
        assert "Traceback" not in ran.stderr
        said = [each["detail"] for each in (*found["stores"], *found["problems"]) if each.get("detail")]
        assert not [each for each in said if any(unicodedata.category(letter) == "Cc" for letter in each)]
        if failed and command == "add":
            names = [each["location"] for each in found["stores"] if each["result"] == "failed"]
            assert failed in [*names, *(each["id"] for each in found["stores"] if each["result"] == "failed")]
    assert not {
        path for path in strayed(desk, before) if path not in {"/", "/etc", "/usr", "/usr/local", "/home", "/var"}
    }


@pytest.mark.parametrize("place", ["firefox", "chromium"])
def test_no_space_left_for_policies(desk: Throwaway, place: str) -> None:
    """Only that store fails, with the reason, and no managed file stays there; with free space again it is done."""
    full = f"/etc/{place}"
    script = f"mkdir -p {full}; mount -t tmpfs -o size=4k full {full}; head -c 4096 /dev/zero > {full}/filler"
    desk.run(["sh", "-ec", script], check=True)
    words = ("add", "--json", "--scope", "machine", CERT)
    found = told(desk.trustinstall(*words))
    failed = [(one["backend"], one["detail"].partition(";")[0]) for one in found["stores"] if one["result"] == "failed"]
    assert failed == [(f"{place}-policy", "No space left on device")]
    assert result(found, "debian") == "added"
    assert [path.name for path in desk.path(full).rglob("*")] == ["filler"]
    desk.run(["mount", "-o", "remount,size=1m", full], check=True)
    assert told(desk.trustinstall(*words))["exit_code"] == 0
