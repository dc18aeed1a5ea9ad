"""The screen of `doctor URL`, and its report as JSON."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from trustinstall.reporting.doctor_words import about_root, alike, before, headline, verdict
from trustinstall.reporting.envelope import dump, envelope
from trustinstall.reporting.layout import Cell
from trustinstall.reporting.style import BAD, GOOD, SAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.installer.client_views import ClientView
    from trustinstall.installer.diagnosis import Diagnosis
    from trustinstall.reporting.layout import Page

_MARKS = {"yes": GOOD, "no": BAD, "off": BAD}


def exit_code(found: Diagnosis, *, asked: bool) -> int:
    """Return 0 where every client is known to accept the server, or the caller did not ask; else 10."""
    accepted = found.layer is None and all(one.accepts == "yes" for one in found.clients)
    return 10 if asked and not accepted else 0


def doctor_lines(page: Page, found: Diagnosis, program: Sequence[str]) -> list[str]:
    """Return what failed; or the clients with their verdicts, what is between, and the command that mends it.

    `program` holds the words that start trustinstall.
    """
    if found.failure:
        layer = found.layer.value if found.layer else ""
        head = page.marked(BAD, headline(found), tone="strong")
        return [*head, *page.paragraph(f"The layer that failed: {layer}.", "  ")]
    refused = any(one.accepts == "no" for one in found.clients)
    lines = page.marked(BAD if refused else GOOD, headline(found), tone="strong")
    lines += [line for sentence in about_root(found) for line in page.paragraph(sentence, "  ")]
    for clients in alike(found.clients):
        lines += ["", *_group(page, clients)]
    if found.saved:
        lines += ["", *page.paragraph("Its root was written, unverified, into:"), page.whole(found.saved, "  ")]
    mend = found.remedy(program)
    if mend:
        lines += ["", *page.paragraph(before(found)), page.whole(shlex.join(mend), "  ", tone="strong")]
    elif found.untrusted and found.root is not None:
        lines += ["", *page.paragraph(f"Ask the administrator for the root of {found.root.issuer_name}, and add it.")]
    return lines


def _group(page: Page, clients: list[ClientView]) -> list[str]:
    """Return the verdict with its reasons once, and a row for each client: its name, and what decides."""
    head = page.marked(_MARKS.get(clients[0].accepts, SAME), verdict(clients))
    rows = [[Cell(one.name, "strong"), Cell(one.decided_by, whole=True)] for one in clients]
    return [*head, *page.table(rows, "  ")]


def doctor_json(host: Host, found: Diagnosis, code: int) -> str:
    """Return the report as JSON."""
    return dump(
        {
            **envelope(host, "doctor", code),
            "target": found.target,
            "proxy": found.proxy,
            "layer": found.layer.value if found.layer else "",
            "failure": found.failure,
            "chain": [_certificate(one) for one in found.chain],
            "root": _certificate(found.root) if found.root else None,
            "public": found.public,
            "inspected": found.inspection.state.value,
            "inspector": found.inspection.product,
            "clients": [_client(one) for one in found.clients],
            "caller": found.caller,
            "saved": found.saved,
            "remedy": list(found.remedy(host.program())),
        }
    )


def _certificate(one: Certificate) -> dict[str, Any]:
    return {"sha256": one.sha256, "subject": one.subject}


def _client(one: ClientView) -> dict[str, Any]:
    reasons = [{"code": reason.code, "detail": reason.text} for reason in one.reasons]
    return {
        "name": one.name,
        "accepts": one.accepts,
        "decided_by": one.decided_by,
        "verifier": one.verifier,
        "reasons": reasons,
    }
