"""Work as another account: a process that has dropped uid, gid and groups permanently before it reads anything.

Its answer is bounded, untrusted data: it runs with that account's rights, among that account's files. It has no
terminal; its announcements (a window that a tool will open) come before its answer, and its parent prints them.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import signal
import sys
import time
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from trustinstall.errors import TrustInstallError, printable
from trustinstall.host import accounts, console, process, watchdog
from trustinstall.host.watchdog import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.host.accounts import Account

LIMIT = 8 * 1024 * 1024  # bytes of an answer
MEMORY = 1 << 30  # bytes of data that a child may have: files of an account must not cost the machine its memory
_TICK = 0.2  # seconds
_GRACE = 30.0  # seconds for a child to finish or undo its current work
_MOST_OPEN = 1 << 20  # descriptors; macOS may report no limit, and they are closed one by one there
_CODECS = ("ascii", "idna", "latin-1", "punycode", "utf-16", "utf-16-be", "utf-16-le", "utf-8-sig")  # as modules
# what functions import at their first use
_MODULES = (
    "concurrent.futures.thread",
    "cryptography.hazmat.primitives.serialization.pkcs12",
    "cryptography.hazmat.primitives.serialization.pkcs7",
    "csv",
    "distro",
    "platform",
    "platformdirs",
    "plistlib",
    "pwd",
    "resource",
    "ssl",
    "trustinstall.host.bulk_replace",
    "trustinstall.host.database",
    "trustinstall.host.image",
    "trustinstall.host.inputs",
    "trustinstall.host.one_process",
    "trustinstall.host.other_processes",
    "trustinstall.host.own_program",
    "trustinstall.host.passwords",
    "trustinstall.host.session",
    "trustinstall.host.system_log",
    "trustinstall.host.temporary_files",
    "trustinstall.host.watched",
)
_OF_SYSTEM = {"darwin": "trustinstall.host.darwin", "freebsd": "trustinstall.host.freebsd"}  # as `sys.platform` begins
_DONE, _FAILED = b"+", b"-"  # the first byte of an answer
_ANNOUNCED = b"!"  # the first byte of an announcement; then come four bytes of its length, and UTF-8
_LENGTH = 5  # bytes of an announcement's head
_LONGEST = 2000  # bytes of an announcement: a pipe takes them together with the head, without another thread's between
_LINE = 200  # characters of a line of an announcement


def as_account(
    account: Account, job: Callable[[], bytes], on_progress: Callable[[], None], seconds: float = PATIENCE
) -> bytes:
    """Return the result of `job`, run as `account` in a child process that cannot regain root's rights.

    `on_progress` is called while waiting. Raises TrustInstallError if the child dies, answers too much, takes longer
    than `seconds`, or is stuck (see `watchdog`). The caller must have no other thread: the child is a fork(2) of it.
    """
    if sys.platform == "win32":
        raise TrustInstallError(
            f"trustinstall cannot work for {account.name} on Windows; run trustinstall as {account.name}"
        )
    load_modules()
    groups = accounts.groups(account)
    watch = watchdog.Watch()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _work(account, groups, writer, watch, job)
    os.close(writer)
    answer: bytes | None = None
    try:
        answer = _collect(reader, child, watch, on_progress, time.monotonic() + seconds)
    finally:
        os.close(reader)
        status = _reap(child, 0.0 if answer else _TICK if watch.stuck() else _GRACE)
    if answer is None and watch.stuck():
        raise TrustInstallError(
            f"a file in the home of {account.name} blocks the program that opens it (a pipe in the place of a file, a "
            f"file system that does not answer); run trustinstall as {account.name} to see which"
        )
    if answer and answer.startswith(_FAILED):
        raise TrustInstallError(printable(answer[1:].decode("utf-8", "replace"), 500))
    if not answer or not answer.startswith(_DONE) or status != 0:
        raise TrustInstallError(
            f"the process that works for {account.name} gave no answer; run trustinstall as {account.name} to see why"
        )
    return answer[1:]


def load_modules() -> None:
    """Load each module that a worker may use later: a Python or a program that only root may read, it cannot read."""
    own = [name for system, name in _OF_SYSTEM.items() if sys.platform.startswith(system)]
    for name in (*_MODULES, *own):
        import_module(name)
    with contextlib.suppress(ImportError):  # some Pythons have none
        import_module("sqlite3")
    for name in _CODECS:
        codecs.lookup(name)


def _collect(
    reader: int, child: int, watch: watchdog.Watch, on_progress: Callable[[], None], end: float
) -> bytes | None:
    if sys.platform == "win32":
        raise NotImplementedError
    received, read = b"", 0
    while read <= LIMIT and time.monotonic() < end and not watch.stuck():
        if select.select([reader], [], [], _TICK)[0]:
            part = os.read(reader, 65536)
            if not part:
                return received
            read += len(part)
            received = _said(received + part)
        else:
            os.kill(child, signal.SIGCONT)  # its account may have stopped it, but cannot stop this process
        on_progress()
    return None


def _said(received: bytes) -> bytes:
    """Print the announcements that a child's answer begins with, and return the rest."""
    while received.startswith(_ANNOUNCED) and len(received) >= _LENGTH:
        end = _LENGTH + int.from_bytes(received[1:_LENGTH], "big")
        if len(received) < end:
            break
        lines = received[_LENGTH:end].decode("utf-8", "replace").splitlines()
        console.announce("\n".join(printable(line, _LINE) for line in lines))
        received = received[end:]
    return received


def _announce(writer: int, sentence: str) -> None:
    text = sentence.encode("utf-8", "replace")[:_LONGEST]
    os.write(writer, _ANNOUNCED + len(text).to_bytes(_LENGTH - 1, "big") + text)


def _reap(child: int, patience: float) -> int:
    """End the child. With patience it is asked first, and finishes or undoes its current work."""
    if sys.platform == "win32":
        raise NotImplementedError
    if patience:
        os.kill(child, signal.SIGTERM)
    # A child that has ended keeps its status; one that has only closed the pipe must not stay.
    for last, seconds in ((signal.SIGCONT, patience), (signal.SIGKILL, _GRACE)):
        end, pause = time.monotonic() + seconds, 0.001
        while time.monotonic() < end:
            os.kill(child, last)
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return status
            time.sleep(pause)
            pause = min(2 * pause, _TICK / 4)
    return 1  # the kernel itself waits, for a lost file system: nothing ends such a process


def _work(
    account: Account, groups: list[int], writer: int, watch: watchdog.Watch, job: Callable[[], bytes]
) -> NoReturn:
    """Run as the child: this never returns into the caller's code."""
    status = 1
    try:
        _drop(account, groups)
        _detach(writer)
        _limit_memory()
        watchdog.begin(watch)
        console.announce_by(partial(_announce, writer))
        os.environ.clear()
        os.environ.update(process.ENVIRONMENT, HOME=account.home or "/", USER=account.name, LOGNAME=account.name)
        left = memoryview(_answer(job))
        while left:
            left = left[os.write(writer, left) :]
        status = 0
    except BaseException:  # noqa: BLE001  a fork must end here after any error: the parent reports it
        status = 1
    finally:
        os._exit(status)


def _answer(job: Callable[[], bytes]) -> bytes:
    try:
        return _DONE + job()
    except MemoryError:
        return _FAILED + b"this account's files need more than 1 GiB of memory; look for very large ones"
    except TrustInstallError as error:
        return _FAILED + str(error).encode("utf-8", "replace")


def _drop(account: Account, groups: list[int]) -> None:
    """Drop all of root's rights, real, effective and saved; see setresuid(2), setuid(2) and credentials(7)."""
    if sys.platform == "win32":
        raise NotImplementedError
    os.setgroups(groups[: os.sysconf("SC_NGROUPS_MAX")])  # macOS: 16, and accounts there often have more
    if sys.platform == "darwin":  # it has no setresuid(2); there, and done by root, these set all three
        os.setgid(account.gid)
        os.setuid(account.uid)
    else:
        os.setresgid(account.gid, account.gid, account.gid)
        os.setresuid(account.uid, account.uid, account.uid)
    kept = _regains(os.setuid) or _regains(os.seteuid) or (account.gid != 0 and _regains(os.setegid))
    if kept or (os.getuid(), os.getgid()) != (account.uid, account.gid):
        raise PermissionError("rights were not dropped")


def _limit_memory() -> None:
    """Let allocations beyond the limit fail in this process alone; source: getrlimit(2), RLIMIT_DATA."""
    if sys.platform == "win32":
        raise NotImplementedError
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    bound = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
    with contextlib.suppress(OSError, ValueError):  # a system that has no such limit
        resource.setrlimit(resource.RLIMIT_DATA, (bound, most))


def _regains(become: Callable[[int], None]) -> bool:
    """Whether root's identity comes back, as it does if it was kept as the saved one."""
    try:
        become(0)
    except PermissionError:
        return False
    return True


def _detach(writer: int) -> None:
    """Keep nothing of the parent's: no descriptor but the answer's, no terminal, no current directory."""
    if sys.platform == "win32":
        raise NotImplementedError
    os.setsid()
    os.chdir("/")
    os.umask(0o022)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, writer)
    os.closerange(writer + 1, min(os.sysconf("SC_OPEN_MAX"), _MOST_OPEN))
    console.end_on_signals()  # current work is finished or undone when the parent asks this process to end
    sys.stdin = sys.stdout = sys.stderr = open(os.devnull, "r+")  # noqa: SIM115  lives as long as the process
