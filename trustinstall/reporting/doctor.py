"""The screen of `doctor URL…`, and its exit code."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from trustinstall.reporting.doctor_words import about_root, alike, before, by_documents, count, headline, verdict
from trustinstall.reporting.layout import Cell
from trustinstall.reporting.style import BAD, GOOD, SAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.installer.client_views import ClientView
    from trustinstall.installer.diagnosis import Diagnosis
    from trustinstall.reporting.layout import Page

_MOST_ROWS = 10  # clients of a group on lines of their own
_NAMED = 3  # clients that are named if their group is folded
_MARKS = {"yes": GOOD, "no": BAD, "off": BAD}


def exit_code(found: Iterable[Diagnosis], *, asked: bool) -> int:
    """Return 0 if every client is known to accept each server, or if not `asked`; else 10."""
    accepted = all(one.accepted and all(client.accepts == "yes" for client in one.clients) for one in found)
    return 10 if asked and not accepted else 0


def doctor_lines(page: Page, found: Sequence[Diagnosis], program: Sequence[str], *, verbose: bool = False) -> list[str]:
    """Return the findings about one server; for several, the number that all accept, and each under a heading.

    `program` holds the words that start trustinstall. `verbose`: every client has a line of its own.
    """
    if len(found) == 1:
        return _server(page, found[0], program, verbose=verbose)
    lines = page.marked(GOOD if all(one.accepted for one in found) else BAD, count(found), tone="strong")
    for number, one in enumerate(found, 1):
        heading = page.paragraph(f"Server {number} of {len(found)}: {one.target}", tone="strong")
        lines += ["", *heading, *_server(page, one, program, verbose=verbose)]
    return lines


def _server(page: Page, found: Diagnosis, program: Sequence[str], *, verbose: bool) -> list[str]:
    """Return the failed layer; or the clients with their verdicts, the inspection, and the command that mends it."""
    if found.failure:
        layer = found.layer.value if found.layer else ""
        head = page.marked(BAD, headline(found), tone="strong")
        return [*head, *page.paragraph(f"The layer that failed: {layer}.", "  ")]
    refused = any(one.accepts == "no" for one in found.clients)
    lines = page.marked(BAD if refused else GOOD, headline(found), tone="strong")
    lines += [line for sentence in about_root(found) for line in page.paragraph(sentence, "  ")]
    for clients in alike(found.clients):
        lines += ["", *_group(page, clients, verbose=verbose)]
    documented = by_documents(found.clients)
    lines += ["", *page.paragraph(documented)] if documented else []
    if found.saved:
        lines += ["", *page.paragraph("Its root was written, unverified, into:"), page.whole(found.saved, "  ")]
    mend = found.remedy(program)
    if mend:
        lines += ["", *page.paragraph(before(found)), page.whole(shlex.join(mend), "  ", tone="strong")]
    elif found.untrusted and found.root is not None:
        lines += ["", *page.paragraph(f"Ask the administrator for the root of {found.root.issuer_name}, and add it.")]
    return lines


def _group(page: Page, clients: list[ClientView], *, verbose: bool) -> list[str]:
    """Return the verdict with its reasons, and a row for each client: its name and what decides; or a count."""
    head = page.marked(_MARKS.get(clients[0].accepts, SAME), verdict(clients))
    if len(clients) > _MOST_ROWS and not verbose:
        names = ", ".join(one.name for one in clients[:_NAMED])
        return [*head, *page.paragraph(f"{names} and {len(clients) - _NAMED} more; -v lists them", "  ")]
    rows = [[Cell(one.name, "strong"), Cell(one.decided_by, whole=True)] for one in clients]
    return [*head, *page.table(rows, "  ")]
