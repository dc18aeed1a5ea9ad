"""Runs native tools: no shell, a built environment, a process group of their own, and a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import IO, TYPE_CHECKING, Any, TypedDict

from trustinstall.errors import ToolFailed, printable
from trustinstall.host import control, files, scratch, watchdog
from trustinstall.host.commands import INPUT_FILE, OUTPUT_FILE, Run
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping


# Tools get these variables and none of the caller's (LD_PRELOAD, OPENSSL_CONF, JAVA_TOOL_OPTIONS, PYTHON*, TMPDIR …).
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/"}
_MOST_SAID = 65536  # bytes of a tool's output that are kept: the last ones
_MOST_ANSWERED = 64 * 1024 * 1024  # bytes of a requested answer
_GRACE = 5.0  # seconds between asking a tool to end and killing it
_SLICE = 5.0  # seconds between two progress reports while a tool runs


@dataclass(frozen=True)
class ToolResult:
    """How a tool ended: its exit status (negative: a signal), and its output, as untrusted text.

    `answer` is the result of a query: the file that the tool wrote, or its whole standard output.
    """

    status: int
    output: str
    answer: bytes = b""


def run(
    command: Run,
    program: str,
    told: Mapping[str, str],
    inherit: tuple[int, ...],
    aside: str | None = None,
    name: str = "",
) -> ToolResult:
    """Run one tool in a process group of its own, with a built environment, an umask of 022 and a time-out.

    `program` is the real path; the tool also inherits the descriptors in `inherit`; files whose paths replace words of
    its arguments lie in a directory of their own in `aside`; errors call it `name`. Raises ToolFailed if the program is
    missing, is not safe to run as root, does not end in time, or fails although it must succeed.
    """
    name = name or os.path.basename(command.argv[0])
    _check_program(program, name)
    # Files, not pipes: a tool that outlives this process is not ended because the reader is gone.
    with _arguments(command, aside) as (arguments, _), tempfile.TemporaryFile(dir=scratch.place()) as said:
        status = _run(command, (program, *arguments), told, inherit, said, said)
        result = ToolResult(status, _last(said))
    if result.status and command.must_succeed:
        raise ToolFailed(f"{name} failed with status {result.status}: {_last_line(result.output)}")
    return result


def query(command: Run, program: str, told: Mapping[str, str], aside: str | None = None) -> ToolResult:
    """Run a tool that only reads, as `run` does; raises ToolFailed in the same cases, and if its answer is too long."""
    name = os.path.basename(command.argv[0])
    _check_program(program, name)
    with (
        _arguments(command, aside) as (arguments, answered),
        tempfile.TemporaryFile(dir=scratch.place()) as said,
        tempfile.TemporaryFile(dir=scratch.place()) as complained,
    ):
        status = _run(command, (program, *arguments), told, (), said, complained)
        said.seek(0)
        answer = files.read(answered, _MOST_ANSWERED) if os.path.exists(answered) else said.read(_MOST_ANSWERED + 1)
        if len(answer) > _MOST_ANSWERED:
            raise ToolFailed(f"{name} answers more than {_MOST_ANSWERED} bytes; run it by hand to see why")
        result = ToolResult(status, _last(complained) or _last(said), answer)
    if result.status and command.must_succeed:
        raise ToolFailed(f"{name} failed with status {result.status}: {_last_line(result.output)}")
    return result


@contextlib.contextmanager
def _arguments(command: Run, parent: str | None) -> Generator[tuple[tuple[str, ...], str], None, None]:
    """Yield the arguments, with real paths for the words that stand for files, and the path of the answer, or ""."""
    if not {INPUT_FILE, OUTPUT_FILE} & set(command.argv):
        yield command.argv[1:], ""
        return
    with scratch.directory(parent) as (directory, _):
        given, answer = os.path.join(directory, "given.cer"), os.path.join(directory, "answer")
        with open(given, "xb") as file:
            file.write(command.given)
        paths_of = {INPUT_FILE: given, OUTPUT_FILE: answer}
        if command.translate:
            used = {word: path for word, path in paths_of.items() if word in command.argv}
            paths_of = {word: _translated(command, path) for word, path in used.items()}
        yield tuple(paths_of.get(word, word) for word in command.argv[1:]), answer


def _translated(command: Run, path: str) -> str:
    """Return the name of a file for programs of another system. Raises ToolFailed if it has none."""
    words = Run((*command.translate, path), env=command.env, seconds=10)
    tool = command.translate[0]
    name = query(words, tool, {}).answer.decode("utf-8", "replace").rstrip("\r\n")
    if not name:
        raise ToolFailed(f"{os.path.basename(tool)} names no file for {path}; run it by hand to see why")
    return name


def _run(
    command: Run,
    argv: tuple[str, ...],
    told: Mapping[str, str],
    inherit: tuple[int, ...],
    said: IO[bytes],
    complained: IO[bytes],
) -> int:
    """Start a tool, wait for its end, and return its exit status."""
    name = os.path.basename(argv[0])
    if watchdog.spent():
        raise ToolFailed(f"{name} is not run, because too many runs had to be stopped; look at what they waited for")
    with tempfile.TemporaryFile(dir=scratch.place()) as given:
        given.write(command.stdin)
        given.seek(0)
        try:
            child = subprocess.Popen(  # no shell: an argument vector and an absolute path
                argv,
                stdin=given,
                stdout=said,
                stderr=complained,
                env={**_environment(), **told, **dict(command.env)},
                **_apart(inherit),
            )
        except OSError as error:
            raise ToolFailed(f"{name} could not be started: {error.strerror}; check {argv[0]}") from None
        with _together(child):
            _await(child, name, command.seconds, command.timeout_advice)
    return child.returncode


class _Apart(TypedDict, total=False):
    """How a child is separated from this process; see `subprocess.Popen`."""

    cwd: str
    start_new_session: bool
    umask: int
    pass_fds: tuple[int, ...]
    creationflags: int
    startupinfo: Any


def _apart(inherit: tuple[int, ...]) -> _Apart:
    """Return how a tool is started: in a group of its own, with no descriptors but those in `inherit`."""
    if sys.platform == "win32":
        import msvcrt

        from trustinstall.host.windows import api

        handles = [msvcrt.get_osfhandle(one) for one in inherit]
        return {
            "cwd": api.windows_directory(),
            "creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP,
            "startupinfo": subprocess.STARTUPINFO(lpAttributeList={"handle_list": handles}),
        }
    return {"cwd": "/", "start_new_session": True, "umask": 0o022, "pass_fds": inherit}


def _environment() -> dict[str, str]:
    """Return the environment of every tool."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        windows = api.windows_directory().replace("/", "\\")
        temporary = tempfile.gettempdir()
        return {
            "SystemRoot": windows,
            "windir": windows,
            "SystemDrive": windows[:2],
            "PATH": api.system_directory().replace("/", "\\"),
            "TEMP": temporary,
            "TMP": temporary,
        }
    return ENVIRONMENT


@contextlib.contextmanager
def _together(child: subprocess.Popen[bytes]) -> Generator[None, None, None]:
    """Windows: processes that a tool starts end with it, and all of them with this process (no group does that)."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        job = api.Job(child.pid)
        try:
            yield
        finally:
            job.close()
    else:
        yield


def _last(said: IO[bytes]) -> str:
    """Return the end of the output, as text."""
    said.seek(max(0, os.fstat(said.fileno()).st_size - _MOST_SAID))
    return said.read(_MOST_SAID).decode("utf-8", "replace")


def _await(child: subprocess.Popen[bytes], name: str, seconds: float, advice: str) -> None:
    end = time.monotonic() + seconds
    try:
        while (left := end - time.monotonic()) > 0:
            watchdog.beat()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(min(left, _SLICE))
                return
    except BaseException:
        _end(child)
        raise
    watchdog.late()
    _end(child)
    raise ToolFailed(f"{name} did not end within {seconds:.0f} s and was stopped; {advice}")


def _check_program(program: str, name: str) -> None:
    """Refuse, as root, a program that another account may have written."""
    real = os.path.realpath(program)
    if not files.executable(real):
        raise ToolFailed(f"{name} is missing; install the package that brings {program}")
    if sys.platform == "win32":
        from trustinstall.host.windows import access, api

        why = access.other_writers(real, machine=True) if api.elevated() else None
        if why:
            raise ToolFailed(f"{name} is not run, because {why}; look at who may change {program}")
        return
    if os.geteuid() != 0:
        return
    try:
        safe, why = control.path_owner("/", real) == 0, f"{real} does not belong to root alone"
    except OSError as error:
        safe, why = False, str(error.strerror)
    if not safe:
        raise ToolFailed(f"{name} is not run as root, because {why}; look at who may change it")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a tool and every process that it has started."""
    if sys.platform == "win32":
        child.kill()  # and the job ends the processes that it has started
        child.wait()
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
