"""The screen of `remove`: programs and stores that still trust the certificate come first, if there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Result
from trustinstall.reporting import plan, rows, words
from trustinstall.reporting.add import body_lines, scope_notes
from trustinstall.reporting.next_steps import next_lines
from trustinstall.reporting.style import BAD, GOOD, SAME

if TYPE_CHECKING:
    from trustinstall.installer.result import Report
    from trustinstall.reporting.advice import Advice
    from trustinstall.reporting.layout import Page

_ACCOUNTS = 4  # or programs, that a sentence names
_STAYS = frozenset({Result.FAILED, Result.FOREIGN})
_TOLD = _STAYS | {Result.STORE_MISSING}


def result_lines(page: Page, report: Report, advice: Advice, *, verbose: bool) -> list[str]:
    """Return the report of `remove`."""
    if report.dry_run and report.certificates:
        return plan.plan_lines(page, report, verbose=verbose)
    lines = [*scope_notes(page, report), *_still(page, report), *_gone(page, report)]
    told = (
        verbose
        or any(one.result in _TOLD for one in report.outcomes)
        or any(part.problem or part.skipped for part in report.scopes)
    )
    lines += body_lines(page, report, verbose=verbose) if told else []
    if advice.administrator:
        lines += ["  An administrator can remove it:", page.whole(advice.administrator.text, "    ")]
    return lines + next_lines(page, advice)


def nothing(report: Report) -> str:
    """Return the sentence for a removal that has nothing to remove."""
    if not report.certificates:
        return "Nothing to remove: trustinstall has added no such certificate here."
    return f"Nothing to remove: trustinstall had not added {words.names_of(report.certificates)}."


def _still(page: Page, report: Report) -> list[str]:
    """Return who still trusts the certificates, as far as that is known; no line if that is no program."""
    names, verb = words.names_of(report.certificates), words.be(report.certificates)
    foreign = [one for one in report.outcomes if one.result is Result.FOREIGN]
    failed = report.failed
    who = [*(["the machine"] if report.left or report.others else [])]
    who += [f"{words.listed(rows.program_names(foreign) or [one.store.id for one in foreign], 4)}"] if foreign else []
    readers = list(dict.fromkeys(client for one in report.readers for client in one.clients))
    who += [words.listed(readers, _ACCOUNTS)] if readers else []
    who += [words.count(len(failed), "store") + " that could not be changed"] if failed else []
    if not who:
        return []
    lines = page.marked(BAD, f"{names} {verb} STILL TRUSTED by {', and by '.join(who)}", tone="bad")
    if foreign:
        copies, them = ("the copy", "it") if len(foreign) == 1 else ("the copies", "them")
        lines += page.paragraph(f"trustinstall did not add {copies} there, and keeps {them}.", "  ")
    if report.others and not foreign:
        lines += page.paragraph("trustinstall did not add it to the system's store.", "  ")
    if report.left or report.others:
        lines += page.paragraph("Only an administrator can change the machine's stores.", "  ")
    return lines


def _gone(page: Page, report: Report) -> list[str]:
    """Return the number of stores that were changed."""
    names, are = words.names_of(report.certificates), words.be(report.certificates)
    results = [one.result for one in report.outcomes]
    removed = results.count(Result.REMOVED)
    followed = results.count(Result.FOLLOWS)
    if not report.changed:
        if _stays(report):
            return page.paragraph("Nothing was changed.", "  ")
        return page.marked(SAME, nothing(report))
    text = f"taken out of {words.count(removed, 'store')}{_whose(report)}"
    if followed:
        them, verb = "it" if removed == 1 else "them", words.be(range(followed))
        text += f", and with {them} out of {followed:,} that {verb} fed by the system"
    if _stays(report):
        return page.paragraph(f"{text[0].upper()}{text[1:]}.", "  ")
    return page.marked(GOOD, f"{names} {are} no longer trusted: {text}.")


def _stays(report: Report) -> bool:
    """Whether a client still trusts a certificate, as far as that is known."""
    kept = report.left or report.others or any(one.clients for one in report.readers)
    return bool(kept) or any(one.result in _STAYS for one in report.outcomes)


def _whose(report: Report) -> str:
    """Return the names of the changed scopes, if there are several: `remove` finds the accounts in the ledger."""
    changed = [part for part in report.scopes if any(one.result is Result.REMOVED for one in part.outcomes)]
    names = dict.fromkeys("this machine" if one.scope == "machine" else one.scope for one in changed)
    return f" of {words.listed(list(names), _ACCOUNTS)}" if len(names) > 1 else ""
