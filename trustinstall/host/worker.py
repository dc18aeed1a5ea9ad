"""Work as another account: a process that has dropped uid, gid and groups for good before it looks at anything.

What it answers is bounded, untrusted data: it runs with that account's rights, among that account's files.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from trustinstall.errors import TrustInstallError
from trustinstall.host import accounts, process

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.host.accounts import Account

LIMIT = 8 * 1024 * 1024  # bytes of an answer
PATIENCE = 1800.0  # seconds
_TICK = 0.2  # seconds


def as_account(
    account: Account, job: Callable[[], bytes], tick: Callable[[], None], seconds: float = PATIENCE
) -> bytes:
    """What `job` returns when it is run as `account`, in a child process that cannot get root back.

    `tick` is called while waiting. Raises TrustInstallError where the child dies, answers too much, or takes
    longer than `seconds`. The caller must have no other thread, because the child is a fork(2) of it.
    """
    groups = accounts.groups(account)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _work(account, groups, writer, job)
    os.close(writer)
    answer: bytes | None = None
    try:
        answer = _collect(reader, tick, time.monotonic() + seconds)
    finally:
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(
                child, signal.SIGKILL
            )  # what has ended keeps its status; what has only closed the pipe must not stay
        _, status = os.waitpid(child, 0)
    if answer is None or status != 0:
        raise TrustInstallError(
            f"the process that works for {account.name} gave no answer; run trustinstall as {account.name} to see why"
        )
    return answer


def _collect(reader: int, tick: Callable[[], None], end: float) -> bytes | None:
    parts: list[bytes] = []
    while sum(map(len, parts)) <= LIMIT and time.monotonic() < end:
        if select.select([reader], [], [], _TICK)[0]:
            part = os.read(reader, 65536)
            if not part:
                return b"".join(parts)
            parts.append(part)
        tick()
    return None


def _work(account: Account, groups: list[int], writer: int, job: Callable[[], bytes]) -> NoReturn:
    """The child's whole life: it never returns into the caller's code."""
    status = 1
    try:
        _drop(account, groups)
        _detach(writer)
        os.environ.clear()
        os.environ.update(process.ENVIRONMENT, HOME=account.home or "/", USER=account.name, LOGNAME=account.name)
        answer = memoryview(job())
        while answer:
            answer = answer[os.write(writer, answer) :]
        status = 0
    except BaseException:  # noqa: BLE001  a fork must end here, whatever happened: the parent reports it
        status = 1
    finally:
        os._exit(status)


def _drop(account: Account, groups: list[int]) -> None:
    """Give up every right of root's, real, effective and saved; see setresuid(2) and credentials(7)."""
    os.setgroups(groups)
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    if account.uid == 0 or os.getresuid() != (account.uid,) * 3 or os.getresgid() != (account.gid,) * 3:
        raise PermissionError("rights were not dropped")


def _detach(writer: int) -> None:
    """Keep nothing of the parent's: no descriptor but the answer's, no terminal, no current directory."""
    os.setsid()
    os.chdir("/")
    os.umask(0o022)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, writer)
    os.closerange(writer + 1, os.sysconf("SC_OPEN_MAX") if "SC_OPEN_MAX" in os.sysconf_names else 4096)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    sys.stdin = sys.stdout = sys.stderr = open(os.devnull, "r+")  # noqa: SIM115  lives as long as the process
