"""The report of `agent`: whether it is installed, its last and next run, and its last change.

For people, and as JSON (`report.schema.json`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trustinstall.reporting.envelope import dump, envelope
from trustinstall.reporting.style import BAD, GOOD, SAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.agent.agent import Status
    from trustinstall.host import Host
    from trustinstall.reporting.layout import Page


def lines(page: Page, status: Status, last_change: Mapping[str, Any] | None) -> list[str]:
    """Return the report for people."""
    if not status.files and status.changed:
        return page.marked(GOOD, "The agent is removed; nothing runs by itself.", tone="strong")
    if not status.files:
        return page.marked(SAME, "The agent is not installed; nothing runs by itself.", tone="strong")
    if status.kind == "none":
        text = "Nothing runs the agent: the system's scheduler is gone; `trustinstall agent remove` deletes its files."
        return [*page.marked(BAD, text, tone="strong"), *(page.whole(path, "      left: ") for path in status.files)]
    if status.missing:
        found = page.marked(BAD, "The agent is there in part; `trustinstall agent install` mends it.", tone="strong")
        return [*found, *(page.whole(path, "      missing: ") for path in status.missing)]
    found = page.marked(GOOD, f"The agent is installed; {status.kind} runs it each hour.", tone="strong")
    if status.active is False:
        found += page.marked(BAD, "Its timer does not run; `trustinstall agent install` starts it.", "  ")
    rows = [["last run", status.last], ["next run", status.next]]
    if last_change is not None:
        rows.append(["last change", f"{last_change['time']}: {last_change.get('result')}"])
    return [*found, *page.table([row for row in rows if row[1]], "  ")]


def as_json(host: Host, action: str, status: Status, last_change: Mapping[str, Any] | None) -> str:
    """Return the report as JSON."""
    return dump(
        {
            **envelope(host, "agent", 0, changed=status.changed),
            "action": action,
            "installed": status.installed,
            "kind": status.kind.replace(" ", "-"),
            "active": status.active,
            "last_run": status.last,
            "next_run": status.next,
            "last_change": dict(last_change) if last_change is not None else None,
            "files": list(status.files),
            "missing": list(status.missing),
        }
    )
