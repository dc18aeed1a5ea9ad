"""Signs of life on standard error, for anything that takes longer than a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable

_AFTER = 1.0  # seconds


class Progress:
    """Shows the current work, once it has taken a second: on a terminal in one line that is rewritten."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float], *, terminal: bool) -> None:
        """`write` gets text for standard error; `clock` gives seconds."""
        self._write, self._clock, self._terminal = write, clock, terminal
        self._since, self._doing, self._shown = clock(), "", ""

    def on_progress(self, doing: str) -> None:
        """Show the current work; called again and again."""
        now, doing = self._clock(), printable(doing, 60)
        if doing != self._doing:
            self._doing, self._since = doing, now
        if not doing or now - self._since < _AFTER:
            return
        if self._terminal:
            self._shown = f"working on {doing}, {now - self._since:.0f} s"[:79]
            self._write(f"\r{self._shown:<79}")
        elif doing != self._shown:
            self._shown = doing
            self._write(f"working on {doing}\n")

    def clear(self) -> None:
        """Take the line away before anything else is printed."""
        if self._terminal and self._shown:
            self._write("\r" + " " * 79 + "\r")
            self._shown = ""
