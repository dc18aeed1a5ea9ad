"""Browsers' databases in a home that was prepared for root: nothing outside of it is touched, others are served."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping

import pytest

from tests.end_to_end.cli.machine import (
    CERT,
    DEBIAN,
    FULL,
    ROOT,
    deliver,
    holds,
    quick,
    snapshot,
    told,
)
from tests.support.changes import Entry
from tests.support.throwaway import Throwaway

HERS, HIS = "/home/alice/.mozilla/firefox", "/home/bob/.mozilla/firefox"
USERS = ("--user", "alice", "--user", "bob")
STORES = ("--store", "debian", "--store", "nss")
#: What root's own work, and bob's, change; alice may do in her home what she likes.
OURS = ("/etc/ssl/certs", "/usr/local/share", "/var/lib", "/usr/sbin", "/tmp/input", "/home/bob")
_PIPES = (
    "import os; os.chdir('p'); os.mkfifo('pipe'); it = 'cert9.db'\nwhile True:\n"
    " for pair in ((it, 'x'), ('pipe', it), (it, 'pipe'), ('x', it)): os.rename(*pair)"
)
#: What alice does every other moment, how often we work meanwhile, and how many seconds that may take.
SWAPS: dict[str, tuple[tuple[str, ...], int, float]] = {
    "the profile is a link to bob's": (
        ("sh", "-c", f"while :; do mv p away; ln -s {HIS}/p p; rm p; mv away p; done"),
        3,
        90,
    ),
    # SQLite, or certutil, waits for ever in open(2) if it finds the pipe.
    "the database is a pipe": (
        ("python3", "-c", _PIPES),
        2,
        290,  # to see whether a store is called so, and to do it
    ),
}

PLANTS = {
    "profiles.ini names other places": (
        r"printf '[Profile0]\nIsRelative=0\nPath=/etc\n[Profile1]\nIsRelative=1\nPath=../../../bob/.mozilla/firefox/p\n"
        r"[Profile2]\nIsRelative=0\nPath=/root\n[Profile3]\nIsRelative=1\nPath=\033]0;evil\007\n' > profiles.ini"
    ),
    "profiles.ini is a link": "rm profiles.ini; ln -s /etc/shadow profiles.ini",
    "profiles.ini is a fifo": "rm profiles.ini; mkfifo profiles.ini",
    "profiles.ini has a hundred thousand profiles": (
        r"for one in $(seq 100000); do printf '[Profile%s]\nIsRelative=1\nPath=p\n' $one; done > profiles.ini"
    ),
    "profiles.ini is sparse and huge": "truncate -s 100G profiles.ini",
    "the database is a link to root's file": "ln -sf /etc/shadow p/cert9.db",
    "the database is a link to bob's": f"ln -sf {HIS}/p/cert9.db p/cert9.db",
    "the keys are a link to bob's": f"ln -sf {HIS}/p/key4.db p/key4.db",
    "the modules are a link": "ln -sf /etc/shadow p/pkcs11.txt",
    "the database is a fifo": "rm p/cert9.db; mkfifo p/cert9.db",
    "the database is a directory": "rm p/cert9.db; mkdir p/cert9.db",
    "the database is sparse and huge": "truncate -s 100G p/cert9.db",
    "the database is garbage": "head -c 100000 /dev/urandom > p/cert9.db",
    "the table is an endless view": (
        'python3 -Ic \'import sqlite3; it = sqlite3.connect("p/cert9.db"); it.executescript("DROP TABLE nssPublic;'
        "CREATE VIEW nssPublic AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
        "SELECT x AS id, x AS a0, x AS a3, x AS a11, x AS a81, x AS a101, x AS a102 FROM n;\")'"
    ),
    "the profile is a link to bob's": f"rm -r p; ln -s {HIS}/p p",
    "links in circles": "rm -r p; ln -s q p; ln -s p q",
    "the directory above is a link": "cd ..; rm -r firefox; ln -s /etc firefox",
    "the shared database is a link": (
        "mkdir -p ~/.pki ~/.local/share; ln -s /etc ~/.pki/nssdb; ln -s /root ~/.local/share/pki"
    ),
}


@pytest.fixture(scope="module")
def machine() -> Iterator[Throwaway]:
    """A Debian with both browsers, and a profile of Firefox in two homes."""
    with Throwaway(java=False, browsers=True) as root:
        deliver(root)
        quick(root)
        for user, top in (("alice", HERS), ("bob", HIS)):
            root.write(f"{top}/profiles.ini", "[Profile0]\nName=p\nIsRelative=1\nPath=p\n", user=user)
            root.run(["mkdir", f"{top}/p"], user=user, check=True)
            root.run(["certutil", "-N", "-d", f"sql:{top}/p", "--empty-password"], user=user, check=True)
        root.freeze()
        yield root


@pytest.fixture
def fresh(machine: Throwaway) -> Iterator[Throwaway]:
    """It, as it was delivered."""
    yield machine
    machine.reset()


def imported(root: Throwaway, top: str) -> bool:
    """Whether certutil finds the root in a profile."""
    done = root.run(["certutil", "-L", "-d", f"sql:{top}/p"], check=True)
    return ROOT.sha256[:8] in done.stdout or "Corp Root" in done.stdout


def untouched(root: Throwaway, before: Mapping[str, Entry | None]) -> bool:
    """Whether nothing is changed but what root and bob have asked for."""
    after = snapshot(root, "/home/alice")
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return {path for path in changed if not path.startswith(OURS)} <= {"/etc", "/usr/local", "/var", "/home", "/"}


@pytest.mark.parametrize("plant", list(PLANTS)[:: 1 if FULL else 5])
def test_a_hostile_home(fresh: Throwaway, plant: str) -> None:
    """Machine and bob are done in time; of alice's plants none leads out, and nothing of them is shown raw."""
    fresh.run(["sh", "-ec", PLANTS[plant]], user="alice", cwd=HERS, check=True)
    before = snapshot(fresh, "/home/alice")
    done = fresh.trustinstall("add", "--json", *USERS, *STORES, CERT, timeout=90)
    found = told(done)
    assert "Traceback" not in done.stderr
    assert holds(fresh, DEBIAN)
    assert imported(fresh, HIS)
    assert untouched(fresh, before)
    assert {one["scope"] for one in found["stores"] if one["result"] == "failed"} <= {"alice"}
    shown = fresh.trustinstall("stores", *USERS)
    assert "\x1b" not in shown.stdout + shown.stderr
    fresh.trustinstall("remove", "--json", *USERS, "--all", timeout=90)
    assert not holds(fresh, DEBIAN)
    assert not imported(fresh, HIS)
    assert untouched(fresh, before)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("swap", list(SWAPS)[: 1 + FULL])
def test_swapped_while_we_run(fresh: Throwaway, swap: str) -> None:
    """Alice's process has alice's rights for every file that it opens, and is ended in time if it hangs."""
    script, often, seconds = SWAPS[swap]
    before = snapshot(fresh, "/home/alice")
    swapper = fresh.popen(script, user="alice", cwd=HERS)
    try:
        for command in ("add", "remove") * often:
            started = time.monotonic()
            done = fresh.trustinstall(command, "--json", "--user", "alice", *STORES, CERT, timeout=300)
            assert time.monotonic() - started < seconds
            assert told(done)["exit_code"] in {0, 3}
            assert "Traceback" not in done.stderr
    finally:
        os.killpg(swapper.pid, signal.SIGKILL)
        swapper.communicate()
    assert not imported(fresh, HIS)
    assert untouched(fresh, before)


def test_no_space_left(fresh: Throwaway) -> None:
    """Alice's full home fails in words, hers is as before, and bob is done."""
    fresh.run(
        ["sh", "-ec", "cp -a /home/alice /tmp/hers; mount -t tmpfs -o size=200k,mode=755 full /home/alice"], check=True
    )
    fresh.run(["sh", "-ec", "cp -a /tmp/hers/. /home/alice/; chown alice:alice /home/alice"])
    fresh.run(["sh", "-c", "head -c 1000000 /dev/zero > /home/alice/filler"], user="alice")
    done = fresh.trustinstall("add", "--json", *USERS, *STORES, CERT, timeout=90)
    found = told(done)
    assert "Traceback" not in done.stderr
    assert "alice" in {
        one["scope"] for one in (*found["stores"], *found["problems"]) if one.get("result", "failed") == "failed"
    }
    assert imported(fresh, HIS)
