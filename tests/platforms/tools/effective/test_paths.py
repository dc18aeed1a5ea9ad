"""The paths of settings files."""

from __future__ import annotations

import pytest

from trustinstall_platforms.tools.effective import paths


@pytest.mark.parametrize(
    ("directory", "found"),
    [
        ("/a/b", ["/a/b", "/a", "/"]),
        ("/", ["/"]),
        ("C:/users/alice", ["C:/users/alice", "C:/users", "C:"]),
        ("//server/home", ["//server/home", "//server", "//"]),
        ("", []),
    ],
)
def test_directories_above(directory: str, found: list[str]) -> None:
    """They are absolute, up to the root or to a drive of Windows: a relative path would be below the current one."""
    assert list(paths.above(directory)) == found
