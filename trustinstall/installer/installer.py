"""The installer: the work of a command in every scope, for the command line and for callers of the library."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.certificates import intake
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.name_constraints import parse
from trustinstall.engine.outcome import ALL_ACCOUNTS, CHANGES, Outcome, Result
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.engine.tally import working_for
from trustinstall.errors import TrustInstallError, printable
from trustinstall.facts import homes, running_programs
from trustinstall.host import ActingHost
from trustinstall.installer import logs
from trustinstall.installer.inspector import Inspector
from trustinstall.installer.policy_imports import PolicyImports
from trustinstall.installer.result import Report, ScopeResult
from trustinstall.installer.situation import ScopeOptions, Situation, decide, scope_options
from trustinstall.installer.wire import encode, received
from trustinstall.state import scopes
from trustinstall.state.ledger import UNKNOWN_UID, Covered
from trustinstall.state.terms import Terms
from trustinstall.stores.backend import Capability
from trustinstall.stores.store import DiscoveryOptions
from trustinstall.typed_json import made_printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.engine.scope import Scope
    from trustinstall.host import Account
    from trustinstall.stores.backend import Backend


@dataclass(init=False, repr=False)
class Installer(Inspector):
    """Adds and removes certificates on this machine, or in an image, and looks at it.

    Its attributes are those of `Inspector`, and `diff`: whether a dry run reports the lines of files that would change.

    Several threads may use installers at the same time: changes of one scope wait for each other. Where root works for
    other accounts, it forks a process for each; the program must then have no other thread.

    >>> installer = Installer(sysroot=IMAGE)
    >>> installer.add(load_certificates(CORP_PEM)).ok
    True
    """

    diff: bool = field(default=False, init=False)

    def add(  # noqa: PLR0913  keywords of the library, each optional
        self,
        certificates: Certificate | Sequence[Certificate],
        scope: str | ScopeOptions | None = None,
        *,
        stores: str | Sequence[str] = (),
        skip: str | Sequence[str] = (),
        discovery: DiscoveryOptions | None = None,
        adopt: bool = False,
        dry_run: bool = False,
        terms: Terms | None = None,
    ) -> Report:
        """Make every store of the chosen scope trust certificates that the caller vouches for. It is idempotent.

        Args:
            certificates: roots, as `load_certificates` returns them; those that it has not vetted are vetted now.
            scope: "machine", "user", or the options that name accounts; by default as on the command line.
            stores, skip: the stores that are meant, and those that are not: groups, names, ids and patterns, as
                `--store` and `--skip` take them; by default all.
            discovery: where to look beside the usual places.
            adopt: treat copies that another program put there as managed.
            dry_run: change nothing; the report says what would change.
            terms: until when, and for which DNS names and networks (CIDR) alone: stores that cannot limit are left
                out. Its scope, stores and places are those of the other arguments.

        Returns:
            The report. The failure of a single store is in it, and raises nothing.

        Raises:
            CertificateRefused: a certificate must not be trusted.
            UsageProblem: the request contradicts itself or names an unknown store.
            NoRights: the scope needs root.
            StateError: ledger or journal cannot be read or written, or is not trusted.
            Busy: another trustinstall, or the package manager, did not end in time.

        Nothing is changed if one of these is raised.

        >>> installer = Installer(IMAGE)
        >>> report = installer.add(load_certificates(CORP_PEM), dry_run=True)
        >>> [one.result.value for one in report.in_scope]
        ['planned']
        """
        ask, wanted, places = scope_options(scope), terms or Terms(), discovery or DiscoveryOptions()
        selection = _selection(stores, skip)
        domains = parse(wanted.domains)
        situation = decide(self.host, ask, terminal=False)
        request = Request(
            tuple(intake.vetted(one, self.host.now()) for one in _certificates(certificates)),
            trusted=True,
            by=self._caller(situation),
            adopt=adopt,
            dry_run=dry_run,
            diff=self.diff,
            domains=domains,
            terms=replace(
                Terms.of(places, selection.stores, selection.skip),
                until=wanted.until,
                all_users=ask.all_users,
                domains=domains,
                variables=self.variables,
                origin=wanted.origin,
            ),
        )
        accounts = () if domains else situation.accounts  # their own stores would trust it for every name
        return logs.told(self._change("add", situation, request, accounts, places, selection))

    def remove(  # noqa: PLR0913  as `add`
        self,
        certificates: Certificate | str | Sequence[Certificate | str],
        scope: str | ScopeOptions | None = None,
        *,
        stores: str | Sequence[str] = (),
        skip: str | Sequence[str] = (),
        discovery: DiscoveryOptions | None = None,
        foreign: bool = False,
        dry_run: bool = False,
        accounts_gone: Sequence[str] = (),
    ) -> Report:
        """Remove from every store what `add` has put there. It is idempotent.

        Args:
            certificates: the certificates to remove, or their full fingerprints.
            scope, stores, skip, discovery, dry_run: as for `add`.
            foreign: remove copies that another program put there, too.
            accounts_gone: names of deleted accounts; their entries in the ledger are deleted.

        Returns:
            The report; it names the copies that stay because another program put them there.

        Raises:
            UsageProblem, NoRights, StateError, Busy: as `add`.

        >>> installer, roots = Installer(IMAGE), load_certificates(CORP_PEM)
        >>> added = installer.add(roots)
        >>> [one.result.value for one in installer.remove(roots).in_scope]
        ['removed']
        """
        ask, selection = scope_options(scope), _selection(stores, skip)
        situation = decide(self.host, ask, terminal=False)
        chosen = self._chosen([certificates] if isinstance(certificates, str) else certificates, ask)
        request = Request(
            chosen,
            trusted=False,
            by=self._caller(situation),
            adopt=foreign,
            dry_run=dry_run,
            diff=self.diff,
        )
        accounts, lost = self._remembered(situation, chosen)
        report = self._change("remove", situation, request, accounts, discovery or DiscoveryOptions(), selection)
        report = self._report_lost(report, request, lost, accounts_gone)
        whole = situation.machine or foreign or self.host.account.is_root
        return logs.told(report if whole else replace(report, left=self._left(report)))

    def _chosen(self, named: Certificate | Sequence[Certificate | str], ask: ScopeOptions) -> tuple[Certificate, ...]:
        """Certificates, and those of full fingerprints as far as they are here. Raises UsageProblem for other texts."""
        every = [named] if isinstance(named, Certificate) else named
        digits = {intake.normalise_fingerprint(one) for one in every if isinstance(one, str)}
        known = self.known(ask) if digits else {}
        by_fingerprint = (known.get(one) or self.find(one) for one in sorted(digits))
        return (*(one for one in every if isinstance(one, Certificate)), *(one for one in by_fingerprint if one))

    def end(self, certificates: Sequence[Certificate], scope: str | ScopeOptions | None = None) -> Report:
        """Remove certificates whose trust has ended; a scope in which it has not ended keeps them.

        Args, returns, raises: as `remove`.

        >>> Installer(IMAGE).end(load_certificates(CORP_PEM)).changed
        False
        """
        situation = decide(self.host, scope_options(scope), terminal=False)
        request = Request(tuple(certificates), trusted=False, by=self._caller(situation), command="end", only_over=True)
        accounts, _ = self._remembered(situation, certificates)
        return logs.told(self._change("remove", situation, request, accounts, DiscoveryOptions(), Selection()))

    def _left(self, report: Report) -> tuple[Certificate, ...]:
        """The certificates that the machine goes on to trust, whatever this account has removed from its own scope."""
        machine, _ = scopes.machine_ledger(self.host)
        return tuple(one for one in report.certificates if one.sha256 in machine.claims)

    def _caller(self, situation: Situation) -> str:
        return situation.accounts[0].name if situation.kind == "sudo" and situation.accounts else self.host.account.name

    def _remembered(
        self, situation: Situation, certificates: Sequence[Certificate]
    ) -> tuple[tuple[Account, ...], tuple[Covered, ...]]:
        """Return the accounts to remove for, and accounts of the ledger that no longer exist on the machine.

        The first are the accounts in scope, and the accounts in the machine's ledger. A renamed account is found
        by its uid.
        """
        found = {one.uid: one for one in situation.accounts}
        lost: list[Covered] = []
        if situation.machine and not situation.image:  # the accounts of an image are not accounts of this machine
            claims = Engine(self.host, self.backends, self.on_progress).ledger().claims
            every = [one for root in certificates if root.sha256 in claims for one in claims[root.sha256].accounts]
            for one in dict.fromkeys(every):
                account = self.host.account_of(one.uid) if one.uid != UNKNOWN_UID else None
                account = account or self.host.account_named(one.name)
                if account is None:
                    lost.append(one)
                elif account.uid != 0:
                    found.setdefault(account.uid, account)
        return tuple(found.values()), tuple(lost)

    def _report_lost(self, report: Report, request: Request, lost: tuple[Covered, ...], gone: Sequence[str]) -> Report:
        """Add missing accounts to a report; delete the entries of accounts that the caller knows to be deleted."""
        forgotten = [one for one in lost if one.name in gone]
        if forgotten and not request.dry_run:
            Engine(self.host, self.backends, self.on_progress).uncover(request, forgotten)
        parts = [
            ScopeResult(
                one.name,
                problem=f"this machine has no account {printable(one.name)} (uid {one.uid}) any more, and what was "
                "added for it may still be in its home; if it is gone for good, say "
                f"--account-gone {printable(one.name)}",
            )
            for one in lost
            if one not in forgotten
        ]
        return replace(report, parts=(*report.parts, *made_printable(tuple(parts))))

    def _change(
        self,
        command: str,
        situation: Situation,
        request: Request,
        accounts: tuple[Account, ...],
        places: DiscoveryOptions,
        selection: Selection,
    ) -> Report:
        self._check(places, situation)
        if accounts and (selection.stores or selection.skip):
            # With several scopes, only all of them together tell whether a store's name is known.
            every = self._parts(situation, replace(request, dry_run=True), accounts, places, Selection())
            if not any(part.problem or part.skipped for part in every):  # the store may be an unobserved one
                selection.check(one.store for part in every for one in part.outcomes)
        parts = self._parts(situation, request, accounts, places, selection)
        outcomes = [one for part in parts for one in part.outcomes]
        system = any(one.result in CHANGES and one.store.system for one in outcomes)
        restart = running_programs.needed(self.host) if system and not situation.image else ()
        acting = [self.host] if situation.machine or situation.own else list(map(self._as, accounts))
        variables = [one for one in self.backends if Capability.REACHES_EVERY_ACCOUNT in one.capabilities]
        return Report(
            command,
            situation,
            request.certificates,
            made_printable(tuple(parts)),
            request.dry_run,
            restart,
            domains=request.domains,
            replaces=any(one.replaces(host) for one in variables for host in acting),
        )

    def _parts(
        self,
        situation: Situation,
        request: Request,
        accounts: tuple[Account, ...],
        places: DiscoveryOptions,
        selection: Selection,
    ) -> list[ScopeResult]:
        """The machine's or own scope first, then those of other accounts."""
        parts: list[ScopeResult] = []
        handoffs: dict[int, list[str]] = {}
        engine = Engine(self.host, self.backends, self.on_progress)
        imports = PolicyImports(self.host, self.backends, engine, self.on_progress)
        everybody = situation.machine and self.host.account.is_root and not situation.image
        found = imports.before_removing(request) if everybody and not request.trusted else {}
        if situation.machine or situation.own:
            first = replace(request, importing=False) if found else request
            with imports.noted(request, selection) if everybody and request.trusted else nullcontext():
                scope = engine.change(first, places, selection, check=not accounts)
            handoffs = scope.handoffs if self.host.account.is_root else {}
            name = "machine" if situation.machine else self.host.account.name
            parts.append(ScopeResult(name, scope.outcomes, recovered=scope.recovered))
            if situation.image:
                return parts + self._not_in_image(request, scope)
        request = replace(request, imposed=imports.gone(found, dry_run=request.dry_run)) if found else request
        own = ScopeResult("machine", imports.take_out_own(request, places, selection) if found else ())
        parts[:1] = [replace(one, outcomes=(*one.outcomes, *own.outcomes)) for one in parts[:1]]
        others = self._for_others(engine, request, accounts, handoffs, selection, places, everybody=situation.machine)
        if found:
            others += imports.take_out(request, {one.uid for one in accounts})
            imports.after_removing(request, [own, *others])
        return parts + others

    def _not_in_image(self, request: Request, scope: Scope) -> list[ScopeResult]:
        """Return what cannot be done for an image: other accounts' files, and an unknown system."""
        problems = [
            f"{paths[0]} belongs to uid {uid} of the image; run trustinstall in the image, as that account"
            for uid, paths in scope.handoffs.items()
        ]
        if request.trusted and not any(one.store.system or one.store.backend == "bundle" for one in scope.outcomes):
            ids = printable(" ".join(sorted(self.host.distribution()))) or "none"
            problems.append(
                f"no system that is known here lies there (ID and ID_LIKE in its os-release: {ids}); "
                "name the bundle that its programs read: --search FILE"
            )
        return [ScopeResult("machine", problem=problem) for problem in problems]

    def _for_others(
        self,
        engine: Engine,
        request: Request,
        accounts: tuple[Account, ...],
        handoffs: dict[int, list[str]],
        selection: Selection,
        places: DiscoveryOptions,
        *,
        everybody: bool,
    ) -> list[ScopeResult]:
        """Work for other accounts: the accounts in scope, and accounts whose directories the caller has named.

        An account needs no variables of its own if the variables of the machine reach `everybody`.

        Outside the scope only the named directories are changed. The machine's ledger records all accounts before work
        for them begins, and deletes them when nothing is left to undo.
        """
        found = {one.uid: one for one in accounts}
        parts: list[ScopeResult] = []
        for uid in handoffs.keys() - found.keys():
            account = self.host.account_of(uid)
            if account is not None and account.home:
                found[uid] = account
            else:
                problem = f"{handoffs[uid][0]} belongs to it, and it is no account with a home; give it to one"
                parts.append(ScopeResult(f"uid {uid}", problem=problem))
        away = {uid: why for uid, one in found.items() if (why := homes.why_unreachable(self.host, one))}
        parts += [ScopeResult(found[uid].name, skipped=why) for uid, why in away.items()]
        working = {uid: one for uid, one in found.items() if uid not in away}
        if working and request.trusted and not request.dry_run:
            engine.cover(request, [Covered(one.name, one.uid) for one in working.values()])
        known = {one.uid for one in accounts}
        for uid, account in working.items():
            paths = tuple(handoffs.get(uid, ()))
            limited = selection if uid in known else replace(selection, below=paths)
            theirs = DiscoveryOptions(
                searches=paths, windows_host=places.windows_host and uid in known, rescan=places.rescan
            )
            reached = request.trusted and everybody
            parts.append(self._for_account(engine, account, request, theirs, limited, reached=reached))
        if found and not (request.trusted or request.dry_run) and selection == Selection():
            done = {part.scope for part in parts if part.done}
            engine.uncover(request, [Covered(one.name, one.uid) for one in found.values() if one.name in done])
        return parts

    def _for_account(
        self,
        engine: Engine,
        account: Account,
        request: Request,
        places: DiscoveryOptions,
        selection: Selection,
        *,
        reached: bool,
    ) -> ScopeResult:
        """Work for another account, in a process that has only that account's rights.

        `reached`: the changes for the machine reach the account, too.
        """
        backends = (_beside_the_machines(one) if reached else one for one in self.backends)
        job = partial(_work_for, self._as(account), [*filter(None, backends)], request, places, selection)
        try:
            outcomes = received(
                tuple[Outcome, ...],
                self.host.as_account(account, job, partial(self.on_progress, working_for(account))),
            )
        except (TrustInstallError, OSError) as error:
            return ScopeResult(account.name, problem=str(error))
        if not request.dry_run:
            engine.log(request, account.name, [one for one in outcomes if one.store.owner == account.uid])
        if reached and request.dry_run:
            outcomes = tuple(map(_foreseen, outcomes))
        # Stores of other owners are in the machine's part, or do not concern this account.
        return ScopeResult(account.name, tuple(one for one in outcomes if one.store.owner == account.uid))


def _selection(stores: str | Sequence[str], skip: str | Sequence[str]) -> Selection:
    """Return the stores that are meant; a name alone is one of several."""
    first, second = ((one,) if isinstance(one, str) else tuple(one) for one in (stores, skip))
    return Selection(first, second)


def _certificates(named: Certificate | Sequence[Certificate]) -> Sequence[Certificate]:
    """Return one or several certificates as several. Raises TypeError for anything else, as the name of a file."""
    every = [named] if isinstance(named, Certificate) else named
    for one in every:
        if not isinstance(one, Certificate):  # pyright: ignore[reportUnnecessaryIsInstance]  callers may have no checker
            raise TypeError(f"name certificates, as load_certificates() returns them, and not {type(one).__name__}")
    return every


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
