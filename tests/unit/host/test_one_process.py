"""A process of another program: its variables count only where it sees the files that are seen here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from trustinstall.errors import UsageProblem
from trustinstall.host import one_process

WAITS = "print(flush=True); input()"
BELOW = f"import os; os.chroot('/proc/self/cwd'); {WAITS}"


@pytest.mark.parametrize(("program", "refused"), [(WAITS, False), (BELOW, True)])
def test_a_process_below_another_root_is_refused(program: str, *, refused: bool) -> None:
    """In a chroot or container a process names files that are not those of the same names here."""
    words = (sys.executable, "-c", program)
    with subprocess.Popen(words, cwd="/usr", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            one_process.find(process.pid)
        except UsageProblem as problem:
            assert (refused, "sees other files" in str(problem)) == (True, True)
        else:
            assert not refused
        finally:
            process.kill()
