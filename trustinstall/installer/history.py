"""The entries of the audit log of the acting account's scope, since some time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from trustinstall.errors import UsageProblem, printable
from trustinstall.patterns import regex
from trustinstall.state import audit_log
from trustinstall.state.directory import State
from trustinstall.typed_json import is_array, is_object

if TYPE_CHECKING:
    from trustinstall.host import Host

_SPAN = regex(r"([1-9][0-9]{0,5})([hdw])", re.ASCII)
_SHA256 = regex("[0-9a-f]{64}")
_COMMANDS = ("add", "remove", "end", "repair", "apply", "doctor")
_RESULTS = ("done", "partly", "failed")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}


def entries(host: Host, since: str = "") -> tuple[list[dict[str, Any]], int]:
    """Return the entries of the log since a time (ISO 8601 in UTC), oldest first, and the number of damaged lines.

    A line that is JSON, but no entry of the described form, is a damaged one. Raises StateError if the log is not
    trusted.
    """
    uid = host.account.uid
    state = State(host.state_base(), uid, machine=uid == host.machine_owner)
    found, damaged = audit_log.entries(host, state)
    sound = [one for one in found if _is_entry(one)]
    return [one for one in sound if one["time"] >= since], damaged + len(found) - len(sound)


def beginning(text: str, now: datetime) -> str:
    """Return the time that `--since` names: a day, a time, or a span before now. Raises UsageProblem.

    A span that begins before the first year means every entry, as one does that begins before the log.
    """
    span = _SPAN.fullmatch(text)
    try:
        if span:
            found = now - timedelta(hours=int(span[1]) * _HOURS[span[2]])
        else:
            found = datetime.fromisoformat(text.replace("Z", "+00:00"))
            found = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        return found.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    except OverflowError:
        return ""
    except ValueError:
        what = printable(text, 40)
        why = f"{what!r} is not a time; write a day (2027-01-31), a time, or a span (12h, 7d, 2w)"
        raise UsageProblem(why) from None


def _is_entry(data: Mapping[str, Any]) -> bool:
    """Whether data have the form of an entry, as `reporting/report.schema.json` describes it."""
    listed = (_is_list(data.get(key, []), rows) for key, rows in _ROWS.items())
    closed = (one.keys() == _ROWS[key].keys() for key in ("ends", "removed") for one in data.get(key, ()))
    return (
        all(isinstance(data.get(key), str) for key in ("time", "by", "scope"))
        and data.get("command") in _COMMANDS
        and data.get("result") in _RESULTS
        and all(_is_number(data.get(key)) for key in ("uid", "more_stores"))
        and data["more_stores"] >= 0
        and is_object(data.get("from"))
        and all(isinstance(one, str) for one in data["from"].values())
        and data.keys() >= {"certificates", "stores"}
        and all(listed)
        and all(closed)
    )


def _is_list(value: object, rows: Mapping[str, Callable[[object], bool]]) -> bool:
    """Whether a value is a list of objects that have these keys, each with a fitting value."""
    return is_array(value) and all(
        is_object(one) and one.keys() >= rows.keys() and all(fits(one[key]) for key, fits in rows.items())
        for one in value
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_position(least: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


_ROWS: Mapping[str, Mapping[str, Callable[[object], bool]]] = {
    "certificates": {"sha256": _is_sha256, "name": _is_text},
    "stores": {"id": _is_text, "result": _is_text},
    "ends": {"sha256": _is_sha256, "until": _is_text},
    "removed": {
        "client": _is_text,
        "path": _is_text,
        "line": _is_position(1),
        "offset": _is_position(0),
        "removed": _is_text,
    },
}
