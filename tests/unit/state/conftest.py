"""The made-up host of each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_store import World
from tests.unit.state.made import state_of
from trustinstall.state.directory import State, prepare


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A host with one shelf."""
    world = World(tmp_path)
    world.shelves("a")
    return world


@pytest.fixture
def state(world: World) -> State:
    """A state whose directories are there."""
    prepare(world.host, state_of(world))
    return state_of(world)
