"""The screen of the developer tools: for each whether it trusts the managed roots, and by which way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.reporting.layout import Cell, Page
from trustinstall.reporting.style import BAD, GOOD, SAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.installer.tool_views import ToolView

_HEAD = [Cell(""), *(Cell(word, "faint") for word in ("TOOL", "TRUSTS", "HOW"))]
_SYSTEM = "names the system's bundle"
_TESTED = "real"


def tools_lines(page: Page, found: Sequence[ToolView], *, verbose: bool) -> list[str]:
    """Return the lines of a table with a row for each tool; with `verbose`, a row also names the evidence."""
    if not found:
        return ["No tool of the table was found for this account."]
    rows = [_row(one, verbose=verbose) for one in found]
    return page.table([_HEAD, *rows], "")


def _row(one: ToolView, *, verbose: bool) -> list[Cell | str]:
    mark, word = _verdict(one)
    tone = "good" if mark == GOOD else "bad" if mark == BAD else ""
    how = " ".join(filter(None, (one.file, one.key))) if one.file else one.state
    if one.file and one.state not in {"set", "not set", _SYSTEM}:
        how = f"{how}: {one.state}"
    if one.effective in {"no", "in part", "unknown"} and one.decided_by:
        how += f"; decided by {one.decided_by}"
    if one.not_in:
        how += f"; not in these sessions: {', '.join(one.not_in)}"
    tested = f" (tested: {one.known.partition(': ')[2] or 'yes'})" if one.known.startswith(_TESTED) else " (documented)"
    return [Cell(mark, tone), Cell(one.tool, "strong"), Cell(word, tone), how + (tested if verbose else "")]


def _verdict(one: ToolView) -> tuple[str, str]:
    """Return the mark of a row, and the word for the roots that the tool trusts now."""
    if one.effective in {"no", "in part"}:
        return BAD, one.effective
    if one.mode == "follows" or one.state == _SYSTEM:
        return GOOD, "via system"
    if one.mode == "store":
        return GOOD, "via its store"
    if one.mode == "variable":
        return SAME, "by variable"
    if one.mode == "by hand":
        return SAME, "by hand"
    if one.state == "set":
        return GOOD, "set"
    return (SAME, "not set") if one.state == "not set" else (BAD, "its own")
