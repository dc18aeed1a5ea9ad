"""The only access to the operating system: a host as a value, read-only (`Host`) or with changes (`ActingHost`).

No code outside this package runs a process, reads the environment or the clock, or touches a file.
"""

from trustinstall.host.accounts import Account
from trustinstall.host.acting import ActingHost
from trustinstall.host.files import Kind, Status
from trustinstall.host.looking import Host
from trustinstall.host.metadata import Metadata
from trustinstall.host.other_processes import GuardHeld
from trustinstall.host.passwords import Secret
from trustinstall.host.process import ToolResult
from trustinstall.host.replacing import CHANGED, Replacement
from trustinstall.host.temporary_files import TemporaryFiles
from trustinstall.host.value import Tools

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
