"""One running process: its program, and the variables that it was started with. Source: proc(5)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from trustinstall.errors import NoRights, UsageProblem
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 4 * 1024 * 1024  # bytes; execve(2) takes no more by default


class Process(NamedTuple):
    """A process.

    Attributes:
        number: its number.
        program: the name of the file that it executes.
        directory: its current directory.
        environ: the variables that it was started with; secrets are among them.
        uid, gid: the account and group by whose rights it opens files.
        root: the directory through which its files are seen: "/", or one below /proc if it has other files, as in a
            container, below chroot, or with mounts of its own.
        has_own_network: whether it may reach other servers than this process by the same names.
    """

    number: int
    program: str
    directory: str
    environ: Mapping[str, str]
    uid: int
    gid: int
    root: str
    has_own_network: bool


def find(number: int) -> Process:
    """Return a process.

    Raises UsageProblem if it does not exist, and NoRights if it is another account's.
    """
    if sys.platform != "linux":
        raise UsageProblem(
            "only Linux shows the variables of another process; run the command itself: doctor -- COMMAND"
        )
    if number < 1:
        raise UsageProblem(f"there is no process {number}")
    top = f"/proc/{number}"
    try:
        with open(f"{top}/environ", "rb") as file:
            content = file.read(_MOST)
        program = os.path.basename(os.readlink(f"{top}/exe").removesuffix(" (deleted)"))
        directory = _below(os.readlink(f"{top}/root"), os.readlink(f"{top}/cwd"))
        root = "/" if _sees_these_files(top) else f"{top}/root"  # which leads into its mounts: proc_pid_root(5)
        has_own_network = not _shares(top, "net")
        uid, gid = _identity(top)
    except (FileNotFoundError, ProcessLookupError):
        raise UsageProblem(f"there is no process {number}") from None
    except OSError as error:
        raise NoRights(
            f"process {number} does not show its variables to this account ({error.strerror}); "
            "ask as the account that runs it, or as root"
        ) from None
    pairs = (os.fsdecode(one).partition("=") for one in content.split(b"\0") if b"=" in one)
    variables = {name: value for name, _, value in pairs}
    return Process(number, program, directory, variables, uid, gid, root, has_own_network)


def _sees_these_files(top: str) -> bool:
    """Whether a process has the root and the mounts of this one."""
    return os.path.samefile(f"{top}/root", "/") and _shares(top, "mnt")


def _shares(top: str, kind: str) -> bool:
    """Whether a process is in the same namespace of a kind as this one; see namespaces(7)."""
    return os.readlink(f"{top}/ns/{kind}") == os.readlink(f"/proc/self/ns/{kind}")


def _below(root: str, directory: str) -> str:
    """Return a directory as a process below chroot names it."""
    top = root.rstrip("/")
    return directory.removeprefix(top) or "/" if f"{directory}/".startswith(f"{top}/") else directory


def _identity(top: str) -> tuple[int, int]:
    """Return the ids by which a process opens files: the last ones of the lines Uid and Gid in proc_pid_status(5)."""
    with open(f"{top}/status", encoding="utf-8", errors="replace") as file:
        ids = {name: words.split() for name, _, words in (line.partition(":") for line in file)}
    try:
        return int(ids["Uid"][3]), int(ids["Gid"][3])
    except (KeyError, IndexError):
        raise ProcessLookupError from None
