"""A process of another program, and where its files are seen."""

from __future__ import annotations

import subprocess
import sys

import pytest

from trustinstall.host import one_process

WAITS = "print(flush=True); input()"
BELOW = f"import os; os.chroot('/proc/self/cwd'); {WAITS}"


@pytest.mark.parametrize(("program", "own"), [(WAITS, False), (BELOW, True)])
def test_files_of_a_process_below_another_root_are_seen_through_it(program: str, *, own: bool) -> None:
    """In a chroot or container a process names files that are not those of the same names here."""
    words = (sys.executable, "-c", program)
    with subprocess.Popen(words, cwd="/usr", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            found = one_process.find(process.pid)
        finally:
            process.kill()
    expected = (f"/proc/{process.pid}/root", "/") if own else ("/", "/usr")
    assert (found.root, found.directory) == expected
