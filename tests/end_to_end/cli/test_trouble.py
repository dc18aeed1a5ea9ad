"""Trouble of every day: full and read-only disks, image builds, CI, readers that go away."""

from __future__ import annotations

import json
import shlex
from pathlib import PurePosixPath

import pytest

from tests.end_to_end.cli.machine import (
    ALICE,
    ALICES,
    CERT,
    DEBIAN,
    LEDGER,
    ROOT,
    deliver,
    holds,
    quick,
    result,
    told,
    venv,
)
from tests.support.throwaway import PROGRAM, Throwaway


def small(root: Throwaway, place: str, size: str) -> None:
    """A file system of its own at a directory, with its content, that has just this room."""
    script = 'cp -a "$1" /tmp/copy; mount -t tmpfs -o "size=$2,mode=0755" tmpfs "$1"; cp -a /tmp/copy/. "$1"'
    root.run(["sh", "-ec", script, "sh", place, size], check=True)


def test_a_full_disk_under_one_store(fresh: Throwaway) -> None:
    """The store is as it was, without a temporary file beside it; the others are done; the advice is to make room."""
    deliver(fresh, "alice")
    path = venv(fresh, "/home/alice/app", "alice")
    small(fresh, "/home/alice/app", f"{len(fresh.read(path)) * 3 // 2048}k")  # it holds one and a half of the bundle
    before = {each: each.stat() for each in fresh.path("/home/alice/app").rglob("*") if each.is_file()}
    found = told(fresh.trustinstall("add", "--json", "--search", "/home/alice/app", CERT, user="alice"))
    assert (found["exit_code"], result(found, ALICES), result(found, f"certifi:{path}")) == (3, "added", "failed")
    detail = next(one["detail"] for one in found["stores"] if one["location"] == path)
    assert "No space left on device" in detail
    assert "make room" in detail
    now = {each: each.stat() for each in fresh.path("/home/alice/app").rglob("*") if each.is_file()}
    assert {each: one.st_mtime_ns for each, one in now.items()} == {
        each: one.st_mtime_ns for each, one in before.items()
    }


def test_a_full_disk_under_our_own_state(fresh: Throwaway) -> None:
    """A sentence and no success; with room again, the next command puts everything right."""
    deliver(fresh, "alice")
    before = fresh.read(ALICE)
    state = "/home/alice/.local/state/trustinstall"
    fresh.run(["mkdir", "-p", state], user="alice", check=True)
    fresh.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=0700,uid=alice,gid=alice", "tmpfs", state], check=True)
    fresh.run(["chown", "-R", "alice:alice", state], check=True)
    done = fresh.trustinstall("add", CERT, user="alice")
    assert done.returncode == 1, done
    assert "No space left on device" in done.stdout + done.stderr
    assert "unexpected" not in done.stderr
    fresh.run(["mount", "-o", "remount,size=1m", state], check=True)
    assert fresh.trustinstall("remove", "--all", user="alice").returncode == 0
    assert fresh.trustinstall("remove", ROOT.sha256, user="alice").returncode == 0
    assert fresh.read(ALICE) == before
    assert fresh.trustinstall("add", CERT, user="alice").returncode == 0
    assert holds(fresh, ALICE)


def test_a_read_only_file_system(fresh: Throwaway) -> None:
    """The store is named with the reason, and nothing is tried."""
    deliver(fresh, "alice")
    place = str(PurePosixPath(ALICE).parent)
    fresh.run(["sh", "-ec", 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"', "sh", place], check=True)
    found = told(fresh.trustinstall("add", "--json", "--store", "certifi", CERT, user="alice"))
    assert (found["exit_code"], result(found, ALICES)) == (1, "failed")
    assert "read-only" in next(one["detail"] for one in found["stores"] if one["id"] == ALICES)
    shown = told(fresh.trustinstall("stores", "--json", user="alice"))
    assert [one["writable"] for one in shown["stores"] if one["id"] == ALICES] == [False]


def test_a_home_on_a_file_system_of_a_program(fresh: Throwaway) -> None:
    """In a FUSE home (bindfs) alice adds and removes as elsewhere, and each file keeps its bytes, mode and owner."""
    deliver(fresh, "alice")
    mount = "cp -a /home/alice /srv/; exec bindfs -o allow_other,nonempty /srv/alice /home/alice"
    fresh.run(["sh", "-ec", mount], check=True)
    assert fresh.run(["stat", "-f", "-c", "%T", "/home/alice"], check=True).stdout == "fuseblk\n"
    look = (
        "cd; find . -path ./.local/state -prune -o -type f -exec stat -c '%n %a %U %s' {} + -exec sha256sum {} + | sort"
    )
    before = fresh.run(["sh", "-c", look], user="alice", check=True).stdout
    for _ in range(2):
        fresh.trustinstall("add", CERT, user="alice", check=True)
        assert holds(fresh, ALICE)
        fresh.trustinstall("remove", ROOT.sha256, user="alice", check=True)
        assert fresh.run(["sh", "-c", look], user="alice", check=True).stdout == before


def test_source_date_epoch(fresh: Throwaway) -> None:
    """Two image builds from the same layer give the same ledger, byte by byte, with that time in it."""
    ledgers: list[bytes] = []
    for _ in range(2):
        deliver(fresh)
        quick(fresh)
        assert fresh.trustinstall("add", CERT, env={"SOURCE_DATE_EPOCH": "1700000000"}).returncode == 0
        ledgers.append(fresh.read(LEDGER))
        fresh.reset()
    assert ledgers[0] == ledgers[1]
    assert b"2023-11-14T22:13:20Z" in ledgers[0]


@pytest.mark.parametrize("value", ["yesterday", "", "-1", "9" * 30])
def test_a_source_date_epoch_that_is_no_time(fresh: Throwaway, value: str) -> None:
    """It is no reason to fail."""
    deliver(fresh, "alice")
    assert fresh.trustinstall("add", CERT, user="alice", env={"SOURCE_DATE_EPOCH": value}).returncode == 0


def test_ci(fresh: Throwaway) -> None:
    """The lines that programs with roots of their own need, for people and in JSON; and no question."""
    deliver(fresh)
    quick(fresh)
    done = fresh.trustinstall("add", CERT, env={"CI": "true"})
    assert done.returncode == 0, done
    for name in ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
        assert f"  export {name}={DEBIAN}\n" in done.stdout
    again = told(fresh.trustinstall("add", "--json", CERT, env={"CI": "true"}))
    assert again["env"]["NODE_EXTRA_CA_CERTS"] == DEBIAN
    assert "ci" in again["situation"]["traits"]
    assert "export" not in fresh.trustinstall("add", CERT).stdout


def test_a_reader_that_goes_away(fresh: Throwaway) -> None:
    """`| head -1` gets its line, and no program complains."""
    deliver(fresh, "alice")
    for words in (("stores",), ("list", "--foreign"), ("stores", "--json"), ("add", "--json", CERT)):
        command = f"{shlex.join([*PROGRAM, *words])} | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"
        done = fresh.run(["bash", "-c", command], user="alice")
        assert (done.returncode, done.stderr) == (0, ""), words
    assert holds(fresh, ALICE)


def test_standard_output_that_is_closed_or_full(fresh: Throwaway) -> None:
    """A report that cannot be written is no traceback, and no lie about the state."""
    deliver(fresh, "alice")
    for target in (">/dev/full", ">&-"):
        command = f"{shlex.join([*PROGRAM, 'stores'])} {target}"
        done = fresh.run(["bash", "-c", command], user="alice")
        assert "Traceback" not in done.stderr, target


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(fresh: Throwaway, closed: str) -> None:
    """A careless caller closes them: nothing that is opened later takes their place and is written into."""
    deliver(fresh)
    done = fresh.run(["sh", "-c", f'exec "$@" {closed}', "sh", *PROGRAM, "add", CERT])
    assert (done.returncode, ROOT.pem.strip() in fresh.read(DEBIAN)) == (0, True)
    ledger = json.loads(fresh.read(LEDGER))
    assert [one["sha256"] for one in ledger["claims"]] == [ROOT.sha256]
