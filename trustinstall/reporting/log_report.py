"""The report of `log`: entries of the audit log, for people and as JSON (`log.schema.json`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trustinstall._version import __version__
from trustinstall.errors import printable
from trustinstall.reporting.text import wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA = 1
_NAMED = 3  # certificates of an entry


def lines(entries: Sequence[Mapping[str, Any]], damaged: int) -> list[str]:
    """Return two lines for each entry: when, what and how it ended; by whom and from where."""
    found: list[str] = []
    for one in entries:
        names = [str(each.get("name")) for each in one.get("certificates", ())]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        stores = len(one.get("stores", ())) + int(one.get("more_stores", 0))
        time = str(one["time"]).replace("T", " ").rstrip("Z")[:16]
        what = f"{one.get('command')} {', '.join(names[:_NAMED])}{more}: {one.get('result')}"
        found += wrapped(printable(f"{time}  {what} ({one.get('scope')}, {stores} stores)", 4096), "")
        origin = ", ".join(f"{name} {value}" for name, value in dict(one.get("from", {})).items())
        found += wrapped(printable(f"by {one.get('by')}{f' ({origin})' if origin else ''}", 4096), "                  ")
    if damaged:
        found += wrapped(f"Note: {damaged} lines of the log are damaged, and left out.", "")
    return found or ["Nothing was changed yet that the log knows of."]


def as_json(entries: Sequence[Mapping[str, Any]], damaged: int) -> str:
    """Return the entries as JSON."""
    data = {
        "schema": SCHEMA,
        "trustinstall": __version__,
        "command": "log",
        "ok": True,
        "exit_code": 0,
        "changed": False,
        "unreadable_lines": damaged,
        "entries": list(entries),
    }
    return json.dumps(data, indent=2)
