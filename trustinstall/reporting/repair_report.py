"""The report of `repair`: what was put back or taken out again, for people and as JSON (`repair.schema.json`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trustinstall._version import __version__
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.reporting.text import Style, row, wrapped

if TYPE_CHECKING:
    from trustinstall.installer.result import Report

SCHEMA = 1
_WORDS = {
    Result.ADDED: "put back",
    Result.REMOVED: "taken out",
    Result.PLANNED: "would change",
    Result.FOREIGN: "left",
    Result.FAILED: "failed",
    Result.PENDING: "pending",
}
_JSON = {**_WORDS, Result.ADDED: "added", Result.REMOVED: "removed", Result.PLANNED: "planned"}


def lines(report: Report, style: Style, *, verbose: bool) -> list[str]:
    """Return the report for people: a line for each store that differed."""
    found: list[str] = []
    for part in report.parts:
        if part.recovered:
            found.append("An earlier command had been interrupted; it was undone first.")
        if part.problem:
            found += wrapped(f"{style.bad('failed')} for {part.scope}: {part.problem}", "  ")
        if part.skipped and verbose:
            found += wrapped(f"{style.quiet('skipped')} {part.scope}: {part.skipped}", "  ")
        for one in part.outcomes:
            found += _store_lines(one, style)
    return [*found, _summary(report)]


def as_json(report: Report, exit_code: int) -> str:
    """Return the report as JSON."""
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "trustinstall": __version__,
        "command": report.command,
        "ok": exit_code == 0,
        "exit_code": exit_code,
        "changed": report.changed,
        "dry_run": report.dry_run,
        "stores": [
            {
                "id": one.store.id,
                "scope": part.scope,
                "result": _JSON.get(one.result, one.result.value),
                "detail": one.detail,
                "changed": list(one.changed),
                "steps": list(one.steps),
            }
            for part in report.parts
            for one in part.outcomes
        ],
        "problems": [{"scope": part.scope, "message": part.problem} for part in report.parts if part.problem],
        "skipped": [{"scope": part.scope, "message": part.skipped} for part in report.parts if part.skipped],
        "recovered": any(part.recovered for part in report.parts),
    }
    return json.dumps(data, indent=2)


def _store_lines(one: Outcome, style: Style) -> list[str]:
    paint = style.bad if one.result is Result.FAILED else style.good if one.touched else style.quiet
    detail = f"{one.store.label or one.store.location}{': ' + one.detail if one.detail else ''}"
    return [*row(one.store.backend, _WORDS.get(one.result, one.result.value), detail, paint), *_steps(one)]


def _steps(one: Outcome) -> list[str]:
    return [f"      {step}" for step in one.steps]


def _summary(report: Report) -> str:
    results = [one.result for one in report.outcomes]
    if report.dry_run and Result.PLANNED in results:
        return f"Dry run: {results.count(Result.PLANNED)} would change."
    if Result.FAILED in results or any(part.problem for part in report.parts):
        return "Not everything is as it should be; see above."
    changed = sum(one.touched for one in report.outcomes)
    if changed:
        return f"Mended {changed} store{'s' if changed != 1 else ''}; all is as it was asked for."
    return "All is as it was asked for; nothing was changed."
