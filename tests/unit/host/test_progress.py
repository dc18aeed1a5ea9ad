"""Signs of life: a command that takes long says how far it is."""

from __future__ import annotations

from trustinstall.engine.tally import Tally
from trustinstall.host.progress import Progress


class Clock:
    """A clock that the test moves, and what was written until now."""

    def __init__(self, *, terminal: bool, columns: int = 80) -> None:
        """Begin at zero."""
        self.now, self.said = 0.0, ""
        self.progress = Progress(self.write, lambda: self.now, terminal=terminal, columns=columns)

    def write(self, text: str) -> None:
        """Standard error."""
        self.said += text

    def on_progress(self, doing: str, *, seconds: float) -> None:
        """Ten ticks a second."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.progress.on_progress(doing)


def test_what_is_quick_is_not_talked_about() -> None:
    """Nothing is said in the first half second."""
    for terminal in (True, False):
        clock = Clock(terminal=terminal)
        clock.on_progress("Looking for stores … 3 found", seconds=0.2)
        clock.on_progress("Adding … 1 of 3", seconds=0.2)
        clock.progress.clear()
        assert clock.said == ""


def test_many_quick_things_are_shown() -> None:
    """After half a second something moves, however short each single thing is."""
    clock = Clock(terminal=True)
    for number in range(20):
        clock.on_progress(f"Adding … {number} of 20", seconds=0.1)
    lines = [line.strip() for line in clock.said.split("\r") if line]
    assert lines[0] in {"Adding … 5 of 20", "Adding … 6 of 20"}
    assert lines[-1] in {"Adding … 18 of 20", "Adding … 19 of 20"}
    assert len(lines) > 7


def test_on_a_terminal_one_line_is_rewritten_and_taken_away() -> None:
    """No line break, never wider than the terminal, and blank at the end."""
    clock = Clock(terminal=True, columns=60)
    clock.on_progress(f"Adding … 0 of 1 ({'debian' * 40})", seconds=3)
    assert "\n" not in clock.said
    assert "Adding … 0 of 1" in clock.said
    assert max(map(len, clock.said.split("\r"))) < 60
    clock.progress.clear()
    assert clock.said.split("\r")[-2:] == [" " * 59, ""]
    said = clock.said
    clock.progress.clear()
    assert clock.said == said


def test_an_activity_is_shown_with_its_duration() -> None:
    """The count moves, and the activity beside it goes on for so long."""
    clock = Clock(terminal=True)
    clock.on_progress("Adding … 1 of 9 (debian)", seconds=1.5)
    clock.on_progress("Adding … 2 of 9 (debian)", seconds=1.0)
    assert clock.said.rstrip().endswith("Adding … 2 of 9 (debian, 2 s)")


def test_in_a_log_a_line_comes_every_ten_seconds() -> None:
    """Nothing before ten seconds are over, and no carriage return."""
    clock = Clock(terminal=False)
    clock.on_progress("Looking for stores … 3 found", seconds=9)
    assert clock.said == ""
    clock.on_progress("Adding … 1 of 3 (debian)", seconds=14)
    assert clock.said == "Adding … 1 of 3 (debian, 1 s)\nAdding … 1 of 3 (debian, 11 s)\n"


def test_no_text_of_a_path_can_steer_the_terminal() -> None:
    """A directory's name may hold anything."""
    clock = Clock(terminal=True)
    clock.on_progress("Looking for stores … 3 found (/srv/\x1b[2J\n)", seconds=2)
    assert clock.said.replace("\r", "").isprintable()


def test_stores_are_counted_over_all_waves() -> None:
    """A wave that is done counts, and the total is never exceeded."""
    told: list[str] = []
    tally = Tally(told.append, "Adding", 3042)
    tally.tell(0, ["debian", "certifi", "certifi", "nss", "java"])
    tally.add(3040)
    tally.tell(5, [])
    assert told == ["Adding … 0 of 3,042 (debian, certifi and 2 more)", "Adding … 3,042 of 3,042"]
