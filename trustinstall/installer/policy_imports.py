"""Certificates that accounts' stores imported because of a policy of the machine, and keep after the policy is removed.

Firefox imports the certificates of its policy into each profile that is started. So before such a policy is written,
the profiles that already hold the certificate are noted, and after its removal the certificate is removed from all
other profiles: policy first, or the next start would import it again. The policy reaches all profiles, not only those
in the caller's scope: every account that people log in to is observed, in a process of its own.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from trustinstall.engine import discovery
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.engine.tally import working_for
from trustinstall.engine.work import unknown
from trustinstall.errors import TrustInstallError, UsageProblem
from trustinstall.facts import homes
from trustinstall.installer.acting import answer_of
from trustinstall.installer.result import ScopeResult
from trustinstall.installer.wire import encode, received
from trustinstall.stores.backend import Capability
from trustinstall.stores.observation import Observation
from trustinstall.stores.store import DiscoveryOptions
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence

    from trustinstall.engine.request import Request
    from trustinstall.host import Account, ActingHost
    from trustinstall.state.terms import Terms
    from trustinstall.stores.backend import Backend

Held = dict[str, tuple[str, ...]]  # ids of stores that hold a certificate, by its SHA-256
_PATIENCE = 120.0  # seconds to observe an account's stores: the caller has not requested this work
_SHOWN = frozenset({Result.REMOVED, Result.FAILED, Result.PLANNED})


@dataclass(frozen=True)
class PolicyImports:
    """The imports that the machine's policies cause. `on_progress`: as in the engine."""

    host: ActingHost
    backends: Sequence[Backend]
    engine: Engine
    on_progress: Callable[[str], None]

    @contextmanager
    def noted(self, request: Request, selection: Selection) -> Generator[None, None, None]:
        """A context in which certificates are added: the present holders are noted before.

        The notes are deleted if no policy was written, or if the request is refused before anything is changed.
        """
        if not request.domains:
            self.before_adding(request, selection)
        try:
            yield
        except UsageProblem:
            self.after_adding(request)
            raise
        self.after_adding(request)

    def before_adding(
        self, request: Request, selection: Selection, terms: Mapping[str, Terms | None] = MappingProxyType({})
    ) -> None:
        """Note the stores that already hold certificates, if a policy would make all accounts import them.

        `terms`: those of single certificates, in place of the request's.
        """
        known = self.engine.ledger().claims
        new = tuple(one for one in request.certificates if one.sha256 not in known or known[one.sha256].held is None)
        if not new or request.dry_run or not self._would_impose(selection):
            return
        held: dict[str, list[str]] = {one.sha256: [] for one in new}
        for sha256, ids in _held(self.host, self.backends, list(held)).items():
            held[sha256] += ids  # root's own stores
        for account in homes.login_accounts(self.host):
            answer = self._ask(account, list(held))
            for sha256 in held:
                held[sha256] += [unknown(account)] if answer is None else answer[sha256]
        self.engine.note_imports(
            replace(request, certificates=new), {sha256: tuple(ids) for sha256, ids in held.items()}, terms
        )

    def after_adding(self, request: Request) -> None:
        """Delete the notes, if no policy was written."""
        if not request.dry_run and any(one.held is not None for one in self.engine.ledger().claims.values()):
            self.engine.forget_imports(request, self._names)

    def before_removing(self, request: Request) -> Held:
        """Return the certificates that were imported because of policies, and the stores that held them before."""
        claims = self.engine.ledger().claims
        held = {one.sha256: claims[one.sha256].held for one in request.certificates if one.sha256 in claims}
        return {sha256: ids for sha256, ids in held.items() if ids is not None}

    def gone(self, found: Held, *, dry_run: bool) -> Held:
        """Return the part of `found` whose policies were removed (or would be, in a dry run)."""
        placed = {sha256 for store, sha256 in self.engine.ledger().placements if store.partition(":")[0] in self._names}
        return {sha256: ids for sha256, ids in found.items() if dry_run or sha256 not in placed}

    def take_out_own(self, request: Request, places: DiscoveryOptions, selection: Selection) -> tuple[Outcome, ...]:
        """Change root's own importing stores, after the policies; imports are removed from skipped stores, too."""
        scope = self.engine.change(replace(request, importing=True), places, selection, check=False)
        found = [one for one in scope.outcomes if one.store.imports]
        if request.imposed and selection != Selection():
            scope = self.engine.change(
                replace(request, only_imposed=True), DiscoveryOptions(), Selection(), check=False
            )
            found += [one for one in scope.outcomes if one.result in _SHOWN]
        return tuple(found)

    def take_out(self, request: Request, covered: Collection[int]) -> list[ScopeResult]:
        """Remove imported certificates from accounts outside the scope; report removals and failures only."""
        parts: list[ScopeResult] = []
        for account in homes.login_accounts(self.host):
            names = [sha256 for sha256, ids in request.imposed.items() if unknown(account) not in ids]
            if account.uid in covered or not names:
                continue
            if why := homes.why_unreachable(self.host, account):
                parts.append(ScopeResult(account.name, skipped=why))
                continue
            answer = self._ask(account, names)
            if answer is None:
                parts.append(
                    ScopeResult(account.name, problem="what Firefox has imported there could not be looked for")
                )
                continue
            part = ScopeResult(account.name)
            if any(set(ids) - set(request.imposed[sha256]) for sha256, ids in answer.items()):
                part = self._take_out_of(account, request)
            parts += [part] if part.outcomes or part.problem else []
        return parts

    def after_removing(self, request: Request, parts: Sequence[ScopeResult]) -> None:
        """Delete the notes when all accounts are done; otherwise the next `remove` retries."""
        if request.imposed and not request.dry_run and all(one.done for one in parts):
            gone = tuple(one for one in request.certificates if one.sha256 in request.imposed)
            self.engine.forget_imports(replace(request, certificates=gone), self._names)

    @property
    def _names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.backends if Capability.IMPORTED_BY_PROFILES in one.capabilities)

    def _would_impose(self, selection: Selection) -> bool:
        those = [one for one in self.backends if Capability.IMPORTED_BY_PROFILES in one.capabilities]
        found = discovery.discover(self.host, those, DiscoveryOptions()).stores.values()
        return any(store.fed_by is None and selection.takes(store) for _, store in found)

    def _ask(self, account: Account, sha256: Sequence[str]) -> Held | None:
        """Return the stores of an account that hold certificates, or None if that is unknown."""
        if homes.why_unreachable(self.host, account):
            return None
        job = partial(_holders, replace(self.host, account=account, environ={}), self.backends, sha256)
        try:
            answer = answer_of(self.host, account, job, partial(self.on_progress, working_for(account)), _PATIENCE)
            found = received(dict[str, tuple[str, ...]], answer)
            return {one: found[one] for one in sha256}
        except (KeyError, TrustInstallError, OSError):
            return None

    def _take_out_of(self, account: Account, request: Request) -> ScopeResult:
        theirs = replace(self.host, account=account, environ={})
        job = partial(_take_out, theirs, self.backends, replace(request, only_imposed=True))
        try:
            outcomes = received(
                tuple[Outcome, ...],
                answer_of(self.host, account, job, partial(self.on_progress, working_for(account))),
            )
        except (TrustInstallError, OSError) as error:
            return ScopeResult(account.name, problem=str(error))
        shown = tuple(one for one in outcomes if one.store.owner == account.uid and one.result in _SHOWN)
        return ScopeResult(account.name, shown)


def _holders(host: ActingHost, backends: Sequence[Backend], sha256: Sequence[str]) -> bytes:
    """The result of `_held`, for another account's process."""
    return encode(_held(host, backends, sha256))


def _held(host: ActingHost, backends: Sequence[Backend], sha256: Sequence[str]) -> dict[str, list[str]]:
    """Return the acting account's importing stores that hold certificates."""
    host, held = host.remembering(), {one: list[str]() for one in sha256}
    for backend, store in discovery.discover(host, backends, DiscoveryOptions()).stores.values():
        if not (store.imports and store.owner == host.account.uid):
            continue
        seen = discovery.observe(host, backend, store)
        anchors = seen.anchors if isinstance(seen, Observation) else frozenset(held)  # unknown: assume all
        for one in held.keys() & anchors:
            held[one].append(store.id)
    return held


def _take_out(host: ActingHost, backends: Sequence[Backend], request: Request) -> bytes:
    """Do the whole job of a worker: run the same engine as that account."""
    engine = Engine(host, backends, lambda _doing: None)
    return encode(engine.change(request, DiscoveryOptions(), Selection(), check=False).outcomes)
