"""What the certificate tests share: the time they are run at, a good root, and patience with a busy machine."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, settings

from tests.support.pki import Root, make_root

# How long one example takes says more about the machine than about us; test_hostile bounds time by comparison.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def now() -> datetime:
    """Now, aware."""
    return datetime.now(timezone.utc)


@pytest.fixture(scope="session")
def root() -> Root:
    """A root with which nobody finds fault."""
    return make_root("Corp Root G2")
