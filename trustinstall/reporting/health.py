"""The screen of `doctor` without a server, and its report as JSON."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trustinstall.doctor.health import ERROR, FINE
from trustinstall.reporting import words
from trustinstall.reporting.envelope import dump, envelope
from trustinstall.reporting.layout import Cell
from trustinstall.reporting.plan import fold
from trustinstall.reporting.style import BAD, DELETED, GOOD, SAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.doctor.health import Finding, TakenBack
    from trustinstall.host import Host
    from trustinstall.reporting.layout import Page

_FEW = 3  # places of the same finding that are shown one by one
_MOST = 6  # lines of places
#: The exit code if there is a problem, as for `check`.
FOUND = 10


def exit_code(found: Sequence[Finding]) -> int:
    """Return 0 if there is no problem, else FOUND."""
    return FOUND if any(one.severity != FINE for one in found) else 0


def lines(page: Page, found: Sequence[Finding], *, everything: bool) -> list[str]:
    """Return the problems, the worst first, each with its remedy; with `everything`, the good findings, too."""
    wrong = sorted(
        _at_many_places(_alike([one for one in found if one.severity != FINE])),
        key=lambda ones: ones[0].severity != ERROR,
    )
    head = f"{words.count(len(wrong), 'problem')} with the trust of this machine" if wrong else "No problem was found"
    shown = page.marked(BAD if wrong else GOOD, head, tone="strong")
    for ones in wrong:
        shown += ["", *(_finding(page, ones[0]) if len(ones) == 1 else _findings(page, ones))]
    well = [one for one in found if one.severity == FINE] if everything else []
    if well:
        rows = [[Cell(page.style.plain(GOOD)), Cell(one.client, "strong"), Cell(one.reason)] for one in well]
        shown += ["", "Well:", *page.table(rows, "  ")]
    return shown


def _alike(found: Sequence[Finding]) -> list[Finding]:
    """Merge findings that differ only in their client into one, which names all of the clients."""
    groups: dict[Finding, list[str]] = {}
    for one in found:
        groups.setdefault(replace(one, client=""), []).append(one.client)
    return [replace(one, client=", ".join(dict.fromkeys(clients))) for one, clients in groups.items()]


def _at_many_places(found: Sequence[Finding]) -> list[list[Finding]]:
    """Return findings, those of more than a few places in one list if they differ only in their client and place."""
    groups: dict[Finding, list[Finding]] = {}
    for one in found:
        groups.setdefault(replace(one, client="", decided_by="", reason=_reason(one)), []).append(one)
    return [some for ones in groups.values() for some in ([ones] if len(ones) > _FEW else [[one] for one in ones])]


def _reason(one: Finding) -> str:
    """Return the reason without the place, if it begins with that."""
    rest = one.reason.removeprefix(f"{one.decided_by} ") if one.decided_by else one.reason
    return rest if rest == one.reason else f"it {rest}"


def _finding(page: Page, one: Finding) -> list[str]:
    shown = page.marked(_mark(one), f"{one.client}: {one.reason} [{one.id}]")
    if one.decided_by and one.decided_by not in one.reason:
        shown.append(page.whole(one.decided_by, "  ", tone="faint"))
    return shown + _remedy(page, one)


def _findings(page: Page, ones: Sequence[Finding]) -> list[str]:
    """Return findings that are the same at many places: their number, and the places folded by directory."""
    first, places = ones[0], [one.decided_by.removeprefix(_kind(one.decided_by)) for one in ones]
    shown = page.marked(_mark(first), f"{len(ones):,} places: {_reason(first)} [{first.id}]")
    folded = fold(places)
    shown += [page.whole(one, "  ", tone="faint") for one in folded[:_MOST]]
    if len(folded) > _MOST:
        shown.append(page.whole(f"and {len(folded) - _MOST:,} more; --json lists each", "  ", tone="faint"))
    return shown + _remedy(page, first)


def _kind(place: str) -> str:
    """Return the backend in front of a store's id, as "certifi:" of "certifi:/srv/app/cacert.pem"; "" for a path."""
    backend, colon, rest = place.partition(":/")
    return f"{backend}:" if colon and rest and "/" not in backend else ""


def _mark(one: Finding) -> str:
    return BAD if one.severity == ERROR else SAME


def _remedy(page: Page, one: Finding) -> list[str]:
    advice = page.paragraph(one.advice, "  ") if one.advice else []
    return [*advice, *([page.whole(shlex.join(one.remedy), "  ", tone="strong")] if one.remedy else [])]


def as_json(host: Host, found: Sequence[Finding], code: int, fixed: Sequence[TakenBack] = ()) -> str:
    """Return the findings, and the mended settings, as JSON."""
    head = envelope(host, "doctor", code, changed=bool(fixed))
    return dump({**head, "findings": [_as_data(one) for one in found], "fixed": [one.data for one in fixed]})


def _as_data(one: Finding) -> dict[str, Any]:
    return {
        "id": one.id,
        "severity": one.severity,
        "layer": one.layer,
        "scope": one.scope,
        "client": one.client,
        "decided_by": one.decided_by,
        "reason": one.reason,
        "remedy": list(one.remedy),
        "advice": one.advice,
    }


def diff_lines(page: Page, planned: Sequence[TakenBack]) -> list[str]:
    """Return the text that `--fix` would cut out of each file."""
    shown: list[str] = []
    for one in planned:
        shown += [page.whole(f"{one.path} line {one.line} ({one.client})", tone="strong")]
        cut = (line.expandtabs(4) for line in one.removed.splitlines() if line.strip())
        shown += [f"{page.mark(DELETED)} {page.whole(line)}" for line in cut]
    return shown


def fixed_lines(page: Page, fixed: Sequence[TakenBack], found: Sequence[Finding]) -> list[str]:
    """Return the clients whose verification is on again, and those for which another place still has it off."""
    names = dict.fromkeys(one.client for one in fixed)
    off = {one.client for one in found if one.id == "verification-off"} & names.keys()
    said = {"is on again": [one for one in names if one not in off], "is still off": sorted(off)}
    shown = [f"{word} for {', '.join(some)}" for word, some in said.items() if some]
    text = f"Verification {', and '.join(shown)}; the audit log keeps what was cut out."
    return page.marked(BAD if off else GOOD, text, tone="strong")
