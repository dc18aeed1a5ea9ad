"""The end of a process that a test has started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path


def ended(
    process: subprocess.Popen[str], command: list[str], given: str | bytes | None, timeout: float, *, check: bool
) -> subprocess.CompletedProcess[str]:
    """Wait for the end of a process that leads a session, and return its result; `given` is what it reads.

    A process that takes longer than `timeout` seconds is killed with its session, and TimeoutExpired raised. With
    `check`, a bad exit status raises AssertionError.
    """
    text = given.decode("utf-8", "surrogateescape") if isinstance(given, bytes) else given
    with process:
        try:
            out, err = process.communicate(text, timeout=timeout)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    done = subprocess.CompletedProcess(command, process.returncode, out, err)
    assert not check or done.returncode == 0, f"{done.args} ended with {done.returncode}:\n{out}{err}"
    return done


def await_asleep(pid: int) -> None:
    """Wait until a process has nothing to do but to wait (proc_pid_stat(5), state S): one that is only late is not."""
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < deadline
        time.sleep(0.01)
