"""The installer: what a command does in every scope, for the command line and for library users alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.name_constraints import parse
from trustinstall.engine.outcome import ALL_ACCOUNTS, CHANGES, Outcome, Result
from trustinstall.engine.request import Selection, Wish
from trustinstall.engine.scope import Engine
from trustinstall.errors import TrustInstallError, printable
from trustinstall.facts import homes, running_programs
from trustinstall.host import ActingHost
from trustinstall.installer.inspector import Inspector
from trustinstall.installer.policy_imports import Imports
from trustinstall.installer.result import Part, Report
from trustinstall.installer.situation import ABOUT_THE_CALLER, Ask, Situation, decide
from trustinstall.installer.wire import encode, received
from trustinstall.state import scopes
from trustinstall.stores.backend import ForEverybody
from trustinstall.stores.store import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.engine.scope import Scope
    from trustinstall.host import Account
    from trustinstall.stores.backend import Backend


@dataclass
class Installer(Inspector):
    """Adds and removes certificates on one host, and looks at it; its attributes are the inspector's."""

    @classmethod
    def for_image(
        cls,
        directory: str,
        *,
        run_tools: bool = False,
        tick: Callable[[str], None] = lambda _doing: None,
    ) -> Installer:
        """The installer of an image whose root lies in a directory; with `run_tools`, its tools are run, confined.

        Raises UsageProblem unless there is such a directory, and it is not "/".
        """
        return cls(ActingHost.current().image(directory, run_tools=run_tools, kept=ABOUT_THE_CALLER), tick=tick)

    def add(
        self,
        certificates: Sequence[Certificate],
        ask: Ask | None = None,
        *,
        places: Places | None = None,
        selection: Selection | None = None,
        adopt: bool = False,
        dry_run: bool = False,
        domains: tuple[str, ...] = (),
    ) -> Report:
        """Make every store of the chosen scope trust certificates that the caller vouches for.

        They are not vetted here; see `intake.take`. Raises UsageProblem, NoRights, StateError or Busy before
        anything is changed; what fails in single stores is in the report. With `domains` (names, and networks in CIDR
        form) they are trusted for these alone, and only where a store can be told so.
        """
        domains = parse(domains)
        situation = decide(self.host, ask or Ask(), terminal=False)
        wish = Wish(
            tuple(certificates),
            trusted=True,
            by=self._caller(situation),
            adopt=adopt,
            dry_run=dry_run,
            domains=domains,
        )
        accounts = () if domains else situation.accounts  # their own stores would trust it for every name
        return self._change("add", situation, wish, accounts, places, selection)

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
        wish = Wish(
            tuple(certificates),
            trusted=False,
            by=self._caller(situation),
            adopt=foreign,
            dry_run=dry_run,
        )
        accounts = self._remembered(situation, certificates)
        report = self._change("remove", situation, wish, accounts, places, selection)
        whole = situation.machine or foreign
        return report if whole or self.host.account.is_root else replace(report, left=self._left(report))

    def _left(self, report: Report) -> tuple[Certificate, ...]:
        """What an ordinary account could not remove, because the machine's scope has it."""
        machine, _ = scopes.machine_ledger(self.host)
        done = {sha256 for one in report.outcomes for sha256 in one.changed}
        return tuple(one for one in report.certificates if one.sha256 in machine.claims and one.sha256 not in done)

    def _caller(self, situation: Situation) -> str:
        return situation.accounts[0].name if situation.kind == "sudo" and situation.accounts else self.host.account.name

    def _remembered(self, situation: Situation, certificates: Sequence[Certificate]) -> tuple[Account, ...]:
        """The accounts to remove for: those of now, and those that the machine's ledger says were added for."""
        found = {one.uid: one for one in situation.accounts}
        if situation.machine and not situation.image:  # an image's accounts are none of this machine's
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
        self._check(places, situation)
        if accounts and (selection.stores or selection.skip):
            # With several scopes, only all of them together tell whether a store's name is known anywhere.
            every = self._parts(situation, replace(wish, dry_run=True), accounts, places, Selection())
            if not any(part.problem or part.skipped for part in every):  # else it may be where nobody could look
                selection.check(one.store for part in every for one in part.outcomes)
        parts = self._parts(situation, wish, accounts, places, selection)
        outcomes = [one for part in parts for one in part.outcomes]
        system = any(one.result in CHANGES and one.store.system for one in outcomes)
        restart = running_programs.needed(self.host) if system and not situation.image else ()
        acting = [self.host] if situation.machine or situation.own else list(map(self._as, accounts))
        variables = [one for one in self.backends if isinstance(one, ForEverybody)]
        return Report(
            command,
            situation,
            wish.certificates,
            tuple(parts),
            wish.dry_run,
            restart,
            domains=wish.domains,
            replaces=any(one.replaces(host) for one in variables for host in acting),
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
        engine = Engine(self.host, self.backends, self.tick)
        imports = Imports(self.host, self.backends, engine, self.tick)
        everybody = situation.machine and self.host.account.is_root and not situation.image
        found = imports.before_removing(wish) if everybody and not wish.trusted else {}
        if everybody and wish.trusted and not wish.domains:
            imports.before_adding(wish, selection)
        if situation.machine or situation.own:
            first = replace(wish, importing=False) if found else wish
            scope = engine.change(first, places, selection, check=not accounts)
            handoffs = scope.handoffs if self.host.account.is_root else {}
            name = "machine" if situation.machine else self.host.account.name
            parts.append(Part(name, scope.outcomes, recovered=scope.recovered))
            if situation.image:
                return parts + self._not_in_image(wish, scope)
        if everybody and wish.trusted:
            imports.after_adding(wish)
        wish = replace(wish, imposed=imports.gone(found, dry_run=wish.dry_run)) if found else wish
        own = Part("machine", imports.take_out_own(wish, places, selection) if found else ())
        parts[:1] = [replace(one, outcomes=(*one.outcomes, *own.outcomes)) for one in parts[:1]]
        others = self._for_others(engine, wish, accounts, handoffs, selection, places, everybody=situation.machine)
        if found:
            others += imports.take_out(wish, {one.uid for one in accounts})
            imports.after_removing(wish, [own, *others])
        return parts + others

    def _not_in_image(self, wish: Wish, scope: Scope) -> list[Part]:
        """What of an image nobody here can do: its other accounts' files, and a system that is not known."""
        problems = [
            f"{paths[0]} belongs to uid {uid} of the image; run trustinstall in the image, as that account"
            for uid, paths in scope.handoffs.items()
        ]
        if wish.trusted and not any(one.store.system or one.store.backend == "bundle" for one in scope.outcomes):
            ids = printable(" ".join(sorted(self.host.distribution()))) or "none"
            problems.append(
                f"no system that is known here lies there (ID and ID_LIKE in its os-release: {ids}); "
                "name the bundle that its programs read: --bundle FILE"
            )
        return [Part("machine", problem=problem) for problem in problems]

    def _for_others(
        self,
        engine: Engine,
        wish: Wish,
        accounts: tuple[Account, ...],
        handoffs: dict[int, list[str]],
        selection: Selection,
        places: Places,
        *,
        everybody: bool,
    ) -> list[Part]:
        """Work for other accounts: those in scope, and those whose directories the caller has named.

        Those have no use for variables of their own where `everybody` is reached by the machine's.

        For the latter only what was named is touched. The machine's ledger knows of all of them before they are
        worked for, and forgets them when nothing is left to undo.
        """
        found = {one.uid: one for one in accounts}
        parts: list[Part] = []
        for uid in handoffs.keys() - found.keys():
            account = self.host.account_of(uid)
            if account is not None and account.home:
                found[uid] = account
            else:
                problem = f"{handoffs[uid][0]} belongs to it, and it is no account with a home; give it to one"
                parts.append(Part(f"uid {uid}", problem=problem))
        away = {uid: why for uid, one in found.items() if (why := homes.closed(self.host, one))}
        parts += [Part(found[uid].name, skipped=why) for uid, why in away.items()]
        working = {uid: one for uid, one in found.items() if uid not in away}
        if working and wish.trusted and not wish.dry_run:
            engine.cover(wish, [one.name for one in working.values()])
        known = {one.uid for one in accounts}
        for uid, account in working.items():
            paths = tuple(handoffs.get(uid, ()))
            limited = selection if uid in known else replace(selection, below=paths)
            theirs = Places(searches=paths, windows_host=places.windows_host and uid in known, rescan=places.rescan)
            reached = wish.trusted and everybody
            parts.append(self._for_account(account, wish, theirs, limited, reached=reached))
        if found and not (wish.trusted or wish.dry_run) and selection == Selection():
            engine.uncover(wish, [part.scope for part in parts if part.done])
        return parts

    def _for_account(
        self, account: Account, wish: Wish, places: Places, selection: Selection, *, reached: bool
    ) -> Part:
        """Work for another account, in a process that has only that account's rights.

        `reached`: what is done for the machine reaches the account, too.
        """
        backends = [one for one in self.backends if not (reached and isinstance(one, ForEverybody))]
        job = partial(_work_for, self._as(account), backends, wish, places, selection)
        try:
            outcomes = received(
                tuple[Outcome, ...], self.host.as_account(account, job, partial(self.tick, account.name))
            )
        except (TrustInstallError, OSError) as error:
            return Part(account.name, problem=str(error))
        if reached and wish.dry_run:
            outcomes = tuple(map(_foreseen, outcomes))
        # What is not theirs is in the machine's part, or is nobody's business here.
        return Part(account.name, tuple(one for one in outcomes if one.store.owner == account.uid))


def _foreseen(one: Outcome) -> Outcome:
    """What a dry run should say of a store that will show what the machine's will, once that is changed."""
    if one.result is not Result.PLANNED or not one.store.unset:
        return one
    return replace(one, result=Result.FOLLOWS, detail=ALL_ACCOUNTS, changed=(), steps=())


def _work_for(host: ActingHost, backends: Sequence[Backend], wish: Wish, places: Places, selection: Selection) -> bytes:
    """The whole of a worker's job: the same engine, as that account."""
    engine = Engine(host, backends, lambda _doing: None)
    return encode(engine.change(wish, places, selection, check=False).outcomes)
