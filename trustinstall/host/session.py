"""The origin of a command: the account that logged in, its terminal, the address behind ssh, or a service.

Sources: proc(5), /proc/PID/loginuid (set at login, and kept by su and sudo); ssh(1), SSH_CONNECTION; systemd.exec(5),
INVOCATION_ID.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.host import accounts

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNSET = 2**32 - 1  # no login: a service


def session(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the known parts: "login", "terminal", "ssh" (an address), "service"; unknown ones are missing."""
    found = {"login": _login(), "terminal": _terminal()}
    found["ssh"] = (environ.get("SSH_CONNECTION", "").split() or [""])[0]
    found["service"] = environ.get("INVOCATION_ID", "")
    return {name: printable(value, 80) for name, value in found.items() if value}


def _login() -> str:
    try:
        with open("/proc/self/loginuid", encoding="ascii") as file:
            uid = int(file.read(16))
    except (OSError, ValueError):
        return ""
    account = accounts.of(uid) if uid != _UNSET else None
    return account.name if account else ""


def _terminal() -> str:
    if sys.platform == "win32":
        return ""
    for descriptor in (0, 2):
        with contextlib.suppress(OSError):
            return os.ttyname(descriptor)
    return ""
