"""Whether the ledger of a made-up host tells the truth."""

from __future__ import annotations

from tests.support.fake_store import (
    ROOTS,
    World,
)
from trustinstall.state import ledger_file
from trustinstall.state.directory import State
from trustinstall.state.ledger import Ledger

SHA256 = ROOTS[0].sha256


def ledger(world: World) -> Ledger:
    """The ledger as it is on disk."""
    return ledger_file.load(world.host, State(world.host.state_base(), world.host.account.uid, machine=False))


def says_the_truth(world: World, *names: str) -> None:
    """The ledger names exactly the shelves that hold our root, and `list` will show it where one does."""
    held = {f"shelf:/stores/{name}/bundle" for name in names if world.holds(name)}
    found = ledger(world)
    assert set(found.stores_of(SHA256)) == held
    assert (SHA256 in found.claims) == bool(held)
    assert (SHA256 in found.certificates) == bool(held)
