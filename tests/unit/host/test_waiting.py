"""Waiting for the package manager's lock, whichever kind of lock that is."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.host.guarded import ENVIRON, GUARDED, guarded
from trustinstall.errors import Busy
from trustinstall.host import ActingHost
from trustinstall.host.commands import Guard, Locking

_HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""

#: Each takes the lock in one way of a package manager, works until its input ends, and gives the lock back.
_WORK = """
import fcntl, os, sys
path, locking = sys.argv[1:3]
file = os.open(path, os.O_WRONLY | os.O_CREAT | (0 if locking else os.O_EXCL), 0 if locking == "" else 0o600)
if locking:
    {"POSIX": fcntl.lockf, "FLOCK": fcntl.flock}[locking](file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
open(path + ".done", "w").close()
if not locking:
    os.unlink(path)
"""


@contextmanager
def holding(path: Path, seconds: float) -> Generator[subprocess.Popen[str], None, None]:
    """Another process that holds dpkg's kind of lock for some seconds."""
    command = [sys.executable, "-c", _HOLD, str(path), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


def test_the_package_managers_lock_is_waited_for(tmp_path: Path, make_host: Callable[..., ActingHost]) -> None:
    """We begin when it is given back, hold it meanwhile, and tools are told that we do."""
    (tmp_path / "lock").write_bytes(b"")
    with holding(tmp_path / "lock", 0.7):
        started = time.monotonic()
        with make_host().guarded(Guard("/lock", None, 30.0)) as held:
            assert time.monotonic() - started > 0.3
            assert held.told == {"DPKG_FRONTEND_LOCKED": "1"}
            taken = subprocess.run(
                [sys.executable, "-c", _HOLD.replace("LOCK_EX", "LOCK_EX | fcntl.LOCK_NB"), tmp_path / "lock", "0"],
                capture_output=True,
                check=False,
            )
            assert taken.returncode != 0
    with holding(tmp_path / "lock", 0):
        pass  # it was given back


def test_it_is_not_waited_for_without_end(tmp_path: Path, make_host: Callable[..., ActingHost]) -> None:
    """After the bound: a sentence that names the process."""
    (tmp_path / "lock").write_bytes(b"")
    with holding(tmp_path / "lock", 60) as other:
        started = time.monotonic()
        with (
            pytest.raises(Busy, match=rf"process {other.pid} holds /lock"),
            make_host().guarded(Guard("/lock", None, 0.4)),
        ):
            pytest.fail("it was not waited for")
        assert time.monotonic() - started < 5


def test_a_lock_that_our_own_ancestor_holds_is_no_deadlock(tmp_path: Path) -> None:
    """Called from a package's hook, dpkg waits for us: nothing is taken, and tools are told the same."""
    (tmp_path / "lock").write_bytes(b"")
    with (tmp_path / "lock").open("r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        started = time.monotonic()
        done = guarded(tmp_path, lock="/lock")
        assert time.monotonic() - started < 4
    assert done.stdout == "{'DPKG_FRONTEND_LOCKED': '1'}\n", done


def test_no_package_manager_no_lock(make_host: Callable[..., ActingHost], tmp_path: Path) -> None:
    """Where its lock file is not there, none is made and tools are told nothing."""
    with make_host().guarded(Guard("/lock", None, 1.0)) as held:
        assert held.told == {}
    assert not (tmp_path / "lock").exists()


def test_a_lock_file_that_is_a_link_is_not_opened(make_host: Callable[..., ActingHost], tmp_path: Path) -> None:
    """Links are not followed."""
    (tmp_path / "lock").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"), make_host().guarded(Guard("/lock", None, 1.0)):
        pytest.fail("it was followed")


LOCKINGS = pytest.mark.parametrize("locking", Locking, ids=["dpkg and rpm", "apk", "pacman"])


@contextmanager
def working(lock: Path, locking: Locking) -> Generator[subprocess.Popen[str], None, None]:
    """A package manager that works until its input is closed."""
    command = [sys.executable, "-c", _WORK, str(lock), locking.value]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


@LOCKINGS
def test_each_package_manager_is_waited_for(
    tmp_path: Path, make_host: Callable[..., ActingHost], locking: Locking
) -> None:
    """The guard is entered when the package manager has ended its work."""
    lock, done = tmp_path / "lock", tmp_path / "lock.done"
    with working(lock, locking) as other:
        assert other.stdin is not None
        timer = threading.Timer(0.3, other.stdin.close)
        timer.start()
        with make_host().guarded(Guard("/lock", None, 60.0, locking)) as held:
            assert done.exists()
            assert bool(held.told) == (locking is Locking.RECORD)
        timer.join()
    assert lock.exists() == (locking is not Locking.EXISTENCE)


@LOCKINGS
def test_each_package_manager_that_does_not_end_is_named(
    tmp_path: Path, make_host: Callable[..., ActingHost], locking: Locking
) -> None:
    """The error has its process, and the lock file is as before."""
    with (
        working(tmp_path / "lock", locking) as other,
        pytest.raises(Busy, match=rf"process {other.pid} holds /lock"),
        make_host().guarded(Guard("/lock", None, 0.2, locking)),
    ):
        pytest.fail("it was not waited for")
    assert (tmp_path / "lock").exists()


@LOCKINGS
def test_a_package_manager_that_calls_us_is_not_waited_for(tmp_path: Path, locking: Locking) -> None:
    """Called from its hook: the package manager waits for us."""
    path = tmp_path / "lock"
    flags = os.O_RDWR | os.O_CREAT | (0 if locking.value else os.O_EXCL)
    descriptor = os.open(path, flags, 0o600 if locking.value else 0)
    try:
        if locking.value:
            (fcntl.lockf if locking is Locking.RECORD else fcntl.flock)(descriptor, fcntl.LOCK_EX)
        command = [sys.executable, "-c", GUARDED, str(tmp_path), "/lock", "", locking.value]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=ENVIRON)
    finally:
        os.close(descriptor)
    assert (done.returncode, done.stderr) == (0, "")


@LOCKINGS
def test_a_lock_file_that_nobody_holds_is_not_waited_for(
    tmp_path: Path, make_host: Callable[..., ActingHost], locking: Locking
) -> None:
    """A package manager that was killed has left it: dpkg's and apk's always stay, pacman's is then a leftover."""
    (tmp_path / "lock").touch()
    with make_host().guarded(Guard("/lock", None, 0.0, locking)):
        assert (tmp_path / "lock").exists()
