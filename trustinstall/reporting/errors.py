"""Errors and warnings in one style: "error: what happened", and on the lines below what was seen and what to do.

A log (a page wider than any terminal) has each on one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.reporting import rows, words
from trustinstall.reporting.layout import WIDEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.installer.result import Report
    from trustinstall.reporting.layout import Page

_INDENT = "  "


def error_lines(page: Page, message: str) -> list[str]:
    """Return an error; its message says what happened, and after each "; " what was seen or what to do."""
    return _told(page, "error", message, "bad")


def warning_lines(page: Page, message: str) -> list[str]:
    """Return a warning."""
    return _told(page, "warning", message, "strong")


def _told(page: Page, word: str, message: str, tone: str) -> list[str]:
    if page.width > WIDEST:
        return [page.whole(f"{word}: {message}")]
    cause, *others = message.split("; ")
    first, *rest = page.paragraph(f"{word}: {cause}", hanging=_INDENT)
    painted = page.style.tone(f"{word}:", tone) + first[len(word) + 1 :]
    return [painted, *rest, *(line for one in others if one for line in _clause(page, one))]


def _clause(page: Page, text: str) -> list[str]:
    """Return a clause as a sentence; options are a line of their own, which can be copied as it stands."""
    if text.startswith("--sha256 "):
        return [page.whole(text, _INDENT * 2)]
    return page.paragraph(rows.sentence(text), _INDENT)


def stopped(host: Host, certificates: Sequence[Certificate], held: int, total: int, *, adding: bool) -> str:
    """Return the message of an interrupted command: `held` of `total` stores have the certificates now.

    `total` is 0 if the stores had not been discovered yet.
    """
    names = words.names_of(certificates)
    total = max(total, held) if total else 0
    number = f"{held:,} of {words.count(total, 'store')}" if total else words.count(held, "store")
    verb = f"{'trusts' if 1 in {held, total} else 'trust'} {names} {'now' if adding else 'still'}"
    undo = " ".join((host.command(), "remove", *(one.sha256[: words.SHORT] for one in certificates)))
    ways = f"Go on: the same command.{f' Undo: {undo}' if adding and held else ''}"
    return f"stopped; {number} {verb}. {ways}"


def failures(page: Page, report: Report) -> list[str]:
    """Return an error for each store and scope that failed; `--quiet` prints them on standard error."""
    lines: list[str] = []
    for part in report.scopes:
        if part.problem or part.skipped:
            lines += error_lines(page, f"{part.scope}: {part.problem or part.skipped}")
    for one in report.failed:
        lines += error_lines(page, f"{one.store.id}: {one.detail}")
    return lines or error_lines(page, "some stores are not in scope; -v lists them")
