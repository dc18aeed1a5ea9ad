"""The diff of a dry run: what changes is shown, and the rest of a line, which may hold a secret, is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trustinstall.engine.planned import changed_lines

LINES = st.lists(st.text("ab=", max_size=6), max_size=12)


def test_a_secret_beside_a_change_is_not_shown() -> None:
    """Of a line of JSON that holds a token, only the part that differs is in the diff."""
    old = ['{"token": "s3cret", "ca": "old"}']
    assert changed_lines(old, ['{"token": "s3cret", "ca": "new"}']) == ["-…old…", "+…new…"]


def test_lines_around_a_change_are_not_shown() -> None:
    """A diff has no context."""
    found = changed_lines(
        ["//registry/:_authToken=s3cret", "end"], ["//registry/:_authToken=s3cret", "cafile=x", "end"]
    )
    assert found == ["+cafile=x"]


@given(LINES)
def test_the_same_has_no_diff(lines: list[str]) -> None:
    """Equal content changes nothing."""
    assert changed_lines(lines, lines) == []


@given(LINES, LINES)
def test_what_is_added_is_shown(old: list[str], new: list[str]) -> None:
    """Where lines are only put in, the diff is those lines."""
    assert changed_lines(old, old + new) == [f"+{line}" for line in new]


@given(LINES, LINES)
def test_every_line_says_its_direction(old: list[str], new: list[str]) -> None:
    """A different content has a diff, and each of its lines begins with + or -."""
    found = changed_lines(old, new)
    assert bool(found) == (old != new)
    assert all(line.startswith(("+", "-")) for line in found)
