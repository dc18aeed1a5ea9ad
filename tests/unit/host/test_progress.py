"""Signs of life: a command that takes long says on which thing it works."""

from __future__ import annotations

from trustinstall.host.progress import Progress


class Clock:
    """A clock that the test moves, and what was written until now."""

    def __init__(self, *, terminal: bool) -> None:
        """Begin at zero."""
        self.now, self.said = 0.0, ""
        self.progress = Progress(self.write, lambda: self.now, terminal=terminal)

    def write(self, text: str) -> None:
        """Standard error."""
        self.said += text

    def on_progress(self, doing: str, *, seconds: float) -> None:
        """Ten ticks a second."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.progress.on_progress(doing)


def test_what_is_quick_is_not_talked_about() -> None:
    """Nothing is said in the first second of anything."""
    for terminal in (True, False):
        clock = Clock(terminal=terminal)
        for doing in ("a", "b", "", "c"):
            clock.on_progress(doing, seconds=0.8)
        clock.progress.clear()
        assert clock.said == ""


def test_on_a_terminal_one_line_is_rewritten_and_taken_away() -> None:
    """No line break, never wider than a terminal, and blank at the end."""
    clock = Clock(terminal=True)
    clock.on_progress("debian" * 40, seconds=3)
    assert "\n" not in clock.said
    assert "working on debian" in clock.said
    assert max(map(len, clock.said.split("\r"))) < 80
    clock.progress.clear()
    assert clock.said.split("\r")[-2:] == [" " * 79, ""]
    said = clock.said
    clock.progress.clear()
    assert clock.said == said


def test_in_a_log_each_thing_is_said_once() -> None:
    """A line for each, without carriage returns."""
    clock = Clock(terminal=False)
    clock.on_progress("debian", seconds=5)
    clock.on_progress("java", seconds=5)
    clock.progress.clear()
    assert clock.said == "working on debian\nworking on java\n"
