"""The proxies of documents: set with the roots, kept by `repair`, and removed with `--prune`.

Root sets them for the machine and, if a document says so, for other accounts: in those files of each account for which
the machine has no file, by a process that has only that account's rights.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.declared.repair import telling
from trustinstall.engine.keeping import ProxyEngine
from trustinstall.engine.outcome import Outcome
from trustinstall.engine.request import Request
from trustinstall.engine.tally import working_for
from trustinstall.errors import TrustInstallError
from trustinstall.facts import homes
from trustinstall.facts.proxies import Proxies
from trustinstall.installer.acting import answer_of, covered_account, seen_by
from trustinstall.installer.result import ScopeResult
from trustinstall.installer.wire import encode, received
from trustinstall.state.kept_keys import Kept
from trustinstall.state.ledger import Covered
from trustinstall.typed_json import made_printable
from trustinstall.values import NamedTuple
from trustinstall_platforms.java import net_properties
from trustinstall_platforms.tools import proxy_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.declared.declaration import DeclaredProxies
    from trustinstall.host import Account, ActingHost
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.result import Report
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.keys import FileKeys

#: Before the origin in an account's records: root's wish, and not a document of that account.
_BY_ROOT = "root "


class Wish(NamedTuple):
    """The proxies that documents ask for (None: they name none), and the documents' origin in the ledger."""

    proxies: DeclaredProxies | None
    origin: str
    prune: bool = False


def with_proxies(installer: Installer, report: Report, wish: Wish | None = None) -> Report:
    """Set the proxies of `wish`, or set the present ones again, and return the report with the changed files.

    It runs after the roots, so that a file that was made for both is deleted with the proxies. With `prune`, the
    proxies of a document that no longer names any are removed, and those of accounts that it no longer names. Raises
    StateError and Busy.
    """
    host = installer.host
    engine = ProxyEngine(host, installer.backends, installer.on_progress)
    kept = engine.kept()
    asked = _asked(kept, wish)
    if asked == kept == Kept():
        return report
    accounts = _accounts(host, asked) if host.account.is_root and not host.is_image else {}
    covered = tuple(dict.fromkeys((*kept.accounts, *accounts)))
    wanted = _wanted(host, asked)
    request = Request((), trusted=True, by=host.account.name, dry_run=report.dry_run, command=report.command)
    outcomes = telling(engine.keep(replace(asked, accounts=covered), wanted, request))
    parts = [ScopeResult("machine" if host.account.is_root else host.account.name, outcomes)]
    theirs = Kept(asked.proxies, f"{_BY_ROOT}{asked.origin}")
    for one in covered:
        account = accounts.get(one) or covered_account(host, one)
        wished = theirs if one in accounts else Kept()
        parts += [_of_account(engine, installer, account, wished, request)] if account else []
    if not request.dry_run:
        done = {part.scope for part in parts if part.done}
        engine.forget_accounts([one for one in covered if one not in accounts and _is_over(host, one, done)])
    return replace(report, scopes=(*report.scopes, *map(made_printable, parts)))


def _asked(kept: Kept, wish: Wish | None) -> Kept:
    """Return the proxies that shall hold, and the accounts that they are for."""
    if wish and wish.proxies:
        proxies, accounts, all_users = wish.proxies
        named = tuple(Covered(one.name, one.uid) for one in accounts)
        if not (wish.prune and wish.origin == kept.origin):
            named, all_users = tuple(dict.fromkeys((*kept.accounts, *named))), all_users or kept.all_users
        return Kept(proxies, wish.origin, accounts=named, all_users=all_users)
    if wish and wish.prune and wish.origin == kept.origin:
        return Kept()
    return Kept(kept.proxies, kept.origin, accounts=kept.accounts, all_users=kept.all_users)


def _accounts(host: ActingHost, asked: Kept) -> dict[Covered, Account]:
    """Return the other accounts of today that proxies are asked for."""
    named = [account for one in asked.accounts if (account := covered_account(host, one))]
    everybody = homes.login_accounts(host) if asked.all_users else []
    found = {Covered(one.name, one.uid): one for one in (*named, *everybody)}
    return {covered: one for covered, one in found.items() if one.uid and one.home}


def _is_over(host: ActingHost, covered: Covered, done: set[str]) -> bool:
    """Whether nothing is left to take back in an account: that was done, or the account and its home are gone."""
    account = covered_account(host, covered)
    return account.name in done if account else not homes.may_own_one(host, covered.uid)


def _of_account(
    engine: ProxyEngine, installer: Installer, account: Account, asked: Kept, request: Request
) -> ScopeResult:
    """Set or take back an account's proxies, in a process that has only its rights."""
    host = installer.host
    if why := homes.why_unreachable(host, account):
        return ScopeResult(account.name, skipped=why)
    work = partial(_work_for, seen_by(host, account), installer.backends, asked, request)
    try:
        answer = answer_of(host, account, work, partial(installer.on_progress, working_for(account)))
        outcomes = received(tuple[Outcome, ...], answer)
    except (TrustInstallError, OSError) as error:
        return ScopeResult(account.name, problem=str(error))
    own = tuple(one for one in outcomes if one.store.owner == account.uid)
    engine.log(request, account.name, own)
    return ScopeResult(account.name, own)


def _work_for(host: ActingHost, backends: Sequence[Backend], asked: Kept, request: Request) -> bytes:
    """Do the work as that account; proxies that a document of its own asks for are left."""
    engine = ProxyEngine(host, backends, lambda _doing: None)
    kept = engine.kept()
    if replace(kept, directories=()) != Kept() and not kept.origin.startswith(_BY_ROOT):
        return encode(())
    return encode(telling(engine.keep(asked, _wanted(host, asked), request)))


def _wanted(host: ActingHost, asked: Kept) -> list[FileKeys]:
    if asked.proxies == Proxies():
        return []
    beside = asked.origin.startswith(_BY_ROOT)
    of_tools = proxy_files.wanted(host, asked.proxies, beside_the_machines=beside)
    return [*of_tools, *net_properties.wanted(host, asked.proxies)]
