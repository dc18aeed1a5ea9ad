"""The made-up Debian of each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platforms.linux.debian.machine import BACKEND, LINKS, LOCAL, PUBLIC, SELECTION, SHIPPED, TOOL, Machine
from trustinstall.host import Account, ActingHost


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Debian with one public root."""
    account = Account(0, 0, "root", "/root")
    made = Machine(tmp_path, ActingHost("linux", str(tmp_path), {}, account), BACKEND)
    made.write("/etc/os-release", b'NAME="Debian"\nID=debian\n')
    made.write(TOOL, b"#!/bin/sh\n", 0o755)
    made.write(f"{SHIPPED}/mozilla/Public.crt", PUBLIC.pem)
    made.write(SELECTION, b"# which ones\nmozilla/Public.crt\n")
    made.path(LOCAL).mkdir(parents=True)
    made.path(LINKS).mkdir(parents=True)
    made.settle()
    return made
