"""The report of `self uninstall`: deleted and kept paths, for people and as JSON (`report.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.reporting.envelope import dump, envelope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import Host
    from trustinstall.installer.uninstalling import Uninstalling
    from trustinstall.reporting.layout import Page


def lines(page: Page, plan: Uninstalling, deleted: Sequence[str], *, dry_run: bool) -> list[str]:
    """Return the paths to delete (`deleted`), the kept paths with the reasons, and the command that is left to run."""
    found = ["Uninstalling trustinstall" + (" (dry run)" if dry_run else "") + ":"]
    found += [page.whole(f"delete {path}", "  ") for path in deleted]
    found += [page.whole(f"keep   {path}: {why}", "  ") for path, why in plan.kept]
    return found + ([page.whole(f"then run: {plan.program.command}", "  ")] if plan.program.command else [])


def as_json(host: Host, plan: Uninstalling, deleted: Sequence[str], *, dry_run: bool) -> str:
    """Return the report as JSON."""
    changes = bool(deleted)
    return dump(
        {
            **envelope(host, "self", 0, changed=changes and not dry_run, would_change=changes and dry_run),
            "deleted": list(deleted),
            "kept": [{"path": path, "reason": reason} for path, reason in plan.kept],
            "then_run": plan.program.command,
        }
    )
