"""Work for another account: root's rights are gone for good, and its answer is bounded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trustinstall.errors import ToolFailed, TrustInstallError
from trustinstall.host import Account, ActingHost, console, locks, watchdog
from trustinstall.host.commands import Run
from trustinstall.host.worker import LIMIT, as_account

# pytest-xdist has a thread of its own; the program has none when it forks.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
DESCRIPTORS = Path("/proc/self/fd")
SOMEBODY = Account(12345, 23456, "somebody-of-the-tests", "/home/somebody")


def work(job: Callable[[], bytes], account: Account = SOMEBODY, seconds: float = 30.0) -> bytes:
    """Have it done."""
    return as_account(account, job, lambda: None, seconds)


def _many(account: Account) -> list[int]:
    return [account.gid, *range(30000, 30040)]


def test_memory_is_bounded_in_the_worker_alone() -> None:
    """An account whose files need too much costs its own part of the report, and the parent keeps its own limit."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(TrustInstallError, match="need more than 1 GiB of memory"):
        work(lambda: bytes(2 << 30))
    assert work(lambda: b"%d" % len(bytes(64 << 20))) == b"%d" % (64 << 20)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_every_right_is_dropped() -> None:
    """Real, effective, saved and file-system ids, groups and capabilities: as credentials(7) counts them."""
    status = dict(
        line.split(":\t", 1) for line in work(lambda: Path("/proc/self/status").read_bytes()).decode().splitlines()
    )
    assert status["Uid"].split() == ["12345"] * 4
    assert status["Gid"].split() == ["23456"] * 4
    assert status["Groups"].split() == ["23456"]
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapAmb", "CapInh")} == {0}


def test_every_right_is_dropped_by_the_calls_that_a_mac_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without setresuid(2) and its like, and with more groups than macOS lets a process have."""
    monkeypatch.setattr("sys.platform", "darwin")
    for name in ("setresuid", "setresgid", "getresuid", "getresgid"):
        monkeypatch.delattr(os, name)
    monkeypatch.setattr(os, "sysconf", {"SC_NGROUPS_MAX": 16, "SC_OPEN_MAX": (1 << 63) - 1}.__getitem__)
    monkeypatch.setattr("trustinstall.host.accounts.groups", _many)
    status = dict(
        line.split(":\t", 1) for line in work(lambda: Path("/proc/self/status").read_bytes()).decode().splitlines()
    )
    assert status["Uid"].split() == ["12345"] * 4
    assert status["Gid"].split() == ["23456"] * 4
    assert len(status["Groups"].split()) == 16
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapAmb", "CapInh")} == {0}


def test_rights_that_come_back_end_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A saved root that setuid(2) had left behind would be found before anything is done."""
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(os, "setuid", os.seteuid)
    with pytest.raises(TrustInstallError, match="gave no answer"):
        work(lambda: b"done")


def test_no_right_can_be_got_back() -> None:
    """Every way back to root or root's groups is refused."""

    def attempt() -> bytes:
        ways: dict[str, Callable[[], object]] = {
            "setuid": lambda: os.setuid(0),
            "seteuid": lambda: os.seteuid(0),
            "setresuid": lambda: os.setresuid(0, 0, 0),
            "setgid": lambda: os.setgid(0),
            "setresgid": lambda: os.setresgid(0, 0, 0),
            "setgroups": lambda: os.setgroups([0]),
            "chown": lambda: os.chown("/etc/passwd", 12345, 12345),
            "shadow": lambda: Path("/etc/shadow").read_bytes(),
            "chroot": lambda: os.chroot("/"),
        }
        worked: list[str] = []
        for name, way in ways.items():
            try:
                way()
                worked.append(name)
            except PermissionError:
                continue
        return json.dumps(worked).encode()

    assert json.loads(work(attempt)) == []


def test_nothing_of_the_parent_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No descriptor, no variable, no directory, no terminal; an umask of 022."""
    monkeypatch.setenv("LD_PRELOAD_OF_ROOT", "secret")
    monkeypatch.chdir(tmp_path)
    secret = os.open("/etc/shadow", os.O_RDONLY)
    os.set_inheritable(secret, True)  # noqa: FBT003  its only form

    def look() -> bytes:
        umask = os.umask(0)
        opened = [_opened(each) for each in DESCRIPTORS.iterdir()]
        return json.dumps([opened, dict(os.environ), str(Path.cwd()), umask, os.getsid(0) == os.getpid()]).encode()

    try:
        opened, environ, where, umask, leads = json.loads(work(look))
    finally:
        os.close(secret)
    assert {path.partition(":")[0] for path in opened} <= {"/dev/null", "pipe", ""}
    assert sum(path.startswith("pipe:") for path in opened) == 1
    assert environ == {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C",
        "HOME": "/home/somebody",
        "USER": SOMEBODY.name,
        "LOGNAME": SOMEBODY.name,
    }
    assert (where, umask, leads) == ("/", 0o022, True)


def _sleep() -> bytes:
    time.sleep(600)
    return b""


def _read_for_ever() -> bytes:
    reader, _writer = os.pipe()
    return os.read(reader, 1)


def _raise() -> bytes:
    raise KeyError("secret")


def _exit(status: int) -> bytes:
    os._exit(status)


def _kill() -> bytes:
    os.kill(os.getpid(), 9)
    return b"never"


@pytest.mark.parametrize(
    "job",
    [
        _raise,
        lambda: _exit(3),
        _kill,
        lambda: b"x" * (LIMIT + 1),
        lambda: (_ for _ in ()).throw(SystemExit(0)),
    ],
    ids=["raises", "ends badly", "killed", "says too much", "exits"],
)
def test_a_bad_end_is_one_sentence(job: Callable[[], bytes], capfd: pytest.CaptureFixture[str]) -> None:
    """A child that dies, lies about its end or floods us: an error that names the account, and no traceback."""
    with pytest.raises(TrustInstallError, match=SOMEBODY.name) as caught:
        work(job)
    assert "secret" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("how", ["sleeps", "trickles", "closes its pipe and sleeps"])
def test_an_endless_child_is_ended(how: str) -> None:
    """After its time it is killed and waited for: no process stays."""

    def job() -> bytes:
        if how == "trickles":
            writer = next(int(each.name) for each in DESCRIPTORS.iterdir() if _opened(each).startswith("pipe:"))
            while True:
                os.write(writer, b"x")
                time.sleep(0.1)
        if how.startswith("closes"):
            os.closerange(3, 1000)
        time.sleep(600)
        return b""

    started, before = time.monotonic(), children()
    with pytest.raises(TrustInstallError):
        work(job, seconds=0.6)
    assert time.monotonic() - started < 10
    assert children() == before


def test_a_child_that_is_stuck_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a pipe without a writer it never comes to an end; one that only takes long is left alone."""
    monkeypatch.setattr(watchdog, "SILENCE", 2.0)
    monkeypatch.setattr("trustinstall.host.worker._GRACE", 0.2)

    def slow() -> bytes:
        for _ in range(25):
            ActingHost("linux", "/", {}, SOMEBODY).status("/etc")
            time.sleep(0.1)
        return b"done"

    assert work(slow) == b"done"
    started, before = time.monotonic(), children()
    with pytest.raises(TrustInstallError, match="blocks the program that opens it"):
        work(_read_for_ever)
    assert time.monotonic() - started < 10
    assert children() == before


def test_a_lock_that_the_account_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for no longer than a child may be silent."""
    monkeypatch.setattr("trustinstall.host.locks._OF_ANOTHER", 0.2)

    def job() -> bytes:
        with tempfile.TemporaryDirectory() as place:
            held = locks.take(f"{place}/lock", lambda: None)
            try:
                locks.take(f"{place}/lock", lambda: None)
            finally:
                locks.release(held)
        return b"taken"

    started = time.monotonic()
    with pytest.raises(TrustInstallError, match="another trustinstall"):
        work(job)
    assert time.monotonic() - started < 5


def test_tools_that_hang_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one runs that is not stuck; the fourth that would have to be stopped is not started any more."""
    monkeypatch.setattr(watchdog, "SILENCE", 2.0)
    monkeypatch.setattr("trustinstall.host.process._SLICE", 0.2)

    def job() -> bytes:
        host, said = ActingHost("linux", "/", {}, SOMEBODY), list[str]()
        for seconds in (1.5, 0.1, 0.1, 0.1):
            try:
                host.query(Run(("/usr/bin/sleep", "60"), seconds=seconds))
            except ToolFailed as error:
                said.append(str(error).partition(";")[0])
        return json.dumps(said).encode()

    late = "sleep did not end within {} s and was stopped"
    assert json.loads(work(job)) == [
        *map(late.format, (2, 0, 0)),
        "sleep is not run, because too many runs had to be stopped",
    ]


def children() -> set[str]:
    """The processes that this one has started and not yet waited for; see proc_pid_task(5)."""
    tasks = Path("/proc/self/task")
    return {pid for task in tasks.iterdir() for pid in (task / "children").read_text(encoding="ascii").split()}


def _opened(each: Path) -> str:
    """What a descriptor is; "" for the one that the listing itself used."""
    try:
        return str(each.readlink())
    except OSError:
        return ""


def test_an_interrupt_ends_the_child() -> None:
    """Ctrl-C while we wait: the child is killed and waited for."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    before = children()
    with pytest.raises(KeyboardInterrupt):
        as_account(SOMEBODY, _sleep, interrupt, 30)
    assert children() == before


def test_nobody_works_as_root() -> None:
    """An account of uid 0 is no other account: nothing is done."""
    with pytest.raises(TrustInstallError):
        work(lambda: b"done", Account(0, 0, "root", "/root"))


def test_announcements_are_said_by_the_parent(capfd: pytest.CaptureFixture[str]) -> None:
    """One after the other, before the answer, and fit for a terminal; the answer is as without them."""

    def job() -> bytes:
        console.announce("a window\n  opens \x1b[2J now")
        console.announce("x" * 5000)
        return b"!answer"

    assert work(job) == b"!answer"
    said = capfd.readouterr().err.splitlines()
    assert said[:2] == ["a window", "  opens \\x1b[2J now"]
    assert (len(said), len(said[2]), said[2][-1]) == (3, 200, "…")


@pytest.mark.parametrize("garbage", [b"!", b"!\xff\xff\xff\xffx", b"!\0\0\0\x09short", b"!\0\0\0\0", b"?"])
def test_an_announcement_without_an_answer(garbage: bytes) -> None:
    """With any length in it, it is an error like any other bad answer."""

    def job() -> bytes:
        pipe = next(each for each in DESCRIPTORS.iterdir() if _opened(each).startswith("pipe:"))
        os.write(int(pipe.name), garbage)
        os._exit(0)

    with pytest.raises(TrustInstallError, match="gave no answer"):
        work(job)


def test_a_worker_that_its_account_stops_goes_on() -> None:
    """Its account may send it signals; it must not make root wait for ever."""

    def stopped() -> bytes:
        os.kill(os.getpid(), signal.SIGSTOP)
        return b"went on"

    assert work(stopped) == b"went on"


CLOSED = """
import os, sys
from trustinstall.host import accounts, worker

class Closed:
    def find_spec(self, name, path=None, target=None):
        raise ImportError(name)

os.register_at_fork(after_in_child=lambda: sys.meta_path.insert(0, Closed()))
job = lambda: "é.example".encode("idna") + b"x".decode("ascii").encode("latin-1")
print(worker.as_account(accounts.Account(12345, 12345, "alice", None), job, lambda: None))
"""


def test_an_account_needs_nothing_of_a_python_that_only_root_can_read() -> None:
    """All that a worker uses of a Python in /root was read before it is the account."""
    done = subprocess.run([sys.executable, "-c", CLOSED], capture_output=True, text=True, check=False, timeout=60)
    assert "xn--9ca.examplex" in done.stdout, done.stderr
