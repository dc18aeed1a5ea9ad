"""A process of another program: its variables count only where it sees the files that are seen here."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext

import pytest

from trustinstall.errors import UsageProblem
from trustinstall.host import one_process

WAITS = "print(flush=True); input()"
BELOW = f"import os; os.chroot('/proc/self/cwd'); {WAITS}"


@pytest.mark.parametrize("program", [WAITS, BELOW])
def test_a_process_below_another_root_is_refused(program: str) -> None:
    """In a chroot or container a process names files that are not those of the same names here."""
    expected = pytest.raises(UsageProblem, match="sees other files") if program == BELOW else nullcontext()
    words = (sys.executable, "-c", program)
    with subprocess.Popen(words, cwd="/usr", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            with expected:
                one_process.find(process.pid)
        finally:
            process.kill()
