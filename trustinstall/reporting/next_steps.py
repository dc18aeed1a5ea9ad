"""The block `Next` of a report: the caller's next steps, each on a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.reporting import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.reporting.advice import Advice, Command
    from trustinstall.reporting.layout import Page

_MOST = 6  # programs to restart that a line names


def next_lines(page: Page, advice: Advice) -> list[str]:
    """Return the next steps, or no line if there are none."""
    lines: list[str] = []
    if advice.restart:
        lines += page.paragraph(f"Restart {words.listed(advice.restart, _MOST)}.", "  ")
    if advice.terminal:
        lines += page.paragraph("New terminals have the variables. For this one:", "  ")
        lines.append(page.whole(advice.terminal, "    "))
    if advice.env:
        lines += page.paragraph("Programs that bring their own roots need:", "  ")
        lines += [page.whole(f"{advice.env_word} {name}={value}", "    ") for name, value in advice.env.items()]
    for note in advice.notes:
        lines += page.paragraph(note, "  ", hanging="  ")
    lines += foreign_lines(page, advice.foreign)
    return ["", page.style.tone("Next", "strong"), *lines] if lines else []


def foreign_lines(page: Page, commands: Sequence[Command]) -> list[str]:
    """Return the commands that remove copies which another program put there."""
    lines: list[str] = []
    for command in commands:
        lines += page.paragraph("To remove the copy that trustinstall did not add:", "  ")
        lines.append(page.whole(command.text, "    "))
    return lines


def undo_lines(page: Page, advice: Advice) -> list[str]:
    """Return the command that undoes this one."""
    return [page.whole(f"Undo: {advice.undo.text}", tone="faint")] if advice.undo else []
