"""The contract, for every store that there is; a backend without a machine is an error, not a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.contract.machines import Anchored, Base, Copy, Debian, Environment
from tests.support.throwaway import Throwaway
from trustinstall.catalog import BACKENDS
from trustinstall.contract import Contract

MACHINES: dict[str, tuple[str, bool, Callable[[Throwaway], Base]]] = {
    "debian": ("debian", False, Debian),
    "debian-with-java": ("debian", True, Debian),
    "gentoo": ("gentoo", False, partial(Copy, store="gentoo", package="emerge app-misc/ca-certificates")),
    "void": ("void", False, partial(Copy, store="void", package="xbps-install ca-certificates")),
    "el9": ("rhel", False, partial(Anchored, layout="el9", store="rhel", package="dnf install ca-certificates")),
    "fedora": ("rhel", False, partial(Anchored, layout="fedora", store="rhel", package="dnf install ca-certificates")),
    "suse": ("suse", False, partial(Anchored, layout="suse", store="suse", package="zypper install ca-certificates")),
    "arch": ("arch", False, partial(Anchored, layout="arch", store="arch", package="pacman -S ca-certificates")),
    "alpine": ("alpine", False, partial(Anchored, layout="alpine", store="alpine", package="apk add ca-certificates")),
    "certifi": ("certifi", False, Environment),
}
FOLLOWERS = {"java"}  # only ever fed by another store: proved with debian-with-java
NEVER_WRITTEN = {"declared"}  # says what to declare elsewhere: proved in tests/backends/test_declared.py


def test_every_backend_has_a_machine() -> None:
    """A kind of store that the contract is not run on does not exist."""
    covered = {backend for backend, _, _ in MACHINES.values()} | FOLLOWERS | NEVER_WRITTEN
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
