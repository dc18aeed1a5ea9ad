"""A throw-away root: a fresh Debian made of this machine's files, that a test may ruin.

    with Throwaway() as root:
        root.write("/tmp/corp.crt", pem)
        assert root.trustinstall("add", "/tmp/corp.crt").returncode == 0
        root.reset()                    # a fresh Debian again, in milliseconds

It is an overlay over / in a private mount name space: nothing leaks out, and everything is gone with the process that
made it. What is in it at the start is said in `fresh.py`. Processes in it share the network (so loopback servers of the
test are reached) and the process table with the test. Needs root; where overlays are not to be had it raises, so that
tests fail.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from typing_extensions import Self

from tests.support.changes import Entry, compare
from tests.support.ending import ended
from tests.support.overlay import Namespace, Overlay, ThrowawayError, layer_memory

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"
PROGRAM = ("/opt/trustinstall/bin/python", "-I", "-m", "trustinstall")
#: What Debian's tools leave behind that no comparison should look at: logs, and the JVM's mark of having run.
NOISE = ("/var/log", *(f"/tmp/hsperfdata_{name}" for name in ("root", "alice", "bob")))  # written by the system
_MOST_LINKS = 40


@dataclass(frozen=True)
class User:
    """One line of the throw-away root's passwd."""

    name: str
    uid: int
    gid: int
    home: str


def _clean(who: User) -> dict[str, str]:
    """The environment that a command has, whatever the test's is."""
    return {
        "PATH": PATH,
        "HOME": who.home,
        "USER": who.name,
        "LOGNAME": who.name,
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
    }


class Throwaway:
    """See the head of this module. A context manager; the methods may be used by several threads."""

    def __init__(
        self,
        *,
        java: bool = True,
        browsers: bool = False,
        every_root: bool = FULL,
        below: tuple[PurePosixPath, ...] = (),
    ) -> None:
        """With Debian's Java and its keystore or without, with its browsers or without, with all public roots or some.

        `below` is for `fresh.py`, which makes the layers.
        """
        self._java, self._browsers, self._every_root = java, browsers, every_root
        self._below = below

    def __enter__(self) -> Self:
        """Mount it."""
        from tests.support.fresh import layers

        if os.geteuid() != 0:
            raise ThrowawayError("These tests make throw-away roots, for which they must run as root.")
        below = self._below or layers(java=self._java, browsers=self._browsers, every_root=self._every_root)
        self._namespace = Namespace(inside=layer_memory().namespace)
        self._overlay = Overlay.mount(self._namespace, below)
        self._delivered = len(below)
        self._disks: dict[str, Path] = {}
        return self

    def __exit__(self, *_: object) -> None:
        """Everything is gone."""
        used = self._overlay.place
        self._namespace.close()
        shutil.rmtree(layer_memory().namespace.outside(used))

    # --- commands ---------------------------------------------------------------------------------

    def popen(
        self,
        command: Iterable[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[str]:
        """Start a command in a session of its own, from a clean environment; the process is the command itself."""
        who = self.user(user)
        enter = [
            "nsenter",
            f"--mount=/proc/{self._namespace.pid}/ns/mnt",
            f"--root={self._root}",
            f"--wd={self.path(cwd or who.home)}",
            f"--setuid={who.uid}",
            f"--setgid={who.gid}",
        ]
        return subprocess.Popen(
            [*enter, "--", *command],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**_clean(who), **(env or {})},
            start_new_session=True,
            umask=0o022,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
        )

    @contextlib.contextmanager
    def running(
        self, command: Iterable[str], *, user: str = "root", env: Mapping[str, str] | None = None
    ) -> Generator[subprocess.Popen[str], None, None]:
        """Start a command as `popen` does; it and its children are killed at the end, however that comes."""
        process = self.popen(command, user=user, env=env)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def run(
        self,
        command: Iterable[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        input: str | bytes | None = None,  # noqa: A002 - the name that subprocess.run gives it
        timeout: float = 60,
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end.

        After `timeout` seconds it and its children are killed and TimeoutExpired is raised. Output is decoded as UTF-8
        with surrogates for what is not. With `check`, a bad exit status raises AssertionError.
        """
        stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
        command = [*command]
        process = self.popen(command, user=user, env=env, cwd=cwd, stdin=stdin)
        return ended(process, command, input, timeout, check=check)

    def start(
        self,
        *arguments: str,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[str]:
        """Start the program under test as `popen` does, but for the time of its imports; see `warm.py`."""
        from tests.support.warm import READ_ONCE, Start, Warm

        who = self.user(user)
        start = Start(
            arguments,
            (who.uid, who.gid),
            {**_clean(who), **(env or {})},
            (f"/proc/{self._namespace.pid}/ns/mnt", str(self._root), str(self.path(who.home))),
        )
        layers = (self._overlay.place / "upper", *self._overlay.below[: -self._delivered])
        own = (self._namespace.outside(layer / name) for layer in layers for name in READ_ONCE)
        if FULL or not start.possible or any(map(os.path.lexists, own)):
            return self.popen([*PROGRAM, *arguments], user=user, env=env, stdin=stdin)
        return Warm(start, stdin)

    def trustinstall(
        self,
        *arguments: str,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        input: str | bytes | None = None,  # noqa: A002 - as in `run`
        timeout: float = 60,
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run the program under test, as it was when this process made its first throw-away root."""
        stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
        process = self.start(*arguments, user=user, env=env, stdin=stdin)
        return ended(process, [*PROGRAM, *arguments], input, timeout, check=check)

    def user(self, name: str) -> User:
        """An account of the throw-away root (root, alice and bob are there); KeyError where there is none."""
        for line in self.read("/etc/passwd").decode().splitlines():
            account = line.split(":")
            if account[0] == name:
                return User(name, int(account[2]), int(account[3]), account[5])
        raise KeyError(name)

    # --- files ------------------------------------------------------------------------------------

    @property
    def _root(self) -> Path:
        return self._namespace.outside(self._overlay.place / "root")

    def path(self, inside: str | PurePosixPath, *, follow: bool = True) -> Path:
        """Where an absolute path of the throw-away root is, seen from outside; valid until `reset` or the end.

        Links are followed within the throw-away root, never into the machine's own files (the last component's only
        with `follow`), so that the returned path can be opened without harm.
        """
        left = [*reversed(PurePosixPath(inside).parts[1:])]
        found = PurePosixPath("/")
        links = 0
        while left:
            part = left.pop()
            if part == "..":
                found = found.parent
                continue
            here = Path(f"{self._root}{found / part}")
            if (left or follow) and here.is_symlink():
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(f"{inside} is a loop of links")
                target = here.readlink()
                found = PurePosixPath("/") if target.is_absolute() else found
                left += [*reversed(target.parts[1:] if target.is_absolute() else target.parts)]
            else:
                found /= part
        return Path(f"{self._root}{found}")

    def read(self, inside: str | PurePosixPath) -> bytes:
        """A file's content."""
        return self.path(inside).read_bytes()

    def write(self, inside: str | PurePosixPath, content: str | bytes, *, mode: int = 0o644, user: str = "root") -> str:
        """Make or replace a file, and the directories above it, as `user`'s; returns its path inside."""
        who = self.user(user) if user != "root" else User("root", 0, 0, "/root")
        path = self.path(inside)
        missing = [parent for parent in path.parents if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir(mode=0o755)
            os.chown(parent, who.uid, who.gid)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        os.chown(path, who.uid, who.gid)
        return str(inside)

    # --- time -------------------------------------------------------------------------------------

    def settle(self, seconds: float = 60) -> None:
        """Wait until nothing runs in it any more that a test has started."""
        deadline = time.monotonic() + seconds
        while left := list(self._namespace.processes()):
            assert time.monotonic() < deadline, f"processes {left} do not end"
            time.sleep(0.01)

    def disk(self, directory: Path, inside: str) -> None:
        """Have a directory of the machine's disk at a path: for measurements, because all else here is in memory.

        What is written there stays at `reset`.
        """
        self._disks[inside] = directory
        target = f"{self._overlay.place}/root{inside}"
        self._namespace.shell(f"mkdir -p {target}; mount --bind {shlex.quote(str(directory))} {target}")

    def reset(self) -> None:
        """Throw away every change (and running process) since the start, or since `freeze`."""
        used = self._overlay
        used.unmount()
        self._overlay = Overlay.mount(self._namespace, used.below)
        for inside, directory in self._disks.items():
            self.disk(directory, inside)
        shutil.rmtree(self._namespace.outside(used.place))

    def freeze(self) -> PurePosixPath:
        """Make what is there now the state that `reset` goes back to and `changes` compares with.

        Returns the layer that what was written until now has become.
        """
        used = self._overlay
        layer = used.unmount()
        self._overlay = Overlay.mount(self._namespace, (layer, *used.below))
        return layer

    def changes(self, *, ignore: Iterable[str] = NOISE, mtimes: bool = False) -> dict[str, Entry | None]:
        """What differs from the start (or `freeze`): path -> what is there now, None where it is gone.

        A file that was written with the bytes it had counts as unchanged. Two results compare the whole tree at two
        moments. `ignore` names paths that are left out with all below; `mtimes` compares times of files, too.
        """
        upper = self._namespace.outside(self._overlay.place / "upper")
        lower = self._namespace.outside(self._overlay.place / "lower")
        return compare(upper, lower, ignore=ignore, mtimes=mtimes)
