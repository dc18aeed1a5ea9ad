"""A key that switches a tool to the operating system's store, and the bundle that the tool reads otherwise."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall_platforms.tools.table import Tool

#: After the managed value, a comment: a person's equal value has none, and stays when the managed one goes.
MARK = " # set by trustinstall"
_COMMENT = regex("[#;]")
_LIMIT = 1024 * 1024  # bytes; no settings file is larger
_PREFIX = "%(prefix)/"  # git-config(1), pathname: where git itself is installed


def own(tool: Tool) -> str:
    """Return the value that trustinstall sets."""
    return tool.value + MARK


def said(value: str) -> str:
    """Return a value without its comment and quotes, in lower case: names of TLS libraries have neither."""
    return _without_comment(value).strip('" ').lower()


def machine_says(host: Host, tool: Tool) -> str | None:
    """Return the value in the machine's file for an account whose own file has none, or None."""
    if host.account.is_root or not tool.machine:
        return None
    try:
        value = editing.get(tool.format, host.read_or_none(host.real(tool.machine), _LIMIT) or b"", tool.key)
    except (editing.Malformed, OSError):
        return None
    return None if value is None else said(value)


def bundle(host: Host, tool: Tool, location: str) -> str:
    """Return the bundle in the same file, which is read if the tool is not switched; "" if it names none.

    Raises Malformed or OSError if the file cannot be read.
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
