"""The screens of `add`: the question before it, and its result, with the answer first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.engine.outcome import WIDE, Outcome, Result
from trustinstall.errors import printable
from trustinstall.reporting import plan, rows, words
from trustinstall.reporting.layout import Cell, Page
from trustinstall.reporting.next_steps import next_lines, undo_lines
from trustinstall.reporting.style import BAD, GOOD, SAME
from trustinstall.stores.groups import GROUPS, group_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.certificates.intake import Intake, Vetted
    from trustinstall.installer.result import Report, ScopeResult
    from trustinstall.installer.situation import Situation
    from trustinstall.reporting.advice import Advice

_MERGED = 2  # scopes that share one table: the machine and one account
_CAUTION = (
    "Compare the SHA-256 with the one that your IT publishes. The owner of this root's key can read this machine's "
    "encrypted traffic."
)

#: Groups whose names are proper names.
_NAMES = {"java": "Java", "python": "Python", "node": "Node.js", "other": "others"}


def certificate_lines(page: Page, certificate: Certificate, notes: Sequence[tuple[str, str]] = ()) -> list[str]:
    """Return a certificate with its whole fingerprint, and rows of notes about it."""
    until = f", valid until {certificate.not_after:%Y-%m-%d}"
    name = printable(certificate.name, 60)
    head = f"{page.style.tone(page.style.plain(name), 'strong')}{until}"
    return [head, *page.table([["SHA-256", certificate.sha256], *notes], "  ")]


def question_lines(page: Page, intake: Intake, situation: Situation) -> list[str]:
    """Return the text before the question: each certificate with all 64 digits, the scope, and the risk."""
    lines: list[str] = []
    for one in intake.accepted:
        lines += certificate_lines(page, one.certificate, [("for", words.scope(situation)), *_found(one)])
    return [*lines, *intake_lines(page, intake), *page.paragraph(_CAUTION)]


def found_lines(page: Page, intake: Intake) -> list[str]:
    """Return the text without a question: certificates that were found, warnings, and skipped certificates."""
    lines: list[str] = []
    for one in intake.accepted:
        lines += certificate_lines(page, one.certificate, _found(one)) if one.found else []
    return [*lines, *intake_lines(page, intake)]


def _found(one: Vetted) -> list[tuple[str, str]]:
    """Return the rows about the place of a found certificate; none if the caller named its file."""
    rows = [("found in", printable(one.origin, 4096)), ("product", one.product)] if one.found else []
    return [row for row in rows if row[1]]


def intake_lines(page: Page, intake: Intake) -> list[str]:
    """Return warnings about clients, and the certificates that were left out."""
    lines: list[str] = []
    for one in intake.accepted:
        for warning in one.warnings:
            name = words.name_of(one.certificate)
            lines += page.marked(BAD, warning if warning.startswith(name) else f"{name}: {warning}", "  ")
    for certificate, reason in intake.left_out:
        lines += page.paragraph(f"Left out: {words.name_of(certificate)}: {reason}", "  ", hanging="  ")
    return lines


def result_lines(page: Page, report: Report, advice: Advice, *, verbose: bool) -> list[str]:
    """Return the report of `add`."""
    if report.dry_run:
        return plan.plan_lines(page, report, verbose=verbose)
    lines = [*scope_notes(page, report), *_headline(page, report)]
    lines += plan.end_lines(page, report)
    quiet = not (report.changed_stores or _troubled(report) or verbose)
    lines += [] if quiet else body_lines(page, report, verbose=verbose)
    lines += _taken_over(page, report)
    if quiet and report.in_scope:
        return lines
    return [*lines, *next_lines(page, advice), *out_of_scope_lines(page, report, advice), *undo_lines(page, advice)]


def _troubled(report: Report) -> bool:
    return any(one.result is Result.FAILED for one in report.outcomes) or any(
        part.problem or part.skipped for part in report.scopes
    )


def scope_notes(page: Page, report: Report) -> list[str]:
    """Return the notes before the result: an interrupted command was undone."""
    recovered = any(part.recovered for part in report.scopes)
    return page.paragraph("An earlier command had been interrupted; it was undone first.") if recovered else []


def _headline(page: Page, report: Report) -> list[str]:
    held, every = report.covered
    names, verb = words.names_of(report.certificates), words.be(report.certificates)
    named = report.situation.accounts or report.situation.image or report.situation.kind == "user"
    whose = f" of {words.scope(report.situation)}" if named else ""
    if not report.in_scope:
        return page.marked(BAD, _nothing(report), tone="strong")
    if held == every and not report.changed_stores:
        ids = words.names_of(report.certificates, ids=True)
        rest = "" if report.ends else "; nothing changed"
        return page.marked(SAME, f"{ids} {verb} trusted in {_all(every)}{whose} already{rest}.")
    mark = GOOD if held == every and not any(part.problem for part in report.scopes) else BAD
    where = _all(every) if held == every else f"{held:,} of {words.count(every, 'store')}"
    return page.marked(mark, f"{names} {verb} trusted in {where}{whose}", tone="strong")


def _all(number: int) -> str:
    return "1 store" if number == 1 else f"all {number:,} stores"


def _nothing(report: Report) -> str:
    if report.domains:
        return "No store in this scope can limit a root to certain names; nothing was changed."
    return "There is no store in this scope; nothing was changed."


def body_lines(page: Page, report: Report, *, verbose: bool) -> list[str]:
    """Return the rows of every scope, and the failures."""
    parts = [part for part in report.scopes if part.outcomes]
    if verbose:
        lines: list[str] = []
        for part in parts:
            lines += [f"  {page.style.tone(_scope(page, part), 'strong')}"] if len(parts) > 1 else []
            lines += rows.store_lines(page, part)
    elif len(parts) <= _MERGED:
        lines = page.table(rows.group_rows([one for part in parts for one in part.outcomes]), "  ")
    else:
        lines = _account_lines(page, parts)
    return [*lines, *failed_lines(page, report)]


def failed_lines(page: Page, report: Report) -> list[str]:
    """Return the scopes and stores that failed, and the accounts that were skipped."""
    lines: list[str] = []
    for part in report.scopes:
        if part.problem:
            cause, _, what_to_do = part.problem.partition("; ")
            lines += page.marked(BAD, f"{part.scope}: {cause}", "  ")
            lines += page.paragraph(rows.sentence(what_to_do), "      ") if what_to_do else []
        if part.skipped:
            lines += page.paragraph(f"{part.scope} was skipped: {part.skipped}", "  ", hanging="  ")
    for one in report.outcomes:
        if one.result is Result.STORE_MISSING:
            lines += page.paragraph(f"{words.full_name(one.store)}: {one.detail}", "  ", hanging="  ")
    return lines + rows.failure_lines(page, report.outcomes)


def _scope(page: Page, part: ScopeResult) -> str:
    return page.style.plain("Machine" if part.scope == "machine" else printable(part.scope))


def _account_lines(page: Page, parts: Sequence[ScopeResult]) -> list[str]:
    """Return the machine's rows, and a row for all accounts with the same result."""
    lines: list[str] = []
    folded: dict[tuple[str, str, str], list[str]] = {}
    for part in parts:
        held, every = part.covered
        if part.scope == "machine":
            lines.append(f"  {page.style.tone('Machine', 'strong')}  {held:,} of {every:,}")
            lines += page.table(rows.group_rows(part.outcomes), "    ")
            continue
        programs = words.listed(rows.program_names(rows.shown(part.outcomes)), 6)
        mark = BAD if held < every else ""
        folded.setdefault((mark, f"{held:,} of {every:,}", programs), []).append(printable(part.scope))
    table: list[list[Cell | str]] = [
        [Cell(mark, "bad"), Cell(words.listed(names, 4), "strong"), counted, programs]
        for (mark, counted, programs), names in folded.items()
    ]
    return lines + page.table(table, "  ")


def _taken_over(page: Page, report: Report) -> list[str]:
    number = sum(bool(one.foreign) for one in report.outcomes if one.result is Result.ALREADY)
    if not number:
        return []
    stores = f"{words.count(number, 'store')} {'holds' if number == 1 else 'hold'}"
    return page.paragraph(
        f"{stores} a copy that trustinstall did not add: `remove` keeps it, and --adopt takes it over."
    )


def out_of_scope_lines(page: Page, report: Report, advice: Advice) -> list[str]:
    """Return the stores and accounts that are not in scope, and the commands that reach them."""
    others = [one for one in report.outcomes if one.result is Result.NOT_COVERED and one.detail != WIDE]
    lines: list[str] = []
    if others and report.situation.kind == "user":
        lines += page.paragraph(f"Not yet: {len(others):,} of the machine ({_groups(others)})")
    elif others:
        stores = words.count(len(others), "store")
        lines += page.paragraph(f"Not in scope: {stores} of other accounts ({_groups(others)})")
    if advice.administrator:
        lines += ["  An administrator can add them:", page.whole(advice.administrator.text, "    ")]
    if report.wide:
        stores = words.count(report.wide, "store")
        lines += page.paragraph(f"Not in scope: {stores} that cannot limit a root to certain names (-v lists them)")
    if report.situation.uncovered and report.command == "add" and not report.domains:
        accounts = words.count(report.situation.uncovered, "other account")
        lines += page.paragraph(
            f"Not in scope: {accounts}{'. To reach every account:' if advice.everybody else ' (--scope all-users)'}"
        )
        lines += [page.whole(advice.everybody.text, "    ")] if advice.everybody else []
    return lines


def _groups(outcomes: Sequence[Outcome]) -> str:
    found = {group_of(one.store) for one in outcomes}
    return ", ".join(_NAMES.get(group, group) for group in GROUPS if group in found)
