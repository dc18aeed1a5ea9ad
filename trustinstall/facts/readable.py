"""Whether every account may read a file: a root shell with umask 077 creates files that only root can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.host import Kind

if TYPE_CHECKING:
    from trustinstall.host import Host

_READ, _ENTER = 0o4, 0o1  # the rights of all accounts (chmod(1))


def hidden(host: Host, path: str) -> tuple[str, str] | None:
    """Return the first part of a path that other accounts may not read or enter, and the mode for chmod(1).

    None if every account may read the file, or it does not exist.
    """
    real = host.real(path)
    parts = real.strip("/").split("/")
    for count in range(1, len(parts) + 1):
        one = "/" + "/".join(parts[:count])
        status = host.status(one)
        is_directory = status is not None and status.kind is Kind.DIRECTORY
        needed, mend = (_ENTER | _READ if one == real else _ENTER, "a+rx") if is_directory else (_READ, "a+r")
        if status is not None and status.mode & needed != needed:
            return one, mend
    return None
