"""The only access to the operating system: a host as a value, read-only (`Host`) or with changes (`ActingHost`).

No code outside this package runs a process, reads the environment or the clock, or touches a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.host.accounts import Account
from trustinstall.host.files import Kind, Status
from trustinstall.host.looking import Host
from trustinstall.host.value import Tools

if TYPE_CHECKING:
    from trustinstall.host.acting import ActingHost
    from trustinstall.host.metadata import Metadata
    from trustinstall.host.other_processes import GuardHeld
    from trustinstall.host.passwords import Secret
    from trustinstall.host.process import ToolResult
    from trustinstall.host.replacing import CHANGED, Replacement
    from trustinstall.host.temporary_files import TemporaryFiles

#: The modules of the other names. Each is imported when the name is first used (PEP 562): many commands only look.
_MODULES = {
    "ActingHost": "acting",
    "CHANGED": "replacing",
    "GuardHeld": "other_processes",
    "Metadata": "metadata",
    "Replacement": "replacing",
    "Secret": "passwords",
    "TemporaryFiles": "temporary_files",
    "ToolResult": "process",
}

__all__ = [
    "CHANGED",
    "Account",
    "ActingHost",
    "GuardHeld",
    "Host",
    "Kind",
    "Metadata",
    "Replacement",
    "Secret",
    "Status",
    "TemporaryFiles",
    "ToolResult",
    "Tools",
]


def __getattr__(name: str) -> object:
    """Import a name when it is first used. Raises AttributeError for any other name."""
    if name not in _MODULES:
        raise AttributeError(f"module 'trustinstall.host' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"trustinstall.host.{_MODULES[name]}"), name)
