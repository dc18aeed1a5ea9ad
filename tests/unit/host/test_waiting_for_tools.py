"""Waiting for a tool that another process runs, and for trustinstall's own lock."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.host.guarded import ENVIRON, GUARDED
from trustinstall.errors import Busy
from trustinstall.host import Account, ActingHost, GuardHeld, locks
from trustinstall.host.commands import Guard, Locking

STRANGER = Account(12345, 23456, "somebody-of-the-tests", "/home/somebody")
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
    command = [str(tool), "run", sys.executable, "-c", GUARDED, str(tmp_path), "", tool.name]
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
