"""The message of a command that was interrupted."""

from __future__ import annotations

import pytest

from tests.unit.reporting import results
from tests.unit.reporting.test_json import HOST
from trustinstall.reporting.errors import stopped

UNDO = f" Undo: {HOST.command()} remove {results.CORP.sha256[:12]}"


@pytest.mark.parametrize(
    ("held", "total", "adding", "told"),
    [
        (196, 3042, True, f"196 of 3,042 stores trust Corp Root G2 now. Go on: the same command.{UNDO}"),
        (1, 2, True, f"1 of 2 stores trusts Corp Root G2 now. Go on: the same command.{UNDO}"),
        (0, 0, True, "0 stores trust Corp Root G2 now. Go on: the same command."),
        (2, 9, False, "2 of 9 stores trust Corp Root G2 still. Go on: the same command."),
        (3, 1, True, f"3 of 3 stores trust Corp Root G2 now. Go on: the same command.{UNDO}"),
    ],
)
def test_what_holds_after_an_interrupt(held: int, total: int, adding: bool, told: str) -> None:  # noqa: FBT001  pytest passes it by name
    """How many stores of how many, how to go on, and how to undo; of how many is unknown before they were found."""
    assert stopped(HOST, [results.CORP], held, total, adding=adding) == f"stopped; {told}"
