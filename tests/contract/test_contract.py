"""The contract, for every store that there is; a backend without a machine is an error, not a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.contract.machines import Base, Debian, Environment
from tests.support.throwaway import Throwaway
from trustinstall.catalog import BACKENDS
from trustinstall.contract import Contract

MACHINES: dict[str, tuple[str, bool, Callable[[Throwaway], Base]]] = {
    "debian": ("debian", False, Debian),
    "debian-with-java": ("debian", True, Debian),
    "certifi": ("certifi", False, Environment),
}
FOLLOWERS = {"java"}  # only ever fed by another store: proved with debian-with-java


def test_every_backend_has_a_machine() -> None:
    """A kind of store that the contract is not run on does not exist."""
    covered = {backend for backend, _, _ in MACHINES.values()} | FOLLOWERS
    assert {backend.name for backend in BACKENDS} == covered


@pytest.mark.timeout(1800)
class TestContract(Contract):
    """The promises, on each machine."""

    @pytest.fixture(params=list(MACHINES))
    def machine(self, request: pytest.FixtureRequest) -> Iterator[Base]:
        """A machine as it was delivered."""
        _, java, deliver = MACHINES[request.param]
        with Throwaway(java=java) as throwaway:
            yield deliver(throwaway)
