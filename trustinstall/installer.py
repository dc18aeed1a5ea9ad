"""The installer: what a command does in every scope, for the command line and for library users alike."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall import restarts, survey, views
from trustinstall.backend import Places
from trustinstall.catalog import BACKENDS
from trustinstall.certificate import Certificate
from trustinstall.engine import Engine
from trustinstall.errors import NoRights, TrustInstallError
from trustinstall.host import Host
from trustinstall.job import Wish
from trustinstall.outcome import CHANGES, Outcome, Result, from_bytes, to_bytes
from trustinstall.pem import pem_blocks
from trustinstall.situation import Ask, Situation, decide
from trustinstall.survey import Selection
from trustinstall.views import View

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.backend import Backend
    from trustinstall.host import Account

_IN_SCOPE = frozenset(Result) - {Result.NOT_COVERED, Result.GONE}


@dataclass(frozen=True)
class Part:
    """What one account's scope came to.

    Attributes:
        scope: "machine", or the account's name.
        outcomes: one for each store.
        problem: why the scope could not be worked on at all, or "".
        recovered: whether an interrupted command was undone first.
    """

    scope: str
    outcomes: tuple[Outcome, ...] = ()
    problem: str = ""
    recovered: bool = False


@dataclass(frozen=True)
class Report:
    """What a command that changes something did.

    Attributes:
        command: "add" or "remove".
        situation: the defaults that were decided.
        certificates: which ones it was about.
        parts: the machine's or own scope first, then other accounts'.
        dry_run: whether nothing was changed on purpose.
        restart_needed: running programs that will not notice the change.
    """

    command: str
    situation: Situation
    certificates: tuple[Certificate, ...]
    parts: tuple[Part, ...]
    dry_run: bool = False
    restart_needed: tuple[str, ...] = ()

    @property
    def outcomes(self) -> list[Outcome]:
        """Every outcome of every part."""
        return [one for part in self.parts for one in part.outcomes]

    @property
    def in_scope(self) -> list[Outcome]:
        """The outcomes that count: stores of the chosen scopes that are there."""
        return [one for one in self.outcomes if one.result in _IN_SCOPE]

    @property
    def changed(self) -> bool:
        """Whether anything was changed."""
        return any(one.result in CHANGES for one in self.outcomes)

    def exit_code(self, *, strict: bool = False) -> int:
        """0 holds now, 1 nothing could be done, 3 some stores done and some not, 5 no rights; see README.

        With `strict`, stores outside the scope and copies of strangers count as not done.
        """
        good = [one for one in self.in_scope if one.result is not Result.FAILED]
        bad = len(self.in_scope) - len(good) + sum(bool(part.problem) for part in self.parts)
        if strict:
            bad += sum(one.result in {Result.NOT_COVERED, Result.FOREIGN} for one in self.outcomes)
        if bad:
            return 3 if good else 1
        if good or self.command == "remove":
            return 0
        return 5 if any(one.result is Result.NOT_COVERED for one in self.outcomes) else 1


@dataclass
class Installer:
    """Adds and removes certificates on one host.

    Attributes:
        host: the machine and the acting account.
        backends: the kinds of stores that are looked for.
        tick: called about every tenth of a second while something takes long, with what is being done.
    """

    host: Host = field(default_factory=Host.current)
    backends: Sequence[Backend] = BACKENDS
    tick: Callable[[str], None] = lambda _doing: None

    def add(
        self,
        certificates: Sequence[Certificate],
        ask: Ask | None = None,
        *,
        places: Places | None = None,
        selection: Selection | None = None,
        adopt: bool = False,
        dry_run: bool = False,
    ) -> Report:
        """Make every store of the chosen scope trust certificates that the caller vouches for.

        They are not vetted here; see `intake.take`. Raises UsageProblem, NoRights, StateError or Busy before
        anything is changed; what fails in single stores is in the report.
        """
        situation = decide(self.host, ask or Ask(), terminal=False)
        wish = Wish(
            tuple(certificates),
            trusted=True,
            by=self._caller(situation),
            adopt=adopt,
            dry_run=dry_run,
        )
        return self._change("add", situation, wish, situation.accounts, places, selection)

    def remove(
        self,
        certificates: Sequence[Certificate],
        ask: Ask | None = None,
        *,
        places: Places | None = None,
        selection: Selection | None = None,
        foreign: bool = False,
        dry_run: bool = False,
    ) -> Report:
        """Take out of every store what the ledgers say that `add` has put there; `foreign`: strangers' copies too.

        Raises the same errors as `add`.
        """
        situation = decide(self.host, ask or Ask(), terminal=False)
        if not self.host.account.is_root:
            self._check_rights(certificates)
        wish = Wish(
            tuple(certificates),
            trusted=False,
            by=self._caller(situation),
            adopt=foreign,
            dry_run=dry_run,
        )
        accounts = self._remembered(situation, certificates)
        return self._change("remove", situation, wish, accounts, places, selection)

    def _check_rights(self, certificates: Sequence[Certificate]) -> None:
        """Raise NoRights where all that is to be removed belongs to the machine's scope alone."""
        own, machine = Engine(self.host, self.backends, self.tick).ledger(), views.machine_ledger(self.host)
        names = {one.sha256 for one in certificates}
        if names & machine.claims.keys() and not names & own.claims.keys():
            raise NoRights("it was added to the machine's stores; remove it with sudo")

    def _caller(self, situation: Situation) -> str:
        return situation.accounts[0].name if situation.kind == "sudo" and situation.accounts else self.host.account.name

    def _remembered(self, situation: Situation, certificates: Sequence[Certificate]) -> tuple[Account, ...]:
        """The accounts to remove for: those of now, and those that the machine's ledger says were added for."""
        found = {one.uid: one for one in situation.accounts}
        if situation.machine:
            claims = Engine(self.host, self.backends, self.tick).ledger().claims
            for sha256 in {one.sha256 for one in certificates} & claims.keys():
                for name in claims[sha256].accounts:
                    account = self.host.account_named(name)
                    if account is not None and account.uid != 0:
                        found.setdefault(account.uid, account)
        return tuple(found.values())

    def _change(
        self,
        command: str,
        situation: Situation,
        wish: Wish,
        accounts: tuple[Account, ...],
        places: Places | None,
        selection: Selection | None,
    ) -> Report:
        places, selection = places or Places(), selection or Selection()
        if accounts and selection != Selection():
            # With several scopes, only all of them together tell whether a store's name is known anywhere.
            every = self._parts(situation, replace(wish, dry_run=True), accounts, places, Selection())
            selection.check(one.store for part in every for one in part.outcomes)
        parts = self._parts(situation, wish, accounts, places, selection)
        outcomes = [one for part in parts for one in part.outcomes]
        system = any(one.result in CHANGES and one.store.system for one in outcomes)
        return Report(
            command,
            situation,
            wish.certificates,
            tuple(parts),
            wish.dry_run,
            restarts.needed(self.host) if system else (),
        )

    def _parts(
        self,
        situation: Situation,
        wish: Wish,
        accounts: tuple[Account, ...],
        places: Places,
        selection: Selection,
    ) -> list[Part]:
        """The machine's or own scope first, then those of other accounts."""
        parts: list[Part] = []
        handoffs: dict[int, list[str]] = {}
        if situation.machine or situation.own:
            engine = Engine(self.host, self.backends, self.tick)
            named = tuple(one.name for one in accounts)
            scope = engine.change(replace(wish, accounts=named), places, selection, check=not accounts)
            handoffs = scope.handoffs
            name = "machine" if situation.machine else self.host.account.name
            parts.append(Part(name, scope.outcomes, recovered=scope.recovered))
        for account in self._with_handoffs(accounts, handoffs):
            theirs = Places(searches=tuple(handoffs.get(account.uid, ())))
            parts.append(self._for_account(account, wish, theirs, selection))
        return parts

    def _with_handoffs(self, accounts: tuple[Account, ...], handoffs: dict[int, list[str]]) -> list[Account]:
        """The accounts to work for, and those whose directories the caller named with --search or --python."""
        if not self.host.account.is_root:
            return []
        found = {one.uid: one for one in accounts}
        for uid in handoffs:
            account = self.host.account_of(uid)
            if account is not None and account.home:
                found.setdefault(uid, account)
        return list(found.values())

    def _for_account(self, account: Account, wish: Wish, places: Places, selection: Selection) -> Part:
        """Work for another account, in a process that has only that account's rights."""
        job = partial(
            _work_for,
            replace(self.host, account=account, environ={}),
            self.backends,
            wish,
            places,
            selection,
        )
        try:
            outcomes = from_bytes(self.host.as_account(account, job, partial(self.tick, account.name)))
        except (TrustInstallError, OSError) as error:
            return Part(account.name, problem=str(error))
        # What is not theirs is in the machine's part, or is nobody's business here.
        return Part(account.name, tuple(one for one in outcomes if one.store.owner == account.uid))

    def look(self, ask: Ask | None = None, *, places: Places | None = None, every_anchor: bool = False) -> View:
        """What the stores of the machine and of the accounts in scope hold, and what of it is ours.

        Raises StateError where the acting account's ledgers cannot be believed, and NoRights or UsageProblem.
        """
        situation = decide(self.host, ask or Ask(), terminal=False)
        view = views.look(self.host, self.backends, places or Places(), every_anchor=every_anchor)
        for account in situation.accounts:
            theirs = replace(self.host, account=account, environ={})
            job = partial(_look_for, theirs, self.backends, every_anchor=every_anchor)
            try:
                other = views.from_bytes(self.host.as_account(account, job, partial(self.tick, account.name)))
            except (TrustInstallError, OSError) as error:
                view += View(notes=(str(error),))
                continue
            known = {one.store for one in view.stores}
            view += View(
                tuple(one for one in other.listed if one.scope == account.name),
                tuple(one for one in other.anchors if one.store not in known),
                tuple(one for one in other.stores if one.store not in known),
                other.notes,
            )
        return view

    def known(self, ask: Ask | None = None) -> dict[str, Certificate]:
        """Every certificate that the ledgers in scope keep, by SHA-256. Raises StateError where one is damaged."""
        found: dict[str, Certificate] = {}
        for account in decide(self.host, ask or Ask(), terminal=False).accounts:
            job = partial(_known_for, replace(self.host, account=account, environ={}), self.backends)
            try:
                answer = self.host.as_account(account, job, partial(self.tick, account.name))
            except (TrustInstallError, OSError):
                continue  # their part of the report will say why
            ders = (block.der for block in pem_blocks(answer))
            found |= {one.sha256: one for one in map(Certificate, filter(None, ders))}
        found |= views.machine_ledger(self.host).certificates
        return found | Engine(self.host, self.backends, self.tick).ledger().certificates

    def find(self, sha256: str, *, places: Places | None = None) -> Certificate | None:
        """The certificate of this full fingerprint, from whichever store holds it; None where none does."""
        found = survey.discover(self.host, self.backends, places or Places())
        for backend, store in found.stores.values():
            with suppress(OSError):
                for der in backend.anchors(self.host, store):
                    if Certificate(der).sha256 == sha256:
                        return Certificate(der)
        return None


def _known_for(host: Host, backends: Sequence[Backend]) -> bytes:
    certificates = Engine(host, backends, lambda _doing: None).ledger().certificates
    return b"".join(one.pem for one in certificates.values())


def _look_for(host: Host, backends: Sequence[Backend], *, every_anchor: bool) -> bytes:
    return views.to_bytes(views.look(host, backends, Places(), every_anchor=every_anchor))


def _work_for(host: Host, backends: Sequence[Backend], wish: Wish, places: Places, selection: Selection) -> bytes:
    """The whole of a worker's job: the same engine, as that account."""
    engine = Engine(host, backends, lambda _doing: None)
    return to_bytes(engine.change(wish, places, selection, check=False).outcomes)
