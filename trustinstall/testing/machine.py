"""What the contract needs of a machine: one store of the tested kind, and the program on it.

The program is run as its users run it, and its results are observed from outside: by the machine's own tools, never by
trustinstall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SABOTAGE = ("fails", "lies", "fails afterwards")


@dataclass(frozen=True)
class Ran:
    """The result of one run of the program: exit code, its JSON report ({} if there was none), standard error."""

    code: int
    report: Mapping[str, Any]
    errors: str


class Running(Protocol):
    """A run of the program that has not ended."""

    def kill(self) -> None:
        """Send SIGKILL to the program, and to the program alone; return when it is dead."""
        ...

    def wait(self) -> Ran:
        """Wait for its end."""
        ...


class Machine(Protocol):
    """A disposable machine with one store of the tested kind, in its original state.

    Attributes:
        store: the store's id.
        sabotages: which of SABOTAGE its native tool can be made to do; empty where there is no tool.
        kills: how often the program is killed.
        crowd: how many run at once.
        singly: whether its tool takes one certificate at a time, and nothing is derived that a batch would share.
        one_place: why a managed copy can neither lose its mark nor have another copy beside it; "" where it can.
    """

    store: str
    sabotages: Sequence[str]
    kills: int
    crowd: int
    singly: bool
    one_place: str

    def root(self, number: int) -> tuple[str, str]:
        """Return the path on the machine of the file of a test root, and its SHA-256; another root for each number."""
        ...

    def start(self, command: str, *arguments: str) -> Running:
        """Start `trustinstall COMMAND --json …` for this store alone, as the account that may write it."""
        ...

    def trusts(self, sha256: str) -> bool:
        """Whether the store's clients trust a certificate, found out without trustinstall."""
        ...

    def sound(self) -> int:
        """The number of anchors that a client loads from the store; raises AssertionError if it cannot load it."""
        ...

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """Every path of the machine that is not in its original state: kind, mode, owner, content (and time of change).

        The state directory of trustinstall is left out.
        """
        ...

    def put_by_hand(self, number: int) -> str:
        """Put the root of a number into the store by other means than trustinstall; return its SHA-256."""
        ...

    def lose_mark(self, number: int) -> bool:
        """Take the mark of trustinstall off a copy (marker lines, file name, alias), so that it stays trusted.

        Returns False, and changes nothing, where a copy has no mark that it could lose.
        """
        ...

    def put_beside(self, number: int) -> bool:
        """Put the root of a number into the store a second time, by other means than trustinstall.

        Returns False, and changes nothing, where the store can hold a certificate once only.
        """
        ...

    def bring_by_package(self, number: int) -> bool:
        """Have a package, or the organisation's policy, bring the root of a number into the store as well.

        Returns False, and changes nothing, where neither brings certificates into such a store.
        """
        ...

    def take_own(self, sha256: str) -> None:
        """Write to the store's files as another program would, without changing managed entries."""
        ...

    def refreshes(self) -> int:
        """The number of runs of the native tool until now; 0 if there is none."""
        ...

    def sabotage(self, how: str) -> None:
        """Make the native tool misbehave from now on."""
        ...

    def spoil(self) -> str:
        """Put the store into a state in which it cannot be written; return a word that the error must contain."""
        ...

    def elsewhere(self) -> Sequence[str]:
        """The ids of all stores that the program finds on a machine of another kind."""
        ...


def run(machine: Machine, command: str, *arguments: str) -> Ran:
    """Run a command to its end."""
    return machine.start(command, *arguments).wait()


def result(ran: Ran, machine: Machine) -> str:
    """The outcome of the machine's store."""
    return next(str(one["result"]) for one in ran.report["stores"] if one["id"] == machine.store)


def rights(entry: object) -> tuple[object, ...]:
    """Mode and owner of a snapshot's entry; () for one that is gone."""
    return (getattr(entry, "mode", None), getattr(entry, "uid", None), getattr(entry, "gid", None)) if entry else ()
