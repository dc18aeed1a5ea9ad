"""A native tool to run, and what must be quiet meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

INPUT_FILE = "{given}"  # in an argument vector: the path of a file that holds `Run.given`
OUTPUT_FILE = "{answer}"  # in an argument vector: the path of a file that the tool writes its answer to


@dataclass(frozen=True)
class Run:
    """Run one native tool. It has no inverse of its own: undoing files is followed by a refresh.

    Attributes:
        argv: the tool's absolute path on the host, and its arguments.
        stdin: bytes that the tool reads.
        env: added to the environment that the host builds (never the caller's).
        seconds: the time after which the tool's whole process group is ended.
        must_succeed: whether a non-zero exit status is an error; the store is verified in any case.
        given: content of the file that the word GIVEN in `argv` stands for.
        meanings: what exit statuses mean (Windows': unsigned, 32 bits), in words for people.
        translate: a tool and its first arguments; it prints the name by which this one knows a file (wslpath).
        announce: what is said before it is run, because it opens a window and waits, or "".
        says: names of errors that it prints whatever the language, and what they mean, in words for people.
        if_late: what to do where it does not end in time.
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


@dataclass(frozen=True)
class Guard:
    """What must be quiet while a store is refreshed.

    Attributes:
        lock: a file whose POSIX record lock is held meanwhile (dpkg's frontend lock), or None.
        tool: wait until no process that we did not start runs a program or script of this name, or None.
        seconds: how long to wait for either.
    """

    lock: str | None = None
    tool: str | None = None
    seconds: float = 180.0
