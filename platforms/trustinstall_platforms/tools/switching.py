"""What a key says that switches a tool to the operating system's store, and what the tool reads where it does not."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from trustinstall import editing

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall_platforms.tools.table import Tool

#: Behind our own value, a comment: whoever chooses the same keeps it when ours goes.
MARK = " # set by trustinstall"
_COMMENT = re.compile("[#;]")
_LIMIT = 1024 * 1024  # bytes; no settings file is larger
_PREFIX = "%(prefix)/"  # git-config(1), pathname: where git itself is installed


def own(tool: Tool) -> str:
    """What we set."""
    return tool.value + MARK


def said(value: str) -> str:
    """A value without its comment and quotes, in lower case: names of TLS libraries have none."""
    return _without_comment(value).strip('" ').lower()


def machine_says(host: Host, tool: Tool) -> str | None:
    """What the machine's file says to an account whose own says nothing, or None."""
    if host.account.is_root or not tool.machine:
        return None
    try:
        value = editing.get(tool.format, host.read_or_none(host.real(tool.machine), _LIMIT) or b"", tool.key)
    except (editing.Malformed, OSError):
        return None
    return None if value is None else said(value)


def bundle(host: Host, tool: Tool, location: str) -> str:
    """The bundle that the same file names, which is read where the tool is not switched; "" where it names none.

    Raises Malformed or OSError where the file cannot be read.
    """
    value = editing.get(tool.format, host.read_or_none(location, _LIMIT) or b"", tool.beside)
    path = _without_comment(value or "").strip('" ').replace("\\\\", "/").replace("\\", "/")
    prefix = posixpath.dirname(posixpath.dirname(location))
    if path.startswith(_PREFIX):
        return f"{prefix}/{path.removeprefix(_PREFIX)}"
    return prefix + path if path.startswith("/") and location == host.real(tool.machine) else path


def _without_comment(value: str) -> str:
    found = _COMMENT.search(value)
    return value[: found.start()].rstrip() if found else value
