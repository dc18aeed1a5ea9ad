"""The made-up host of each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_store import (
    World,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A host with one shelf."""
    world = World(tmp_path)
    world.shelves("a")
    return world
