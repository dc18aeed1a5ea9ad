"""Files that a plan creates, and with which certificates the ledger notes them."""

from __future__ import annotations

from pathlib import Path

from tests.support.fake_store import ROOTS, World
from trustinstall.state import ledger_file
from trustinstall.state.directory import State


def test_a_file_of_its_own_is_noted_with_its_certificate_alone(tmp_path: Path) -> None:
    """Two certificates that come together, each in a file: neither is said to be in the other's file."""
    world = World(tmp_path)
    world.shelves("a")
    world.change(0, 1)
    state = State(world.host.state_base(), world.host.account.uid, machine=False)
    noted = {one.sha256: one.entries for one in ledger_file.load(world.host, state).placements.values()}

    assert noted == {one.sha256: (f"/stores/a/sources/{one.sha256}.pem",) for one in ROOTS[:2]}
