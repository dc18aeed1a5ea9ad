"""The operating system: its name, its version and its parts."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from trustinstall.host import files, paths

_PLACES = ("/etc/os-release", "/usr/lib/os-release")  # os-release(5)
_LIMIT = 64 * 1024  # bytes; the longest one is below 1 KiB


def distribution(root: str) -> frozenset[str]:
    """Return ID and ID_LIKE of os-release(5) below `root`, in lower case; empty if there is no such file.

    In an image, links lead nowhere outside it, and a file that is not regular, or not text, counts as none. Deepin,
    openEuler and others do not keep to lower case, although the manual page asks for it.
    """
    identifier, like, _ = _os_release(root)
    return frozenset(f"{identifier} {like}".lower().split())


def version(root: str) -> tuple[str, str]:
    """Return the system's name and version, in lower case: ("debian", "12"), ("macos", "15.1"), ("windows", …)."""
    import platform  # 5 ms that only JSON needs

    if sys.platform == "win32":
        return "windows", platform.version()
    if sys.platform == "darwin":
        return "macos", platform.mac_ver()[0]
    identifier, _, number = _os_release(root)
    return (identifier.lower(), number) if identifier else (platform.system().lower(), platform.release())


def name() -> str:
    """Return the machine's own name, if the system knows it."""
    import platform

    return platform.node()


def _os_release(root: str) -> tuple[str, str, str]:
    """Return ID, ID_LIKE and VERSION_ID of os-release(5) below `root`."""
    if sys.platform == "win32":  # where any account may make a C:/etc
        return "", "", ""
    if root == "/":
        return _of_this_machine()
    for place in _PLACES:
        with suppress(OSError, ValueError):
            descriptor = files.open_regular(paths.below(root, paths.resolve(root, place)))
            try:
                return _attributes(descriptor) if os.fstat(descriptor).st_size <= _LIMIT else ("", "", "")
            finally:
                os.close(descriptor)
    return "", "", ""


def _of_this_machine() -> tuple[str, str, str]:
    import platform  # every start loads it, with Typer

    try:
        found = platform.freedesktop_os_release()
    except (OSError, ValueError):
        return "", "", ""
    return found.get("ID", ""), found.get("ID_LIKE", ""), found.get("VERSION_ID", "")


def _attributes(descriptor: int) -> tuple[str, str, str]:
    import distro  # 5 ms that only images need: the standard library reads the running machine's file alone

    # It takes a path, and would follow links out of the root; with a file named, nothing is run (lsb_release, uname).
    found = distro.LinuxDistribution(
        include_lsb=False, os_release_file=f"/dev/fd/{descriptor}", include_uname=False, include_oslevel=False
    )
    return found.os_release_attr("id"), found.os_release_attr("id_like"), found.os_release_attr("version_id")


def windows_tool(name: str) -> str:
    """Return the path of a tool in Windows' own directory; if Windows is on another drive, only Windows knows it."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        return f"{api.system_directory()}/{name}"
    return f"C:/Windows/System32/{name}"


def tell_of_variables() -> None:
    """Notify programs, if the system has a way, to read environment variables again."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        api.tell_of_variables()


def has_desktop() -> bool:
    """Whether a person can see a window that a tool opens: services of Windows have no desktop."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        return api.has_desktop()
    return True
