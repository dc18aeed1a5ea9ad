"""The Windows Subsystem for Linux: a Linux like any other, which can start programs of the Windows that runs it.

Sources: Microsoft's WSL documentation (interoperability, wsl.conf) and source (src/linux/init: binfmt, util, wslpath),
binfmt_misc(5), proc_mounts(5). Of an exit status of Windows' 32 bits, Linux sees the lowest eight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.host import Host

_KERNEL = "/proc/sys/kernel/osrelease"  # ends in "-Microsoft" (WSL 1) or "-microsoft-standard-WSL2"
_INTEROP = ("/proc/sys/fs/binfmt_misc/WSLInterop", "/proc/sys/fs/binfmt_misc/WSLInterop-late")
_MOUNTS = "/proc/self/mounts"
_DRIVES = frozenset({"9p", "drvfs", "virtiofs"})  # the types of Windows' drives: WSL 2, WSL 1, newer WSL 2
_LETTER = regex(r"[A-Za-z]:(\\134|\\)?")  # the device's name; mounts write a backslash as \134
_ESCAPE = regex(r"\\(0[0-7]{2}|134)")  # the form of a blank, a tab, a line's end and a backslash there
_SOCKET = regex(r"/run/WSL/[0-9]+_interop")
_LIMIT = 1 << 20  # bytes; the kernel makes a buffer of the requested size
_SYSTEM = "Windows/System32"
TRANSLATE = ("/bin/wslpath", "-w")  # prints the name of a Linux file for Windows' programs


def here(host: Host) -> bool:
    """Whether this Linux runs under Windows. A container on such a kernel, which cannot reach Windows, is not."""
    return kernel(host) and any(host.status(path) for path in (*_INTEROP, "/run/WSL"))


def kernel(host: Host) -> bool:
    """Whether Windows runs this kernel, even if it cannot be reached from here."""
    return host.platform == "linux" and b"microsoft" in (host.read_or_none(_KERNEL, _LIMIT) or b"").lower()


def unreachable(host: Host) -> str | None:
    """Return why Windows cannot be reached from here, and what to do, in words; None if it can."""
    if not kernel(host):
        return "this Linux does not run under Windows (WSL); leave that option out"
    if not here(host):
        return (
            "Windows' programs cannot be started here; have [interop] enabled=true in /etc/wsl.conf, and no container"
        )
    if system32(host) is None:
        return "no drive of Windows' is mounted here; have [automount] enabled=true in /etc/wsl.conf"
    return None


def system32(host: Host) -> str | None:
    """Return the directory of Windows' own programs, as seen from here; None if no drive of Windows is mounted."""
    mounts = (host.read_or_none(_MOUNTS, _LIMIT) or b"").decode("utf-8", "replace")
    for line in mounts.splitlines():
        device, _, rest = line.partition(" ")
        escaped, kind, *_ = [*rest.split(" "), "", ""]
        place = _ESCAPE.sub(lambda found: chr(int(found[1], 8)), escaped)
        if kind in _DRIVES and _LETTER.fullmatch(device) and host.is_directory(f"{place}/{_SYSTEM}"):
            return f"{place}/{_SYSTEM}"
    return None


def interop(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are needed to start Windows programs: the socket of this session, and its rights.

    If the socket is unknown (behind sudo), WSL itself takes that of the nearest ancestor that has one.
    """
    socket = environ.get("WSL_INTEROP", "")
    return {"WSL_INTEROP": socket} if _SOCKET.fullmatch(socket) else {}
