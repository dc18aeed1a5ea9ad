"""A throw-away Linux in WSL, as it was before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.cli.machine import deliver, quick
from tests.support.throwaway import Throwaway
from tests.support.wsl.linux import Wsl


@pytest.fixture(scope="session")
def machine() -> Iterator[Wsl]:
    """One for all tests of a process; alice has a certifi."""
    with Throwaway(java=False) as root:
        quick(root)
        deliver(root, "alice")
        yield Wsl(root)


@pytest.fixture
def wsl(machine: Wsl) -> Iterator[Wsl]:
    """One that a test may change."""
    yield machine
    machine.reset()
