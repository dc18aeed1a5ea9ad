"""Ask for the passwords of locked stores, and retry them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import StoreLocked, printable
from trustinstall.host import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.engine.outcome import Outcome
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.result import Report, ScopeResult


def unlock(
    installer: Installer,
    report: Report,
    again: Callable[[str], Report],
    ask: Callable[[str], str],
) -> Report:
    """Return the report after each locked store was retried with the password from `ask`; "" skips the store.

    A password is tried only on the store that it was typed for.
    """
    host = installer.host
    for one in [one for one in report.outcomes if one.code == StoreLocked.code]:
        typed = ask(f"Password of {printable(one.store.id, 4096)} (nothing: leave it)")
        if not typed:
            continue
        installer.host = replace(host, storepasses=(*host.storepasses, Secret(typed=typed)))
        try:
            found = [each for each in again(one.store.id).outcomes if each.store == one.store]
        finally:
            installer.host = host
        report = replace(report, scopes=tuple(_with(part, found) for part in report.scopes))
    return report


def _with(part: ScopeResult, found: list[Outcome]) -> ScopeResult:
    """Return the part with new outcomes in place of the outcomes of locked stores."""
    news = {one.store.id: one for one in found}
    return replace(
        part,
        outcomes=tuple(news.get(one.store.id, one) if one.code == StoreLocked.code else one for one in part.outcomes),
    )
