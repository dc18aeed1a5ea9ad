"""The report of `doctor URL… --report` for a help desk: one page of HTML that needs nothing else.

It has no script and loads nothing (the policy in its head forbids both), reads well on a telephone, and prints. All
text from outside is printable and escaped. A proxy is named by host and port: its login is never in a Diagnosis.
"""

from __future__ import annotations

import shlex
from html import escape
from typing import TYPE_CHECKING

from trustinstall._version import __version__
from trustinstall.errors import CertificateRefused, printable
from trustinstall.reporting.doctor_words import about_root, alike, before, count, headline, judged_as, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.installer.client_views import ClientView
    from trustinstall.installer.diagnosis import Diagnosis

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #b42318; --quiet: #666; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff7b72; --quiet: #aaa; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; line-height: 1.3; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .5rem; }
code, pre { font: .9rem/1.45 ui-monospace, monospace; }
pre { white-space: pre-wrap; border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; }
table { width: 100%; border-collapse: collapse; } td, th { padding: .35rem .6rem .35rem 0; text-align: left;
  vertical-align: top; border-top: 1px solid var(--line); } th { color: var(--quiet); font-weight: normal; }
.yes { color: var(--good); } .no, .off { color: var(--bad); } .quiet { color: var(--quiet); }
@media (max-width: 40rem) { thead { display: none; } tr { display: block; padding: .4rem 0;
  border-top: 1px solid var(--line); } td { display: block; border: 0; padding: 0; }
  td:first-child { font-weight: bold; } td + td::before { content: attr(data-head) ": "; color: var(--quiet); } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } tr, pre { break-inside: avoid; } }
"""
_LONGEST = 4096  # characters of one text
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def doctor_page(host: Host, found: Sequence[Diagnosis]) -> str:
    """Return the page: one server; or for several, the number that all accept, and a part for each."""
    title = f"Certificates of {', '.join(one.target for one in found)}"
    level = 1 if len(found) == 1 else 2
    parts = [
        *([f"<h1>{_text(count(found))}</h1>"] if level > 1 else []),
        *(part for one in found for part in _server(one, host.program(), level)),
        f'<p class="quiet">{_text(_seen(host))}</p>',
    ]
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style>"
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _server(found: Diagnosis, program: Sequence[str], level: int) -> list[str]:
    """Return the findings about a server; `level` is that of its heading."""
    return [
        f"<h{level}>{_text(headline(found))}</h{level}>",
        *(f"<p>{_text(one)}</p>" for one in about_root(found)),
        *(_group(one, level + 1) for one in alike(found.clients)),
        *_mended(found, program, level + 1),
        _chain(found.chain, level + 1),
    ]


def _text(text: str) -> str:
    return escape(printable(text, _LONGEST), quote=True)


def _seen(host: Host) -> str:
    """Return the machine and the time of the page."""
    name, (system, version) = host.machine_name(), host.system_version()
    return f"{name}, {system} {version}; {host.now():%Y-%m-%d %H:%M} UTC; trustinstall {__version__}"


def _group(clients: Sequence[ClientView], level: int) -> str:
    rows = ((one.name, one.decided_by, judged_as(one)) for one in clients)
    head = f'<h{level} class="{_text(clients[0].accepts)}">{_text(verdict(clients))}</h{level}>'
    return head + _table(("Client", "Decided by", "Judged as"), rows)


def _mended(found: Diagnosis, program: Sequence[str], level: int) -> list[str]:
    words = found.remedy(program)
    if not words:
        return []
    return [f"<h{level}>What mends it</h{level}><p>{_text(before(found))}</p><pre>{_text(shlex.join(words))}</pre>"]


def _chain(chain: Iterable[Certificate], level: int) -> str:
    rows = [(one.subject, _dates(one), one.sha256) for one in chain]
    if not rows:
        return ""
    head = f"<h{level}>Certificates as the server sent them</h{level}>"
    return head + _table(("Subject", "Valid", "SHA-256"), rows)


def _dates(one: Certificate) -> str:
    try:
        return f"{one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}"
    except CertificateRefused:
        return "it cannot be read"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(one)}</th>" for one in heads)
    body = "".join(f"<tr>{_cells(heads, row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(heads: Sequence[str], row: Sequence[str]) -> str:
    """Return a row; on a telephone, which shows no line of heads, each cell shows its own head."""
    named = zip(heads, row, strict=True)
    return "".join(f'<td data-head="{_text(head)}">{_text(cell)}</td>' for head, cell in named if cell)
