"""Inputs from the caller: certificate files and standard input, bounded in size and time."""

from __future__ import annotations

import os
import select
import sys
import threading
import time

from trustinstall.errors import CertificateRefused, UsageProblem, printable
from trustinstall.host import files
from trustinstall.host.windows import paths

LIMIT = 1024 * 1024  # bytes: no certificate file is larger
PATIENCE = 60.0  # seconds for standard input to end
_SLICE = 0.1  # seconds
_ENDLESS = f"standard input did not end within {PATIENCE:.0f} s; name a file instead"


def read_input(path: str) -> bytes:
    """Return the content of a file, by its absolute path; links are followed, because the caller chose the path.

    Raises UsageProblem if there is no file, and CertificateRefused if it cannot be read, is not a regular file, or is
    over 1 MiB.
    """
    name = printable(path)
    try:
        if sys.platform == "win32" and paths.names_a_stream(path):
            raise ValueError
        with open(files.open_regular(path), "rb") as file:
            content = file.read(LIMIT + 1)
    except FileNotFoundError:
        base, place = os.path.basename(path), os.path.dirname(path)
        raise UsageProblem(
            f"{printable(base)}: no such file; looked in {printable(place)}; give the path of the file, or - for "
            "standard input"
        ) from None
    except PermissionError as error:
        raise CertificateRefused(
            f"cannot read {name}: {error.strerror}; let an account that may read it pass it by standard input (-)"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not a path"
        raise CertificateRefused(f"cannot read {name}: {reason}; name a file, or - for standard input") from None
    return _bounded(content, name)


def read_stdin() -> bytes:
    """Return standard input up to its end. Raises CertificateRefused if it is over 1 MiB or takes over a minute."""
    stream = sys.stdin.buffer
    if stream.isatty():
        raise UsageProblem("standard input is a terminal; pipe a certificate into it, or name a file")
    if sys.platform == "win32":
        return _bounded(_read_all(stream.fileno()), "standard input")
    parts: list[bytes] = []
    end = time.monotonic() + PATIENCE
    while sum(map(len, parts)) <= LIMIT:
        ready, _, _ = select.select([stream], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise CertificateRefused(_ENDLESS)
        part = os.read(stream.fileno(), LIMIT)
        if not part:
            break
        parts.append(part)
    return _bounded(b"".join(parts), "standard input")


def _read_all(descriptor: int) -> bytes:
    """Read standard input if its state cannot be polled: a thread waits for it, which ends with the program."""
    parts: list[bytes] = []

    def read() -> None:
        while sum(map(len, parts)) <= LIMIT and (part := os.read(descriptor, LIMIT)):
            parts.append(part)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    end = time.monotonic() + PATIENCE
    while reader.is_alive() and time.monotonic() < end:
        reader.join(_SLICE)  # a signal is noticed only after it
    if reader.is_alive():
        raise CertificateRefused(_ENDLESS)
    return b"".join(parts)


def list_input(path: str) -> list[str] | None:
    """Return the sorted paths of the regular files directly in a directory, or None if `path` is not a directory."""
    inside = list_entries(path)
    return None if inside is None else [one for one in inside if is_file(one)]


def list_entries(path: str) -> list[str] | None:
    """Return the sorted paths of all that is directly in a directory, or None if `path` is not a directory.

    The names stand after a slash, on Windows too.
    """
    return sorted(f"{path.rstrip('/')}/{name}" for name in os.listdir(path)) if os.path.isdir(path) else None


def is_file(path: str) -> bool:
    """Whether a path is a regular file; links are followed."""
    return os.path.isfile(path)


def absolute(path: str, home: str | None) -> str:
    """Make a typed path absolute; `~` and `~/…` mean the given home, never another account's.

    Raises UsageProblem for a device's path on Windows; a device's name alone (`con`) is taken as a file's.
    """
    if home and (path == "~" or path.startswith(("~/", f"~{os.sep}"))):
        path = home + path[1:]
    full = os.path.abspath(path)
    if sys.platform == "win32":
        full = paths.slashed(full)
        if paths.slashed(path).startswith("//./"):
            raise UsageProblem(f"{printable(path)} is a device; name a file or directory")
        if full.startswith("//./"):
            full = paths.slashed(os.path.normpath(os.path.join(os.getcwd(), path)))
    return full


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > LIMIT:
        raise CertificateRefused(f"{name} is over 1 MiB, and no certificate or document is; name the right file")
    return content
