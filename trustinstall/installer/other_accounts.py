"""The work of a changing command for other accounts, each in a process that has only its rights."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import ALL_ACCOUNTS, Outcome, Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.engine.tally import working_for
from trustinstall.errors import TrustInstallError
from trustinstall.facts import homes
from trustinstall.installer.acting import answer_of, covered_account, engine_of, seen_by
from trustinstall.installer.result import ScopeResult
from trustinstall.installer.wire import encode, received
from trustinstall.state.ledger import Covered
from trustinstall.stores.backend import Capability
from trustinstall.stores.store import DiscoveryOptions
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from trustinstall.engine.request import Request
    from trustinstall.host import Account, ActingHost
    from trustinstall.installer.inspector import Inspector
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.backend import Backend


@dataclass(frozen=True)
class OtherAccounts:
    """One command's work for other accounts.

    Attributes:
        caller: the installer that provides host, backends and the display of progress.
        request, selection, places: as for the machine.
        everybody: whether the machine's variables reach every account, so that accounts need none of their own.
    """

    caller: Inspector
    request: Request
    selection: Selection
    places: DiscoveryOptions
    everybody: bool

    def change(self, accounts: Sequence[Account], handoffs: Mapping[int, Sequence[str]]) -> list[ScopeResult]:
        """Work for the accounts in scope, and for accounts whose directories the caller has named (`handoffs`, by uid).

        Outside the scope only the named directories are changed. The machine's ledger records all accounts before the
        work for them begins, and forgets them when nothing is left to undo.
        """
        host, engine = self.caller.host, engine_of(self.caller)
        found = {one.uid: one for one in accounts}
        parts: list[ScopeResult] = []
        for uid in handoffs.keys() - found.keys():
            account = host.account_of(uid)
            if account is not None and account.home:
                found[uid] = account
            else:
                problem = f"{handoffs[uid][0]} belongs to it, and it is no account with a home; give it to one"
                parts.append(ScopeResult(f"uid {uid}", problem=problem))
        away = {uid: why for uid, one in found.items() if (why := homes.why_unreachable(host, one))}
        parts += [ScopeResult(found[uid].name, skipped=why) for uid, why in away.items()]
        working = {uid: one for uid, one in found.items() if uid not in away}
        if working and self.request.trusted and not self.request.dry_run:
            now = [Covered(one.name, one.uid) for one in working.values()]
            engine.cover(self.request, now, self._records(engine.ledger(), working.values()))
        known = {one.uid for one in accounts}
        for uid, account in working.items():
            paths = tuple(handoffs.get(uid, ()))
            limited = self.selection if uid in known else replace(self.selection, below=paths)
            theirs = DiscoveryOptions(
                searches=paths, windows_host=self.places.windows_host and uid in known, rescan=self.places.rescan
            )
            reached = self.request.trusted and self.everybody
            parts.append(self._for_account(account, theirs, limited, reached=reached))
        if found and not (self.request.trusted or self.request.dry_run) and self.selection == Selection():
            done = {part.scope for part in parts if part.done}
            ended = [one for one in found.values() if one.name in done]
            engine.uncover(self.request, self._records(engine.ledger(), ended))
        return parts

    def _records(self, ledger: Ledger, accounts: Collection[Account]) -> list[Covered]:
        """Return the records of accounts for the request's certificates, also those under a former name."""
        claims = [ledger.claims[one.sha256] for one in self.request.certificates if one.sha256 in ledger.claims]
        every = dict.fromkeys(one for claim in claims for one in claim.accounts)
        return [one for one in every if covered_account(self.caller.host, one, every) in accounts]

    def _for_account(
        self, account: Account, places: DiscoveryOptions, selection: Selection, *, reached: bool
    ) -> ScopeResult:
        """Work for another account, in a process that has only that account's rights.

        `reached`: the changes for the machine reach the account, too.
        """
        backends = (_beside_the_machines(one) if reached else one for one in self.caller.backends)
        theirs = seen_by(self.caller.host, account)
        job = partial(_work_for, theirs, [*filter(None, backends)], self.request, places, selection)
        try:
            outcomes = received(
                tuple[Outcome, ...],
                answer_of(self.caller.host, account, job, partial(self.caller.on_progress, working_for(account))),
            )
        except (TrustInstallError, OSError) as error:
            return ScopeResult(account.name, problem=str(error))
        # Stores of other owners are in the machine's part of the report, or do not concern this account.
        own = tuple(one for one in outcomes if one.store.owner == account.uid)
        if not self.request.dry_run:
            engine_of(self.caller).log(self.request, account.name, own)
        elif reached:
            own = tuple(map(_foreseen, own))
        return ScopeResult(account.name, own)


def _beside_the_machines(backend: Backend) -> Backend | None:
    """Return the backend for an account that the machine's variables reach, or None."""
    return backend.beside_the_machines() if Capability.REACHES_EVERY_ACCOUNT in backend.capabilities else backend


def _foreseen(one: Outcome) -> Outcome:
    """Return a dry run's outcome of a store that will follow the machine's store after its change."""
    if one.result is not Result.PLANNED or not one.store.unset:
        return one
    return replace(one, result=Result.FOLLOWS, detail=ALL_ACCOUNTS, changed=(), steps=())


def _work_for(
    host: ActingHost, backends: Sequence[Backend], request: Request, places: DiscoveryOptions, selection: Selection
) -> bytes:
    """Do the whole job of a worker: run the same engine as that account."""
    engine = Engine(host, backends, lambda _doing: None)
    return encode(engine.change(request, places, selection, check=False).outcomes)
