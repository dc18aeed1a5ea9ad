"""What a policy of the machine has had imported into stores of accounts, where it stays when the policy goes.

Firefox imports what its policy names into each profile that is started. So before such a policy is written it is looked
which profiles hold the certificate already, and when it has gone the certificate is taken out of all the others:
policy first, or the next start would bring it back. Whose profiles they are is the policy's choice, not the caller's:
every account that people log in to is looked at, in a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.engine import discovery
from trustinstall.engine.job import unknown
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.errors import TrustInstallError
from trustinstall.facts import homes
from trustinstall.installer.result import Part
from trustinstall.installer.wire import encode, received
from trustinstall.stores.backend import Imposing
from trustinstall.stores.observation import Observation
from trustinstall.stores.store import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from trustinstall.engine.request import Wish
    from trustinstall.host import Account, ActingHost
    from trustinstall.stores.backend import Backend

Held = dict[str, tuple[str, ...]]  # ids of stores that hold a certificate, by its SHA-256
_PATIENCE = 120.0  # seconds to look into an account's stores, which nobody has asked us to work for
_SHOWN = frozenset({Result.REMOVED, Result.FAILED, Result.PLANNED})


@dataclass(frozen=True)
class Imports:
    """The imports that the machine's policies cause. `tick` as everywhere."""

    host: ActingHost
    backends: Sequence[Backend]
    engine: Engine
    tick: Callable[[str], None]

    def before_adding(self, wish: Wish, selection: Selection) -> None:
        """Note who holds certificates already, if a policy would have them imported by everybody."""
        known = self.engine.ledger().claims
        new = tuple(one for one in wish.certificates if one.sha256 not in known or known[one.sha256].held is None)
        if not new or wish.dry_run or not self._would_impose(selection):
            return
        held: dict[str, list[str]] = {one.sha256: [] for one in new}
        for sha256, ids in _held(self.host, self.backends, list(held)).items():
            held[sha256] += ids  # root's own
        for account in homes.everybody(self.host):
            answer = self._ask(account, list(held))
            for sha256 in held:
                held[sha256] += [unknown(account)] if answer is None else answer[sha256]
        self.engine.impose(replace(wish, certificates=new), {sha256: tuple(ids) for sha256, ids in held.items()})

    def after_adding(self, wish: Wish) -> None:
        """Forget it, where no policy was written after all."""
        if not wish.dry_run and any(one.held is not None for one in self.engine.ledger().claims.values()):
            self.engine.forgo(wish, self._names)

    def before_removing(self, wish: Wish) -> Held:
        """What policies have had imported, and who held it before."""
        claims = self.engine.ledger().claims
        held = {one.sha256: claims[one.sha256].held for one in wish.certificates if one.sha256 in claims}
        return {sha256: ids for sha256, ids in held.items() if ids is not None}

    def gone(self, found: Held, *, dry_run: bool) -> Held:
        """That of it whose policies are gone now (or would be)."""
        placed = {sha256 for store, sha256 in self.engine.ledger().placements if store.partition(":")[0] in self._names}
        return {sha256: ids for sha256, ids in found.items() if dry_run or sha256 not in placed}

    def take_out_own(self, wish: Wish, places: Places, selection: Selection) -> tuple[Outcome, ...]:
        """Bring root's own stores that import, after the policies; what was imported goes whatever was selected."""
        scope = self.engine.change(replace(wish, importing=True), places, selection, check=False)
        found = [one for one in scope.outcomes if one.store.imports]
        if wish.imposed and selection != Selection():
            scope = self.engine.change(replace(wish, only_imposed=True), Places(), Selection(), check=False)
            found += [one for one in scope.outcomes if one.result in _SHOWN]
        return tuple(found)

    def take_out(self, wish: Wish, covered: Collection[int]) -> list[Part]:
        """Take imports out of the stores of accounts that nobody else works for; only they and failures are told of."""
        parts: list[Part] = []
        for account in homes.everybody(self.host):
            names = [sha256 for sha256, ids in wish.imposed.items() if unknown(account) not in ids]
            if account.uid in covered or not names:
                continue
            if why := homes.closed(self.host, account):
                parts.append(Part(account.name, skipped=why))
                continue
            answer = self._ask(account, names)
            if answer is None:
                parts.append(Part(account.name, problem="what Firefox has imported there could not be looked for"))
                continue
            part = Part(account.name)
            if any(set(ids) - set(wish.imposed[sha256]) for sha256, ids in answer.items()):
                part = self._take_out_of(account, wish)
            parts += [part] if part.outcomes or part.problem else []
        return parts

    def after_removing(self, wish: Wish, parts: Sequence[Part]) -> None:
        """Forget it when it is done, for all accounts; where it is not, the next `remove` tries again."""
        if wish.imposed and not wish.dry_run and all(one.done for one in parts):
            gone = tuple(one for one in wish.certificates if one.sha256 in wish.imposed)
            self.engine.forgo(replace(wish, certificates=gone), self._names)

    @property
    def _names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.backends if isinstance(one, Imposing))

    def _would_impose(self, selection: Selection) -> bool:
        those = [one for one in self.backends if isinstance(one, Imposing)]
        found = discovery.discover(self.host, those, Places()).stores.values()
        return any(store.fed_by is None and selection.takes(store) for _, store in found)

    def _ask(self, account: Account, sha256: Sequence[str]) -> Held | None:
        """Which stores of an account hold certificates; None where that cannot be found out."""
        if homes.closed(self.host, account):
            return None
        job = partial(_holders, replace(self.host, account=account, environ={}), self.backends, sha256)
        try:
            answer = self.host.as_account(account, job, partial(self.tick, account.name), _PATIENCE)
            found = received(dict[str, tuple[str, ...]], answer)
            return {one: found[one] for one in sha256}
        except (KeyError, TrustInstallError, OSError):
            return None

    def _take_out_of(self, account: Account, wish: Wish) -> Part:
        theirs = replace(self.host, account=account, environ={})
        job = partial(_take_out, theirs, self.backends, replace(wish, only_imposed=True))
        try:
            outcomes = received(
                tuple[Outcome, ...], self.host.as_account(account, job, partial(self.tick, account.name))
            )
        except (TrustInstallError, OSError) as error:
            return Part(account.name, problem=str(error))
        shown = tuple(one for one in outcomes if one.store.owner == account.uid and one.result in _SHOWN)
        return Part(account.name, shown)


def _holders(host: ActingHost, backends: Sequence[Backend], sha256: Sequence[str]) -> bytes:
    """What `_held` says; for another account's process."""
    return encode(_held(host, backends, sha256))


def _held(host: ActingHost, backends: Sequence[Backend], sha256: Sequence[str]) -> dict[str, list[str]]:
    """Which of the acting account's importing stores hold certificates."""
    held: dict[str, list[str]] = {one: [] for one in sha256}
    for backend, store in discovery.discover(host, backends, Places()).stores.values():
        if not (store.imports and store.owner == host.account.uid):
            continue
        seen = discovery.observe(host, backend, store)
        anchors = seen.anchors if isinstance(seen, Observation) else frozenset(held)  # who knows?
        for one in held.keys() & anchors:
            held[one].append(store.id)
    return held


def _take_out(host: ActingHost, backends: Sequence[Backend], wish: Wish) -> bytes:
    """The whole of a worker's job: the same engine, as that account."""
    engine = Engine(host, backends, lambda _doing: None)
    return encode(engine.change(wish, Places(), Selection(), check=False).outcomes)
