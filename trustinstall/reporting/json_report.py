"""Reports for scripts: JSON with the content of `text`; keys are only added (see `schema`).

The format is defined in `report.schema.json`, which is shipped with the program.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from trustinstall._version import __version__
from trustinstall.engine.outcome import Result
from trustinstall.reporting.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustinstall.certificates.intake import Intake
    from trustinstall.engine.outcome import Outcome
    from trustinstall.errors import TrustInstallError
    from trustinstall.installer.result import Report, ScopeResult
    from trustinstall.installer.tool_views import ToolView
    from trustinstall.installer.views import View

SCHEMA = 1
_OK = frozenset(Result) - {Result.FAILED, Result.NOT_COVERED, Result.SEALED}

# : The words of the schema. They never change, even if members are renamed.
_RESULTS = {
    Result.ADDED: "added",
    Result.ALREADY: "already",
    Result.REMOVED: "removed",
    Result.ABSENT: "absent",
    Result.FOLLOWS: "follows",
    Result.PENDING: "pending",
    Result.FOREIGN: "foreign",
    Result.STORE_MISSING: "gone",
    Result.PLANNED: "planned",
    Result.FAILED: "failed",
    Result.SEALED: "sealed",
    Result.NOT_COVERED: "not_covered",
}


def change(report: Report, intake: Intake | None, exit_code: int, advice: Advice) -> str:
    """The report of add or remove."""
    return _dump(_change(report, intake, exit_code, advice))


def profile(report: Report, intake: Intake, path: str, *, written: bool) -> str:
    """The report of `add --profile-out`, which changes no store."""
    data = _change(report, intake, 0, Advice())
    return _dump({**data, "changed": written and not report.dry_run, "profile": path})


def _change(report: Report, intake: Intake | None, exit_code: int, advice: Advice) -> dict[str, Any]:
    warnings = {one.certificate.sha256: list(one.warnings) for one in intake.accepted} if intake else {}
    return {
        **_envelope(report.command, exit_code),
        "changed": report.changed,
        "dry_run": report.dry_run,
        "situation": {
            "kind": report.situation.kind,
            "traits": sorted(report.situation.traits),
            "scope": report.situation.sentence,
            "accounts_not_covered": report.situation.uncovered,
        },
        "certificates": [
            {
                "sha256": one.sha256,
                "subject": one.subject,
                "not_before": one.not_before.isoformat(),
                "not_after": one.not_after.isoformat(),
                "warnings": warnings.get(one.sha256, []),
            }
            for one in report.certificates
        ],
        "left_out": [
            {"sha256": one.sha256, "subject": one.subject, "reason": reason}
            for one, reason in (intake.left_out if intake else ())
        ],
        "stores": [_store(part, one) for part in report.parts for one in part.outcomes],
        **_limited(report),
        "problems": [{"scope": part.scope, "message": part.problem} for part in report.parts if part.problem],
        "skipped": [{"scope": part.scope, "message": part.skipped} for part in report.parts if part.skipped],
        "recovered": any(part.recovered for part in report.parts),
        "restart_needed": list(advice.restart),
        "env": dict(advice.env),
        "notes": list(advice.notes),
        "undo": advice.undo.text,
        "administrator": advice.administrator.text,
        "remove_foreign": [one.text for one in advice.foreign],
    }


def _limited(report: Report) -> dict[str, Any]:
    held, every = report.covered
    return {"limited": {"domains": list(report.domains), "stores": held, "of": every}} if report.domains else {}


def look(command: str, view: View) -> str:
    """The report of list or stores."""
    data = asdict(view)
    keys = ("listed", "anchors") if command == "list" else ("stores",)
    names = {"listed": "certificates", "anchors": "anchors", "stores": "stores"}
    return _dump(
        {
            **_envelope(command, 0),
            "changed": False,
            **{names[key]: data[key] for key in keys},
            "notes": data["notes"],
        }
    )


def tools(found: Sequence[ToolView]) -> str:
    """The report of stores --tools."""
    data = {"changed": False, "stores": list[str](), "tools": [asdict(one) for one in found], "notes": list[str]()}
    return _dump(_envelope("stores", 0) | data)


def variables(values: Mapping[str, str]) -> str:
    """The report of env."""
    return _dump({**_envelope("env", 0), "changed": False, "env": dict(values)})


def failure(command: str, error: TrustInstallError) -> str:
    """The report of a command that ended before it did anything."""
    envelope = _envelope(command, error.exit_code)
    return _dump({**envelope, "changed": False, "error": {"code": error.code, "message": str(error)}})


def _envelope(command: str, exit_code: int) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "trustinstall": __version__,
        "command": command,
        "ok": exit_code == 0,
        "exit_code": exit_code,
    }


def _store(part: ScopeResult, one: Outcome) -> dict[str, Any]:
    return {
        "id": one.store.id,
        "backend": one.store.backend,
        "location": one.store.location,
        "scope": part.scope,
        "result": _RESULTS[one.result],
        "ok": one.result in _OK,
        "detail": one.detail,
        "code": one.code,
        "changed": list(one.changed),
        "foreign": list(one.foreign),
        "anchors": one.anchors,
        "steps": [f"{step.action} {step.target}" for step in one.steps],
    }


def _dump(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2)
