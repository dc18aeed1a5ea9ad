"""The keys with which every JSON report begins: command, machine, time and exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trustinstall._version import __version__
from trustinstall.installer.report_data import SCHEMA

if TYPE_CHECKING:
    from trustinstall.host import Host


def envelope(
    host: Host, command: str, exit_code: int, *, changed: bool = False, would_change: bool = False
) -> dict[str, Any]:
    """Return the keys that every report has.

    Args:
        host: the machine or image that the command is about.
        command: its name, or "" if the command line names none.
        exit_code: how it ends.
        changed: whether anything was changed.
        would_change: whether a dry run found something to change.
    """
    identifier, version = host.system_version()
    return {
        "schema": SCHEMA,
        "trustinstall": __version__,
        "command": command,
        "time": f"{host.now():%Y-%m-%dT%H:%M:%SZ}",
        "host": host.machine_name(),
        "os": {"platform": host.platform, "id": identifier, "version": version},
        "ok": exit_code == 0,
        "exit_code": exit_code,
        "changed": changed,
        "would_change": would_change,
    }


def dump(data: dict[str, Any]) -> str:
    """Return a report as JSON text of ASCII characters."""
    return json.dumps(data, indent=2)
