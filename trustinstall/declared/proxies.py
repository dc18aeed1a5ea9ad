"""The proxies of documents: set with the roots, kept by `repair`, and removed with `--prune`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.declared.repair import telling
from trustinstall.engine.keeping import ProxyEngine
from trustinstall.engine.request import Request
from trustinstall.facts.proxies import Proxies
from trustinstall.installer.result import ScopeResult
from trustinstall.state.kept_keys import Kept
from trustinstall.typed_json import made_printable
from trustinstall_platforms.tools import proxy_files

if TYPE_CHECKING:
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.result import Report


class Wish(NamedTuple):
    """The proxies that documents ask for (None: they name none), and the documents' origin in the ledger."""

    proxies: Proxies | None
    origin: str
    prune: bool = False


def with_proxies(installer: Installer, report: Report, wish: Wish | None = None) -> Report:
    """Set the proxies of `wish`, or set the present ones again, and return the report with the changed files.

    It runs after the roots, so that a file that was made for both is deleted with the proxies. With `prune`, the
    proxies of a document that no longer names any are removed. Raises StateError and Busy.
    """
    host = installer.host
    engine = ProxyEngine(host, installer.backends, installer.on_progress)
    kept = engine.kept()
    asked = Kept(kept.proxies, kept.origin)
    if wish and wish.proxies:
        asked = Kept(wish.proxies, wish.origin)
    elif wish and wish.prune and wish.origin == kept.origin:
        asked = Kept()
    if asked == Kept() and not kept.rows:
        return report
    wanted = proxy_files.wanted(host, asked.proxies) if asked.proxies != Proxies() else []
    request = Request((), trusted=True, by=host.account.name, dry_run=report.dry_run, command=report.command)
    outcomes = telling(engine.keep(asked, wanted, request))
    part = ScopeResult("machine" if host.account.is_root else host.account.name, outcomes)
    return replace(report, scopes=(*report.scopes, made_printable(part)))
