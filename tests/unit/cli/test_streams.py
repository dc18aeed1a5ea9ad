"""Standard streams that take nothing more: on a full disk, without a reader, or closed by the caller."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
PROGRAM = (sys.executable, "-m", "trustinstall")
#: No reader: the read end of a pipe is closed before the program starts.
_NO_READER = "import os, subprocess, sys; r, w = os.pipe(); os.close(r); sys.exit(subprocess.call(sys.argv[1:], {}=w))"
ASKED = pytest.mark.parametrize(
    "words",
    [
        *(["--version"], ["--show-completion"], ["--help"], ["list"], ["list", "--json"], ["export"], ["log"]),
        *(["agent", "status"], ["repair", "-n"], ["self", "uninstall", "-yn"]),
    ],
    ids=" ".join,
)


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, env=ENVIRON)


def _bash(words: list[str], end: str = "") -> tuple[str, ...]:
    """Return a command whose parent is a shell that has completions."""
    return "bash", "-c", f"{shlex.join([*PROGRAM, *words])} {end}; exit $?"


def _shell(words: list[str], end: str) -> subprocess.CompletedProcess[str]:
    return _run([*_bash(words, end)])


def _without_reader(stream: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    return _run([sys.executable, "-c", _NO_READER.format(stream), *_bash(words)])


@ASKED
def test_a_full_disk_is_an_error(words: list[str]) -> None:
    """It is one sentence with the reason, and the exit code 1."""
    done = _shell(words, ">/dev/full")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.endswith("could not be written: No space left on device\n")


@ASKED
def test_a_reader_that_has_ended_or_was_never_there_is_no_error(words: list[str]) -> None:
    """`| true` and `>&-` end without a word."""
    for done in (_without_reader("stdout", words), _shell(words, ">&-")):
        assert (done.returncode, done.stderr) == (0, "")


def test_an_error_that_cannot_be_written_has_its_exit_code() -> None:
    """The code of wrong usage is the same if standard error is full, has no reader, or is closed."""
    words = ["no-such-command"]
    for done in (_shell(words, "2>/dev/full"), _shell(words, "2>&-"), _without_reader("stderr", words)):
        assert (done.returncode, done.stdout) == (2, "")
