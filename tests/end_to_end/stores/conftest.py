"""A throw-away machine for tests of NSS databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.stores.desk import CERTIFICATE, CORP, PROFILE, Desk
from tests.support.throwaway import Throwaway


@pytest.fixture(scope="module")
def machine() -> Iterator[Throwaway]:
    """A machine without a browser, where Alice has one profile of Firefox."""
    with Throwaway(java=False) as root:
        root.write(CERTIFICATE, CORP.pem)
        Desk(root).profile(PROFILE)
        root.freeze()
        yield root


@pytest.fixture
def desk(machine: Throwaway) -> Desk:
    """As it was."""
    machine.reset()
    return Desk(machine)
