"""What is said of copies that stay, because they are not managed."""

from __future__ import annotations

from pathlib import Path

from tests.support.fake_store import ROOTS, Shelf, World, wish
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.stores.store import DiscoveryOptions


def test_the_place_of_a_copy_that_stays_is_named(tmp_path: Path) -> None:
    """The outcome says in which file the certificate still stands."""
    world = World(tmp_path)
    world.shelves("a")
    path = f"/stores/a/sources/{ROOTS[0].sha256}.pem"
    (tmp_path / path[1:]).write_text("theirs")
    (tmp_path / "stores/a/bundle").write_text(f"{ROOTS[0].sha256}\n")
    engine = Engine(world.host, [Shelf()], lambda _doing: None)
    (left,) = engine.change(wish(trusted=False), DiscoveryOptions(), Selection()).outcomes

    assert (left.result, left.foreign, left.detail) == (Result.FOREIGN, (ROOTS[0].sha256,), f"in {path}")
