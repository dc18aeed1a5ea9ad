"""Passwords of the caller: identified by their files, read when they are needed, and never shown.

The acting account reads them: a process that works for another account does not learn an administrator's password.
"""

from __future__ import annotations

from dataclasses import field

from trustinstall.errors import UsageProblem, printable
from trustinstall.host import files
from trustinstall.values import dataclass

_LIMIT = 4096  # bytes; none is longer


@dataclass(frozen=True)
class Secret:
    """A password, by the real path of the file whose first line it is, or the typed text."""

    path: str = ""
    typed: str = field(default="", repr=False)

    def reveal(self) -> str | None:
        """Return the password, or None if the acting account may not read it or the file is gone."""
        if not self.path:
            return self.typed
        try:
            return _read(self.path)
        except (OSError, ValueError):
            return None


def in_file(path: str) -> Secret:
    """Return the password in a file that the caller names; links are followed. Raises UsageProblem if it has none."""
    try:
        if not _read(path):
            raise ValueError("its first line is empty")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or ("it is no text" if isinstance(error, UnicodeError) else error)
        raise UsageProblem(
            f"{printable(path, 4096)}: {reason}; name a file whose first line is the keystore's password"
        ) from None
    return Secret(path)


def _read(path: str) -> str:
    with open(files.open_regular(path), "rb") as file:
        content = file.read(_LIMIT + 1)
    line = content.partition(b"\n")[0].removesuffix(b"\r")
    if len(line) > _LIMIT:
        raise ValueError("its first line is longer than any password")
    return line.decode()
