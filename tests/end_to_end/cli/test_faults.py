"""System calls that fail, and a process that dies, at any moment of `add` and `remove`.

strace(1) has a call of the kernel fail, or kills the process at it: a quota that is used up (EDQUOT), a disk that is
broken (EIO), a power cut as a process sees it (SIGKILL). It counts the calls of each thread, each kind for itself.
"""

from __future__ import annotations

import signal

import pytest

from tests.end_to_end.cli.machine import CERT, FULL, ROOT, deliver, venv
from tests.support.changes import Entry
from tests.support.images import IMAGE, make_image
from tests.support.throwaway import NOISE, PROGRAM, Throwaway

#: Which calls fail, and how.
FAULTS = {
    "write": "error=EDQUOT",
    "fsync,fdatasync": "error=EIO",
    "rename,renameat,renameat2": "error=EIO",
    "unlink,unlinkat": "error=EIO",
    "openat": "error=EDQUOT",
}
#: The calls at which the process dies; in the short form every second one.
KILLED = ("renameat2", "mkdir", "unlink", "write", "fsync")
_LOG = "/tmp/strace"
_STRACE = ("strace", "-f", "-qq", "-o")
_QUICK = ("--seccomp-bpf",)  # strace 6.1 delivers no signal with this option
_KILL = "signal=KILL"
_OF_IMAGE = ("/var/lib/trustinstall", "/root/.cache", _LOG, *NOISE)
_OUTSIDE = ("/home/alice/.local/state", "/home/alice/.cache", _LOG, *NOISE)
ADD = ("add", "--skip", "system,browsers,java,containers", CERT)
REMOVE = ("remove", ROOT.sha256)
Changes = dict[str, Entry | None]


@pytest.fixture
def machine(fresh: Throwaway) -> Throwaway:
    """A Debian on which alice has an environment, settings of pip and npm, and a line of her own in a shell's file."""
    deliver(fresh, "alice")
    venv(fresh, "/home/alice/app", "alice")
    fresh.write("/home/alice/.npmrc", "//registry.example/:_authToken=secret\n", user="alice")
    fresh.write("/home/alice/.config/pip/pip.conf", "[global]\ntimeout = 60\n", user="alice")
    fresh.run(["sh", "-c", "echo 'alias ll=\"ls -l\"' >>.bashrc"], user="alice", check=True)
    return fresh


def _traced(root: Throwaway, calls: str, fault: str, at: int, *words: str, user: str = "alice") -> tuple[int, str]:
    """Run a command with a fault at the `at`-th call; return its code and its output."""
    inject = f"inject={calls}:{fault}:when={at}"
    strace = [*_STRACE, "/dev/null", *(() if fault == _KILL else _QUICK), "-e", f"trace={calls}", "-e", inject]
    done = root.run([*strace, *PROGRAM, *words], user=user, timeout=120)
    return done.returncode, done.stdout + done.stderr


def _moments(root: Throwaway, calls: str, *words: str, user: str = "alice") -> range:
    """When to have a call fail: at each one of the thread that makes most of them, in the short form at some."""
    strace = [*_STRACE, _LOG, *_QUICK, "-e", f"trace={calls}"]
    root.run([*strace, *PROGRAM, *words], user=user, timeout=120, check=True)
    threads = [line.split(maxsplit=1)[0] for line in root.read(_LOG).decode(errors="replace").splitlines()]
    root.run(["rm", "-f", _LOG], check=True)
    most = max((threads.count(one) for one in set(threads)), default=0)
    return range(1, most + 1, 1 if FULL else max(1, most // 2))


def _is_as(root: Throwaway, before: Changes) -> bool:
    return root.changes(ignore=_OUTSIDE) == before


@pytest.mark.parametrize("calls", FAULTS)
def test_a_call_of_add_that_fails_loses_nothing(machine: Throwaway, calls: str) -> None:
    """The command says what failed and claims nothing else; `remove` then restores every byte."""
    before = machine.changes(ignore=_OUTSIDE)
    for at in _moments(machine, calls, *ADD):
        machine.trustinstall(*REMOVE, user="alice", check=True)
        code, said = _traced(machine, calls, FAULTS[calls], at, *ADD)
        _is_told(said)
        checked = machine.trustinstall("check", user="alice")
        assert code != 0 or checked.returncode == 0, (at, said, checked.stdout)
        _is_removed(machine, before, at)


@pytest.mark.parametrize("calls", [*FAULTS][:: 1 if FULL else 2])
def test_a_call_of_remove_that_fails_loses_nothing(machine: Throwaway, calls: str) -> None:
    """The command says what failed; with a disk that works again, `remove` restores every byte."""
    before = machine.changes(ignore=_OUTSIDE)
    machine.trustinstall(*ADD, user="alice", check=True)
    for at in _moments(machine, calls, *REMOVE):
        machine.trustinstall(*ADD, user="alice", check=True)
        code, said = _traced(machine, calls, FAULTS[calls], at, *REMOVE)
        _is_told(said)
        assert code != 0 or _is_as(machine, before), (at, said, machine.changes(ignore=_OUTSIDE))
        _is_removed(machine, before, at)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("call", KILLED[:: 1 if FULL else 2])
def test_a_process_that_dies_loses_nothing(machine: Throwaway, call: str) -> None:
    """Killed at a call that changes a file: the next command undoes what is open, and `remove` restores every byte."""
    before = machine.changes(ignore=_OUTSIDE)
    for command, other in ((ADD, REMOVE), (REMOVE, ADD)):
        machine.trustinstall(*other, user="alice", check=True)
        for at in _moments(machine, call, *command)[: None if FULL else 2]:
            machine.trustinstall(*other, user="alice", check=True)
            code, said = _traced(machine, call, _KILL, at, *command)
            assert code == -signal.SIGKILL or at > 1, (at, code, said)  # a thread may make fewer calls than before
            machine.trustinstall(*ADD, user="alice", check=True)
            machine.trustinstall("check", user="alice", check=True)
            _is_removed(machine, before, at)


@pytest.mark.parametrize("command", ["add", "remove"])
@pytest.mark.parametrize("calls", [*FAULTS][:: 1 if FULL else 3])
def test_the_disk_of_an_image_that_fails_loses_nothing(fresh: Throwaway, calls: str, command: str) -> None:
    """As on a machine: the files of the image's store are written one by one, and no tool of it is run."""
    deliver(fresh, "alice")
    make_image(fresh)
    words = {"add": ("add", "--force", "--sysroot", IMAGE, CERT), "remove": ("remove", "--sysroot", IMAGE, ROOT.sha256)}
    other = words["remove" if command == "add" else "add"]
    if command == "remove":
        fresh.trustinstall(*other, check=True)
    for at in _moments(fresh, calls, *words[command], user="root"):
        fresh.trustinstall(*other, check=True)
        code, said = _traced(fresh, calls, FAULTS[calls], at, *words[command], user="root")
        _is_told(said)
        assert code or command == "add" or _delivered(fresh), (at, said)
        fresh.trustinstall(*words["add"], check=True)
        fresh.trustinstall(*words["remove"], check=True)
        assert _delivered(fresh), (at, said, fresh.changes(ignore=_OF_IMAGE))


def _delivered(root: Throwaway) -> bool:
    return not root.changes(ignore=_OF_IMAGE)


def _is_told(said: str) -> None:
    for word in ("Traceback", "unexpected", "secret"):
        assert word not in said


def _is_removed(machine: Throwaway, before: Changes, at: int) -> None:
    done = machine.trustinstall(*REMOVE, user="alice")
    assert done.returncode == 0, (at, done.stdout + done.stderr)
    assert _is_as(machine, before), (at, machine.changes(ignore=_OUTSIDE))
