"""The made-up machine of each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platforms.python.certifi_tree import Tree
from tests.support.fake_host import make


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Make an empty machine, seen by the account that runs the tests."""
    return Tree(make(tmp_path, "tester", "/home/tester"))
