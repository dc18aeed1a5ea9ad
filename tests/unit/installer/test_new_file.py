"""A new file that a caller has asked for never takes the place of another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import fake_host
from trustinstall.errors import UsageProblem
from trustinstall.installer import new_file


def test_a_file_that_has_come_meanwhile_is_left(tmp_path: Path) -> None:
    """The path was free when the command began, and is not any more: also where two options name one file."""
    host = fake_host.make(tmp_path)
    fake_host.write(host, "/home/alice/.keep")
    path = new_file.free(host, "/home/alice/a")
    new_file.write(host, path, b"first")
    for write in (lambda: new_file.write(host, path, b"second"), lambda: new_file.free(host, path)):
        with pytest.raises(UsageProblem, match="there already"):
            write()
    assert (host.read(path), host.names("/home/alice")) == (b"first", [".keep", "a"])
