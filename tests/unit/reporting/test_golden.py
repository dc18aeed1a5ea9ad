"""Golden transcripts: every screen as a person sees it, at 80 and 100 columns, in UTF-8 and in ASCII.

TRUSTINSTALL_UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tests.unit.reporting.cases import SCREENS, Case
from trustinstall.reporting.layout import Page
from trustinstall.reporting.style import PLAIN, Style

GOLDEN = Path(__file__).parent / "golden"
CASES = [(screen, name) for screen, cases in SCREENS.items() for name in cases]
PAGES = {"80": Page(80), "100": Page(100), "80 ASCII": Page(80, Style(PLAIN.paint, wide=False))}
PAINTED = Style(lambda text, colour: typer.style(text, fg=None if colour in {"bold", "dim"} else colour, bold=True))


def transcript(screen: str) -> Iterator[str]:
    """Every case of a screen at 80 columns; at others, the cases that look different there."""
    for name, case in SCREENS[screen].items():
        usual = case(PAGES["80"])
        yield from (f"══ {name}", *usual, "")
        for title, page in PAGES.items():
            lines = case(page)
            if lines != usual and name == next(iter(SCREENS[screen])):  # one case shows the difference
                yield from (f"══ {name} ({title})", *lines, "")


@pytest.mark.parametrize("screen", SCREENS)
def test_golden(screen: str) -> None:
    """The screen is, word for word, the one that was read and found good."""
    text = "".join(f"{line}\n" for line in transcript(screen))
    path = GOLDEN / f"{screen}.txt"
    if os.environ.get("TRUSTINSTALL_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [60, 80, 100])
@pytest.mark.parametrize(("screen", "name"), CASES)
def test_lines_fit(screen: str, name: str, columns: int) -> None:
    """No line is wider than the page, but for paths, commands and fingerprints, which are not cut."""
    for line in SCREENS[screen][name](Page(columns)):
        assert len(line) <= columns or "/" in line or re.search("[0-9a-f]{64}", line), line
        assert line == line.rstrip()


@pytest.mark.parametrize(("screen", "name"), CASES)
def test_colour_changes_nothing_but_colour(screen: str, name: str) -> None:
    """Without its escape sequences, the coloured screen is the plain one."""
    case: Case = SCREENS[screen][name]
    coloured = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in case(Page(80, PAINTED))]
    assert coloured == case(Page(80))


@pytest.mark.parametrize(("screen", "name"), CASES)
def test_ascii_is_ascii(screen: str, name: str) -> None:
    """Where the locale cannot show more, no line holds another character."""
    assert all(line.isascii() for line in SCREENS[screen][name](PAGES["80 ASCII"]))


@pytest.mark.parametrize(("screen", "name"), CASES)
def test_no_colour_is_needed(screen: str, name: str) -> None:
    """Red or green text has a mark or a word beside it: its line is not the same without the colour."""
    for line in SCREENS[screen][name](Page(80, PAINTED)):
        for tone in re.findall(r"\x1b\[3[12]m(?:\x1b\[1m)?([^\x1b]*)", line):
            assert tone.strip(), line


def test_no_golden_is_left_over() -> None:
    """Every golden file belongs to a screen."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(SCREENS)
