"""The screen of `add --profile-out`, which writes a file and changes no store."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from trustinstall.reporting.style import CREATED, GOOD, SAME

if TYPE_CHECKING:
    from trustinstall.reporting.layout import Page


def profile_lines(page: Page, path: str, *, written: bool, dry_run: bool) -> list[str]:
    """Return whether the file was written, and how to use it."""
    if not written:
        mark, text = SAME, f"{path} is the same already; nothing changed."
    elif dry_run:
        mark, text = CREATED, f"{path} would be written; nothing changed yet."
    else:
        mark, text = GOOD, f"Wrote the profile {path}"
    return [
        *page.marked(mark, text),
        *page.paragraph("No store was changed. Give the file to an MDM, or on the Mac:"),
        page.whole(f"open {shlex.quote(path)}", "  "),
        *page.paragraph("and install it in System Settings, below Device Management or Profiles."),
    ]
