"""Paths in records after a home was moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_host import link, make
from trustinstall.state.directory import State
from trustinstall.state.moved import Homes, homes, renaming


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (Homes("/home/a"), Homes("/home/b"), {"/home/a": "/home/b", "/home/a/x": "/home/b/x", "/home/ax": "/home/ax"}),
        (Homes("/home/a", "/disk/a"), Homes("/home/a"), {"/disk/a/x": "/home/a/x", "/home/a/x": "/home/a/x"}),
        (
            Homes("/home/a", "/disk/a"),
            Homes("/home/b", "/disk/b"),
            {"/disk/a/x": "/disk/b/x", "/home/a/x": "/home/b/x"},
        ),
        (
            Homes("/home/a/", "/home/a/real"),
            Homes("/home/b"),
            {"/home/a/real/x": "/home/b/x", "/home/a/x": "/home/b/x"},
        ),
    ],
)
def test_paths_below_a_former_home(before: Homes, now: Homes, expected: dict[str, str]) -> None:
    """They have their new names, by the account's path and by the real one; other paths and texts stay."""
    renamed = renaming(before, now)
    assert renamed is not None
    assert {path: renamed(path) for path in expected} == expected
    assert renamed("cafile=/home/a/x") == "cafile=/home/a/x"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Homes(), Homes("/home/a")),
        (Homes("/home/a"), Homes("/home/a")),
        (Homes("/home/a"), Homes("/home/a", "/disk/a")),
    ],
)
def test_a_home_that_is_where_it_was(before: Homes, now: Homes) -> None:
    """No path has another name: the first record, an unchanged home, and a link that came into its place."""
    assert renaming(before, now) is None


def test_the_homes_of_a_scope(tmp_path: Path) -> None:
    """The machine has none; an account's real path is told only if it is another one."""
    host = make(tmp_path)
    assert homes(host, State("/state", 0, machine=True)) == Homes()
    account = State("/home/alice/.local/state/trustinstall", host.account.uid, machine=False)
    assert homes(host, account) == Homes("/home/alice")
    link(host, "/home/alice", "/disk/alice")
    assert homes(host, account) == Homes("/home/alice", "/disk/alice")
