"""The line of the audit log for one command in one scope: who, when, from where, what, and how it ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trustinstall.engine.outcome import CHANGES, Outcome, Result
from trustinstall.errors import StateError, printable
from trustinstall.state import audit_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.engine.request import Request
    from trustinstall.engine.rewriting import Rewrite
    from trustinstall.host import ActingHost
    from trustinstall.state.directory import State

_MOST = 200  # stores of a line; how many more there are is counted
_TOLD = CHANGES | {Result.FAILED, Result.PENDING}


def record(
    host: ActingHost,
    state: State,
    request: Request,
    scope: str,
    outcomes: Sequence[Outcome],
    ends: tuple[tuple[str, str], ...] = (),
) -> None:
    """Log what a command did in a scope, here and in the system's log; nothing if it changed and failed nothing.

    `ends`: the certificates whose trust has another end now, by fingerprint; see `Scope`.

    If the line cannot be written, the caller gets a warning, and the change stays. An image gets no log, so that two
    images that are built in the same way are identical.
    """
    if not (is_worth_a_line(request, outcomes) or ends) or host.is_image:
        return
    told = [one for one in outcomes if _tells(one)]
    entry = _entry(host, request, scope, told)
    if ends:
        entry["ends"] = [{"sha256": sha256, "until": until} for sha256, until in ends]
    names = ", ".join(printable(one.name, 40) for one in request.certificates[:3])
    names = names or ", ".join(dict.fromkeys(one.store.backend for one in told))
    _append(host, state, entry, f"{entry['command']} {names} in {scope}: {entry['result']}, {len(told)} stores")


def record_rewritten(host: ActingHost, state: State, by: str, scope: str, done: Sequence[tuple[Rewrite, str]]) -> None:
    """Log which settings files were rewritten, with the text that was cut out, from which a person can restore it."""
    told = [dict(one) for rewritten, problem in done if not problem for one in rewritten.told]
    failed = sum(bool(problem) for _, problem in done)
    if not done or host.is_image:
        return
    entry = {
        **_head(host, "doctor", by, scope),
        "certificates": [],
        "stores": [],
        "more_stores": 0,
        "removed": told[:_MOST],
        "result": _result(failed, len(done)),
    }
    # A line that was cut may hold more than its switch, and other accounts may read the system's log.
    public = {**entry, "removed": [{"path": one.get("path")} for one in told[:_MOST]]}
    _append(host, state, entry, f"doctor --fix in {scope}: {entry['result']}, {len(told)} settings", public)


def _append(
    host: ActingHost, state: State, entry: dict[str, Any], sentence: str, public: dict[str, Any] | None = None
) -> None:
    """Append an entry to the log; the system's log gets `public` instead of it, if there is one."""
    try:
        audit_log.append(host, state, json.dumps(entry))
    except (OSError, StateError) as error:
        why = printable(error.strerror or "it failed") if isinstance(error, OSError) else str(error)
        host.announce(f"the change was made, and its line is missing in {audit_log.path(state)}: {why}")
    host.tell_system(sentence, json.dumps(public or entry))


def is_worth_a_line(request: Request, outcomes: Sequence[Outcome]) -> bool:
    """Whether a command changed something, or failed to."""
    return not request.dry_run and any(map(_tells, outcomes))


def _tells(one: Outcome) -> bool:
    return one.result in _TOLD or one.touched


def _entry(host: ActingHost, request: Request, scope: str, told: Sequence[Outcome]) -> dict[str, Any]:
    failed = sum(one.result is Result.FAILED for one in told)
    return {
        **_head(host, request.command or ("add" if request.trusted else "remove"), request.by, scope),
        "certificates": [
            {"sha256": one.sha256, "name": printable(one.name, 80)} for one in request.certificates[:_MOST]
        ],
        "stores": [{"id": printable(one.store.id, 4096), "result": one.result.value} for one in told[:_MOST]],
        "more_stores": max(0, len(told) - _MOST),
        "result": _result(failed, len(told)),
    }


def _head(host: ActingHost, command: str, by: str, scope: str) -> dict[str, Any]:
    return {
        "v": audit_log.VERSION,
        "time": host.stamp(),
        "command": command,
        "by": by,
        "uid": host.account.uid,
        "from": host.session(),
        "scope": scope,
    }


def _result(failed: int, total: int) -> str:
    return "done" if not failed else "failed" if failed == total else "partly"
