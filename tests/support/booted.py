"""A throw-away root in which systemd runs as process 1, in name spaces and a control group that go with it.

Sources: systemd.io/CONTAINER_INTERFACE ($container; /run is a tmpfs), cgroups(7).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.throwaway import PATH, Throwaway

_BOOT = """
read go
exec unshare --pid --fork --kill-child --mount --mount-proc --cgroup sh -c '
    mount -t tmpfs tmpfs /run && mount -t cgroup2 none /sys/fs/cgroup &&
    exec /lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=no'
"""


@dataclass(frozen=True)
class Booted:
    """The running system; `pid` is its process 1, as the test sees it."""

    pid: int

    def run(self, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command as root in it."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--cgroup", "--root", "--wd=/", "--"]
        return subprocess.run(
            [*enter, *command], capture_output=True, text=True, timeout=timeout, env={"PATH": PATH}, check=False
        )


@contextmanager
def booted(root: Throwaway) -> Generator[Booted, None, None]:
    """Boot a throw-away root; all that runs in it ends with the context."""
    group = _group_mount() / f"trustinstall-test-{os.getpid()}"
    group.mkdir()
    outer = root.popen(["sh", "-c", _BOOT], env={"container": "test"}, stdin=subprocess.PIPE)
    try:
        (group / "cgroup.procs").write_text(str(outer.pid))
        assert outer.stdin is not None
        outer.stdin.write("\n")
        outer.stdin.flush()
        system = Booted(_first_process(outer.pid))
        _await(lambda: system.run("systemctl", "is-active", "basic.target").stdout.strip() == "active")
        yield system
    finally:
        os.killpg(outer.pid, signal.SIGKILL)
        outer.communicate(timeout=30)
        _await(lambda: not (group / "cgroup.events").exists() or "populated 0" in (group / "cgroup.events").read_text())
        for place in sorted((one for one in group.rglob("*") if one.is_dir()), reverse=True):
            place.rmdir()
        group.rmdir()


def _group_mount() -> Path:
    """Where the machine's second hierarchy of control groups is mounted."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines())
    return next(Path(words[1]) for words in mounts if words[2] == "cgroup2")


def _first_process(outer: int) -> int:
    """Wait for the child of `unshare`, which has become systemd."""
    children = Path(f"/proc/{outer}/task/{outer}/children")

    def found() -> str:
        for child in children.read_text(encoding="ascii").split():
            if Path(f"/proc/{child}/cmdline").read_bytes().startswith(b"/lib/systemd/systemd\0"):
                return child
        return ""

    _await(lambda: bool(found()))
    return int(found())


def _await(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "systemd does not come up, or does not end"
        time.sleep(0.1)
