"""Lines and tables as wide as the terminal, from 60 to 100 columns.

Lines break between words only: a path, command or fingerprint stays whole, so that it can be copied.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.reporting.style import PLAIN, Style, tone_of
from trustinstall.values import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

NARROWEST, USUAL, WIDEST = 60, 80, 100  # columns
_LIMIT = 4096  # characters of one text from elsewhere
_SENTENCE = 24  # columns that a sentence needs at least
_GAP = 2  # blanks between two columns


class Cell(NamedTuple):
    """One cell of a table: its text, its tone, and whether it is `whole`: a path, which is never broken."""

    text: str
    tone: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Page:
    """The page that a report is printed on: its width in columns, and its style."""

    width: int = USUAL
    style: Style = PLAIN

    def paragraph(self, text: str, indent: str = "", *, tone: str = "", hanging: str = "") -> list[str]:
        """Return a text as lines: each begins with `indent`, and all but the first with `hanging`, too."""
        return self._wrapped("", indent, text, tone, hanging)

    def marked(self, mark: str, text: str, indent: str = "", *, tone: str = "") -> list[str]:
        """Return a text as lines after a mark; the lines below stand under the text."""
        start = f"{indent}{self.mark(mark)} "
        return self._wrapped(start, indent, text, tone, "  ", taken=len(indent) + len(self.style.plain(mark)) + 1)

    def mark(self, mark: str) -> str:
        """Return a painted mark."""
        return self.style.tone(self.style.plain(mark), tone_of(mark))

    def whole(self, text: str, indent: str = "", *, tone: str = "") -> str:
        """Return a text as one line, which may be wider than the page: a command or a path that a person copies."""
        return indent + self.style.tone(self._clean(text), tone)

    def table(self, rows: Sequence[Sequence[Cell | str] | Sequence[str]], indent: str = "    ") -> list[str]:
        """Return rows as lines: each column is as wide as its widest cell, and the last column takes the rest.

        An empty row is an empty line.
        """
        cells = [[one if isinstance(one, Cell) else Cell(one) for one in row] for row in rows]
        cells = [[one._replace(text=self._clean(one.text)) for one in row] for row in cells]
        widths = [0] * max((len(row) for row in cells), default=0)
        for row in cells:
            for at, cell in enumerate(row[:-1]):
                widths[at] = max(widths[at], len(cell.text))
        columns = [width + min(width, _GAP) for width in widths]  # one blank after a mark, none after nothing
        return [line for row in cells for line in self._row(row, columns, indent)]

    def _row(self, row: Sequence[Cell], columns: Sequence[int], indent: str) -> list[str]:
        if not row:
            return [""]
        head, last = indent, row[-1]
        for cell, column in zip(row[:-1], columns, strict=False):
            head += self.style.tone(cell.text, cell.tone) + " " * (column - len(cell.text))
        taken = len(indent) + sum(columns[: len(row) - 1])
        if last.whole:
            return [f"{head}{self.style.tone(last.text, last.tone)}".rstrip()]
        if self.width - taken < _SENTENCE:  # the last cell on lines of its own
            below = self.paragraph(last.text, f"{indent}  ", tone=last.tone) if last.text else []
            return [head.rstrip(), *below]
        return self._wrapped(head, " " * taken, last.text, last.tone, "", taken=taken)

    def _wrapped(self, start: str, indent: str, text: str, tone: str, hanging: str, *, taken: int = 0) -> list[str]:
        below = indent + hanging
        first = start or indent
        lines = textwrap.wrap(
            self._clean(text),
            self.width,
            initial_indent="\0" * (taken or len(indent)),
            subsequent_indent="\0" * len(below),
            break_on_hyphens=False,
            break_long_words=False,
        )
        if not lines:
            return [first.rstrip()]
        painted = [self.style.tone(line.lstrip("\0"), tone) for line in lines]
        return [f"{below if at else first}{line}" for at, line in enumerate(painted)]

    def _clean(self, text: str) -> str:
        return self.style.plain(printable(text, _LIMIT))


def page_for(columns: int, style: Style) -> Page:
    """Return the page of a terminal with so many columns."""
    return Page(min(max(columns, NARROWEST), WIDEST), style)
