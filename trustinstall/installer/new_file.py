"""A new file that a caller has asked for; an existing file is never overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import TrustInstallError, UsageProblem, printable
from trustinstall.host import Metadata, Replacement

if TYPE_CHECKING:
    from trustinstall.host import ActingHost

_MODE = 0o644


def free(host: ActingHost, path: str) -> str:
    """Return a path as an absolute path. Raises UsageProblem if it exists."""
    path = host.absolute(path)
    if host.status(path) is not None:
        raise _there(path)
    return path


def write(host: ActingHost, path: str, content: bytes) -> None:
    """Write a new file. Raises UsageProblem if the path exists by now, and TrustInstallError if writing fails."""
    try:
        host.replace(Replacement(path, content, None, host.token(), Metadata(_MODE)))
    except OSError as error:
        if host.status(path) is not None:
            raise _there(path) from None
        why = f"cannot write {printable(path, 4096)}: {error.strerror}; name a file that you may write"
        raise TrustInstallError(why) from None


def _there(path: str) -> UsageProblem:
    return UsageProblem(f"{printable(path, 4096)} is there already, and is left as it is; name a new file")
