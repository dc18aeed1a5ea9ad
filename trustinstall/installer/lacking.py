"""The stores that should trust a certificate and do not yet: `repair` would change them.

An `add` that was interrupted or failed in part leaves such stores, and others appear later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.catalog import with_variables
from trustinstall.engine import drift
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine

if TYPE_CHECKING:
    from collections.abc import Collection

    from trustinstall.installer.inspector import Inspector
    from trustinstall.state.ledger import Ledger


def lacking(installer: Inspector, wanted: Collection[str], selection: Selection | None = None) -> tuple[str, ...]:
    """Return the ids of the acting account's stores (root's are the machine's) that `repair` would change.

    Nothing is changed, and stores of other accounts are not looked at.

    Args:
        installer: the machine, and the kinds of stores.
        wanted: SHA-256 of certificates; those that the account's ledger does not claim are passed over.
        selection: the stores that count; None for all.

    Raises:
        StateError: the ledger is not trusted.
    """
    host, chosen = installer.host, selection or Selection()
    ledger = Engine(host, installer.backends, installer.on_progress).ledger()
    over = {one.sha256 for one in ledger.over(host.now())}
    live = {
        sha256
        for sha256, claim in ledger.claims.items()
        if sha256 in wanted and sha256 not in over and (not claim.accounts or ledger.stores_of(sha256))
    }
    if not live:
        return ()
    mode = claimed_variables(ledger)
    backends = with_variables(installer.backends, mode) if mode else installer.backends
    wishes = [one for one in drift.wishes(ledger) if one.certificate.sha256 in live]
    found = drift.look(host, backends, ledger, wishes, ())
    engine = Engine(host, backends, installer.on_progress)
    scope = drift.mend(engine, found, host.account.name, command="repair", dry_run=True)
    would = {Result.PLANNED, Result.FAILED}
    return tuple(one.store.id for one in scope.outcomes if one.result in would and chosen.takes(one.store))


def claimed_variables(ledger: Ledger) -> str:
    """Return how the latest claim wants environment variables to be set, a value of `--variables`; "" if none says."""
    told = sorted((one.since, one.terms.variables) for one in ledger.claims.values() if one.terms.variables)
    return told[-1][1] if told else ""


def lacking_in_scope(
    installer: Inspector, scope: str | None, wanted: Collection[str], selection: Selection
) -> tuple[str, ...]:
    """Return the same for the scope that the caller named ("machine", "user"), or () if it is another account's."""
    own = "machine" if installer.host.account.is_root or installer.host.is_image else "user"
    return lacking(installer, wanted, selection) if scope in {None, own, "all-users"} else ()
