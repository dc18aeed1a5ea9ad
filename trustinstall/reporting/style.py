"""Marks and colours: a mark shows the result in every terminal, and a colour repeats it if the terminal has colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

#: What a mark means, the mark, and its tone. ASCII has no check mark.
GOOD, SAME, BAD, CREATED, CHANGED, DELETED = "✓", "=", "!", "+", "~", "-"
_ASCII = str.maketrans({GOOD: "*", "…": "..."})
_TONES = {GOOD: "good", BAD: "bad", CREATED: "good", DELETED: "bad"}
#: The colour of each tone, as `paint` takes it.
_COLOURS = {"good": "green", "bad": "red", "strong": "bold", "faint": "dim"}


@dataclass(frozen=True)
class Style:
    """The style of text for people.

    Attributes:
        paint: takes a text and a colour ("green", "red", "bold", "dim"), and returns the painted text.
        wide: whether the terminal's encoding has more than ASCII.
    """

    paint: Callable[[str, str], str]
    wide: bool = True

    def tone(self, text: str, tone: str) -> str:
        """Paint a text in a tone: "good", "bad", "strong", "faint", or "" for none."""
        return self.paint(text, _COLOURS[tone]) if text and tone else text

    def plain(self, text: str) -> str:
        """Return a text in characters that the terminal can show: all, or ASCII and escapes."""
        return text if self.wide else text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def tone_of(mark: str) -> str:
    """Return the tone of a mark."""
    return _TONES.get(mark, "")


#: No colours, all characters.
PLAIN = Style(lambda text, _colour: text)
