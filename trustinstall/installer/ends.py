"""When trust ends: the values of `--until`, and the removal of certificates whose trust has ended."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from trustinstall.errors import StateError, UsageProblem, printable
from trustinstall.installer.situation import ScopeOptions
from trustinstall.patterns import regex
from trustinstall.state.ledger import moment
from trustinstall.state.scopes import own_ledger

if TYPE_CHECKING:
    from collections.abc import Collection

    from trustinstall.installer.installer import Installer
    from trustinstall.installer.result import Report

_SPAN = regex(r"([1-9][0-9]{0,5})([hdw])", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_DAY = regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LATEST = datetime.max.replace(microsecond=0, tzinfo=timezone.utc)
_MEANT = "write a day (2027-01-31) or a span (12h, 7d, 2w)"


def end(text: str, now: datetime) -> str:
    """Return the end that a text names, ISO 8601 in UTC: a span from `now` on, or the end of a day in UTC.

    Raises UsageProblem if it is neither, or is not in the future.
    """
    span = _SPAN.fullmatch(text)
    try:
        if span:
            found = now + timedelta(hours=int(span[1]) * _HOURS[span[2]])
        elif _DAY.fullmatch(text):
            found = _day_after(text)
        else:
            raise UsageProblem(f"{printable(text, 40)!r} is not an end of trust; {_MEANT}")
    except OverflowError:
        why = "ends after the year 9999, the last one that can be written; leave the end out, and the trust lasts"
        raise UsageProblem(f"{printable(text, 40)!r} {why}") from None
    except ValueError:
        raise UsageProblem(f"{printable(text, 40)!r} is not a day that exists; {_MEANT}") from None
    if found <= now:
        raise UsageProblem(f"{text} is over; name an end in the future, or leave the certificate out")
    return _written(found)


def last_moment(day: str) -> str:
    """Return the end of a day in UTC, ISO 8601. Raises ValueError if the day does not exist."""
    return _written(_day_after(day))


def last_day(end: str) -> str:
    """Return the last day that is over at an end, ISO 8601: the inverse of `last_moment`."""
    return "9999-12-31" if end == _written(_LATEST) else (moment(end) - timedelta(days=1)).date().isoformat()


def _day_after(day: str) -> datetime:
    """Return the moment after a day in UTC; for the last day of all that can be written, its last second."""
    first = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
    return _LATEST if first.date() == _LATEST.date() else first + timedelta(days=1)


def _written(end: datetime) -> str:
    return end.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def take_out_ended(installer: Installer, kept: Collection[str] = ()) -> Report | None:
    """Remove certificates whose trust has ended from every store of their scopes; return None if there are none.

    `kept`: SHA-256 of certificates that the caller is about to add again. Raises as `Installer.end`.
    """
    try:
        ledger = own_ledger(installer.host)
    except StateError:
        return None  # a command that needs the ledger reports its fault itself
    over = [one for one in ledger.over(installer.host.now()) if one.sha256 not in kept]
    if not over:
        return None
    ask = ScopeOptions(scope="machine" if installer.host.account.is_root else None, no_input=True)
    return installer.end(over, ask)
