"""A terminal's screen: what a person sees of a program's output, with the colour of each character."""

from __future__ import annotations

import pyte

_LINES = 200


class Screen:
    """A terminal of so many columns, on which output has been drawn."""

    def __init__(self, output: str, columns: int = 80) -> None:
        """Draw the output as a terminal driver sends it: a line break also returns the carriage."""
        self._screen = pyte.Screen(columns, _LINES)
        pyte.Stream(self._screen).feed(output.replace("\r\n", "\n").replace("\n", "\r\n"))

    @property
    def lines(self) -> list[str]:
        """The lines of the screen, without blanks at their ends and without empty lines below."""
        return "\n".join(str(line).rstrip() for line in self._screen.display).rstrip("\n").split("\n")

    @property
    def colours(self) -> list[str]:
        """For each line the first letter of each character's colour, "B" for bold, and "." for neither."""
        rows: list[str] = []
        for number, line in enumerate(self.lines):
            cells = [self._screen.buffer[number][column] for column in range(len(line))]
            rows.append("".join("B" if one.bold else "." if one.fg == "default" else one.fg[0] for one in cells))
        return rows
