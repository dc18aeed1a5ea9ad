"""The throw-away Debian of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.stores.debian.machine import Machine
from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A fresh Debian with Java."""
    with Throwaway() as root:
        yield Machine(root)


@pytest.fixture
def plain() -> Iterator[Machine]:
    """A fresh Debian without Java: its tools are three times as fast."""
    with Throwaway(java=False) as root:
        yield Machine(root)


@pytest.fixture(scope="module")
def corp() -> Root:
    """The company's root."""
    return make_root("Corp Root (G2), x")
