"""When running programs were started."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from trustinstall.host import other_processes


def test_a_program_is_known_by_its_name_and_start(tmp_path: Path) -> None:
    """The oldest one of a name counts, also of a name with blanks and parentheses; the time is no second too early."""
    program = tmp_path / "a) (b"
    program.symlink_to("/bin/sleep")
    before = time.time()
    with subprocess.Popen([program, "60"]) as first:
        time.sleep(0.3)
        with subprocess.Popen([program, "60"]) as second:
            started = other_processes.started()[program.name]
            after = time.time()
            second.kill()
        first.kill()
    assert before - 0.05 <= started <= after - 0.2
