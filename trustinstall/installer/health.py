"""`doctor` without a server: what is wrong with the trust of this machine and of the accounts in scope."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.doctor.health import FINE, Finding
from trustinstall.engine.tally import working_for
from trustinstall.errors import TrustInstallError
from trustinstall.facts import homes, wsl
from trustinstall.installer import health_settings, health_stores
from trustinstall.installer.situation import ScopeOptions, decide
from trustinstall.installer.wire import encode, received
from trustinstall.typed_json import made_printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trustinstall.host import Account, ActingHost
    from trustinstall.installer.installer import Installer


def examine(installer: Installer, ask: ScopeOptions | None = None) -> tuple[Finding, ...]:
    """Return what is wrong with the stores, settings and variables in scope, and what is well; nothing is changed.

    Raises StateError, NoRights and UsageProblem as `Inspector.look`.
    """
    host, ask = installer.host, ask or ScopeOptions(no_input=True)
    view = installer.look(ask)
    scope = "machine" if host.account.is_root else host.account.name
    found = [one.of(one.scope or scope) for one in health_stores.findings(host, view)]
    found += _settings_of(host, scope)
    for account in decide(host, ask, terminal=False).accounts:
        found += _of_account(installer, account)
    return made_printable(tuple(_each_once(found)))


def problems(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that are no good news."""
    return tuple(one for one in found if one.severity != FINE)


def _settings_of(host: ActingHost, scope: str) -> tuple[Finding, ...]:
    return tuple(one.of(scope) for one in health_settings.findings(host))


def _of_account(installer: Installer, account: Account) -> tuple[Finding, ...]:
    """Return what an account's settings show to a process that has that account's rights alone."""
    host = installer.host
    why = homes.why_unreachable(host, account)
    if not why:
        theirs = replace(host, account=account, environ=wsl.interop(host.environ))
        job = partial(_encoded, theirs, account.name)
        try:
            progress = partial(installer.on_progress, working_for(account))
            return received(tuple[Finding, ...], host.as_account(account, job, progress))
        except (TrustInstallError, OSError) as error:
            why = str(error)
    advice = f"Have {account.name} run doctor."
    return (Finding("not-looked-at", account.name, account.home or "", why, advice=advice, scope=account.name),)


def _encoded(host: ActingHost, scope: str) -> bytes:
    return encode(_settings_of(host, scope))


def _each_once(found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield each finding once: settings of the machine are seen by every account, and by every session.

    What is wrong with a client by one decision is not well, too.
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
