"""A throw-away root: a fresh Debian made of this machine's files, that a test may ruin.

    with Throwaway() as root:
        root.write("/tmp/corp.crt", pem)
        assert root.trustinstall("add", "/tmp/corp.crt").returncode == 0
        root.reset()                    # a fresh Debian again, in milliseconds

It is an overlay over / in a private mount name space: nothing leaks out, and everything is gone with the process that made it.
What is in it at the start is said in `fresh.py`. Processes in it share the network (so loopback servers of the test are
reached) and the process table with the test. Needs root; where overlays are not to be had it raises, so that tests fail.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import itertools
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAM = ("/opt/trustinstall/bin/python", "-I", "-m", "trustinstall")
#: What Debian's tools leave behind that no comparison should look at: logs, and the JVM's mark of having run.
NOISE = ("/var/log", "/tmp/hsperfdata_root", "/tmp/hsperfdata_alice", "/tmp/hsperfdata_bob")
_OPAQUE = "trusted.overlay.opaque"
_MOST_LINKS = 40


class ThrowawayError(Exception):
    """No throw-away root can be made here, or a step in making it failed."""


class Entry(NamedTuple):
    """What is at a path: everything that a byte-for-byte comparison looks at."""

    kind: str  # file, directory, link, or other
    mode: int  # permission bits
    uid: int
    gid: int
    size: int  # bytes; 0 for anything but a file
    content: str  # a file's SHA-256, a link's target, else empty
    mtime_ns: int  # 0 unless asked for


@dataclass(frozen=True)
class User:
    """One line of the throw-away root's passwd."""

    name: str
    uid: int
    gid: int
    home: str


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
        self.pid = self._process.pid
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
        raise ThrowawayError(f"A throw-away root cannot be made here (it needs root and overlayfs): {''.join(said).strip()}")

    def outside(self, path: str | PurePosixPath) -> Path:
        """A path of the name space, as this process reaches it."""
        return Path(f"/proc/{self.pid}/root{path}")

    def processes(self) -> Iterator[int]:
        """What runs in the name space, the shell that holds it aside."""
        own = os.stat(f"/proc/{self.pid}/ns/mnt").st_ino
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == self.pid:
                continue
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{entry}/ns/mnt").st_ino == own:
                    yield int(entry)

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


class Kitchen:
    """The memory file system that all throw-away roots of this process lie on, and the layers that they share."""

    def __init__(self) -> None:
        """Mounts the memory; see `fresh.py` for what is cooked in it."""
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
        os.rmdir(self._directory)


@functools.cache
def kitchen() -> Kitchen:
    """The one kitchen of this process."""
    return Kitchen()


@dataclass
class Overlay:
    """One overlay, mounted: a writable layer, what lies below it (read-only, to compare with), and the two merged."""

    namespace: Namespace
    place: PurePosixPath
    below: tuple[PurePosixPath, ...]  # at least one layer, topmost first; the machine's own / lies under them

    @classmethod
    def mount(cls, namespace: Namespace, below: tuple[PurePosixPath, ...]) -> Overlay:
        """Mount one on a new place."""
        self = cls(namespace, kitchen().place(), below)
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


class Throwaway:
    """See the head of this module. A context manager; the methods may be used by several threads."""

    def __init__(self, *, java: bool = True, below: tuple[PurePosixPath, ...] = ()) -> None:
        """With Debian's Java and its keystore, or without; `below` is for `fresh.py`, which makes the layers."""
        self._java = java
        self._below = below

    def __enter__(self) -> Throwaway:
        """Mount it."""
        from tests.support.fresh import layers

        if os.geteuid() != 0:
            raise ThrowawayError("These tests make throw-away roots, for which they must run as root.")
        below = self._below or layers(java=self._java)
        self._namespace = Namespace(inside=kitchen().namespace)
        self._overlay = Overlay.mount(self._namespace, below)
        return self

    def __exit__(self, *_: object) -> None:
        """Everything is gone."""
        used = self._overlay.place
        self._namespace.close()
        shutil.rmtree(kitchen().namespace.outside(used))

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
        """Start a command (its process id is the command's own), in a session of its own, from a clean environment."""
        who = self.user(user)
        clean = {"PATH": PATH, "HOME": who.home, "USER": user, "LOGNAME": user, "SHELL": "/bin/sh", "LANG": "C.UTF-8"}
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
            env={**clean, **(env or {})},
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
        )

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
        """Run a command to its end; after `timeout` seconds it and its children are killed and TimeoutExpired is raised.

        Output is decoded as UTF-8 with surrogates for what is not. With `check`, a bad exit status raises AssertionError.
        """
        stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
        text = input.decode("utf-8", "surrogateescape") if isinstance(input, bytes) else input
        command = [*command]
        with self.popen(command, user=user, env=env, cwd=cwd, stdin=stdin) as process:
            try:
                out, err = process.communicate(text, timeout=timeout)
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        done = subprocess.CompletedProcess(command, process.returncode, out, err)
        assert not check or done.returncode == 0, f"{done.args} ended with {done.returncode}:\n{out}{err}"
        return done

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
        command = [*PROGRAM, *arguments]
        return self.run(command, user=user, env=env, input=input, timeout=timeout, check=check)

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
                target = PurePosixPath(os.readlink(here))
                found = PurePosixPath("/") if target.is_absolute() else found
                left += [*reversed(target.parts[1:] if target.is_absolute() else target.parts)]
            else:
                found /= part
        return Path(f"{self._root}{found}")

    def read(self, inside: str | PurePosixPath) -> bytes:
        """A file's content."""
        return self.path(inside).read_bytes()

    def write(
        self, inside: str | PurePosixPath, content: str | bytes, *, mode: int = 0o644, user: str = "root"
    ) -> str:
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

    def reset(self) -> None:
        """Throw away every change (and running process) since the start, or since `freeze`."""
        used = self._overlay
        used.unmount()
        self._overlay = Overlay.mount(self._namespace, used.below)
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
        comparison = _Comparison(upper, lower, frozenset(ignore), mtimes)
        comparison.directory("/")
        return comparison.found


@dataclass
class _Comparison:
    upper: Path
    lower: Path
    ignore: frozenset[str]
    mtimes: bool
    found: dict[str, Entry | None] = field(default_factory=dict)

    def directory(self, inside: str) -> None:
        """Note what differs below a directory of the upper layer."""
        upper, lower = Path(f"{self.upper}{inside}"), Path(f"{self.lower}{inside}")
        names = set(os.listdir(upper))
        if not lower.is_symlink() and lower.is_dir() and _is_opaque(upper):
            for name in set(os.listdir(lower)) - names:
                self.note(str(PurePosixPath(inside, name)), None)
        for name in names:
            if (path := str(PurePosixPath(inside, name))) not in self.ignore:
                self.entry(path)

    def entry(self, inside: str) -> None:
        """Note what differs at a path of the upper layer."""
        path = Path(f"{self.upper}{inside}")
        status = path.lstat()
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:  # overlayfs's sign for "not here any more"
            self.note(inside, None)
            return
        now = _entry(path, mtimes=self.mtimes)
        if now != _entry(Path(f"{self.lower}{inside}"), mtimes=self.mtimes):
            self.note(inside, now)
        if now is not None and now.kind == "directory":
            self.directory(inside)

    def note(self, inside: str, entry: Entry | None) -> None:
        if inside not in self.ignore:
            self.found[inside] = entry


def _is_opaque(directory: Path) -> bool:
    try:
        return os.getxattr(directory, _OPAQUE) == b"y"
    except OSError:
        return False


def _entry(path: Path, *, mtimes: bool) -> Entry | None:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        mtime = status.st_mtime_ns if mtimes else 0
        return Entry("file", mode, status.st_uid, status.st_gid, status.st_size, content, mtime)
    kind = "directory" if stat.S_ISDIR(status.st_mode) else "link" if stat.S_ISLNK(status.st_mode) else "other"
    target = os.readlink(path) if kind == "link" else ""
    return Entry(kind, mode, status.st_uid, status.st_gid, 0, target, 0)
