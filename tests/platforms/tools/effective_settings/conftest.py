"""The made-up machine of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.platforms.tools.effective_settings.home import CORPORATE, HOME, PRIVATE, PUBLIC, SYSTEM, THEIRS
from tests.support.fake_host import played, program, write
from trustinstall.host import ActingHost


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with the system's roots, and a bundle of alice's with a private root; root plays her while it lasts."""
    with played() as host:
        write(host, SYSTEM, PUBLIC.pem)
        write(host, THEIRS, PUBLIC.pem + PRIVATE.pem)
        write(host, CORPORATE, PUBLIC.pem + PRIVATE.pem)
        write(host, f"{HOME}/.profile", "# mine\n")
        program(host, "/bin/bash")
        yield host
