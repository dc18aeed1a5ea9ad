"""The screen of `list`: for each certificate, the stores that trust it, those that do not, and how to mend them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from trustinstall.errors import printable
from trustinstall.installer.views import UNSEEN
from trustinstall.reporting import words
from trustinstall.reporting.layout import Cell, Page
from trustinstall.reporting.style import BAD, GOOD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.installer.views import Anchor, Held, Listed, View

#: How much `list` shows of each certificate: the scopes, every store, or its managed files, too.
Detail = Literal["", "stores", "files"]

_DAY = len("2035-02-14")
_MOST = 4  # missing stores that are named
_FEW = 2  # stores of one root that are named
_HEAD = 60  # columns of the first line beside the name
_LINE_END = r"\x0a"  # as `printable` writes it
_ANCHOR = 16  # digits of an anchor's fingerprint


def list_lines(page: Page, view: View, command: str, *, today: str, detail: Detail, every_anchor: bool) -> list[str]:
    """Return the report of `list`.

    Args:
        page: the page that it is printed on.
        view: the observed stores.
        command: the words with which the caller starts trustinstall.
        today: the date, ISO 8601.
        detail: show every store, or besides its managed files, aliases and variables.
        every_anchor: show the roots that trustinstall did not add: with `detail` every anchor of every store.
    """
    lines: list[str] = []
    for sha256 in dict.fromkeys(one.sha256 for one in view.certificates):
        scopes = [one for one in view.certificates if one.sha256 == sha256]
        lines += _certificate(page, scopes, command, today, detail)
    if not view.certificates:
        lines += page.paragraph("trustinstall has added no certificate here. Add one:")
        lines.append(page.whole(f"{command} add FILE", "  "))
    if every_anchor:
        lines += _every_anchor(page, view.anchors) if detail else _strangers(page, view.anchors)
    return [*lines, *(line for note in view.notes for line in page.marked(BAD, note))]


def _certificate(page: Page, scopes: Sequence[Listed], command: str, today: str, detail: Detail) -> list[str]:
    first = scopes[0]
    until = first.not_after[:_DAY]
    ended = until < today
    head = [
        page.style.tone(page.style.plain(printable(first.name, 60)), "strong"),
        first.sha256[: words.SHORT],
        page.style.tone(f"{'expired' if ended else 'until'} {until}", "bad" if ended else ""),
        f"added {first.since[:_DAY]} by {printable(first.by)}",
    ]
    narrow = page.width < _HEAD + len(printable(first.name, 60))
    lines = ["  ".join(head[:3]), f"  {head[3]}"] if narrow else ["  ".join(head)]
    if first.expires_soon and not ended:
        lines += page.marked(BAD, f"It expires on {until}. Ask IT for its successor.", "  ")
    rows = [_row(one) for one in scopes]
    lines += page.table(rows, "  ")
    if detail:
        files = detail == "files"
        lines += [line for one in scopes for line in _stores(page, one, titled=len(scopes) > 1, files=files)]
    if not all(one.complete for one in scopes):
        lines.append(page.whole(f"Mend: {command} add FILE", "    "))
    return lines


def _row(one: Listed) -> list[Cell | str]:
    """Return a scope's line: the number of stores that still trust it, and the names of those that do not."""
    seen = [held for held in one.stores if not held.foreign and held.state != UNSEEN]
    missing = one.missing
    foreign = sum(held.foreign for held in one.stores)
    unseen = sum(held.state == UNSEEN for held in one.stores)
    mark = BAD if missing else GOOD
    told = [f"trusted until {words.minute(one.until)}"] if one.until else []
    told += [f"missing: {words.listed([*map(_name, missing)], _MOST)}"] if missing else []
    told += [f"{unseen:,} in places that you cannot read"] if unseen else []
    told += [f"{foreign:,} not added by trustinstall"] if foreign else []
    tone = "bad" if missing else "good"
    counted = f"{len(seen) - len(missing):,} of {len(seen):,}"
    return [Cell(mark, tone), Cell(printable(one.scope), "strong"), counted, "; ".join(told)]


def _name(one: Held) -> str:
    backend, _, location = one.store.partition(":")
    place = one.label if one.label and one.label != one.store else location or backend
    return f"{place} ({one.state})" if one.state != "missing" else place


def _stores(page: Page, one: Listed, *, titled: bool, files: bool) -> list[str]:
    """Return every store of a scope; with `files`, what is managed in it."""
    lines = [f"    {page.style.tone(page.style.plain(printable(one.scope)), 'strong')}"] if titled else []
    for held in one.stores:
        state = "not added by trustinstall" if held.foreign else held.state.replace("follows", "via")
        tone = "" if held.foreign else "bad" if held.missing else "good"
        lines.append(f"    {page.style.tone(state, tone)}  {page.whole(held.store)}")
        entries = [line for entry in held.entries for line in entry.split(_LINE_END) if line] if files else []
        lines += [page.whole(line, "      ", tone="faint") for line in entries if not held.store.endswith(f":{line}")]
    return lines


def _strangers(page: Page, anchors: Sequence[Anchor]) -> list[str]:
    """Return the roots that trustinstall did not add and that are not public, each once with its stores."""
    from trustinstall.certificates.public_roots import FINGERPRINTS  # rarely needed

    public = {one.sha256 for one in anchors} & FINGERPRINTS
    found: dict[str, list[Anchor]] = {}
    for one in anchors:
        if not one.ours and one.sha256 not in public:
            found.setdefault(one.sha256, []).append(one)
    lines = ["", page.style.tone("Roots that trustinstall did not add, without public ones:", "strong")]
    rows: list[list[Cell | str]] = [
        [sha256[: words.SHORT], ones[0].subject, f"in {words.listed([one.store for one in ones], _FEW)}"]
        for sha256, ones in found.items()
    ]
    lines += page.table(rows, "  ") if rows else ["  none"]
    told = f"Besides {words.count(len(public), 'public root')}; with -v every root of every store is listed."
    return [*lines, *page.paragraph(told)]


def _every_anchor(page: Page, anchors: Sequence[Anchor]) -> list[str]:
    lines: list[str] = []
    for store in dict.fromkeys(anchor.store for anchor in anchors):
        found = [anchor for anchor in anchors if anchor.store == store]
        lines += ["", page.whole(f"{store}: {words.count(len(found), 'root')}", tone="strong")]
        rows = [["+" if one.ours else " ", one.sha256[:_ANCHOR], one.subject] for one in found]
        lines += page.table(rows, "  ")
    return lines
