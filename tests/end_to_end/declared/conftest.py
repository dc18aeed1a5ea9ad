"""A throw-away Debian for the command line's tests, as it was delivered before each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.throwaway import Throwaway


@pytest.fixture(scope="module")
def debian() -> Iterator[Throwaway]:
    """One for all tests of a module that change nothing."""
    with Throwaway(java=False) as root:
        yield root


@pytest.fixture
def fresh(debian: Throwaway) -> Iterator[Throwaway]:
    """One that a test may change."""
    yield debian
    debian.reset()
