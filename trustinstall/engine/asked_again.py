"""After the change: whether the clients of the stores trust what these hold now.

A store shows what its file says. Which file, variable or policy counts for its client is another question, and the
answer may be another store, or nothing that the acting account may change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustinstall.engine.request import Request
    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend, Unreached
    from trustinstall.stores.store import Store

_CLAIMS = frozenset({Result.ADDED, Result.ALREADY, Result.FOLLOWS})


def asked_again(
    host: Host, request: Request, stores: Mapping[str, tuple[Backend, Store]], outcomes: Sequence[Outcome]
) -> list[Outcome]:
    """Return the outcomes of an `add`, in which no store counts as holding what its clients do not trust."""
    wanted = frozenset(one.sha256 for one in request.certificates)
    asked = [stores[one.id] for one in outcomes if _is_asked(one) and one.id in stores]
    found: dict[str, Unreached] = {}
    for backend in dict.fromkeys(backend for backend, _ in asked):
        found |= backend.unreached(host, [store for one, store in asked if one is backend], wanted)
    return [_unreached(one, found[one.id]) if one.id in found else one for one in outcomes]


def _is_asked(outcome: Outcome) -> bool:
    """Whether a store counts as holding the certificates, or could not be written: another reason to fail stays."""
    return outcome.result in _CLAIMS or (
        outcome.result in {Result.FAILED, Result.SEALED} and outcome.store.blocked is not None
    )


def _unreached(outcome: Outcome, found: Unreached) -> Outcome:
    """Return the outcome of a store that is as desired in vain: a failure where this account could mend that."""
    if found.partly:
        return replace(outcome, partly=found.why)
    if found.own:
        return replace(outcome, result=Result.FAILED, detail=found.why, code="store-failed")
    return replace(outcome, result=Result.SEALED, detail=found.why)
