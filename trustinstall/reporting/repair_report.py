"""The report of `repair`: the changed stores, for people and as JSON (`report.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Outcome, Result
from trustinstall.installer.report_data import outcome, problems
from trustinstall.reporting import words
from trustinstall.reporting.envelope import dump, envelope
from trustinstall.reporting.layout import Cell, Page
from trustinstall.reporting.next_steps import foreign_lines
from trustinstall.reporting.plan import planned_lines
from trustinstall.reporting.style import BAD, CHANGED, GOOD, SAME
from trustinstall.stores.groups import group_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.declared.difference import Difference
    from trustinstall.host import Host
    from trustinstall.installer.result import Report
    from trustinstall.reporting.advice import Command

_WORDS = {
    Result.REMOVED: "taken out",
    Result.FOREIGN: "kept",
}
_OF_REPAIR = {**_WORDS, Result.ADDED: "put back"}  # `apply` adds what was never there


def lines(page: Page, report: Report, foreign: Sequence[Command] = (), *, verbose: bool) -> list[str]:
    """Return the report for people: the answer, and a row for each store that was different.

    `foreign`: the commands that remove the copies which were left.
    """
    found = page.marked(_mark(report), _summary(report), tone="strong")
    if any(part.recovered for part in report.scopes):
        found += page.paragraph("An earlier command had been interrupted; it was undone first.")
    planned = [one for one in report.outcomes if one.result is Result.PLANNED and one.steps]
    rows = [_row(one, report.command) for one in report.outcomes if one.detail or one not in planned]
    found += page.table(rows, "  ")
    found += planned_lines(page, planned, verbose=verbose)
    for part in report.scopes:
        found += page.marked(BAD, f"{part.scope}: {part.problem}", "  ") if part.problem else []
        if part.skipped and verbose:
            found += page.paragraph(f"{part.scope} was skipped: {part.skipped}", "  ", hanging="  ")
    return [*found, *foreign_lines(page, foreign)]


def notes(page: Page, sentences: Sequence[str]) -> list[str]:
    """Return notes about certificates, each with its place in the document."""
    return [line for one in sentences for line in page.paragraph(f"Note: {one}", hanging="  ")]


def differences(page: Page, found: Sequence[Difference]) -> list[str]:
    """Return a line for each certificate that a document brings, changes or takes away."""
    return [page.whole(f"{one.mark} {one.text}") for one in found]


def as_json(host: Host, report: Report, exit_code: int, foreign: Sequence[Command] = ()) -> str:
    """Return the report as JSON; `foreign` as for `lines`."""
    would_change = any(one.result is Result.PLANNED for one in report.outcomes)
    data = envelope(host, report.command, exit_code, changed=report.changed, would_change=would_change)
    stores = [outcome(part, one) for part in report.scopes for one in part.outcomes]
    left = [list(one.argv) for one in foreign]
    beside = {"remove_foreign": left, "notes": list(report.notes)}
    return dump({**data, "dry_run": report.dry_run, "stores": stores, **problems(report), **beside})


def _row(one: Outcome, command: str) -> list[Cell | str]:
    mark = Cell(BAD, "bad") if one.result is Result.FAILED else Cell(CHANGED) if one.touched else ""
    detail = f"{words.place(one.store)}{': ' + one.detail if one.detail else ''}"
    known = _OF_REPAIR if command == "repair" else _WORDS
    word = Cell(known.get(one.result, words.RESULTS[one.result]), words.TONES.get(one.result, ""))
    return [mark, words.title(group_of(one.store)), word, Cell(detail, whole=not one.detail)]


def _mark(report: Report) -> str:
    if any(one.result is Result.FAILED for one in report.outcomes) or any(part.problem for part in report.scopes):
        return BAD
    if report.dry_run and any(one.result is Result.PLANNED for one in report.outcomes):
        return CHANGED
    return GOOD if any(one.touched for one in report.outcomes) else SAME


def _summary(report: Report) -> str:
    results = [one.result for one in report.outcomes]
    if report.dry_run and Result.PLANNED in results:
        return f"{words.count(results.count(Result.PLANNED), 'store')} would change; nothing changed yet."
    if Result.FAILED in results or any(part.problem for part in report.scopes):
        return "Not everything is as it should be; see below."
    changed = sum(one.touched for one in report.outcomes)
    verb = "Mended" if report.command == "repair" else "Changed"
    done = f"{verb} {words.count(changed, 'store')}" if changed else "Nothing was changed"
    if kept := results.count(Result.FOREIGN):
        return f"{done}; {words.count(kept, 'store')} {words.be(range(kept))} left as found, for the reasons below."
    return f"{done}; all is as it was asked for." if changed else "All is as it was asked for; nothing was changed."
