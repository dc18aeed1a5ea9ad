"""A start of the program without its imports (`tests.support.warm`) is what another start is."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway
from tests.support.warm import Warm

_STATUS = ("Uid", "Gid", "Groups", "Umask", "CapEff", "CapPrm", "SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "Seccomp")
WAITS = ("add", "--dry-run", "-")  # for its standard input


@pytest.fixture(scope="module")
def root() -> Iterator[Throwaway]:
    """One whose program is always started by the waiting Python, in the full form, too."""
    with pytest.MonkeyPatch.context() as patched, Throwaway(java=False) as root:
        patched.setattr("tests.support.throwaway.FULL", False)
        yield root


def _falls_asleep(proc: Path) -> None:
    """Wait until a process has slept, and used no processor, for a third of a second."""
    deadline, asleep, before = time.monotonic() + 60, 0, [""]
    while asleep < 30:
        assert time.monotonic() < deadline
        time.sleep(0.01)
        fields = (proc / "stat").read_text().rpartition(")")[2].split()
        now = [fields[0], *fields[11:13]]
        asleep, before = (asleep + 1, now) if now == before and now[0] == "S" else (0, now)


def _waiting(process: subprocess.Popen[str]) -> Mapping[str, object]:
    """What the kernel says of a process that waits for its standard input."""
    proc = Path("/proc", str(process.pid))
    _falls_asleep(proc)
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    return {
        **{name: status[name].split() for name in _STATUS},
        "group and session": [int(one) == process.pid for one in fields[2:4]],
        "files": sorted(path.name for path in (proc / "fd").iterdir()),
        "directory": str((proc / "cwd").readlink()).rpartition("/root")[2],
        "mounts": str((proc / "ns/mnt").readlink()),
        "root": (proc / "root").stat().st_ino,
        "dumpable": (proc / "fd").stat().st_uid,
    }


@pytest.mark.parametrize("user", ["root", "alice"])
def test_the_kernel_sees_no_difference(root: Throwaway, user: str) -> None:
    """Account, groups, capabilities, signals, session, files, directory, root and mounts are those of a new process."""
    pem = make_root("Corp Root").pem.decode()
    with root.start(*WAITS, user=user, stdin=subprocess.PIPE) as warm:
        assert isinstance(warm, Warm)
        seen = _waiting(warm)
        said = warm.communicate(pem)
    with root.popen([*PROGRAM, *WAITS], user=user, stdin=subprocess.PIPE) as cold:
        assert _waiting(cold) == seen
        assert cold.communicate(pem) == said
    assert (warm.returncode, "Corp Root" in said[0]) == (cold.returncode, True)


def test_codes_and_signals_arrive(root: Throwaway) -> None:
    """An exit code is the program's; a killed process says by which signal; a wait for one that runs has an end."""
    assert root.trustinstall("no-such-command").returncode == 2
    assert root.trustinstall("--version").stdout.startswith("trustinstall ")
    with root.start(*WAITS, stdin=subprocess.PIPE) as process:
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL


def test_a_variable_reaches_it(root: Throwaway) -> None:
    """What is put into the environment of one start is in no other one's."""
    path = root.write("/srv/corp.crt", make_root("Corp Root").pem)
    words = ("add", "--dry-run", path)
    assert root.trustinstall(*words, env={"TRUSTINSTALL_SHA256": "0" * 64}).returncode != 0
    assert root.trustinstall(*words).returncode == 0


@pytest.mark.parametrize("name", ["PYTHONUTF8", "LC_ALL", "TERM"])
def test_what_is_read_at_a_start_has_a_new_one(root: Throwaway, name: str) -> None:
    """A variable that Python or a library reads when it starts, or a program that the test has changed."""
    with root.start("--version", env={name: "C"}) as process:
        assert not isinstance(process, Warm)
        process.communicate()


def test_a_changed_program_has_a_new_start(root: Throwaway) -> None:
    """What a test has put in the place of the program is what runs."""
    root.write("/opt/trustinstall/bin/python", "#!/bin/sh\necho mine\n", mode=0o755)
    assert root.trustinstall("list").stdout == "mine\n"
    root.reset()
    assert root.trustinstall("list").stdout != "mine\n"
