"""Other processes: the running programs, the holders of locks and files, and waiting until programs are quiet."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import sys
import time
from typing import TYPE_CHECKING

from trustinstall.errors import Busy
from trustinstall.host import files, paths
from trustinstall.host.commands import Locking
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from trustinstall.host.commands import Guard

_POLL = 0.1  # seconds
# Interpreters of tools that are scripts: shells, Perl, Python; busybox is Alpine's shell.
_INTERPRETER = regex(r"(?:ba|da|a|k|mk|pdk|z)?sh|busybox|perl[\d.]*|python[\d.]*")
_START = 19  # the field of the start among those after the name
_MOST_ENVIRONMENT = 4 * 1024 * 1024  # bytes; execve(2) takes no more by default


class GuardHeld:
    """Holds a guard's lock, and waits until its tool is quiet; a context manager.

    `told` is the environment for tools: dpkg(1) does not take its frontend lock when DPKG_FRONTEND_LOCKED is set,
    because its caller holds it. If the lock's holder is an ancestor of this process (a package's own hook called it),
    waiting would never end: then nothing is taken, and tools get the same environment.
    Entering and `wait` raise Busy when either is not quiet in time. `on_quiet` is called when it was entered: the tool
    may have changed the machine until then.
    """

    def __init__(self, guard: Guard, root: str, on_quiet: Callable[[], None] = lambda: None) -> None:
        self._guard, self._root, self._on_quiet = guard, root, on_quiet
        self._descriptor = -1
        self.told: Mapping[str, str] = {}

    def __enter__(self) -> GuardHeld:  # noqa: PYI034  typing.Self needs Python 3.11
        try:
            if self._guard.lock:
                self._take(self._guard.lock, self._guard.locking)
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        self._on_quiet()
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def wait(self) -> None:
        """Wait until no other process runs the guard's tool."""
        end = time.monotonic() + self._guard.seconds
        while self._guard.tool and (pid := _other(self._guard.tool, self._root)):
            if time.monotonic() > end:
                raise Busy(f"{self._guard.tool} is being run by process {pid}; try again when it has ended")
            time.sleep(_POLL)

    def _take(self, lock: str, locking: Locking) -> None:
        """Take the lock, or wait until the file whose existence is the lock has gone."""
        path = paths.place(self._root, lock)
        if locking is not Locking.EXISTENCE:
            try:
                self._descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                return
        end = time.monotonic() + self._guard.seconds
        while (holder := self._holder(path, locking)) is not None and holder not in _ancestors():
            if time.monotonic() > end:
                raise Busy(
                    f"the package manager is working (process {holder or 'unknown'} holds {lock}); "
                    "try again when it has ended"
                )
            time.sleep(_POLL)
        if locking is Locking.RECORD:
            self.told = {"DPKG_FRONTEND_LOCKED": "1"}

    def _holder(self, path: str, locking: Locking) -> int | None:
        """Take the lock and return None, or return the process that holds it, 0 if that is unknown.

        An account that may only read the file holds up nothing: rpm's lock file may be read by all, and a stale lock
        file of pacman may be opened by all (O_PATH of open(2)). A record lock is taken for reading, which keeps out
        the package managers (they take theirs for writing) and is compatible with an account's.
        """
        if sys.platform == "win32":
            raise NotImplementedError(path)
        import fcntl

        if locking is Locking.EXISTENCE:
            return next(filter(_is_own, _users(path)), None)
        record = locking is Locking.RECORD
        take, how = (fcntl.lockf, fcntl.LOCK_SH) if record else (fcntl.flock, fcntl.LOCK_EX)
        try:
            take(self._descriptor, how | fcntl.LOCK_NB)
        except OSError:
            return _holder(os.fstat(self._descriptor).st_ino, locking)
        return None


def _holder(inode: int, locking: Locking) -> int:
    """Return the process that holds a lock on an inode, or 0; source: proc_locks(5)."""
    for line in _lines("/proc/locks"):
        fields = line.split()
        if fields[1:2] == [locking.value] and any(field.endswith(f":{inode}") for field in fields[5:6]):
            return int(fields[4])
    return 0


def _ancestors() -> set[int]:
    """Return the ancestors of this process; source: proc_pid_status(5)."""
    found: set[int] = set()
    pid = os.getppid()
    while pid > 0 and pid not in found:
        found.add(pid)
        pid = next(
            (int(line.split()[1]) for line in _lines(f"/proc/{pid}/status") if line.startswith("PPid:")),
            0,
        )
    return found


def _other(tool: str, top: str) -> int | None:
    """Return a process in the root `top` that runs the program or script `tool` and is not an ancestor of this one."""
    if sys.platform == "win32":
        raise NotImplementedError(tool)
    here, ancestors = os.stat(top), _ancestors()
    for name in files.names("/proc"):
        if not name.isdecimal() or int(name) == os.getpid() or int(name) in ancestors:
            continue
        with contextlib.suppress(OSError):
            if not _executes(name, tool) or _real_uid(name) != os.geteuid():
                continue
            root = os.stat(f"/proc/{name}/root")
            if (root.st_dev, root.st_ino) == (here.st_dev, here.st_ino):
                return int(name)
    return None


def _executes(pid: str, tool: str) -> bool:
    """Whether a process executes a program or a script of this name. Raises OSError if that cannot be seen.

    The kernel names the program that it executes. Its caller chooses the words after the name: only the script of an
    interpreter counts among them, and `su root update-ca-certificates` at its password prompt is `su`.
    """
    program = os.path.basename(os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)"))
    if program == tool:
        return True
    if not _INTERPRETER.fullmatch(program):
        return False
    words = "".join(_lines(f"/proc/{pid}/cmdline")).split("\0")[1:]
    options = [*itertools.takewhile(lambda word: word.startswith("-"), words)]
    return "-c" not in options and os.path.basename("".join(words[len(options) : len(options) + 1])) == tool


def _real_uid(pid: str) -> int:
    """Return the real uid of a process: the account that started it, even if the program is set-user-ID.

    Source: proc_pid_status(5), credentials(7). Raises OSError if the process has ended.
    """
    uids = next((line.split() for line in _lines(f"/proc/{pid}/status") if line.startswith("Uid:")), None)
    if uids is None:
        raise ProcessLookupError(errno.ESRCH, "it has ended")
    return int(uids[1])


def _is_own(pid: int) -> bool:
    """Whether a process still runs, and was started by the acting account."""
    try:
        return _real_uid(str(pid)) == os.geteuid()
    except OSError:
        return False


def named_in_environment(path: str) -> bool:
    """Whether another process was started with a variable that names a file; source: proc(5).

    An ordinary account may inspect only its own ones. In a container the name would mean another file. Systems other
    than Linux do not show the variables: there the answer is always False.
    """
    me, word = os.geteuid() if hasattr(os, "geteuid") else 0, os.fsencode(f"={path}\0")
    for pid in filter(str.isdecimal, files.names("/proc")):
        try:
            if pid == str(os.getpid()) or (me and os.stat(f"/proc/{pid}").st_uid != me):
                continue
            with open(f"/proc/{pid}/environ", "rb") as file:
                if word in file.read(_MOST_ENVIRONMENT) and os.path.samefile(f"/proc/{pid}/root", "/"):
                    return True
        except OSError:
            continue
    return False


def programs() -> set[str]:
    """Return the names of the running programs that see this system's files (on Linux 15 characters of each at most).

    Source: proc_pid_comm(5).
    """
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        return api.programs()
    pids = (name for name in files.names("/proc") if name.isdecimal())
    named = ((pid, line.strip()) for pid in pids for line in _lines(f"/proc/{pid}/comm"))
    return {name for pid, name in named if _sees_our_files(pid)}


def started() -> dict[str, float]:
    """Return when the oldest running program of each name was started, in seconds since 1970; empty if not Linux.

    Programs that do not see this system's files are left out, as those of containers.
    Source: proc_pid_stat(5), field 22, in ticks of CLOCK_BOOTTIME. `btime` of proc_stat(5) has whole seconds: with it a
    program would seem to be started up to a second before it was.
    """
    if sys.platform != "linux":
        return {}
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    boot = time.time() - since_boot  # read in this order: a pause between the two makes nothing older than it is
    ticks, found = os.sysconf("SC_CLK_TCK"), dict[str, float]()
    for pid in filter(str.isdecimal, files.names("/proc")):
        # The name stands in parentheses, and may itself contain parentheses.
        name, _, rest = "".join(_lines(f"/proc/{pid}/stat")).partition("(")[2].rpartition(")")
        fields = rest.split()
        if len(fields) > _START and _sees_our_files(pid):
            moment = boot + int(fields[_START]) / ticks
            found[name] = min(moment, found.get(name, moment))
    return found


def _sees_our_files(pid: str) -> bool:
    """Whether a process has this system's /etc: one in a container or below another root has one of its own.

    The root itself would not do: that of a snap differs, and its /etc is ours. True if this account may not know.
    """
    try:
        return os.path.samefile(f"/proc/{pid}/root/etc", "/etc")
    except OSError:
        return True


def in_use(path: str) -> bool:
    """Whether another process that this account may inspect has the file at a path open."""
    return any(True for _ in _users(path))


def _users(path: str) -> Iterator[int]:
    """Yield the other processes that this account may inspect and that have a file open; source: proc_pid_fd(5)."""
    with contextlib.suppress(OSError):
        meant = os.lstat(path)
        for pid in files.names("/proc"):
            if pid.isdecimal() and int(pid) != os.getpid():
                for one in files.names(f"/proc/{pid}/fd"):
                    with contextlib.suppress(OSError):
                        if os.path.samestat(os.stat(f"/proc/{pid}/fd/{one}"), meant):
                            yield int(pid)


def first_is_shell() -> bool:
    """Whether process 1 is a shell with a command (`/bin/sh -c …`) or this very process."""
    words = "".join(_lines("/proc/1/cmdline")).split("\0")
    shell = os.path.basename(words[0]) in {"sh", "bash", "dash", "ash", "zsh"} and "-c" in words[1:4]
    return shell or os.getpid() == 1


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readlines()
    except OSError:
        return []
