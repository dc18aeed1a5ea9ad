"""The screen of `doctor URL`, and its report as JSON."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from trustinstall.reporting.envelope import dump, envelope
from trustinstall.reporting.layout import Cell
from trustinstall.reporting.style import BAD, GOOD, SAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.installer.client_views import ClientView
    from trustinstall.installer.diagnosis import Diagnosis
    from trustinstall.reporting.layout import Page

_MARKS = {"yes": GOOD, "no": BAD, "off": BAD}
_WORDS = {"yes": "Accepted by", "no": "Refused", "off": "Not verified"}


def exit_code(found: Diagnosis, *, asked: bool) -> int:
    """Return 0 where every client is known to accept the server, or the caller did not ask; else 10."""
    accepted = found.layer is None and all(one.accepts == "yes" for one in found.clients)
    return 10 if asked and not accepted else 0


def doctor_lines(page: Page, found: Diagnosis, program: Sequence[str]) -> list[str]:
    """Return what failed; or the clients with their verdicts, what is between, and the command that mends it.

    `program` holds the words that start trustinstall.
    """
    through = _through(found)
    if found.failure:
        return [
            *page.marked(BAD, f"{found.target}{through}: {found.failure}", tone="strong"),
            *page.paragraph(f"The layer that failed: {found.layer.value if found.layer else ''}.", "  "),
        ]
    refuse = sum(one.accepts == "no" for one in found.clients)
    head = f"{refuse} of {len(found.clients)} clients here refuse" if refuse else "Every client that was judged accepts"
    lines = page.marked(BAD if refuse else GOOD, f"{head} {found.target}{through}", tone="strong")
    lines += [line for sentence in _about_root(found) for line in page.paragraph(sentence, "  ")]
    for clients in _alike(found.clients):
        lines += ["", *_group(page, clients)]
    if found.saved:
        lines += ["", *page.paragraph("Its root was written, unverified, into:"), page.whole(found.saved, "  ")]
    mend = found.remedy(program)
    if mend:
        lines += ["", *page.paragraph(_before(found)), page.whole(shlex.join(mend), "  ", tone="strong")]
    elif found.untrusted and found.root is not None:
        lines += ["", *page.paragraph(f"Ask the administrator for the root of {found.root.issuer_name}, and add it.")]
    return lines


def _through(found: Diagnosis) -> str:
    """Return who asks, and the proxy between, as the end of a sentence; "" for the calling session without a proxy."""
    proxy = f" through the proxy {found.proxy}" if found.proxy else ""
    return f"{proxy}, as {found.caller} does" if found.caller else proxy


def _before(found: Diagnosis) -> str:
    name, wanted = found.root.name if found.root else "", "fingerprint" if found.saved else "file and fingerprint"
    return (
        f"Ask the administrator whether {name} is the company's root, and for its {wanted}. "
        "Where the fingerprint is this one, the command is:"
    )


def _about_root(found: Diagnosis) -> Iterable[str]:
    if found.root is None:
        return
    if found.public is False:
        yield f"The root is {found.root.name}, no public one: the server is private, or the connection is inspected."
        yield f"SHA-256 {found.root.sha256}"
    elif found.public is None:
        yield f"The root is not seen; the last certificate is {found.root.name}, issued by {found.root.issuer_name}."
    else:
        yield f"The root is {found.root.name}, a public one: the connection is not inspected."


def _alike(clients: Iterable[ClientView]) -> list[list[ClientView]]:
    """Return the clients in groups with the same verdict and reasons; those that accept come last."""
    groups: dict[tuple[str, tuple[str, ...]], list[ClientView]] = {}
    for one in clients:
        groups.setdefault((one.accepts, tuple(reason.text for reason in one.reasons)), []).append(one)
    return sorted(groups.values(), key=lambda group: group[0].accepts == "yes")


def _group(page: Page, clients: list[ClientView]) -> list[str]:
    """Return the verdict with its reasons once, and a row for each client: its name, and what decides."""
    first = clients[0]
    verdict = _WORDS.get(first.accepts, "Not known")
    why = "; ".join(reason.text for reason in first.reasons)
    head = page.marked(_MARKS.get(first.accepts, SAME), f"{verdict}: {why}" if why else verdict)
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
