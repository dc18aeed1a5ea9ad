"""Private mount name spaces, and overlays in them: what throw-away roots are made of."""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


class ThrowawayError(Exception):
    """No throw-away root can be made here, or a step in making it failed."""


class Namespace:
    """A private mount name space, held open by a shell that mounts what it is told to."""

    _END = "--end-of-answer--"

    def __init__(self, inside: Namespace | None = None) -> None:
        """A copy of this process's name space, or of another one's."""
        enter = [f"--mount=/proc/{inside.pid}/ns/mnt"] if inside else []
        command = ["nsenter", *enter, "unshare", "--mount", "--propagation", "private", "sh"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.pid: int = self._process.pid
        self._lock = threading.Lock()

    def shell(self, script: str) -> None:
        """Run a few lines of shell in the name space, with the machine's real root; the first failure raises."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            try:
                self._process.stdin.write(f"( set -e\n{script}\n) </dev/null\nprintf '\\n{self._END}%d\\n' $?\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                pass  # what the process said before it died is read below
            said: list[str] = []
            for line in self._process.stdout:
                if line.startswith(self._END):
                    if line.strip() == f"{self._END}0":
                        return
                    break
                said.append(line)
        why = "".join(said).strip()
        raise ThrowawayError(f"A throw-away root cannot be made here (it needs root and overlayfs): {why}")

    def outside(self, path: str | PurePosixPath) -> Path:
        """A path of the name space, as this process reaches it."""
        return Path(f"/proc/{self.pid}/root{path}")

    def processes(self) -> Iterator[int]:
        """What runs in the name space, the shell that holds it aside."""
        own = Path(f"/proc/{self.pid}/ns/mnt").stat().st_ino
        for process in Path("/proc").glob("[0-9]*"):
            if int(process.name) == self.pid:
                continue
            with contextlib.suppress(OSError):
                if (process / "ns/mnt").stat().st_ino == own:
                    yield int(process.name)

    def end_processes(self) -> None:
        """Kill what a command left running here, and nothing else: the name space is known by its number."""
        deadline = time.monotonic() + 10
        while left := list(self.processes()):
            if time.monotonic() > deadline:
                raise ThrowawayError(f"Processes {left} in a throw-away root cannot be killed.")
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)

    def close(self) -> None:
        """End it; the kernel takes its mounts down."""
        with contextlib.suppress(FileNotFoundError):
            self.end_processes()
        self._process.communicate()


class LayerMemory:
    """The memory file system that all throw-away roots of this process lie on, and the layers that they share."""

    def __init__(self) -> None:
        """Mount the memory; `fresh.py` makes the layers in it."""
        self._directory = tempfile.mkdtemp(prefix="throwaway-")
        atexit.register(self.close)
        self.namespace = Namespace()
        self.base = PurePosixPath(self._directory)
        self._numbers = itertools.count()
        self.namespace.shell(f"mount -t tmpfs -o mode=0755 throwaway {self.base}")

    def place(self) -> PurePosixPath:
        """A new empty directory in the memory."""
        place = self.base / str(next(self._numbers))
        self.namespace.outside(place).mkdir()
        return place

    def close(self) -> None:
        """End the name space, and remove the empty directory that the memory was mounted on."""
        self.namespace.close()
        Path(self._directory).rmdir()


@functools.cache
def layer_memory() -> LayerMemory:
    """The one layer memory of this process."""
    return LayerMemory()


@dataclass
class Overlay:
    """One overlay, mounted: a writable layer, what lies below it (read-only, to compare with), and the two merged."""

    namespace: Namespace
    place: PurePosixPath
    below: tuple[PurePosixPath, ...]  # at least one layer, topmost first; the machine's own / lies under them

    @classmethod
    def mount(cls, namespace: Namespace, below: tuple[PurePosixPath, ...]) -> Overlay:
        """Mount one on a new place."""
        self = cls(namespace, layer_memory().place(), below)
        lower = ":".join(map(str, (*below, "/")))
        namespace.shell(
            f"cd {self.place}\n"
            "mkdir upper work lower root\n"
            f"mount -t overlay -o ro,lowerdir={lower} overlay lower\n"
            f"mount -t overlay -o lowerdir={lower},upperdir=$PWD/upper,workdir=$PWD/work overlay root\n"
            "for each in dev proc sys; do mount --rbind /$each root/$each; done"
        )
        return self

    def unmount(self) -> PurePosixPath:
        """Take it down; returns the layer that holds what was written."""
        self.namespace.end_processes()
        self.namespace.shell(f"cd {self.place}; umount -l root; umount -l lower")
        return self.place / "upper"
