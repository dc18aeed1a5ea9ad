"""Layout: lines fit the page, words stay whole, and columns are as wide as their rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustinstall.reporting.layout import NARROWEST, WIDEST, Cell, Page, page_for
from trustinstall.reporting.plan import fold
from trustinstall.reporting.style import PLAIN, Style

WORDS = st.lists(st.text("abc/-äß…", min_size=1, max_size=12), min_size=1, max_size=40)
PATHS = st.lists(st.from_regex(r"/(srv|usr/lib|root)(/[a-c]{1,2}){1,4}", fullmatch=True), min_size=1, max_size=30)


@given(WORDS, st.integers(NARROWEST, WIDEST), st.sampled_from(["", "  ", "      "]))
def test_a_paragraph_keeps_its_words(words: list[str], width: int, indent: str) -> None:
    """Every word is there, whole and in order, and no line is wider than the page."""
    lines = Page(width).paragraph(" ".join(words), indent)
    assert [word for line in lines for word in line.split()] == words
    assert all(len(line) <= width and line.startswith(indent) for line in lines)


@given(st.lists(st.tuples(st.text("ab", max_size=9), st.text("cd", min_size=1, max_size=9), WORDS), min_size=1))
def test_columns_stand_under_each_other(rows: list[tuple[str, str, list[str]]]) -> None:
    """The second column begins at one place in all rows."""
    page = Page(WIDEST)
    lines = page.table([[first, second, Cell(" ".join(last))] for first, second, last in rows])
    width = max(len(first) for first, _, _ in rows)
    start = 4 + width + min(width, 2)
    heads = [line for line in lines if len(line) > start and line[start] in "cd"]
    assert len(heads) >= len(rows)


def test_a_path_is_never_broken() -> None:
    """A path that is longer than the page stays in one line, to be copied."""
    path = "/srv/" + "x" * 200
    assert Page(60).table([["ab", Cell(path, whole=True)]]) == [f"    ab  {path}"]
    assert path in Page(60).paragraph(f"see {path} now")


@pytest.mark.parametrize(("columns", "width"), [(0, 60), (20, 60), (80, 80), (99, 99), (300, 100)])
def test_the_page_is_as_wide_as_the_terminal(columns: int, width: int) -> None:
    """From 60 to 100 columns: narrower ones would break every path, wider ones are hard to read."""
    assert page_for(columns, PLAIN).width == width


@given(st.text(max_size=60))
def test_no_text_can_steer_the_terminal(text: str) -> None:
    """Control characters are escaped in cells and sentences, and in ASCII everything is."""
    for page in (Page(), Page(80, Style(PLAIN.paint, wide=False))):
        shown = "".join([*page.table([[text, text]]), *page.paragraph(text), page.whole(text)])
        assert shown.isprintable()
        assert page.style.wide or shown.isascii()


@given(PATHS)
def test_folded_paths_are_counted(paths: list[str]) -> None:
    """However they are folded, the number of files is told; two steps on one file are not two files."""
    found = 0
    for line in fold(paths):
        number, _, rest = line.partition(" below ")
        found += int(number.replace(",", "")) if rest else 1
    assert found == len(set(paths))
