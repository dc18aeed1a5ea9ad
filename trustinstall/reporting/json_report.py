"""Reports for scripts: JSON with the content of the screens; keys are only added (see `envelope.SCHEMA`).

The same thing has the same key in every command: a store is its `id`, a certificate its `sha256` and `name`. The format
is defined in `report.schema.json`, which is shipped with the program.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from trustinstall.engine.outcome import Result
from trustinstall.reporting.advice import Advice
from trustinstall.reporting.check import sentence
from trustinstall.reporting.envelope import dump, envelope
from trustinstall.stores.groups import group_of, group_of_backend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.certificates.intake import Intake
    from trustinstall.engine.outcome import Outcome
    from trustinstall.errors import TrustInstallError
    from trustinstall.host import Host
    from trustinstall.installer.checking import Verdict
    from trustinstall.installer.result import Report, ScopeResult
    from trustinstall.installer.tool_views import ToolView
    from trustinstall.installer.views import Anchor, Held, Listed, StoreView, View

_OK = frozenset(Result) - {Result.FAILED, Result.NOT_COVERED, Result.SEALED}
_LOCKED = "locked"  # the word for a store that failed because nobody knows its password
_FOLLOWS = "follows "
_TRUSTED = frozenset({"trusted", "via-system", "limited-to-domains"})


def change(host: Host, report: Report, intake: Intake | None, exit_code: int, advice: Advice) -> str:
    """The report of add or remove."""
    return dump(_change(host, report, intake, exit_code, advice))


def profile(host: Host, report: Report, intake: Intake, path: str, *, written: bool) -> str:
    """The report of `add --profile-out`, which changes no store."""
    data = _change(host, report, intake, 0, Advice())
    done, would = written and not report.dry_run, written and report.dry_run
    return dump({**data, "changed": done, "would_change": would, "profile": path})


def _change(host: Host, report: Report, intake: Intake | None, exit_code: int, advice: Advice) -> dict[str, Any]:
    warnings = {one.certificate.sha256: list(one.warnings) for one in intake.accepted} if intake else {}
    would_change = any(one.result is Result.PLANNED for one in report.outcomes)
    return {
        **envelope(host, report.command, exit_code, changed=report.changed, would_change=would_change),
        "dry_run": report.dry_run,
        "situation": {
            "kind": report.situation.kind,
            "traits": sorted(trait.replace(" ", "-") for trait in report.situation.traits),
            "scope": report.situation.sentence,
            "accounts_not_in_scope": report.situation.uncovered,
        },
        "certificates": [{**certificate(one), "warnings": warnings.get(one.sha256, [])} for one in report.certificates],
        "left_out": [{**certificate(one), "reason": reason} for one, reason in (intake.left_out if intake else ())],
        "counts": _counts(report),
        "stores": [outcome(part, one) for part in report.parts for one in part.outcomes],
        **_limited(report),
        **problems(report),
        "restart_needed": list(advice.restart),
        "env": dict(advice.env),
        "notes": list(advice.notes),
        "undo": list(advice.undo.argv),
        "administrator": list(advice.administrator.argv),
        "remove_foreign": [list(one.argv) for one in advice.foreign],
    }


def certificate(one: Certificate) -> dict[str, Any]:
    """The keys of a certificate."""
    return {
        "sha256": one.sha256,
        "name": one.name,
        "subject": one.subject,
        "not_before": one.not_before.isoformat(),
        "not_after": one.not_after.isoformat(),
    }


def problems(report: Report) -> dict[str, Any]:
    """The keys for scopes in which no work was possible, and for interrupted commands."""
    return {
        "problems": [{"scope": part.scope, "message": part.problem} for part in report.parts if part.problem],
        "skipped": [{"scope": part.scope, "message": part.skipped} for part in report.parts if part.skipped],
        "recovered": any(part.recovered for part in report.parts),
    }


def _counts(report: Report) -> dict[str, Any]:
    held, every = report.covered
    results = Counter(_word(one) for one in report.outcomes)
    in_scope = {"stores": every, "trusted": held} if report.command == "add" else {"stores": len(report.in_scope)}
    return {**in_scope, "results": dict(sorted(results.items()))}


def _limited(report: Report) -> dict[str, Any]:
    held, every = report.covered
    return {"limited": {"domains": list(report.domains), "stores": held, "of": every}} if report.domains else {}


def outcome(part: ScopeResult, one: Outcome) -> dict[str, Any]:
    """The keys of a store that add, remove or repair has worked on."""
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


def listing(host: Host, view: View) -> str:
    """The report of list."""
    data = {
        "certificates": [_listed(one) for one in view.listed],
        "anchors": [_anchor(one) for one in view.anchors],
        "notes": list(view.notes),
    }
    return dump({**envelope(host, "list", 0), **data})


def _listed(one: Listed) -> dict[str, Any]:
    stores = [_held(held) for held in one.held]
    own = [held for held in stores if not held["foreign"] and held["state"] != "unreadable"]
    trusted = sum(held["state"] in _TRUSTED for held in own)
    return {
        "sha256": one.sha256,
        "name": one.name,
        "subject": one.subject,
        "not_before": one.not_before,
        "not_after": one.not_after,
        "scope": one.scope,
        "since": one.since,
        "by": one.by,
        "until": one.until,
        "expires_soon": one.expires_soon,
        "complete": trusted == len(own),
        "counts": {"stores": len(own), "trusted": trusted},
        "stores": stores,
    }


def _held(one: Held) -> dict[str, Any]:
    follows = one.state.removeprefix(_FOLLOWS) if one.state.startswith(_FOLLOWS) else ""
    return {
        "id": one.store,
        "group": group_of_backend(one.store.partition(":")[0], one.label),
        "label": one.label,
        "state": "via-system" if follows else one.state.replace(" ", "-"),
        "follows": follows,
        "since": one.since,
        "by": one.by,
        "adopted": one.adopted,
        "foreign": one.foreign,
        "entries": list(one.entries),
    }


def _anchor(one: Anchor) -> dict[str, Any]:
    return {"id": one.store, "sha256": one.sha256, "subject": one.subject, "added": one.ours}


def stores(host: Host, view: View) -> str:
    """The report of stores."""
    return dump(
        {**envelope(host, "stores", 0), "stores": [_store(one) for one in view.stores], "notes": list(view.notes)}
    )


def _store(one: StoreView) -> dict[str, Any]:
    return {
        "id": one.store,
        "group": group_of_backend(one.backend, one.label),
        "backend": one.backend,
        "label": one.label,
        "location": one.location,
        "scope": one.scope,
        "clients": one.clients,
        "follows": one.follows,
        "writable": one.writable,
        "anchors": one.anchors,
        "added": one.ours,
        "detail": one.problem,
    }


def tools(host: Host, command: str, found: Sequence[ToolView]) -> str:
    """The report of the developer tools."""
    return dump({**envelope(host, command, 0), "tools": [_tool(one) for one in found]})


def _tool(one: ToolView) -> dict[str, Any]:
    known = {"set": "set", "not set": "not-set", "names the system's bundle": "via-system"}
    states = {"follows": "via-system", "variable": "by-variable", "store": "via-store"}
    return {
        "name": one.tool,
        "mode": one.mode.replace(" ", "-"),
        "file": one.file,
        "key": one.key,
        "state": states.get(one.mode) or known.get(one.state, "other"),
        "detail": one.state,
        "known": one.known,
        "source": one.source,
        "effective": one.effective.replace(" ", "-"),
        "decided_by": one.decided_by,
    }


def variables(host: Host, values: Mapping[str, str]) -> str:
    """The report of env."""
    return dump({**envelope(host, "env", 0), "env": dict(values)})


def checked(host: Host, verdict: Verdict) -> str:
    """The report of `check`."""
    return dump(
        {
            **envelope(host, "check", verdict.exit_code),
            "message": sentence(verdict),
            "certificates_wanted": verdict.wanted,
            "certificates_absent": list(verdict.absent),
            "stores_trusting": verdict.stores,
            "stores_missing": list(verdict.missing),
        }
    )


def failure(host: Host, command: str, error: TrustInstallError) -> str:
    """The report of a command that ended before it did anything."""
    told = {"code": error.code, "message": str(error)}
    return dump({**envelope(host, command, error.exit_code), "error": told})
