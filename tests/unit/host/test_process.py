"""How native tools are run: what they see, what they inherit, how long they may take."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from trustinstall.errors import ToolFailed
from trustinstall.host import process, scratch
from trustinstall.host.commands import Run
from trustinstall.host.process import ToolResult

HOSTILE = {
    "LD_PRELOAD": "/tmp/evil.so",  # it must not even be looked at
    "LD_LIBRARY_PATH": "/tmp",
    "PYTHONPATH": "/tmp",
    "PYTHONSTARTUP": "/tmp/evil.py",
    "OPENSSL_CONF": "/tmp/evil.cnf",
    "SSL_CERT_FILE": "/tmp/evil.pem",
    "JAVA_TOOL_OPTIONS": "-javaagent:/tmp/evil.jar",
    "BASH_ENV": "/tmp/evil.sh",
    "ENV": "/tmp/evil.sh",
    "PERL5LIB": "/tmp",
    "IFS": "x",
    "TMPDIR": "/tmp/evil",
    "http_proxy": "http://evil.example",
    "SUDO_UID": "1000",
}


def tool(directory: Path, script: str) -> str:
    """A program of root's that runs a few lines of shell."""
    path = directory / "tool"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def run(
    program: str, *arguments: str, told: Mapping[str, str] | None = None, inherit: tuple[int, ...] = (), **more: object
) -> ToolResult:
    """Run it as the engine would."""
    return process.run(Run((program, *arguments), **more), program, told or {}, inherit)  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    """Whether a process is there, and more than a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def gone(*pids: int) -> bool:
    """Whether processes end within a few seconds."""
    end = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(alive, pids))


def test_a_tool_sees_nothing_of_the_callers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly the built environment, what a guard told, and what the step itself says."""
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    said = run("/usr/bin/env", told={"TOLD": "1"}, env=(("OWN", "2"),)).output
    assert dict(line.split("=", 1) for line in said.splitlines()) == {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C",
        "HOME": "/",
        "TOLD": "1",
        "OWN": "2",
    }


def test_where_and_how_a_tool_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In /, with an umask of 022, in a session of its own, with three descriptors and no terminal."""
    monkeypatch.chdir(tmp_path)
    program = tool(
        tmp_path, "pwd; umask; cut -d' ' -f6 /proc/$$/stat; echo $$; ls -m /proc/$$/fd"
    )  # a pipe would be seen
    secret, old = os.open("/etc/passwd", os.O_RDONLY), os.umask(0o077)
    os.set_inheritable(secret, True)  # noqa: FBT003  its only form
    try:
        where, umask, session, pid, descriptors = run(program).output.splitlines()
    finally:
        os.umask(old)
        os.close(secret)
    assert (where, umask, session) == ("/", "0022", pid)
    assert {int(each) for each in descriptors.split(",")} <= {0, 1, 2, 10}  # 10: the shell's script


def test_standard_input_is_what_the_step_says_and_ends(tmp_path: Path) -> None:
    """A tool that reads gets the step's bytes and then the end, never the caller's terminal."""
    program = tool(tmp_path, "cat")
    assert run(program, stdin=b"given\n").output == "given\n"
    assert run(program, seconds=5.0).output == ""


def test_output_is_bounded_and_the_end_of_it_kept(tmp_path: Path) -> None:
    """Megabytes of output cost no memory; the last words are what is quoted."""
    program = tool(
        tmp_path, "head -c 5000000 /dev/zero | tr '\\0' x; echo; printf '\\033[31mthe last words\\377\\n'; exit 7"
    )
    said = run(program, must_succeed=False)
    assert (said.status, len(said.output) <= 65536) == (7, True)
    with pytest.raises(ToolFailed) as caught:
        run(program)
    assert "the last words" in str(caught.value)
    assert "status 7" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("trap", ["", "trap '' TERM INT HUP\n"], ids=["polite", "stubborn"])
def test_a_time_out_ends_the_whole_process_group(tmp_path: Path, trap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool and what it has started are ended, also where they do not listen."""
    monkeypatch.setattr(process, "_GRACE", 0.3)
    program = tool(
        tmp_path,
        f"{trap}sleep 600 & echo $! >{tmp_path}/grandchild; echo $$ >{tmp_path}/child; while :; do sleep 600; done",
    )
    started = time.monotonic()
    with pytest.raises(ToolFailed, match="did not end within"):
        run(program, seconds=2)  # a busy machine starts it late
    assert time.monotonic() - started < 20
    assert gone(*(int((tmp_path / name).read_text()) for name in ("child", "grandchild")))


def test_an_interrupt_ends_the_tool(tmp_path: Path) -> None:
    """Ctrl-C while we wait in the main thread: the tool does not go on behind our back."""
    program = tool(tmp_path, f"echo $$ >{tmp_path}/child.new; mv {tmp_path}/child.new {tmp_path}/child; exec sleep 600")

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def send() -> None:
        deadline = time.monotonic() + 60
        while not (tmp_path / "child").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGALRM)

    old = signal.signal(signal.SIGALRM, interrupt)
    sender = threading.Thread(target=send)
    sender.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(program)
    finally:
        sender.join()
        signal.signal(signal.SIGALRM, old)
    assert gone(int((tmp_path / "child").read_text()))


def test_a_missing_tool_is_named(tmp_path: Path) -> None:
    """Missing, no program, or a directory: one sentence."""
    (tmp_path / "plain").write_text("")
    for name in ("missing", "plain", "."):
        with pytest.raises(ToolFailed, match="is missing"):
            run(str(tmp_path / name))


@pytest.mark.parametrize("whose", ["owner", "all", "directory", "link"])
def test_root_runs_nothing_that_others_can_write(tmp_path: Path, whose: str) -> None:
    """A program that another account owns, or may replace, is refused before it is started."""
    program = Path(tool(tmp_path, f"touch {tmp_path}/ran"))
    if whose == "owner":
        os.chown(program, 12345, 12345)
    elif whose == "all":
        program.chmod(0o777)
    elif whose == "directory":
        tmp_path.chmod(0o777)
    else:
        os.chown(program, 12345, 12345)
        (tmp_path / "link").symlink_to(program)
        program = tmp_path / "link"
    with pytest.raises((ToolFailed, PermissionError)) as caught:
        run(str(program))
    assert isinstance(caught.value, ToolFailed), "a sentence for people"
    assert not (tmp_path / "ran").exists()


def test_no_tool_is_started_by_a_shell(tmp_path: Path) -> None:
    """Arguments with shell letters reach the tool as they are."""
    program = tool(tmp_path, 'printf "%s\\n" "$@"')
    words = ["$(touch /tmp/x)", "a b", "; rm -rf /nowhere", "*", "\n"]
    assert run(program, *words).output == "\n".join(words) + "\n"


def test_a_tool_that_outlives_us_holds_the_lock_and_completes(tmp_path: Path) -> None:
    """After a kill of trustinstall its tool goes on to its end, and no other process gets the lock until then."""
    held = f"while ! [ -e {tmp_path}/go ]; do sleep 0.05; done"
    program = tool(tmp_path, f"touch {tmp_path}/began; {held}; echo much; touch {tmp_path}/ended")
    us = f"""
from trustinstall.host import locks, process
from trustinstall.host.commands import Run
lock = locks.take({str(tmp_path / "lock")!r}, lambda: None)
process.run(Run(({program!r},)), {program!r}, {{}}, (lock,))
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen([sys.executable, "-c", us], env=environ) as killed:
        while not (tmp_path / "began").exists():
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
    with (tmp_path / "lock").open("rb") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not (tmp_path / "ended").exists()
        (tmp_path / "go").touch()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert (tmp_path / "ended").exists()


def test_what_a_killed_query_left_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that no process works in any more goes; one in use, and any that is not trustinstall's, stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    dead = tmp_path / ".trustinstall-dead"
    dead.mkdir(0o700)
    (dead / "answer").write_text("x")
    (tmp_path / ".trustinstall-open").mkdir()
    (tmp_path / ".trustinstall-open").chmod(0o777)
    (tmp_path / ".trustinstall-theirs").mkdir(0o700)
    os.chown(tmp_path / ".trustinstall-theirs", 4711, 4711)
    (tmp_path / "other").mkdir(0o700)
    (tmp_path / ".trustinstall-link").symlink_to(tmp_path / "other")
    with scratch.directory() as used:
        scratch.sweep()
        stayed = {path.name for path in tmp_path.iterdir()}
        assert stayed == {
            Path(used.path).name,
            ".trustinstall-open",
            ".trustinstall-theirs",
            ".trustinstall-link",
            "other",
        }
    assert not Path(used.path).exists()


def test_a_directory_that_is_swept_too_early_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process' sweep between the making of a directory and its lock only costs another directory."""
    held = iter([None, (7,)])

    def hold(_path: str, _stack: object) -> tuple[int, ...] | None:
        return next(held)

    monkeypatch.setattr(scratch, "_hold", hold)
    with scratch.directory(str(tmp_path)) as used:
        assert ([str(path) for path in tmp_path.iterdir()], used.held) == ([used.path], (7,))
