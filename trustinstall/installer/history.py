"""The entries of the audit log of the acting account's scope, since some time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from trustinstall.errors import UsageProblem, printable
from trustinstall.patterns import regex
from trustinstall.state import audit_log
from trustinstall.state.directory import State

if TYPE_CHECKING:
    from trustinstall.host import Host

_SPAN = regex(r"([1-9][0-9]{0,5})([hdw])", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}


def entries(host: Host, since: str = "") -> tuple[list[dict[str, Any]], int]:
    """Return the entries of the log since a time (ISO 8601 in UTC), oldest first, and the number of damaged lines.

    Raises StateError if the log is not trusted.
    """
    uid = host.account.uid
    state = State(host.state_base(), uid, machine=uid == host.machine_owner)
    found, damaged = audit_log.entries(host, state)
    return [one for one in found if str(one["time"]) >= since], damaged


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
