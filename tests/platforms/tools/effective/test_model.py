"""The values that say who decides."""

from __future__ import annotations

import pytest

from trustinstall_platforms.tools.effective.model import DEFAULT, Kind, Session, Setter, Variable


@pytest.mark.parametrize(
    ("setter", "shown"),
    [
        (Setter(Kind.SETTING, "/etc/pip.conf", 3), "/etc/pip.conf line 3"),
        (Setter(Kind.VARIABLE, "/a\x1b[2J"), "/a\\x1b[2J"),
        (Setter(Kind.VARIABLE), "variable"),
        (DEFAULT, "default"),
    ],
)
def test_a_setter_is_shown_with_file_and_line(setter: Setter, shown: str) -> None:
    """A setter reads as its file and line, made printable, or as its kind where no file says it."""
    assert str(setter) == shown


def test_an_empty_or_unknown_variable_has_no_value() -> None:
    """A session answers None for a variable that is missing, empty or not known."""
    setter = Setter(Kind.VARIABLE)
    known, empty, unknown = (Variable("X", value, setter, "") for value in ("/a", "", None))
    values = [Session("bash login", {"X": one}).value("X") for one in (known, empty, unknown)]
    assert [*values, Session("bare", {}).value("X")] == ["/a", None, None, None]
