"""The difference between what documents ask for and what the ledger holds: certificates that come, change and go."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from trustinstall.engine.scope import Engine
from trustinstall.errors import printable
from trustinstall.state.ledger import Covered, moment
from trustinstall.state.terms import Terms
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.declared.declaration import Declaration, Declared
    from trustinstall.installer.installer import Installer
    from trustinstall.state.ledger import Ledger

_SHOWN = 16  # digits of a fingerprint


class Difference(NamedTuple):
    """One certificate: "+", "~" or "-", and its name with the terms that differ."""

    mark: str
    text: str


def differences(installer: Installer, declaration: Declaration, *, prune: bool) -> tuple[Difference, ...]:
    """Return what a declaration would change in the ledger; with `prune`, what it would remove, too."""
    ledger = Engine(installer.host, installer.backends, installer.on_progress).ledger()
    now = installer.host.now()
    live = [
        one
        for one in declaration.certificates
        if one.certificate.sha256 in ledger.claims or not one.terms.until or moment(one.terms.until) > now
    ]
    come = [found for one in live if (found := _difference(ledger, one))]
    gone = no_longer_named(installer, declaration) if prune else []
    return (*come, *(Difference("-", _name(one)) for one in gone))


def no_longer_named(installer: Installer, declaration: Declaration) -> list[Certificate]:
    """Return the certificates that the same documents named earlier, and no longer name."""
    named = {one.certificate.sha256 for one in declaration.certificates}
    ledger = Engine(installer.host, installer.backends, installer.on_progress).ledger()
    return [
        ledger.certificates[sha256]
        for sha256, claim in ledger.claims.items()
        if claim.terms.origin == declaration.origin and sha256 not in named
    ]


def _difference(ledger: Ledger, one: Declared) -> Difference | None:
    claim = ledger.claims.get(one.certificate.sha256)
    before, covered = (claim.terms, claim.accounts) if claim else (Terms(), ())
    after = before.renewed(one.terms) if claim else one.terms
    accounts = [Covered(account.name, account.uid) for account in one.accounts]
    new = [account.name for account in accounts if not any(account.is_same(known) for known in covered)]
    parts = [*_changed(before, after), *([f"accounts + {', '.join(new)}"] if new else [])]
    if claim and not parts:
        return None
    return Difference("~" if claim else "+", "; ".join((_name(one.certificate), *parts)))


def _changed(before: Terms, after: Terms) -> Iterator[str]:
    """Yield each term that differs: its value, or the former one and the new one."""
    for name in (one.name for one in fields(Terms)):
        old, new = (_said(getattr(terms, name)) for terms in (before, replace(after, origin=before.origin)))
        if old != new:
            yield printable(f"{name} {old} -> {new}", 400)


def _said(value: str | bool | tuple[str, ...]) -> str:  # noqa: FBT001  a value of any term
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (value if isinstance(value, str) else ", ".join(value)) or "none"


def _name(one: Certificate) -> str:
    return f"{printable(one.name, 80)} ({one.sha256[:_SHOWN]})"
