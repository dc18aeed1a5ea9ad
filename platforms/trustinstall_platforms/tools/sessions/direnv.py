"""The projects of direnv: the account's shells get their variables in a directory whose `.envrc` it has allowed.

direnv notes each allowed file by a digest of its path and content; a file that was changed since is not read.
Sources: direnv(1), allow; direnv's source, internal/cmd/rc.go; tried with direnv 2.32.
"""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.sessions.view import View

_ALLOWED = ".local/share/direnv/allow"
_MOST = 50  # projects


def projects(view: View) -> Iterator[tuple[str, str]]:
    """Yield the directory of each project, and its file. Raises ExhaustedError."""
    directory = f"{view.home}/{_ALLOWED}"
    for digest in view.names(directory)[:_MOST] if view.home else ():
        path = (view.text(f"{directory}/{digest}") or "").rstrip("\n")
        text = view.text(path) if path.startswith("/") else None
        if text is not None and _digest(path, text) == digest:
            yield posixpath.dirname(path), path


def _digest(path: str, text: str) -> str:
    return hashlib.sha256(f"{path}\n{text}".encode("utf-8", "surrogateescape")).hexdigest()
