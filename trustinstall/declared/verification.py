"""The key of documents about switched-off verification: report it, or take it out as `doctor --fix` does."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Outcome, Planned, Result
from trustinstall.installer import health
from trustinstall.installer.result import ScopeResult
from trustinstall.installer.situation import ScopeOptions
from trustinstall.stores.store import Store
from trustinstall.typed_json import made_printable

if TYPE_CHECKING:
    from trustinstall.doctor.health import TakenBack
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.result import Report

BACKEND = "verification"


def with_verification(installer: Installer, report: Report, wish: str, *, all_users: bool) -> Report:
    """Return the report with every setting that switches verification off; "fix" takes out those that clients can miss.

    `all_users`: as root, the settings of the accounts, too. It runs after the roots were added, which decide whether a
    client can miss a setting. Raises StateError and Busy.
    """
    if not wish:
        return report
    root = installer.host.account.is_root
    ask = ScopeOptions(scope="machine" if root and not all_users else None, all_users=root and all_users, no_input=True)
    found = health.switches(installer, ask)
    gone: set[tuple[str, str, str]] = set()
    if wish == "fix" and not report.dry_run:
        done = health.fix(installer, [one for one in found if one.possible], ask)
        gone = {_name(one) for one in done if one.possible}
        failed = {_name(one): one for one in done if not one.possible}
        found = tuple(failed.get(_name(one), one) for one in found)
    parts: dict[str, list[Outcome]] = defaultdict(list)
    for one in found:
        parts[one.scope].append(_outcome(installer, one, wish, done=_name(one) in gone))
    added = (made_printable(ScopeResult(scope, tuple(outcomes))) for scope, outcomes in parts.items())
    return replace(report, scopes=(*report.scopes, *added))


def _name(one: TakenBack) -> tuple[str, str, str]:
    return one.client, one.path, one.said


def _outcome(installer: Installer, one: TakenBack, wish: str, *, done: bool) -> Outcome:
    account = installer.host.account_named(one.scope) or installer.host.account
    place = one.path or "session"
    store = Store(BACKEND, place, account.uid, f"{BACKEND}:{place}", one.client, label=one.client)
    said = f"line {one.line}: {one.said}" if one.line else one.said
    if done:
        return Outcome(store, Result.REMOVED, said, touched=True)
    if wish == "fix" and one.possible:
        return Outcome(store, Result.PLANNED, said, steps=(Planned("change", place),))
    remedy = one.problem or f"Run {' '.join(one.command or (*installer.host.program(), 'doctor', '--fix'))}."
    return Outcome(store, Result.FOREIGN, f"{said} switches verification off. {remedy}")
