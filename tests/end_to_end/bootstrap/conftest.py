"""Fresh machines for these tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.bootstrap.machine import NOBODY, Machine, make_machine


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that every account may enter (pytest's own belong to one)."""
    path = Path(tempfile.mkdtemp(prefix="trustinstall-bootstrap-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def machine(directory: Path) -> Machine:
    """A machine on which an account without root's rights works."""
    return make_machine(directory, os.geteuid() or NOBODY)


@pytest.fixture
def roots_machine(directory: Path) -> Machine:
    """A machine on which root works; /opt is empty at each command."""
    return make_machine(directory, 0)
