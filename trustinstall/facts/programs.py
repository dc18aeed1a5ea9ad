"""The places of programs on a host, and paths in the host's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.host import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

_HOMEBREW = "/opt/homebrew/bin"


def programs(host: Host, names: tuple[str, ...]) -> bool:
    """Whether one of these programs is in a directory of programs."""
    return host.remembered(("programs", names), lambda: _are_there(host, names))


def _are_there(host: Host, names: tuple[str, ...]) -> bool:
    home = host.account.home
    directories = (*BINARIES, _HOMEBREW, *((f"{home.rstrip('/')}/.local/bin",) if home else ()))
    return any(host.executable(f"{directory}/{name}") for directory in directories for name in names)


#: Directories that are searched for an interpreter, independent of the caller's PATH (hier(7); FHS 3.0).
BINARIES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def variables(host: Host, *names: str) -> Iterator[str]:
    """Yield the absolute paths in variables of the caller."""
    values = (slashed(host, host.environ.get(name, "")) for name in names)
    yield from (value for value in values if is_absolute(host, value))


def binaries(host: Host) -> Iterator[str]:
    """Yield the directories that are searched for interpreters: root does not follow a caller's PATH."""
    windows = host.platform == "win32"
    yield from () if windows else BINARIES
    if not host.account.is_root:
        found = host.environ.get("PATH", "").split(";" if windows else ":")
        yield from (path for path in (slashed(host, one) for one in found) if is_absolute(host, path))


def expanded(host: Host, paths: tuple[str, ...]) -> Iterator[str]:
    """Yield paths with the acting account's home for "~"; paths with "~" are left out if it has no home."""
    home = host.account.home
    for path in paths:
        if not path.startswith("~"):
            yield path
        elif home:
            yield slashed(host, home) + path[1:]


def is_absolute(host: Host, path: str) -> bool:
    """Whether a path is independent of the current directory."""
    return path.startswith("/") or (host.platform == "win32" and path[1:3] == ":/")


def slashed(host: Host, path: str) -> str:
    """Return a path with forward slashes only: Windows accepts both."""
    return path.replace("\\", "/") if host.platform == "win32" else path


def is_directory(host: Host, path: str) -> bool:
    """Whether a path is a directory (a link to one is not)."""
    status = host.status(path)
    return status is not None and status.kind is Kind.DIRECTORY
