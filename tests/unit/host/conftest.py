"""Directories for tests of access lists and attributes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.host.attributes import setfacl


@pytest.fixture(params=["/dev/shm", "/var/tmp"], ids=["tmpfs", "disk"])
def place(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory that every account may enter, on a file system in memory and on a disk."""
    with tempfile.TemporaryDirectory(dir=str(request.param)) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def shared(place: Path) -> Path:
    """A directory whose default access list lets an account read and write every new file in it."""
    setfacl("--default", "--modify", "u:1234:rwx,g:4321:rwx", place)
    return place
