"""Processes, the environment and the clock: how native tools are run, and what is kept quiet meanwhile."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from trustinstall.errors import Busy, ToolFailed, printable
from trustinstall.host import files, paths

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.plan import Guard, Run

# Tools see this and nothing of the caller's (LD_PRELOAD, OPENSSL_CONF, JAVA_TOOL_OPTIONS, PYTHON*, TMPDIR …).
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/"}
_MOST_SAID = 65536  # bytes of a tool's output that are kept: the last ones
_GRACE = 5.0  # seconds between asking a tool to end and ending it
_POLL = 0.1  # seconds


@dataclass(frozen=True)
class ToolResult:
    """How a tool ended: its exit status (negative: a signal), and what it printed, as untrusted text."""

    status: int
    output: str


def environment() -> dict[str, str]:
    """A copy of the caller's environment."""
    return dict(os.environ)


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(timezone.utc)


def stamp(environ: Mapping[str, str]) -> str:
    """The time to write down; see `Host.stamp`. Source: reproducible-builds.org, SOURCE_DATE_EPOCH."""
    moment = now()
    with contextlib.suppress(ValueError, OverflowError, OSError):  # a variable that is no time is no reason to fail
        moment = datetime.fromtimestamp(int(environ.get("SOURCE_DATE_EPOCH") or "none"), timezone.utc)
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def token() -> str:
    """64 random bits, in hex."""
    return os.urandom(8).hex()  # what secrets.token_hex does, without 5 ms of imports


def run(command: Run, program: str, told: Mapping[str, str], inherit: tuple[int, ...]) -> ToolResult:
    """Run one tool in a process group of its own, with a built environment, an umask of 022 and a time-out.

    `program` is the real path; the tool also inherits the descriptors in `inherit`. Raises ToolFailed where the
    program is missing, is not safe to run as root, does not end in time, or fails although it must succeed.
    """
    name = os.path.basename(command.argv[0])
    _check_program(program, name)
    posix = sys.platform != "win32"
    # Files and no pipes: a tool that outlives us is not ended by a reader that has gone.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(command.stdin)
        given.seek(0)
        try:
            child = subprocess.Popen(  # no shell: an argument vector and an absolute path
                (program, *command.argv[1:]),
                stdin=given,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**ENVIRONMENT, **told, **dict(command.env)},
                cwd="/" if posix else None,
                start_new_session=posix,
                umask=0o022 if posix else -1,
                pass_fds=inherit if posix else (),
            )
        except OSError as error:
            raise ToolFailed(f"{name} could not be started: {error.strerror}; check {program}") from None
        _await(child, name, command.seconds)
        said.seek(max(0, os.fstat(said.fileno()).st_size - _MOST_SAID))
        result = ToolResult(child.returncode, said.read(_MOST_SAID).decode("utf-8", "replace"))
    if result.status and command.must_succeed:
        raise ToolFailed(f"{name} failed with status {result.status}: {_last_line(result.output)}")
    return result


def _await(child: subprocess.Popen[bytes], name: str, seconds: float) -> None:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        _end(child)
        raise ToolFailed(
            f"{name} did not end within {seconds:.0f} s and was stopped; run it by hand to see why"
        ) from None
    except BaseException:
        _end(child)
        raise


def _check_program(program: str, name: str) -> None:
    """As root, only programs that nobody else can have written are run."""
    real = os.path.realpath(program)
    if not files.executable(real):
        raise ToolFailed(f"{name} is missing; install the package that brings {program}")
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    try:
        safe, why = paths.path_owner("/", real) == 0, f"{real} does not belong to root alone"
    except OSError as error:
        safe, why = False, str(error.strerror)
    if not safe:
        raise ToolFailed(f"{name} is not run as root, because {why}; look at who may change it")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a tool and everything that it has started."""
    if sys.platform == "win32":
        child.kill()
        return
    for number, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return printable(lines[-1]) if lines else "it said nothing"


class Guarded:
    """Holds a guard's lock, and waits until its tool is quiet; a context manager.

    `told` is what tools must find in their environment: dpkg(1) does not take its frontend lock when
    DPKG_FRONTEND_LOCKED is set, because its caller holds it. Where the lock's holder is an ancestor of ours (we were
    called from a package's own hook), waiting would never end: then nothing is taken, and tools are told the same.
    Entering and `wait` raise Busy when either is not quiet in time.
    """

    def __init__(self, guard: Guard, root: str) -> None:
        self._guard, self._root = guard, root
        self._descriptor = -1
        self.told: Mapping[str, str] = {}

    def __enter__(self) -> Guarded:  # noqa: PYI034  typing.Self needs Python 3.11
        try:
            if self._guard.lock:
                self._take(self._guard.lock)
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def wait(self) -> None:
        """Wait until nobody but us runs the guard's tool."""
        end = time.monotonic() + self._guard.seconds
        while self._guard.tool and (pid := _other(self._guard.tool)):
            if time.monotonic() > end:
                raise Busy(f"{self._guard.tool} is being run by process {pid}; try again when it has ended")
            time.sleep(_POLL)

    def _take(self, lock: str) -> None:
        import fcntl

        try:
            self._descriptor = os.open(paths.below(self._root, lock), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        end = time.monotonic() + self._guard.seconds
        while True:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                holder = _holder(os.fstat(self._descriptor).st_ino)
            if holder in _ancestors():
                break
            if time.monotonic() > end:
                raise Busy(
                    f"the package manager is working (process {holder or 'unknown'} holds {lock}); "
                    "try again when it has ended"
                )
            time.sleep(_POLL)
        self.told = {"DPKG_FRONTEND_LOCKED": "1"}


def _holder(inode: int) -> int | None:
    """The process that holds a POSIX lock on an inode; source: proc_locks(5)."""
    for line in _lines("/proc/locks"):
        fields = line.split()
        if fields[1:2] == ["POSIX"] and any(field.endswith(f":{inode}") for field in fields[5:6]):
            return int(fields[4])
    return None


def _ancestors() -> set[int]:
    """The processes that we descend from; source: proc_pid_status(5)."""
    found: set[int] = set()
    pid = os.getppid()
    while pid > 0 and pid not in found:
        found.add(pid)
        pid = next(
            (int(line.split()[1]) for line in _lines(f"/proc/{pid}/status") if line.startswith("PPid:")),
            0,
        )
    return found


def _other(tool: str) -> int | None:
    """A process in our root that runs the program or script `tool` and is no ancestor of ours."""
    here, ancestors = os.stat("/"), _ancestors()
    for name in files.names("/proc"):
        if not name.isdecimal() or int(name) == os.getpid() or int(name) in ancestors:
            continue
        words = "".join(_lines(f"/proc/{name}/cmdline")).split("\0")
        if not any(os.path.basename(word) == tool for word in words[:3]):  # sh -e /usr/sbin/tool
            continue
        with contextlib.suppress(OSError):
            root = os.stat(f"/proc/{name}/root")
            if os.stat(f"/proc/{name}").st_uid != os.geteuid():
                continue  # an ordinary account's process of that name makes nothing, and must not hold us up
            if (root.st_dev, root.st_ino) == (here.st_dev, here.st_ino):
                return int(name)
    return None


def programs() -> set[str]:
    """The names of all running programs (15 characters each at most); source: proc_pid_comm(5)."""
    pids = (name for name in files.names("/proc") if name.isdecimal())
    return {line.strip() for pid in pids for line in _lines(f"/proc/{pid}/comm")}


def first_is_shell() -> bool:
    """Whether process 1 is a shell with a command (`/bin/sh -c …`) or this very process."""
    words = "".join(_lines("/proc/1/cmdline")).split("\0")
    shell = os.path.basename(words[0]) in {"sh", "bash", "dash", "ash", "zsh"} and "-c" in words[1:4]
    return shell or os.getpid() == 1


def command(environ: Mapping[str, str]) -> str:
    """How this program was started: the launcher's path, the console script's, or the interpreter's."""
    launcher = environ.get("TRUSTINSTALL_LAUNCHER") or sys.argv[0]
    if os.path.basename(launcher).startswith("trustinstall") and os.path.isfile(launcher):
        return shlex.quote(os.path.abspath(launcher))
    return f"{shlex.quote(sys.executable)} -I -m trustinstall"  # isolated: the current directory may be anybody's


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readlines()
    except OSError:
        return []
