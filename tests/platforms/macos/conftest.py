"""The made-up Mac of each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.scripted_security import Mac


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    """A Mac whose administrator alice sits in front of it."""
    return Mac(tmp_path)
