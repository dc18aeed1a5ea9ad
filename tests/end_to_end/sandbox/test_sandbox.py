"""`scripts/sandbox`: what a person tries in it never reaches the machine."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

SANDBOX = Path(__file__).parents[3] / "scripts" / "sandbox"
CERTIFICATES = Path("/usr/local/share/ca-certificates")


def sandbox(
    *command: str, before: Sequence[str] = (), cwd: Path | None = None, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command in the sandbox; `before` is a command that runs the sandbox in turn."""
    return subprocess.run(
        [*before, str(SANDBOX), *command], capture_output=True, text=True, cwd=cwd, input=text, timeout=60, check=False
    )


@pytest.fixture
def directory() -> Path:
    """A name at the top of the file system that nothing has."""
    return Path("/", f"sandbox-test-{uuid.uuid4().hex}")


def test_changes_vanish(directory: Path) -> None:
    """A system store that is changed inside is changed inside only."""
    before = sorted(CERTIFICATES.iterdir())
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    content = bundle.read_bytes()
    done = sandbox(
        "sh",
        "-ec",
        f"mkdir {directory}; touch {CERTIFICATES}/new.crt; rm {bundle}; ls {CERTIFICATES}; test ! -e {bundle}",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "new.crt" in done.stdout
    assert not directory.exists()
    assert sorted(CERTIFICATES.iterdir()) == before
    assert bundle.read_bytes() == content


@pytest.mark.parametrize(("command", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_exit_status(command: str, status: int) -> None:
    """The exit status is the command's."""
    assert sandbox("sh", "-c", command).returncode == status


def test_directory_and_arguments(tmp_path: Path) -> None:
    """The command starts in the current directory and gets its arguments as they were given."""
    done = sandbox(
        sys.executable, "-c", "import os, sys; print(os.getcwd(), sys.argv[1:])", "a b", "", "*", cwd=tmp_path
    )
    assert done.stdout == f"{tmp_path} ['a b', '', '*']\n"


def test_standard_input() -> None:
    """Without a command it is a shell, which reads commands from standard input and says where one is."""
    done = sandbox(text="echo here; exit 3\n")
    assert (done.returncode, done.stdout) == (3, "here\n")
    assert "throw-away" in done.stderr


def test_no_process_stays() -> None:
    """What the command leaves running in the background is ended with it (else reading its output would take long)."""
    start = time.monotonic()
    assert sandbox("sh", "-c", "sleep 1000 & echo started").stdout == "started\n"
    assert time.monotonic() - start < 30


def test_other_file_systems() -> None:
    """A file system mounted below / is there, and what is written to it is not written to the real one."""
    script = f"""
    mount -t tmpfs one /srv; echo real >/srv/file
    mkdir /srv/two; mount -t tmpfs two /srv/two; echo real >/srv/two/file
    mkdir '/srv/a,b'; mount -t tmpfs three '/srv/a,b'
    {SANDBOX} sh -c 'cd /srv; cat file two/file; echo new >file; echo new >two/file; cat file two/file
                     touch a,b/x && echo written'
    cat /srv/file /srv/two/file; ls '/srv/a,b'
    """
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["real", "real", "new", "new", "real", "real"]
    assert "Read-only file system" in done.stderr


def test_without_root() -> None:
    """An account other than root is told in one sentence what is needed."""
    done = sandbox("true", before=["setpriv", "--reuid=65534", "--clear-groups", "sh"])
    assert done.returncode == 125
    assert done.stderr.count("\n") == 1
    assert "sudo" in done.stderr


def test_help() -> None:
    """It says what is kept away from the machine, and what is not."""
    done = sandbox("--help")
    assert done.returncode == 0
    assert "Not isolated:" in done.stdout
    assert sandbox("--nonsense").returncode == 2
