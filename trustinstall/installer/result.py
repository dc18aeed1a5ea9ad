"""What a command that changes something did, in every scope: the data that reports are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import CHANGES, WIDE, Outcome, Result

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
    from trustinstall.installer.situation import Situation

_IN_SCOPE = frozenset(Result) - {Result.NOT_COVERED, Result.SEALED, Result.STORE_MISSING}
_HELD = frozenset({Result.ADDED, Result.ALREADY, Result.FOLLOWS})


@dataclass(frozen=True)
class ScopeResult:
    """What one account's scope came to.

    Attributes:
        scope: "machine", or the account's name.
        outcomes: one for each store.
        problem: why the scope could not be worked on at all, or "".
        skipped: why the scope was left alone, which is no failure, or "".
        recovered: whether an interrupted command was undone first.
    """

    scope: str
    outcomes: tuple[Outcome, ...] = ()
    problem: str = ""
    skipped: str = ""
    recovered: bool = False

    @property
    def done(self) -> bool:
        """Whether nothing failed in it."""
        return not (self.problem or self.skipped) and not any(one.result is Result.FAILED for one in self.outcomes)


@dataclass(frozen=True)
class Report:
    """What a command that changes something did.

    Attributes:
        command: "add" or "remove".
        situation: the defaults that were decided.
        certificates: which ones it was about.
        parts: the machine's or own scope first, then other accounts'.
        dry_run: whether nothing was changed on purpose.
        restart_needed: running programs that will not notice the change.
        domains: the names and networks that certificates were to be trusted for, or () for all of them.
        left: what was to be removed and belongs to the machine's scope, which this account may not change.
        replaces: whether variables that are set replace what programs have built in.
    """

    command: str
    situation: Situation
    certificates: tuple[Certificate, ...]
    parts: tuple[ScopeResult, ...]
    dry_run: bool = False
    restart_needed: tuple[str, ...] = ()
    left: tuple[Certificate, ...] = ()
    domains: tuple[str, ...] = ()
    replaces: bool = False

    @property
    def outcomes(self) -> list[Outcome]:
        """Every outcome of every part."""
        return [one for part in self.parts for one in part.outcomes]

    @property
    def in_scope(self) -> list[Outcome]:
        """The outcomes that count: stores of the chosen scopes that are there."""
        return [one for one in self.outcomes if one.result in _IN_SCOPE]

    @property
    def wide(self) -> int:
        """How many stores cannot keep a root to some names, and were left out."""
        return sum(one.result is Result.NOT_COVERED and one.detail == WIDE for one in self.outcomes)

    @property
    def covered(self) -> tuple[int, int]:
        """How many stores trust it now, and of how many: with `domains`, those that cannot be told so count, too."""
        return sum(one.result in _HELD for one in self.in_scope), len(self.in_scope) + self.wide

    @property
    def changed(self) -> bool:
        """Whether anything was changed."""
        return any(one.result in CHANGES or one.touched for one in self.outcomes)

    def exit_code(self, *, strict: bool = False) -> int:
        """0 holds now, 1 nothing could be done, 3 some stores done and some not, 5 no rights; see README.

        With `strict`, stores outside the scope, homes that were skipped and copies of strangers count as not done.
        """
        good = [one for one in self.in_scope if one.result is not Result.FAILED]
        bad = len(self.in_scope) - len(good) + sum(bool(part.problem) for part in self.parts)
        if strict:
            bad += sum(one.result in {Result.NOT_COVERED, Result.SEALED, Result.FOREIGN} for one in self.outcomes)
            bad += sum(bool(part.skipped) for part in self.parts)
        if bad:
            return 3 if good else 1
        if good or self.command == "remove":
            return 0
        elsewhere = any(one.result is Result.NOT_COVERED and one.detail != WIDE for one in self.outcomes)
        return 5 if elsewhere else 1
