"""The installer: the work of a command in every scope, for the command line and for callers of the library."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import CERTIFICATE_LABELS, ders_of
from trustinstall.engine.outcome import CHANGES
from trustinstall.engine.request import Request, Selection
from trustinstall.errors import printable
from trustinstall.facts import running_programs, system_bundle
from trustinstall.installer import logs
from trustinstall.installer.acting import covered_account, engine_of, seen_as_machine, seen_by
from trustinstall.installer.inspector import Inspector
from trustinstall.installer.result import Report, ScopeResult
from trustinstall.installer.situation import ScopeOptions, Situation, decide, scope_options
from trustinstall.state import scopes
from trustinstall.state.ledger import Covered
from trustinstall.state.terms import Terms
from trustinstall.stores.backend import Capability
from trustinstall.stores.store import DiscoveryOptions
from trustinstall.typed_json import made_printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import Account


@dataclass(init=False, repr=False)
class Installer(Inspector):
    """Adds and removes certificates on this machine, or in an image, and looks at it.

    Its attributes are those of `Inspector`, and `diff`: whether a dry run reports the lines of files that would change.

    Several threads may use installers at the same time: changes of one scope wait for each other. For other accounts,
    root forks a process each; the program must then have no other thread.

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
            stores, skip: the stores to change, and those to leave: groups, names, ids and patterns, as `--store` and
                `--skip` take them; by default all stores.
            discovery: additional places to look in.
            adopt: treat copies that another program put there as managed.
            dry_run: change nothing; the report says what would change.
            terms: when the trust ends, and the only DNS names and networks (CIDR) that it is for: stores that cannot
                limit a root are skipped. Its scope, stores and places are ignored: the other arguments set them.

        Returns:
            The report. It includes the failures of single stores, which raise nothing.

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
        from trustinstall.certificates import intake  # what only `add` and `remove` need
        from trustinstall.certificates.name_constraints import parse

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
        """Remove the copies that `add` has put into stores. It is idempotent.

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
        if not (situation.machine or self.host.account.is_root):
            report = self._with_left(report, foreign=foreign)
        return logs.told(report if dry_run else self._with_readers(report))

    def _chosen(self, named: Certificate | Sequence[Certificate | str], ask: ScopeOptions) -> tuple[Certificate, ...]:
        """Return certificates as values; an unknown fingerprint yields none. Raises UsageProblem for any other text."""
        from trustinstall.certificates import intake

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

    def _with_left(self, report: Report, *, foreign: bool) -> Report:
        """Name the certificates that the machine goes on to trust, whatever this account has removed from its scope.

        `foreign`: copies of other authors were to be removed, and not what trustinstall has added.
        """
        from trustinstall.installer import still_trusting

        machine, _ = scopes.machine_ledger(self.host)
        ours = () if foreign else tuple(one for one in report.certificates if one.sha256 in machine.claims)
        system = system_bundle.find(self.host)
        held = set(ders_of(system.content, CERTIFICATE_LABELS)) if system else set[bytes]()
        others = tuple(one for one in report.certificates if one.der in held and one.sha256 not in machine.claims)
        as_machine = seen_as_machine(self.host)
        why = {one.sha256: still_trusting.why_kept(as_machine, self.backends, one) for one in others}
        return replace(report, left=ours, others=others, kept={sha256: text for sha256, text in why.items() if text})

    def _with_readers(self, report: Report) -> Report:
        """Name the programs of the acting account that trust the certificates by a bundle which was left alone."""
        names = frozenset(one.sha256 for one in report.certificates)
        if not names or self.host.is_image or not (report.situation.machine or report.situation.own):
            return report
        from trustinstall.installer import still_trusting  # `add` does not need it

        return replace(report, readers=tuple(still_trusting.readers(self.host, names, report.outcomes)))

    def _caller(self, situation: Situation) -> str:
        return situation.accounts[0].name if situation.kind == "sudo" and situation.accounts else self.host.account.name

    def _remembered(
        self, situation: Situation, certificates: Sequence[Certificate]
    ) -> tuple[tuple[Account, ...], tuple[Covered, ...]]:
        """Return the accounts in scope or in the machine's ledger, and the ledger's accounts that no longer exist.

        A renamed account is found by its uid.
        """
        found = {one.uid: one for one in situation.accounts}
        lost: list[Covered] = []
        if situation.machine and not situation.image:  # the accounts of an image are not accounts of this machine
            claims = engine_of(self).ledger().claims
            every = [one for root in certificates if root.sha256 in claims for one in claims[root.sha256].accounts]
            for one in dict.fromkeys(every):
                account = covered_account(self.host, one, every)
                if account is None:
                    lost.append(one)
                elif account.uid != 0:
                    found.setdefault(account.uid, account)
        return tuple(found.values()), tuple(lost)

    def _report_lost(self, report: Report, request: Request, lost: tuple[Covered, ...], gone: Sequence[str]) -> Report:
        """Add missing accounts to a report; delete the entries of accounts in `gone`, which the caller named."""
        forgotten = [one for one in lost if one.name in gone]
        if forgotten and not request.dry_run:
            engine_of(self).uncover(request, forgotten)
        parts = [
            ScopeResult(
                one.name,
                problem=f"this machine has no account {one} any more, and what was added for it may still be in its "
                f"home; if it is gone for good, say --account-gone {printable(one.name)}",
            )
            for one in lost
            if one not in forgotten
        ]
        return replace(report, scopes=(*report.scopes, *made_printable(tuple(parts))))

    def _change(
        self,
        command: str,
        situation: Situation,
        request: Request,
        accounts: tuple[Account, ...],
        places: DiscoveryOptions,
        selection: Selection,
    ) -> Report:
        from trustinstall.installer.changing import Change

        self._check(places, situation)
        work = Change(self, situation, request, accounts, places, selection)
        work.check()
        parts = work.parts()
        outcomes = [one for part in parts for one in part.outcomes]
        system = any(one.result in CHANGES and one.store.system for one in outcomes)
        restart = running_programs.needed(self.host) if system and not situation.image else ()
        acting = [self.host] if situation.machine or situation.own else [seen_by(self.host, one) for one in accounts]
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


def _selection(stores: str | Sequence[str], skip: str | Sequence[str]) -> Selection:
    """Return the chosen stores; a single name may be given as a text."""
    first, second = ((one,) if isinstance(one, str) else tuple(one) for one in (stores, skip))
    return Selection(first, second)


def _certificates(named: Certificate | Sequence[Certificate]) -> Sequence[Certificate]:
    """Return one or several certificates as a sequence. Raises TypeError for other values, such as a file's name."""
    every = [named] if isinstance(named, Certificate) else named
    for one in every:
        if not isinstance(one, Certificate):  # pyright: ignore[reportUnnecessaryIsInstance]  callers may have no checker
            raise TypeError(f"name certificates, as load_certificates() returns them, and not {type(one).__name__}")
    return every
