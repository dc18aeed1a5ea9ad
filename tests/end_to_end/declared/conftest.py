"""A throw-away Debian for these tests, whose tool for roots is a quick one; as it was delivered before each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.cli.machine import FULL, quick
from tests.support.throwaway import Throwaway

#: What the long form runs alone.
LONG = (
    "::test_a_year",
    "::test_systemd_runs_repair",
    "::test_stores_that_were_left_out_stay_so",
    "::test_a_home_is_restored_from_before_remove",
    "::test_a_bundle_of_ours_is_gone_or_old",
    "::test_the_wish_of_an_account_outlives_the_end_of_the_machine",
    "::test_what_a_person_has_set_since_is_theirs[]",
    "::test_what_is_exported_can_be_applied[trust.json]",
    "::test_an_account_is_deleted",
    "::test_a_write_that_fails_costs_time_alone[error=EIO]",
)


@pytest.fixture(scope="module")
def debian() -> Iterator[Throwaway]:
    """One for all tests of a module."""
    with Throwaway(java=False) as root:
        quick(root)
        root.freeze()
        yield root


@pytest.fixture
def fresh(debian: Throwaway) -> Iterator[Throwaway]:
    """One that a test may change."""
    yield debian
    debian.reset()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose what the short form runs of this directory."""
    here = str(Path(__file__).parent)
    long = [one for one in items if str(one.path).startswith(here) and one.nodeid.endswith(LONG)]
    if long and not FULL:
        items[:] = [one for one in items if one not in long]
        config.hook.pytest_deselected(items=long)
