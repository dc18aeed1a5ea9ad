"""A ledger that cannot be written and a store that cannot be reached: nothing is lost, nothing is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fake_store import Shelf, World, account, wish
from trustinstall.engine import discovery
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.errors import StateError
from trustinstall.host import ActingHost, Host
from trustinstall.stores.store import DiscoveryOptions, Store


@dataclass(frozen=True)
class Forgetful(ActingHost):
    """A host that writes everything but ledgers."""

    def write(self, path: str, content: bytes, mode: int, owner: tuple[int, int] | None, token: str) -> None:
        """The disk is full when the ledger is written."""
        if path.endswith("/ledger.json"):
            raise OSError(28, "No space left on device", path)
        super().write(path, content, mode, owner, token)


@pytest.mark.parametrize("trusted", [True, False], ids=["add", "remove"])
def test_a_ledger_that_cannot_be_written(tmp_path: Path, trusted: bool) -> None:  # noqa: FBT001  pytest's parameter
    """Nothing stays done that the ledger does not know of."""
    world = World(tmp_path)
    world.shelves("a", "b")
    if not trusted:
        world.change()
    before = world.tree()
    with pytest.raises(StateError, match="No space left on device; all was put back"):
        world.change(trusted=trusted, host=Forgetful("linux", str(tmp_path), {}, account()))
    assert world.tree() == before
    assert {one.result for one in world.change(trusted=trusted).outcomes} == {
        Result.ADDED if trusted else Result.REMOVED
    }


class OutOfReach(Shelf):
    """Stores that are remembered, and whose file server has gone."""

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """None that could be seen."""
        del host
        return []

    def at(self, host: Host, location: str) -> Store | None:
        """As a stale network mount answers."""
        del host
        raise OSError(116, "Stale file handle", location)


def test_a_store_out_of_reach_is_neither_forgotten_nor_in_the_way(tmp_path: Path) -> None:
    """It is named as failed; the ledger still knows of it, and a later remove takes the managed root out of it."""
    world = World(tmp_path)
    world.shelves("a")
    world.change()
    engine = Engine(world.host, [OutOfReach()], lambda _doing: None)
    (failed,) = engine.change(wish(trusted=False), DiscoveryOptions(), Selection()).outcomes
    assert (failed.result, "Stale file handle" in failed.detail) == (Result.FAILED, True)
    assert discovery.discover(world.host, [OutOfReach()], DiscoveryOptions(), [failed.store.id]).failures
    (removed,) = world.change(trusted=False).outcomes
    assert (removed.result, world.holds("a")) == (Result.REMOVED, False)
