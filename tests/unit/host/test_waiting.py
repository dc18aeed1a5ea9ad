"""Waiting for trustinstall's own lock, for the package manager's, and for a tool that another process runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from trustinstall.errors import Busy
from trustinstall.host import Account, ActingHost, GuardHeld, locks
from trustinstall.host.commands import Guard, Locking

STRANGER = Account(12345, 23456, "somebody-of-the-tests", "/home/somebody")
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
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
_GUARDED = """
import sys
from trustinstall.host import ActingHost
from trustinstall.host.commands import Guard, Locking
root, lock, tool, *locking = sys.argv[1:]
host = ActingHost("linux", root, {}, ActingHost.current().account)
with host.guarded(Guard(lock or None, tool or None, 5.0, *map(Locking, locking))) as guarded:
    print(dict(guarded.told))
"""
_TAKE = """
import sys, time
from trustinstall.host import locks
locks.take(sys.argv[1], lambda: None)
print("held", flush=True)
time.sleep(60)
"""
_CROWD = """
import os, sys
from trustinstall.host import locks
for _ in range(20):
    if os.fork() == 0:
        lock = locks.take(sys.argv[1] + "/lock", lambda: None)
        count = int(open(sys.argv[1] + "/count").read())
        open(sys.argv[1] + "/count", "w").write(str(count + 1))
        locks.release(lock)
        os._exit(0)
ended = [os.wait()[1] for _ in range(20)]
assert ended == [0] * 20, ended
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


def guarded(root: Path, lock: str = "", tool: str = "") -> subprocess.CompletedProcess[str]:
    """Enter a guard in a child process."""
    command = [sys.executable, "-c", _GUARDED, str(root), lock, tool]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=ENVIRON)


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
        command = [sys.executable, "-c", _GUARDED, str(tmp_path), "/lock", "", locking.value]
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


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """A tool of a name that nothing else on this machine has."""
    path = tmp_path / f"tool-of-test-{os.getpid()}"
    path.write_text('#!/bin/sh\n[ "$1" = run ] && { shift; "$@"; exit; }\necho running\nsleep "$1"\n')
    path.chmod(0o755)
    return path


def test_a_tool_that_somebody_else_runs_is_waited_for(tool: Path, make_host: Callable[..., ActingHost]) -> None:
    """It ends first; then we begin."""
    with subprocess.Popen([tool, "0.6"], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with replace(make_host(), root="/").guarded(Guard(None, tool.name, 30.0)) as held:
            assert held.told == {}
            assert other.wait(0.5) == 0


def test_a_tool_that_never_ends_is_named(tool: Path, make_host: Callable[..., ActingHost]) -> None:
    """After the bound: a sentence with the tool and its process."""
    with subprocess.Popen([tool, "60"], stdout=subprocess.PIPE, start_new_session=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with (
            pytest.raises(Busy, match=f"{tool.name} is being run by process {other.pid}"),
            replace(make_host(), root="/").guarded(Guard(None, tool.name, 0.3)),
        ):
            pytest.fail("it was not waited for")
        os.killpg(other.pid, 9)


def test_a_tool_that_runs_us_is_not_waited_for(tool: Path, tmp_path: Path) -> None:
    """Called from the tool's own hook: waiting for it would never end."""
    command = [str(tool), "run", sys.executable, "-c", _GUARDED, str(tmp_path), "", tool.name]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=ENVIRON)
    assert done.stdout == "{}\n", done
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    ("program", "real_uid", "waits"),
    [
        pytest.param(["/bin/sh", "-e", "{tool}", "60"], 0, True, id="a shell with the script"),
        pytest.param(["{tool}", "60"], 0, True, id="the script itself"),
        pytest.param(["{tool}", "60"], STRANGER.uid, False, id="with root's rights, started by another account"),
        pytest.param(["/bin/sleep", "60", "{tool}"], 0, False, id="another program with the name among its words"),
        pytest.param(["/bin/sh", "-c", "sleep 60; :", "{tool}"], 0, False, id="a shell with a command line"),
        pytest.param(["su root {tool}", "60"], STRANGER.uid, False, id="su at its prompt"),
    ],
)
def test_a_tool_is_known_by_what_is_executed_and_by_whom(
    tool: Path, make_host: Callable[..., ActingHost], program: list[str], real_uid: int, *, waits: bool
) -> None:
    """Words that a caller chooses, and rights that a set-user-ID program has for a moment, delay no command."""
    words = [word.format(tool=tool) for word in program]
    executed = "/bin/sleep" if words[0].startswith("su ") else words[0]
    script = f"import os; os.setresuid({real_uid}, 0, 0); os.execv({executed!r}, {words!r})"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True) as other:
        until = time.monotonic() + 10
        while Path(f"/proc/{other.pid}/cmdline").read_bytes()[:1] == b"" and time.monotonic() < until:
            time.sleep(0.05)
        while str(sys.executable).encode() in Path(f"/proc/{other.pid}/cmdline").read_bytes():
            time.sleep(0.05)
        time.sleep(0.2)
        guarded = replace(make_host(), root="/").guarded(Guard(None, tool.name, 0.2))
        with pytest.raises(Busy) if waits else contextlib.nullcontext(), guarded:
            pass
        os.killpg(other.pid, 9)


def test_twenty_processes_take_turns(tmp_path: Path) -> None:
    """Each reads, adds one, and writes: nothing is lost."""
    (tmp_path / "count").write_text("0")
    subprocess.run([sys.executable, "-c", _CROWD, tmp_path], check=True, timeout=60, env=ENVIRON)
    assert (tmp_path / "count").read_text() == "20"


def test_a_killed_holder_gives_the_lock_back(tmp_path: Path) -> None:
    """The kernel does: the next one gets it at once."""
    with subprocess.Popen(
        [sys.executable, "-c", _TAKE, tmp_path / "lock"], stdout=subprocess.PIPE, text=True, env=ENVIRON
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        ticks: list[None] = []
        with pytest.raises(Busy, match=rf"another trustinstall .* \(pid {holder.pid}\)"):
            locks.take(str(tmp_path / "lock"), lambda: ticks.append(None), seconds=0.3)
        assert ticks
        holder.kill()
    locks.release(locks.take(str(tmp_path / "lock"), lambda: None, seconds=0.3))


def test_a_daemon_that_inherited_the_lock_does_not_keep_it(tmp_path: Path) -> None:
    """A hook of a tool starts one, and it outlives the command."""
    lock = str(tmp_path / "lock")
    held = locks.take(lock, lambda: None)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[held]) as daemon:
        locks.release(held)
        locks.release(locks.take(lock, lambda: None, seconds=0.0))
        daemon.kill()


def _let_all_in(path: Path) -> None:
    path.chmod(0o755)
    for parent in path.parents:
        if parent.stat().st_uid == os.geteuid() and len(parent.parts) > 2:  # what pytest made
            parent.chmod(0o755)


#: How an ordinary account keeps a lock file of a package manager: the file's mode, and the call.
_KEEPING = {
    "a leftover of pacman": (Locking.EXISTENCE, 0, "os.open(path, os.O_PATH)"),
    "rpm's": (Locking.RECORD, 0o644, "fcntl.lockf(os.open(path, os.O_RDONLY), fcntl.LOCK_SH)"),
    "rpm's, without a process": (
        Locking.RECORD,
        0o644,
        "fcntl.fcntl(os.open(path, os.O_RDONLY), fcntl.F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 0, 0, 0))",
    ),
}
_KEEP = """
import fcntl, os, struct, sys
fcntl.F_OFD_SETLK = 37  # <fcntl.h>; this Python may not have the name
path, uid, gid = sys.argv[1], *map(int, sys.argv[2:])
os.setgroups([])
os.setresgid(gid, gid, gid)
os.setresuid(uid, uid, uid)
{}
print("kept", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", _KEEPING)
def test_a_lock_file_that_an_ordinary_account_may_open_holds_nobody_up(
    tmp_path: Path, make_host: Callable[..., ActingHost], name: str
) -> None:
    """An account that has the file open, or locks it for reading, is not waited for."""
    locking, mode, call = _KEEPING[name]
    lock = tmp_path / "lock"
    lock.touch()
    lock.chmod(mode)
    _let_all_in(tmp_path)
    command = [sys.executable, "-c", _KEEP.format(call), str(lock), str(STRANGER.uid), str(STRANGER.gid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as stranger:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == "kept\n"
        with make_host().guarded(Guard("/lock", None, 0.0, locking)) as held:
            assert bool(held.told) == (locking is Locking.RECORD)
        stranger.kill()


@pytest.fixture
def namesake(tmp_path: Path) -> Iterator[str]:
    """A process of an ordinary account that is named like a system's tool."""
    _let_all_in(tmp_path)
    tool = tmp_path / "update-of-the-tests"
    tool.write_text("#!/bin/sh\nsleep 60\n")
    tool.chmod(0o755)
    with subprocess.Popen([tool], user=STRANGER.uid, group=STRANGER.gid, extra_groups=[], start_new_session=True) as it:
        time.sleep(0.2)
        assert it.poll() is None
        yield tool.name
        os.killpg(it.pid, signal.SIGKILL)


def test_a_strangers_process_of_the_tools_name_holds_nobody_up(namesake: str) -> None:
    """It makes nothing of what the tool makes: root goes on at once, and would say Busy after no time at all."""
    with GuardHeld(Guard(tool=namesake, seconds=0.0), "/"):
        pass


def test_whether_a_command_is_at_work(tmp_path: Path) -> None:
    """A look tells a running command from an interrupted one by the lock; it neither waits nor creates the file."""
    lock = str(tmp_path / "lock")
    assert locks.holder(lock) == (False, None)
    assert not Path(lock).exists()
    held = locks.take(lock, lambda: None)
    assert locks.holder(lock) == (True, os.getpid())
    locks.release(held)
    assert locks.holder(lock) == (False, None)
