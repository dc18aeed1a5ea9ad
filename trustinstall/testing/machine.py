"""The interface of a machine for the contract: one store of the tested kind, and the program on it.

The contract runs the program as users run it, and observes the results by the machine's own tools, never by
trustinstall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SABOTAGE = ("fails", "lies", "fails afterwards")


@dataclass(frozen=True)
class Ran:
    """The result of one run of the program.

    Attributes:
        code: its exit code.
        report: its JSON report, or {} if there was none.
        errors: its standard error.
    """

    code: int
    report: Mapping[str, Any]
    errors: str


class Running(Protocol):
    """A run of the program that has not ended."""

    def kill(self) -> None:
        """Send SIGKILL to the program, and not to its children; return when it has ended."""
        ...

    def wait(self) -> Ran:
        """Wait for its end, and return the result."""
        ...


class Machine(Protocol):
    """A disposable machine with one store of the tested kind, in its original state.

    Attributes:
        store: the store's id.
        sabotages: the faults of SABOTAGE that its native tool can be made to show; () if there is no tool.
        kills: the number of times that the program is killed.
        crowd: the number of programs that run at the same time.
        singly: whether its tool takes one certificate at a time, and no derived file could be made once for several.
        one_place: why a managed copy can neither lose its mark nor have another copy beside it; "" if it can.
        nameless: whether its unmarked copies have no names, so that all of them are adopted together.
    """

    store: str
    sabotages: Sequence[str]
    kills: int
    crowd: int
    singly: bool
    one_place: str
    nameless: bool

    def root(self, number: int) -> tuple[str, str]:
        """Return the path of a test root's file on the machine, and its SHA-256; each number is another root."""
        ...

    def start(self, command: str, *arguments: str) -> Running:
        """Start `trustinstall COMMAND --json …` for this store only, as the account that may write it.

        "repair" has no selection of stores: it looks at those of the claims.
        """
        ...

    def trusts(self, sha256: str) -> bool:
        """Whether the store's clients trust a certificate; trustinstall is not asked."""
        ...

    def sound(self) -> int:
        """Return the number of anchors that a client loads from the store. Raises AssertionError if that fails."""
        ...

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """Return the paths that are not in their original state, with kind, mode, owner and content of each.

        `times`: with the times of change, too. The state directory of trustinstall is left out.
        """
        ...

    def put_by_hand(self, number: int) -> str:
        """Put the root of a number into the store without trustinstall; return its SHA-256."""
        ...

    def lose_mark(self, number: int, /) -> bool:
        """Remove the mark of trustinstall from a copy (marker lines, file name, alias), which stays trusted.

        Returns False, and changes nothing, if copies in such a store have no mark.
        """
        ...

    def put_beside(self, number: int, /) -> bool:
        """Put the root of a number into the store a second time, without trustinstall.

        Returns False, and changes nothing, if the store can hold a certificate only once.
        """
        ...

    def put_otherwise(self, number: int, /) -> bool:
        """Put the root of a number into the store once more in another format, without trustinstall.

        Returns False, and changes nothing, if the store's clients read one format only.
        """
        ...

    def rewrite(self) -> bool:
        """Have another program write the store anew with the same content: another format, order or layout.

        Returns False, and changes nothing, if no such program is known.
        """
        ...

    def distrust(self, number: int, /) -> bool:
        """Have a person or a policy distrust the root of a number, in the store's own way.

        Returns False, and changes nothing, if such a store has no distrust.
        """
        ...

    def bring_by_package(self, number: int, /) -> bool:
        """Have a package, or the organisation's policy, add the root of a number to the store as well.

        Returns False, and changes nothing, if neither adds certificates to such a store.
        """
        ...

    def take_own(self, sha256: str, /) -> None:
        """Write to the store's files as another program would, without changing managed entries."""
        ...

    def refreshes(self) -> int:
        """Return the number of runs of the native tool until now; 0 if there is no tool."""
        ...

    def sabotage(self, how: str) -> None:
        """Make the native tool show a fault from now on; `how` is a word of SABOTAGE."""
        ...

    def spoil(self) -> str:
        """Put the store into a state in which it cannot be written; return a word that the error must contain."""
        ...

    def elsewhere(self) -> Sequence[str]:
        """Return the ids of all stores that the program finds on a machine of another kind."""
        ...


def run(machine: Machine, command: str, *arguments: str) -> Ran:
    """Run a command to its end, and return the result."""
    return machine.start(command, *arguments).wait()


def result(ran: Ran, machine: Machine) -> str:
    """Return the result of the machine's store in a report."""
    return next(str(one["result"]) for one in ran.report["stores"] if one["id"] == machine.store)


def rights(entry: object) -> tuple[object, ...]:
    """Return mode, user and group of a snapshot's entry; () if the entry does not exist."""
    return (getattr(entry, "mode", None), getattr(entry, "uid", None), getattr(entry, "gid", None)) if entry else ()
