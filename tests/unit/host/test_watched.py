"""A command whose output is copied ends as it would without that, with any result of the copies."""

from __future__ import annotations

import subprocess
import sys

import pytest

WATCHES = "import sys; from trustinstall.host import watched; print(watched.run(sys.argv[1:]), file=sys.stderr)"


@pytest.mark.timeout(30)
def test_a_reader_that_goes_away_ends_the_command() -> None:
    """`doctor -- yes | head -1` ends, without a traceback: yes is killed by SIGPIPE."""
    words = (sys.executable, "-c", WATCHES, "yes")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"y\n"
        process.stdout.close()
        said = process.stderr.read().decode()
    assert ("Traceback" in said, said.startswith("Watched(status=141,"), process.returncode) == (False, True, 0)
