"""What people see: the coloured screens, drawn on a terminal, are the plain ones, with colours where they help."""

from __future__ import annotations

import pytest

from tests.support.terminal import Screen
from tests.unit.reporting.cases import SCREENS
from trustinstall.cli.common import paint
from trustinstall.reporting.layout import Page
from trustinstall.reporting.style import Style

CASES = [(screen, name) for screen, cases in SCREENS.items() for name in cases]
COLOURED = Style(paint)


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize(("screen", "name"), CASES)
def test_what_is_seen_is_the_plain_screen(screen: str, name: str, columns: int) -> None:
    """A terminal shows the coloured screen as the plain one, character by character."""
    coloured, plain = SCREENS[screen][name](Page(columns, COLOURED)), SCREENS[screen][name](Page(columns))
    assert Screen("\n".join(coloured), columns).lines == Screen("\n".join(plain), columns).lines


def seen(screen: str, name: str) -> list[tuple[str, str]]:
    """Each line of a coloured screen, with its colours."""
    drawn = Screen("\n".join(SCREENS[screen][name](Page(80, COLOURED))))
    return list(zip(drawn.lines, drawn.colours, strict=True))


def test_the_answer_is_bold_and_its_mark_is_green() -> None:
    """The first line of a success is what the eye finds first."""
    line, colours = seen("add", "the first time, with sudo")[0]
    assert (line[:2], colours[0]) == ("✓ ", "g")
    assert set(colours[2:].replace(".", "B")) == {"B"}


def test_a_failure_is_red() -> None:
    """The marks of a failed store and of its row are red, and nothing that succeeded is."""
    lines = seen("add", "some stores failed")
    assert [line.strip()[0] for line, colours in lines if "r" in colours] == ["!"] * 3
    assert all("g" in colours for line, colours in lines if " added " in line)


def test_still_trusted_is_red() -> None:
    """The sentence that a removed certificate is still trusted is painted whole."""
    line, colours = seen("remove", "a copy that trustinstall did not add")[0]
    assert "STILL TRUSTED" in line
    assert set(colours.replace(".", "")) == {"r"}
    assert colours.count("r") > 40
