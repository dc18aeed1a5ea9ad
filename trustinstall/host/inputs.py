"""What the caller names: certificate files and standard input, bounded in size and time."""

from __future__ import annotations

import os
import select
import sys
import time

from trustinstall.errors import CertificateRefused, UsageProblem, printable
from trustinstall.host import files

LIMIT = 1024 * 1024  # bytes: no certificate file is larger
PATIENCE = 60.0  # seconds for standard input to end


def read_input(path: str) -> bytes:
    """The content of a certificate file; links are followed, because the caller chose the path.

    Raises CertificateRefused where it cannot be read, is no regular file, or is over 1 MiB.
    """
    name = printable(path)
    try:
        with open(files.open_regular(path), "rb") as file:
            content = file.read(LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not a path"
        raise CertificateRefused(
            f"cannot read {name}: {reason}; name a certificate file, or - for standard input"
        ) from None
    return _bounded(content, name)


def read_stdin() -> bytes:
    """Standard input up to its end. Raises CertificateRefused when it is over 1 MiB or does not end in a minute."""
    stream = sys.stdin.buffer
    if stream.isatty():
        raise UsageProblem("standard input is a terminal; pipe a certificate into it, or name a file")
    if sys.platform == "win32":
        return _bounded(stream.read(LIMIT + 1), "standard input")
    parts: list[bytes] = []
    end = time.monotonic() + PATIENCE
    while sum(map(len, parts)) <= LIMIT:
        ready, _, _ = select.select([stream], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise CertificateRefused(f"standard input did not end within {PATIENCE:.0f} s; name a file instead")
        part = os.read(stream.fileno(), LIMIT)
        if not part:
            break
        parts.append(part)
    return _bounded(b"".join(parts), "standard input")


def list_input(path: str) -> list[str] | None:
    """The paths of the regular files directly in a directory, sorted; None where `path` is no directory."""
    if not os.path.isdir(path):
        return None
    with os.scandir(path) as entries:
        return sorted(entry.path for entry in entries if entry.is_file())


def is_file(path: str) -> bool:
    """Whether a regular file stands at a path; links are followed."""
    return os.path.isfile(path)


def absolute(path: str, home: str | None) -> str:
    """Make a typed path absolute; `~` and `~/…` mean the given home, never another account's."""
    if home and (path == "~" or path.startswith("~/")):
        path = home + path[1:]
    return os.path.abspath(path)


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > LIMIT:
        raise CertificateRefused(f"{name} is over 1 MiB, and no certificate file is; name the certificate itself")
    return content
