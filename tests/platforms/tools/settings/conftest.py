"""The made-up machine of each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms.tools.settings.home import NPMRC, PUBLIC, SYSTEM
from tests.support.fake_host import played, write
from trustinstall.host import ActingHost


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with the system's roots, and alice, who has an .npmrc and Claude Code; root plays her while it lasts."""
    with played() as host:
        write(host, SYSTEM, PUBLIC.pem)
        write(host, NPMRC, b"; mine\r\nfund=false")
        Path(host.where("/home/alice/.claude")).mkdir()
        yield host
