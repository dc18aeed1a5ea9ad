"""`repair`: makes every store hold what the ledgers ask for, new stores too; without a difference it only observes.

The machine's ledger names the accounts that it covers; a claim made for all users also covers later accounts. Each
account's stores are observed and mended in a process with its rights alone, which trusts that account's ledger.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from trustinstall.catalog import with_variables
from trustinstall.engine import drift
from trustinstall.engine.drift import Wish
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.engine.tally import working_for
from trustinstall.errors import TrustInstallError
from trustinstall.facts import homes, wsl
from trustinstall.installer import ends
from trustinstall.installer.acting import answer_of, covered_account
from trustinstall.installer.lacking import claimed_variables
from trustinstall.installer.policy_imports import PolicyImports
from trustinstall.installer.result import Report, ScopeResult
from trustinstall.installer.situation import ScopeOptions, decide
from trustinstall.installer.wire import encode, received
from trustinstall.state.ledger import UNKNOWN_UID, Covered, moment
from trustinstall.typed_json import made_printable
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.declared.declaration import Declared
    from trustinstall.host import Account, ActingHost
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.situation import Situation
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.backend import Backend

_PLANNED = 10  # the exit code of a dry run that would change something, if the caller asks for it


@dataclass(frozen=True)
class _Job:
    """The wishes for an account's stores beside those of its own ledger, and the removed certificates."""

    account: Account
    wanted: tuple[Wish, ...]
    former: tuple[Certificate, ...]


def repair(installer: Installer, declared: Sequence[Declared] = (), *, dry_run: bool = False) -> Report:
    """Change every store in scope to the state that the ledgers ask for; the report holds only stores that differ.

    `declared`: the certificates of documents; they become part of the ledgers, on the documents' terms.
    Root mends the machine and the accounts that its ledger covers; another account mends its own stores. Certificates
    whose trust has ended are removed first. Raises StateError, Busy and NoRights as `Installer.add`.
    """
    situation = decide(installer.host, _whole(installer), terminal=False)
    engine = Engine(installer.host, installer.backends, installer.on_progress)
    recovered = not dry_run and engine.recover()  # first: the undone stores may differ from the ledger
    if declared and not dry_run:
        roots = tuple(one.certificate for one in declared)
        known = Request(roots, trusted=True, by=_caller(installer), command="apply")
        engine.restate(known, {one.certificate.sha256: one.terms for one in declared})
    ended = None if dry_run else ends.take_out_ended(installer)
    ledger = engine.ledger()
    work = _Repair(_with_variables(installer, ledger, declared), situation, ledger, declared, dry_run=dry_run)
    everybody = situation.machine and not situation.image and installer.host.account.is_root
    if everybody and not dry_run:
        work.forget_deleted(engine)
    parts = [*(ended.scopes if ended else ()), replace(work.first(), recovered=recovered)]
    jobs = work.jobs() if everybody else []
    parts += [work.of_account(job) for job in jobs]
    return Report(
        "repair",
        replace(situation, accounts=tuple(job.account for job in jobs)),
        tuple(ledger.certificates.values()),
        made_printable(tuple(parts)),
        dry_run,
    )


def exit_code(report: Report, *, asked: bool) -> int:
    """Return 0: as wanted, 1: nothing could be mended, 3: only a part; 10, if `asked`: a dry run found a change."""
    failed = sum(one.result is Result.FAILED for one in report.outcomes) + sum(
        bool(one.problem) for one in report.scopes
    )
    if failed:
        return 3 if any(one.result is not Result.FAILED for one in report.outcomes) else 1
    return _PLANNED if asked and any(one.result is Result.PLANNED for one in report.outcomes) else 0


def _with_variables(installer: Installer, ledger: Ledger, declared: Sequence[Declared]) -> Installer:
    """Return the installer that sets variables as the documents say, or else as the latest claim says."""
    modes = [one.terms.variables for one in declared if one.terms.variables]
    mode = modes[-1] if modes else claimed_variables(ledger)
    if not mode:
        return installer
    return replace(installer, backends=with_variables(installer.backends, mode), variables=mode)


def _caller(installer: Installer) -> str:
    """Return the account that asks: the one behind sudo, or the acting one."""
    situation = decide(installer.host, ScopeOptions(no_input=True), terminal=False)
    behind = situation.kind == "sudo" and situation.accounts
    return situation.accounts[0].name if behind else installer.host.account.name


def _whole(installer: Installer) -> ScopeOptions:
    return ScopeOptions(scope="machine" if installer.host.account.is_root else None, no_input=True)


class _Repair:
    """One run over all scopes."""

    def __init__(
        self,
        installer: Installer,
        situation: Situation,
        ledger: Ledger,
        declared: Sequence[Declared],
        *,
        dry_run: bool,
    ) -> None:
        self._installer, self._situation, self._ledger, self._dry_run = installer, situation, ledger, dry_run
        now = installer.host.now()
        self._declared = [one for one in declared if not one.terms.until or moment(one.terms.until) > now]
        self._command, self._by = ("apply", _caller(installer)) if declared else ("repair", installer.host.account.name)
        self._over = {one.sha256 for one in ledger.over(installer.host.now())}
        self._live = {sha256: one for sha256, one in ledger.claims.items() if sha256 not in self._over}
        # A dry run also shows the removal of certificates whose trust has ended.
        named = {one.certificate.sha256 for one in self._declared}
        former = (*ledger.former.values(), *(ledger.certificates[one] for one in sorted(self._over)))
        self._former = tuple(one for one in former if one.sha256 not in named)

    def first(self) -> ScopeResult:
        """Mend the machine's scope, or the acting account's own."""
        host, backends = self._installer.host, self._installer.backends
        engine = Engine(host, backends, self._installer.on_progress)
        asked = [Wish(one.certificate, self._by, one.terms, new=True) for one in self._declared]
        wanted = [one for one in drift.wishes(self._ledger, asked) if self._is_wanted_here(one)]
        seer = host if self._declared else drift.recalling(host, backends)  # `apply` claims what its document says
        found = drift.look(seer, backends, self._ledger, wanted, self._former)
        everybody = self._situation.machine and host.account.is_root and not self._situation.image
        imports = PolicyImports(host, backends, engine, self._installer.on_progress)
        request = Request(
            tuple(one.certificate for one in found.missing), trusted=True, by=self._by, dry_run=self._dry_run
        )
        if everybody and found.missing:
            stores = Selection(tuple({one for ids in found.missing.values() for one in ids}))
            # The note makes the claim: without its terms, a document's root would be a person's, and never be pruned.
            terms = {one.certificate.sha256: one.terms if one.new else None for one in found.missing}
            imports.before_adding(request, stores, terms)
        scope = drift.mend(engine, found, self._by, command=self._command, dry_run=self._dry_run)
        if everybody and found.missing:
            imports.after_adding(request)
        name = "machine" if self._situation.machine else host.account.name
        return ScopeResult(name, telling(scope.outcomes))

    def jobs(self) -> list[_Job]:
        """Return a job for each account that the machine's ledger or the documents cover."""
        accounts: dict[int, Account] = {}
        wanted: dict[int, dict[str, Wish]] = {}
        for wish, meant in (*self._claimed(), *self._asked()):
            for account in meant:
                if account.uid and account.home and not wish.terms.domains:
                    accounts.setdefault(account.uid, account)
                    wanted.setdefault(account.uid, {})[wish.certificate.sha256] = wish
        return [_Job(account, tuple(wanted[uid].values()), self._former) for uid, account in accounts.items()]

    def _claimed(self) -> Iterator[tuple[Wish, list[Account]]]:
        for sha256, claim in self._live.items():
            found = (covered_account(self._installer.host, one, claim.accounts) for one in claim.accounts)
            meant = [one for one in found if one is not None]
            everybody = self._everybody if claim.terms.all_users else []
            yield Wish(self._ledger.certificates[sha256], claim.by, claim.terms), [*meant, *everybody]

    def _asked(self) -> Iterator[tuple[Wish, list[Account]]]:
        for one in self._declared:
            everybody = self._everybody if one.terms.all_users else []
            yield Wish(one.certificate, self._by, one.terms, new=True), [*one.accounts, *everybody]

    @cached_property
    def _everybody(self) -> list[Account]:
        return homes.login_accounts(self._installer.host)

    def forget_deleted(self, engine: Engine) -> None:
        """Forget accounts that no longer exist, and whose home is gone, too."""
        for sha256, claim in self._live.items():
            host = self._installer.host
            known = [one for one in claim.accounts if one.uid != UNKNOWN_UID]
            gone = [one for one in known if covered_account(host, one, claim.accounts) is None]
            gone = [one for one in gone if not homes.may_own_one(host, one.uid)]
            if gone:
                engine.uncover(Request((self._ledger.certificates[sha256],), trusted=True, by=self._by), gone)

    def of_account(self, job: _Job) -> ScopeResult:
        """Mend an account's stores, in a process that has only its rights."""
        host, account = self._installer.host, job.account
        if why := homes.why_unreachable(host, account):
            return ScopeResult(account.name, skipped=why)
        self._cover(job)
        theirs = replace(host, account=account, environ=wsl.interop(host.environ), dialogs=False)
        work = partial(_work_for, theirs, self._installer.backends, job, command=self._command, dry_run=self._dry_run)
        try:
            answer = answer_of(host, account, work, partial(self._installer.on_progress, working_for(account)))
            outcomes = received(tuple[Outcome, ...], answer)
        except (TrustInstallError, OSError) as error:
            return ScopeResult(account.name, problem=str(error))
        own = tuple(one for one in outcomes if one.store.owner == account.uid)
        Engine(host, self._installer.backends, self._installer.on_progress).log(self._told(job), account.name, own)
        return ScopeResult(account.name, own)

    def _told(self, job: _Job) -> Request:
        """Return the request that the audit log records for an account's repair."""
        certificates = tuple(one.certificate for one in job.wanted)
        return Request(certificates, trusted=True, by=self._by, dry_run=self._dry_run, command=self._command)

    def _cover(self, job: _Job) -> None:
        """Note an existing account that a claim for all users covers, before its stores are changed."""
        covered = Covered(job.account.name, job.account.uid)
        new = [one.certificate for one in job.wanted if not self._is_covered(job.account, one.certificate.sha256)]
        terms = {one.certificate.sha256: one.terms for one in self._declared}
        engine = Engine(self._installer.host, self._installer.backends, self._installer.on_progress)
        for certificate in () if self._dry_run else new:
            request = Request((certificate,), trusted=True, by=self._by, terms=terms.get(certificate.sha256))
            engine.cover(request, [covered])

    def _is_covered(self, account: Account, sha256: str) -> bool:
        records = self._live[sha256].accounts if sha256 in self._live else ()
        return any(covered_account(self._installer.host, one, records) == account for one in records)

    def _is_wanted_here(self, one: Wish) -> bool:
        """Whether a claim includes the scope's own stores, and not only those of other accounts."""
        if any(one.certificate == declared.certificate for declared in self._declared):
            return True
        claim = self._live.get(one.certificate.sha256)
        return claim is not None and (not claim.accounts or bool(self._ledger.stores_of(claim.sha256)))


def telling(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return the outcomes for a report: changes, failures, and stores that were left on purpose."""
    silent = {Result.ALREADY, Result.ABSENT, Result.FOLLOWS, Result.NOT_COVERED, Result.SEALED, Result.STORE_MISSING}
    return tuple(one for one in outcomes if one.result not in silent)


def _work_for(host: ActingHost, backends: Sequence[Backend], job: _Job, *, command: str, dry_run: bool) -> bytes:
    """Do the whole job of a worker: observe and mend as that account, also by its own ledger."""
    engine = Engine(host, backends, lambda _doing: None)
    if not dry_run:
        engine.recover()
        _restate(engine, job.wanted)
    ledger = engine.ledger()
    over = {one.sha256 for one in ledger.over(host.now())}
    named = {one.certificate.sha256 for one in job.wanted}
    gone = {one.sha256: one for one in job.former if not _is_own(ledger, one.sha256, host.account.name)}
    gone = {**ledger.former, **gone}
    wanted = drift.wishes(ledger, job.wanted)
    wanted = [one for one in wanted if one.certificate.sha256 in named or one.certificate.sha256 not in {*gone, *over}]
    former = [one for sha256, one in gone.items() if sha256 not in {one.certificate.sha256 for one in wanted}]
    seer = host if command == "apply" else drift.recalling(host, backends)
    found = drift.look(seer, backends, ledger, wanted, former)
    scope = drift.mend(engine, found, host.account.name, command=command, dry_run=dry_run)
    return encode(telling(scope.outcomes))


def _restate(engine: Engine, wanted: Sequence[Wish]) -> None:
    """Give claims of a document its present terms in the account's ledger, too: an end may have come or gone since."""
    claims = engine.ledger().claims
    for wish in wanted:
        claim = claims.get(wish.certificate.sha256)
        if claim is not None and claim.terms.origin and claim.terms.origin == wish.terms.origin:
            request = Request((wish.certificate,), trusted=True, by=claim.by, command="apply")
            engine.restate(request, {wish.certificate.sha256: wish.terms})


def _is_own(ledger: Ledger, sha256: str, name: str) -> bool:
    """Whether the account itself has asked for a certificate."""
    claim = ledger.claims.get(sha256)
    return claim is not None and claim.by == name
