"""The made-up machine of each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_host import make
from trustinstall.host import ActingHost


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A Linux without any Java, seen by the account that runs the test as if that were alice."""
    return make(tmp_path)
