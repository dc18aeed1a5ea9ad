"""The state of a made-up host."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.support.fake_store import World
from trustinstall.state.directory import State

OTHER = 12345  # a uid that no account has


def state_of(world: World) -> State:
    """The state of the account that runs the test."""
    return State(world.host.state_base(), os.geteuid(), machine=os.geteuid() == 0)


def seen(world: World) -> dict[str, tuple[int, ...]]:
    """Everything on the host, but for when it was last read."""
    found = {str(path): path.lstat() for path in world.root.rglob("*")}
    return {
        path: (one.st_mode, one.st_uid, one.st_gid, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
        for path, one in found.items()
    }


def instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Something else in the ledger's place."""

    def damage(path: Path) -> None:
        path.rename(path.with_suffix(".moved"))
        make(path)

    return damage
