"""The report of `log`: entries of the audit log, for people and as JSON (`report.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trustinstall.reporting import words
from trustinstall.reporting.envelope import dump, envelope
from trustinstall.reporting.style import BAD
from trustinstall.typed_json import is_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustinstall.host import Host
    from trustinstall.reporting.layout import Page

_TIME = len("2026-11-29 04:00  ")
_NAMED = 3  # certificates of an entry


def lines(page: Page, entries: Sequence[Mapping[str, Any]], damaged: int, since: str = "") -> list[str]:
    """Return two lines for each entry: time, command and result; account and origin.

    `since`: older entries were left out.
    """
    found: list[str] = []
    for one in entries:
        names = [str(each.get("name")) for each in one.get("certificates", ())]
        stores = len(one.get("stores", ())) + int(one.get("more_stores", 0))
        removed = [each for each in one.get("removed", ()) if is_object(each)]
        names += list(dict.fromkeys(str(each.get("path")) for each in removed))
        names = names or list(dict.fromkeys(str(each.get("id")).partition(":")[0] for each in one.get("stores", ())))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        changed = words.count(len(removed), "setting") if removed else words.count(stores, "store")
        ends = dict.fromkeys(str(each.get("until")) for each in one.get("ends", ()) if is_object(each))
        changed += "".join(f", ends on {words.minute(until)}" if until else ", has no end" for until in ends)
        time = str(one["time"]).replace("T", " ").rstrip("Z")[:16]
        what = f"{one.get('command')} {', '.join(names[:_NAMED])}{more}: {one.get('result')}"
        found += page.paragraph(f"{time}  {what} ({one.get('scope')}, {changed})", hanging=" " * _TIME)
        origin = ", ".join(f"{name} {value}" for name, value in dict(one.get("from", {})).items())
        found += page.paragraph(f"by {one.get('by')}{f' ({origin})' if origin else ''}", " " * _TIME)
    if damaged:
        number = words.count(damaged, "line")
        found += page.marked(BAD, f"{number} of the log cannot be read, and {words.be(range(damaged))} left out.")
    return found or [f"The log has no entry since {words.minute(since)}." if since else "The log has no entry yet."]


def as_json(host: Host, entries: Sequence[Mapping[str, Any]], damaged: int) -> str:
    """Return the entries as JSON."""
    return dump({**envelope(host, "log", 0), "unreadable_lines": damaged, "entries": list(entries)})
