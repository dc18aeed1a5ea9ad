"""A report of add or remove as plain data: the keys of the JSON format that need nothing but the report.

`reporting/json_report.py` adds the machine, the time, the warnings of vetting and the next steps.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from trustinstall.engine.outcome import Result
from trustinstall.stores.groups import group_of

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
    from trustinstall.engine.outcome import Outcome
    from trustinstall.installer.result import Report, ScopeResult

#: The version of the JSON format: only incompatible changes raise it.
SCHEMA = 2
_OK = frozenset(Result) - {Result.FAILED, Result.NOT_COVERED, Result.SEALED}
_LOCKED = "locked"  # the word for a store that failed because its password is unknown


def report_data(report: Report) -> dict[str, Any]:
    """Return the report of add or remove, by key."""
    return {
        "schema": SCHEMA,
        "command": report.command,
        "ok": report.ok,
        "exit_code": report.exit_code(),
        "changed": report.changed,
        "would_change": report.would_change,
        "dry_run": report.dry_run,
        "situation": {
            "kind": report.situation.kind,
            "traits": sorted(trait.replace(" ", "-") for trait in report.situation.traits),
            "scope": report.situation.sentence,
            "accounts_not_in_scope": report.situation.uncovered,
        },
        "certificates": [certificate(one) for one in report.certificates],
        "counts": _counts(report),
        "stores": [outcome(part, one) for part in report.scopes for one in part.outcomes],
        **_limited(report),
        **_ends(report),
        **problems(report),
    }


def certificate(one: Certificate) -> dict[str, Any]:
    """Return a certificate, by key."""
    return {
        "sha256": one.sha256,
        "name": one.name,
        "subject": one.subject,
        "not_before": one.not_before.isoformat(),
        "not_after": one.not_after.isoformat(),
    }


def problems(report: Report) -> dict[str, Any]:
    """Return the scopes in which no work was possible, and the interrupted commands, by key."""
    return {
        "problems": [{"scope": part.scope, "message": part.problem} for part in report.scopes if part.problem],
        "skipped": [{"scope": part.scope, "message": part.skipped} for part in report.scopes if part.skipped],
        "recovered": any(part.recovered for part in report.scopes),
    }


def _counts(report: Report) -> dict[str, Any]:
    held, every = report.covered
    results = Counter(_word(one) for one in report.outcomes)
    in_scope = {"stores": every, "trusted": held} if report.command == "add" else {"stores": len(report.in_scope)}
    return {**in_scope, "results": dict(sorted(results.items()))}


def _ends(report: Report) -> dict[str, Any]:
    ends = [{"sha256": sha256, "until": until} for sha256, until in report.ends.items()]
    return {"ends": ends} if ends else {}


def _limited(report: Report) -> dict[str, Any]:
    held, every = report.covered
    return {"limited": {"domains": list(report.domains), "stores": held, "of": every}} if report.domains else {}


def outcome(part: ScopeResult, one: Outcome) -> dict[str, Any]:
    """Return the outcome of a store that add, remove or repair has worked on, by key."""
    return {
        "id": one.store.id,
        "group": group_of(one.store),
        "backend": one.store.backend,
        "label": one.store.label or one.store.id,
        "location": one.store.location,
        "scope": part.scope,
        "result": _word(one),
        "ok": one.result in _OK,
        "detail": one.detail,
        "code": one.code,
        "changed": list(one.changed),
        "foreign": list(one.foreign),
        "anchors": one.anchors,
        "steps": [{"action": step.action, "target": step.target, "diff": list(step.diff)} for step in one.steps],
    }


def _word(one: Outcome) -> str:
    locked = one.result is Result.FAILED and one.code == "store-locked"
    return _LOCKED if locked else one.result.value
