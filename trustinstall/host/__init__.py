"""The only door to the operating system: a host as a value, to look at (`Host`) and to change (`ActingHost`).

Nothing outside this package runs a process, reads the environment or the clock, or touches a file.
"""

from trustinstall.host.accounts import Account
from trustinstall.host.acting import ActingHost
from trustinstall.host.files import Kind, Status
from trustinstall.host.lending import Loan
from trustinstall.host.looking import Host, Tools
from trustinstall.host.metadata import Metadata
from trustinstall.host.others import Guarded
from trustinstall.host.process import ToolResult
from trustinstall.host.replacing import CHANGED, Replacement
from trustinstall.host.secrets import Secret

__all__ = [
    "CHANGED",
    "Account",
    "ActingHost",
    "Guarded",
    "Host",
    "Kind",
    "Loan",
    "Metadata",
    "Replacement",
    "Secret",
    "Status",
    "ToolResult",
    "Tools",
]
