"""The proxies of documents: set with the roots, kept by `repair`, and taken back with `--prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trustinstall.engine.keeping import ProxyEngine
from trustinstall.engine.request import Request
from trustinstall.facts.proxies import Proxies
from trustinstall.installer.result import ScopeResult
from trustinstall.state.kept_keys import Kept
from trustinstall.typed_json import made_printable
from trustinstall_platforms.tools import proxy_files

if TYPE_CHECKING:
    from trustinstall.installer.installer import Installer


class Wish(NamedTuple):
    """The proxies that documents ask for (None: they name none), and by which origin the ledger knows them."""

    proxies: Proxies | None
    origin: str
    prune: bool = False


def hold(installer: Installer, wish: Wish | None, command: str, *, dry_run: bool) -> tuple[ScopeResult, ...]:
    """Make the proxies hold that are asked for, or those that are set; () where there are none.

    Proxies of a document that no longer names any are taken back with `prune`. Raises StateError and Busy.
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
        return ()
    wanted = proxy_files.wanted(host, asked.proxies) if asked.proxies != Proxies() else []
    request = Request((), trusted=True, by=host.account.name, dry_run=dry_run, command=command)
    outcomes = engine.keep(asked, wanted, request)
    return (made_printable(ScopeResult("machine" if host.account.is_root else host.account.name, outcomes)),)
