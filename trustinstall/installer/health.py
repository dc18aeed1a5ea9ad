"""`doctor` without a server: the problems with the trust of this machine and of the accounts in scope."""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.doctor.health import FINE, Finding, TakenBack
from trustinstall.engine.tally import working_for
from trustinstall.errors import TrustInstallError
from trustinstall.facts import homes, wsl
from trustinstall.installer import health_fix, health_settings, health_stores
from trustinstall.installer.acting import answer_of
from trustinstall.installer.lacking import lacking
from trustinstall.installer.situation import ScopeOptions, decide
from trustinstall.installer.wire import encode, received
from trustinstall.typed_json import made_printable
from trustinstall_platforms.tools.sessions import everyday

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trustinstall.host import Account, ActingHost
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.views import View


def examine(installer: Installer, ask: ScopeOptions | None = None) -> tuple[Finding, ...]:
    """Return the findings, good and bad, about the stores, settings and variables in scope; nothing is changed.

    Raises StateError, NoRights and UsageProblem as `Inspector.look`.
    """
    installer = copy(installer)
    installer.host = host = installer.host.remembering()
    ask = ask or ScopeOptions(no_input=True)
    view = installer.look(ask)
    scope = _own_name(host)
    found = [one.of(one.scope or scope) for one in health_stores.findings(host, view)]
    found += _lacking(installer, view, scope)
    found += _settings_of(host, scope)
    for account in decide(host, ask, terminal=False).accounts:
        found += _of_account(installer, account)
    return made_printable(tuple(_each_once(found)))


def problems(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that are problems."""
    return tuple(one for one in found if one.severity != FINE)


def plan_fixes(installer: Installer, ask: ScopeOptions | None = None) -> tuple[TakenBack, ...]:
    """Return the switches that `--fix` would cut out of the settings in scope, each once."""
    return tuple(one for one in switches(installer, ask) if one.possible)


def switches(installer: Installer, ask: ScopeOptions | None = None) -> tuple[TakenBack, ...]:
    """Return every switch in scope that has verification off, each once: the text to cut, or why it is left."""
    host, found = installer.host, list(_judged(installer.host, _own_name(installer.host)))
    for account in decide(host, ask or ScopeOptions(no_input=True), terminal=False).accounts:
        with suppress(TrustInstallError, OSError):  # `examine` reports it
            found += received(tuple[TakenBack, ...], _as(installer, account, _encoded_switches))
    return tuple({(one.client, one.path, one.said, one.offset): one for one in reversed(found)}.values())[::-1]


def fix(installer: Installer, planned: Iterable[TakenBack], ask: ScopeOptions | None = None) -> tuple[TakenBack, ...]:
    """Cut out the planned switches, in each scope with its account's rights alone; return each result, or why not.

    Raises StateError or Busy.
    """
    host, wanted = installer.host, list(planned)
    situation = decide(host, ask or ScopeOptions(no_input=True), terminal=False)
    by = situation.accounts[0].name if situation.kind == "sudo" and situation.accounts else host.account.name
    own = [one for one in wanted if one.scope == _own_name(host)]
    done = list(health_fix.take_back(host, own, by)) if own else []
    for account in situation.accounts:
        theirs = tuple(one for one in wanted if one.scope == account.name)
        if theirs:
            job = partial(_encoded_fix, wanted=theirs, by=by)
            done += received(tuple[TakenBack, ...], _as(installer, account, job))
    return tuple(done)


def _lacking(installer: Installer, view: View, scope: str) -> Iterator[Finding]:
    """Yield the stores of the scope that do not trust a root of its ledger yet, without those that have lost it."""
    host, own = installer.host, [one for one in view.certificates if one.scope == scope]
    lost = {held.store for one in own for held in one.missing}
    for store in lacking(installer, {one.sha256 for one in own}):
        if store not in lost:
            reason = f"{store} does not trust every root yet that was added in this scope"
            yield Finding("store-lost-root", store, store, reason, (*host.program(), "repair"), scope=scope)


def _own_name(host: ActingHost) -> str:
    return "machine" if host.account.is_root else host.account.name


def _judged(host: ActingHost, scope: str) -> tuple[TakenBack, ...]:
    host = host.remembering()
    return tuple(replace(one, scope=scope) for _, one in health_fix.judged(host, everyday(host)))


def _settings_of(host: ActingHost, scope: str) -> tuple[Finding, ...]:
    return tuple(one.of(scope) for one in health_settings.findings(host.still_remembering()))


def _as(installer: Installer, account: Account, job: Callable[[ActingHost], bytes]) -> bytes:
    """Return the answer of a process that has an account's rights alone."""
    host = installer.host
    theirs = replace(host, account=account, environ=wsl.interop(host.environ))
    return answer_of(host, account, partial(job, theirs), partial(installer.on_progress, working_for(account)))


def _of_account(installer: Installer, account: Account) -> tuple[Finding, ...]:
    """Return the findings about an account's settings, or one that says why they cannot be read."""
    why = homes.why_unreachable(installer.host, account)
    if not why:
        try:
            return received(tuple[Finding, ...], _as(installer, account, _encoded))
        except (TrustInstallError, OSError) as error:
            why = str(error)
    advice = f"Have {account.name} run doctor."
    return (Finding("not-looked-at", account.name, account.home or "", why, advice=advice, scope=account.name),)


def _encoded(host: ActingHost) -> bytes:
    return encode(_settings_of(host, host.account.name))


def _encoded_switches(host: ActingHost) -> bytes:
    return encode(_judged(host, host.account.name))


def _encoded_fix(host: ActingHost, *, wanted: tuple[TakenBack, ...], by: str) -> bytes:
    return encode(health_fix.take_back(host, wanted, by))


def _each_once(found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield each finding once: every account and every session finds the settings of the machine.

    A client with a problem by some decision is not also reported as well by it.
    """
    found = list(found)
    wrong = {(one.client, one.decided_by) for one in problems(found)}
    known: set[tuple[str, str, str, str]] = set()
    for one in found:
        if one.severity == FINE and (one.client, one.decided_by) in wrong:
            continue
        key = one.id, one.client, one.decided_by, one.reason
        if key not in known:
            known.add(key)
            yield one
