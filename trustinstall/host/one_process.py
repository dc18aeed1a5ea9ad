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
        has_own_mounts: whether other files may be mounted for it.
    """

    number: int
    program: str
    directory: str
    environ: Mapping[str, str]
    uid: int
    gid: int
    has_own_mounts: bool


def find(number: int) -> Process:
    """Return a process that sees the same files as this one.

    Raises UsageProblem if it does not exist, and NoRights if it is another account's.
    """
    if sys.platform != "linux":
        raise UsageProblem(
            "only Linux shows the variables of another process; run the command itself: doctor -- COMMAND"
        )
    top = f"/proc/{number}"
    try:
        with open(f"{top}/environ", "rb") as file:
            content = file.read(_MOST)
        program = os.path.basename(os.readlink(f"{top}/exe").removesuffix(" (deleted)"))
        directory = os.readlink(f"{top}/cwd")
        sees_these_files = os.path.samefile(f"{top}/root", "/")
        has_own_mounts = os.readlink(f"{top}/ns/mnt") != os.readlink("/proc/self/ns/mnt")  # mount_namespaces(7)
        uid, gid = _identity(top)
    except (FileNotFoundError, ProcessLookupError):
        raise UsageProblem(f"there is no process {number}") from None
    except OSError as error:
        raise NoRights(
            f"process {number} does not show its variables to this account ({error.strerror}); "
            "ask as the account that runs it, or as root"
        ) from None
    if not sees_these_files:
        raise UsageProblem(f"process {number} sees other files, as in a container or below chroot; run doctor there")
    pairs = (os.fsdecode(one).partition("=") for one in content.split(b"\0") if b"=" in one)
    variables = {name: value for name, _, value in pairs}
    return Process(number, program, directory, variables, uid, gid, has_own_mounts)


def _identity(top: str) -> tuple[int, int]:
    """Return the ids by which a process opens files: the last ones of the lines Uid and Gid in proc_pid_status(5)."""
    with open(f"{top}/status", encoding="utf-8", errors="replace") as file:
        ids = {name: words.split() for name, _, words in (line.partition(":") for line in file)}
    try:
        return int(ids["Uid"][3]), int(ids["Gid"][3])
    except (KeyError, IndexError):
        raise ProcessLookupError from None
