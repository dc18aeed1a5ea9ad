"""Progress reports on standard error, for a command that takes longer than half a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable

_AFTER = 0.5  # seconds on a terminal
_AFTER_IN_A_LOG = 10.0  # seconds elsewhere, and between two lines
_EVERY = 0.1  # seconds between two changes of the line
_COLUMNS = 80
_LONG = 1.0  # seconds after which an activity's duration is shown


class Progress:
    """Shows the current work: on a terminal in one line that is rewritten, in a log in a line every ten seconds."""

    def __init__(
        self, write: Callable[[str], None], clock: Callable[[], float], *, terminal: bool, columns: int = _COLUMNS
    ) -> None:
        """`write` gets text for standard error, `clock` gives seconds, `columns` is the width of the terminal."""
        self._write, self._clock, self._terminal, self._room = write, clock, terminal, max(columns - 1, 1)
        self._begun: float | None = None
        self._written = self._since = 0.0
        self._activity = self._shown = ""

    def on_progress(self, doing: str) -> None:
        """Show the current work; called repeatedly.

        The text in parentheses at its end is one activity: its duration is shown.
        """
        now = self._clock()
        head, _, activity = doing.removesuffix(")").partition(" (")
        if self._begun is None:
            self._begun = self._written = now
        if activity != self._activity:
            self._activity, self._since = activity, now
        wait, pause = (_AFTER, _EVERY) if self._terminal else (_AFTER_IN_A_LOG, _AFTER_IN_A_LOG)
        if not doing or now - self._begun < wait or (self._shown and now - self._written < pause):
            return
        seconds = f", {now - self._since:.0f} s" if now - self._since >= _LONG else ""
        self._show(f"{head} ({activity}{seconds})" if activity else head)
        self._written = now

    def _show(self, text: str) -> None:
        if self._terminal:
            self._shown = printable(text, self._room)
            self._write(f"\r{self._shown:<{self._room}}")
        else:
            self._shown = printable(text)
            self._write(f"{self._shown}\n")

    def clear(self) -> None:
        """Clear the line before other text is printed."""
        if self._terminal and self._shown:
            self._write("\r" + " " * self._room + "\r")
        self._begun, self._shown = None, ""
