"""Reports for scripts: JSON with the content of the screens. New versions only add keys (see `envelope.SCHEMA`).

All commands use the same keys: a store has its `id`, a certificate its `sha256` and `name`. `report.schema.json`, which
the program contains, defines the format. Each function returns one JSON document as text.
"""

from __future__ import annotations

import json
import ntpath
from typing import TYPE_CHECKING, Any

from trustinstall.errors import printable
from trustinstall.installer.report_data import certificate
from trustinstall.reporting.advice import Advice
from trustinstall.reporting.check import sentence
from trustinstall.reporting.doctor_json import server
from trustinstall.reporting.envelope import dump, envelope
from trustinstall.stores.groups import group_of_backend
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustinstall.certificates.intake import Intake
    from trustinstall.errors import TrustInstallError
    from trustinstall.host import Host
    from trustinstall.installer.checking import Verdict
    from trustinstall.installer.result import Report
    from trustinstall.installer.tool_views import ToolView
    from trustinstall.installer.views import Anchor, Held, Listed, StoreView, View

_FOLLOWS = "follows "
_TRUSTED = frozenset({"trusted", "via-system", "limited-to-domains"})


def change(host: Host, report: Report, intake: Intake | None, exit_code: int, advice: Advice) -> str:
    """Return the report of add or remove; `intake` are the input files, None without any.

    `exit_code` is the exit status of the process, with the options that change it.
    """
    data, found = _change(host, report, intake, exit_code, advice), advice.diagnosis
    return dump({**data, "diagnosis": server(found, host.program())} if found is not None else data)


def profile(host: Host, report: Report, intake: Intake, path: str, *, written: bool) -> str:
    """Return the report of `add --profile-out`, which changes no store.

    `path` is the file of the profile; `written`: it has new content, or would have it after a dry run.
    """
    data = _change(host, report, intake, 0, Advice())
    done, would = written and not report.dry_run, written and report.dry_run
    return dump({**data, "changed": done, "would_change": would, "profile": path})


def _change(host: Host, report: Report, intake: Intake | None, exit_code: int, advice: Advice) -> dict[str, Any]:
    warnings = {one.certificate.sha256: list(one.warnings) for one in intake.accepted} if intake else {}
    head = envelope(host, report.command, exit_code, changed=report.changed, would_change=report.would_change)
    return {
        **head,
        **report.to_dict(),
        **head,  # again: its exit code includes --strict and --exit-code
        "certificates": [{**certificate(one), "warnings": warnings.get(one.sha256, [])} for one in report.certificates],
        "left_out": _left_out(intake) if intake else [],
        "restart_needed": list(advice.restart),
        "env": dict(advice.env),
        "notes": list(advice.notes),
        "undo": list(advice.undo.argv),
        "administrator": list(advice.administrator.argv),
        "remove_foreign": [list(one.argv) for one in advice.foreign],
    }


def _left_out(intake: Intake) -> list[dict[str, Any]]:
    return [{**certificate(one), "reason": reason} for one, reason in intake.left_out]


def listing(host: Host, view: View) -> str:
    """Return the report of list."""
    data = {
        "certificates": [_listed(one) for one in view.certificates],
        "anchors": [_anchor(one) for one in view.anchors],
        "notes": list(view.notes),
    }
    return dump({**envelope(host, "list", 0), **data})


def _listed(one: Listed) -> dict[str, Any]:
    stores = [_held(held) for held in one.stores]
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


def exported(host: Host, document: str) -> str:
    """Return the report of export; `document` is JSON in the form that `apply` reads."""
    return dump({**envelope(host, "export", 0), "document": json.loads(document)})


def stores(host: Host, view: View) -> str:
    """Return the report of stores."""
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
    """Return the report of the developer tools; `command` is the command that was called."""
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
        "not_in": list(one.not_in),
    }


def variables(host: Host, values: Mapping[str, str]) -> str:
    """Return the report of env, with the values by the names of variables."""
    return dump({**envelope(host, "env", 0), "env": dict(values)})


def checked(host: Host, verdict: Verdict) -> str:
    """Return the report of `check`."""
    return dump(
        {
            **envelope(host, "check", verdict.exit_code),
            "message": sentence(verdict),
            "certificates_wanted": verdict.wanted,
            "certificates_absent": list(verdict.absent),
            "stores_trusting": verdict.stores,
            "stores_missing": [*verdict.missing, *verdict.lacking],
            "certificates_over": list(verdict.over),
        }
    )


class Lent(NamedTuple):
    """What a command of the caller was lent: its program, the names of variables, and notes for people."""

    program: str
    variables: tuple[str, ...]
    notes: tuple[str, ...]


def lent(host: Host, intake: Intake, what: Lent, exit_code: int) -> str:
    """Return the report of `run`: the words of its command, which may hold a password, are not in it.

    `exit_code` is the exit status of the command.
    """
    return dump(
        {
            **envelope(host, "run", exit_code),
            "certificates": [
                {**certificate(one.certificate), "warnings": list(one.warnings)} for one in intake.accepted
            ],
            "left_out": _left_out(intake),
            "program": printable(ntpath.basename(what.program)),  # it knows both separators
            "variables": sorted(what.variables),
            "notes": list(what.notes),
        }
    )


def failure(host: Host, command: str, error: TrustInstallError, exit_code: int) -> str:
    """Return the report of a command that ended with an error before it changed anything."""
    told = {"code": error.code, "message": str(error)}
    return dump({**envelope(host, command, exit_code), "error": told})
