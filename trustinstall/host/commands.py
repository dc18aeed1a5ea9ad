"""A native tool to run, and the programs that must be quiet meanwhile."""

from __future__ import annotations

from enum import Enum

from trustinstall.values import dataclass

INPUT_FILE = "{given}"  # in an argument vector: the path of a file that holds `Run.given`
OUTPUT_FILE = "{answer}"  # in an argument vector: the path of a file that the tool writes its output to


@dataclass(frozen=True)
class Run:
    """Run one native tool. It has no inverse of its own: undoing files is followed by a refresh.

    Attributes:
        argv: the tool's absolute path on the host, and its arguments.
        stdin: bytes that the tool reads.
        env: added to the environment that the host builds (never the caller's).
        seconds: the time after which the tool's whole process group is ended.
        must_succeed: whether a non-zero exit status is an error; the store is verified in any case.
        given: content of the file whose path replaces INPUT_FILE in `argv`.
        meanings: the meanings of exit statuses (Windows': unsigned, 32 bits), in words for people.
        translate: a tool and its first arguments; it prints the name of a file for this tool (wslpath).
        announce: the sentence before it is run, because it opens a window and waits, or "".
        says: names of errors that it prints in every language, and their meanings, in words for people.
        if_late: the advice if it does not end in time.
    """

    argv: tuple[str, ...]
    stdin: bytes = b""
    env: tuple[tuple[str, str], ...] = ()
    seconds: float = 300.0
    must_succeed: bool = True
    given: bytes = b""
    meanings: tuple[tuple[int, str], ...] = ()
    translate: tuple[str, ...] = ()
    announce: str = ""
    says: tuple[tuple[str, str], ...] = ()
    timeout_advice: str = "run it by hand to see why"


class Locking(Enum):
    """How a package manager locks its lock file; the values are the words of proc_locks(5).

    Attributes:
        RECORD: with a POSIX record lock, fcntl(2).
        FLOCK: with flock(2).
        EXISTENCE: it creates the file, keeps it open, and deletes it. A file that no process has open was left by a
            program that was killed, and is no lock.
    """

    RECORD = "POSIX"
    FLOCK = "FLOCK"
    EXISTENCE = ""


@dataclass(frozen=True)
class Guard:
    """The programs that must be quiet while a store is refreshed.

    Attributes:
        lock: a package manager's lock file (dpkg's frontend lock), or None. It is held meanwhile, unless its existence
            is the lock: then it is only waited for, because a kill of trustinstall would leave it.
        tool: a program or script; wait until only processes that trustinstall started run it, or None.
        seconds: how long to wait for either.
        locking: how the file is locked.
    """

    lock: str | None = None
    tool: str | None = None
    seconds: float = 180.0
    locking: Locking = Locking.RECORD
