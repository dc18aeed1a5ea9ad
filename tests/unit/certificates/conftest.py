"""What the certificate tests share: the time they are run at, and a good root."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.support.pki import Root, make_root


@pytest.fixture(scope="session")
def now() -> datetime:
    """Now, aware."""
    return datetime.now(timezone.utc)


@pytest.fixture(scope="session")
def root() -> Root:
    """A root without a fault."""
    return make_root("Corp Root G2")
