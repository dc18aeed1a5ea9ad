"""The result of a changing command in every scope: the data for reports."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from trustinstall.engine.outcome import CHANGES, WIDE, Outcome, Result, own_failures
from trustinstall.installer.report_data import report_data
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.installer.situation import Situation
    from trustinstall.installer.still_trusting import StillTrusted

_IN_SCOPE = frozenset(Result) - {Result.NOT_COVERED, Result.SEALED, Result.STORE_MISSING}
_HELD = frozenset({Result.ADDED, Result.ALREADY, Result.FOLLOWS})


@dataclass(frozen=True)
class ScopeResult:
    """The result of one account's scope.

    Attributes:
        scope: "machine", or the account's name.
        outcomes: one for each store.
        problem: why no work was possible in the scope, or "".
        skipped: why the scope was skipped, which is not a failure, or "".
        recovered: whether an interrupted command was undone first.
        ends: certificates trusted before whose trust has another end now, by fingerprint: when (ISO 8601 in UTC); ""
            for never.
    """

    scope: str
    outcomes: tuple[Outcome, ...] = ()
    problem: str = ""
    skipped: str = ""
    recovered: bool = False
    ends: tuple[tuple[str, str], ...] = ()

    @property
    def covered(self) -> tuple[int, int]:
        """The number of stores of the scope that trust it now, and the number of all of them."""
        results = [one.result for one in self.outcomes if one.result in _IN_SCOPE]
        return sum(one in _HELD for one in results), len(results)

    @property
    def done(self) -> bool:
        """Whether nothing failed in the scope."""
        return not (self.problem or self.skipped) and not any(one.result is Result.FAILED for one in self.outcomes)


@dataclass(frozen=True)
class Report:
    """The result of a changing command: `ok`, `failed`, `planned`, `stores`, `changed`, and all of it by `to_dict()`.

    Attributes:
        command: "add" or "remove".
        situation: the defaults that were decided.
        certificates: the certificates of the request.
        scopes: the machine's or own scope first, then those of other accounts.
        dry_run: whether it was a dry run, which changes nothing.
        restart_needed: running programs that do not notice the change.
        domains: the names and networks that certificates are trusted for, or () for all.
        left: certificates to be removed that belong to the machine's scope, which this account may not change.
        others: certificates to be removed that another author has added to the system's store, likewise.
        kept: why `remove --not-ours` cannot take such a certificate out of the system's store either, by SHA-256.
        readers: programs that still trust a removed certificate by a setting or variable which names another bundle.
        replaces: whether variables were set that replace the built-in roots of programs.
        notes: doubts about the documents of `apply`, each with its place.
    """

    command: str
    situation: Situation
    certificates: tuple[Certificate, ...]
    scopes: tuple[ScopeResult, ...]
    dry_run: bool = False
    restart_needed: tuple[str, ...] = ()
    left: tuple[Certificate, ...] = ()
    others: tuple[Certificate, ...] = ()
    domains: tuple[str, ...] = ()
    replaces: bool = False
    notes: tuple[str, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict[str, str])
    readers: tuple[StillTrusted, ...] = ()

    def __repr__(self) -> str:
        """Return the command, and the number of stores by result."""
        counts = {"stores": self.stores, "planned": self.planned, "failed": self.failed}
        return f"<Report of {self.command}: {', '.join(f'{len(found)} {word}' for word, found in counts.items())}>"

    @property
    def outcomes(self) -> list[Outcome]:
        """Every outcome of every part."""
        return [one for part in self.scopes for one in part.outcomes]

    @property
    def in_scope(self) -> list[Outcome]:
        """The outcomes that count: existing stores of the chosen scopes."""
        return [one for one in self.outcomes if one.result in _IN_SCOPE]

    @property
    def ok(self) -> bool:
        """Whether nothing failed: `exit_code()` is 0."""
        return self.exit_code() == 0

    @property
    def failed(self) -> list[Outcome]:
        """The stores that failed, each with the reason in `reason`, without those that only follow a failed one."""
        return own_failures(self.outcomes)

    @property
    def planned(self) -> list[Outcome]:
        """The stores that a dry run would change."""
        return [one for one in self.outcomes if one.result is Result.PLANNED]

    @property
    def stores(self) -> list[Outcome]:
        """The existing stores of the chosen scopes, each with its result; the same as `in_scope`."""
        return self.in_scope

    @property
    def wide(self) -> int:
        """The number of stores that were skipped because they cannot limit a root to certain names."""
        return sum(one.result is Result.NOT_COVERED and one.detail == WIDE for one in self.outcomes)

    @property
    def covered(self) -> tuple[int, int]:
        """The number of stores that trust it now, and of all in scope; with `domains`, skipped stores count, too."""
        return sum(one.result in _HELD for one in self.in_scope), len(self.in_scope) + self.wide

    @property
    def changed(self) -> bool:
        """Whether anything was changed."""
        return self.changed_stores or bool(self.ends and not self.dry_run)

    @property
    def would_change(self) -> bool:
        """Whether a dry run would change anything."""
        return bool(self.planned) or bool(self.ends and self.dry_run)

    @property
    def changed_stores(self) -> bool:
        """Whether any store was changed."""
        return any(one.result in CHANGES or one.touched for one in self.outcomes)

    @property
    def ends(self) -> dict[str, str]:
        """The certificates trusted before whose trust has another end now, or would have; see `ScopeResult`."""
        return {sha256: until for part in self.scopes for sha256, until in part.ends}

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data: keys of the command line's JSON, with the same values."""
        return report_data(self)

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 0: success, 1: nothing could be done, 3: only some stores done, 5: no rights.

        With `strict`, stores outside the scope, skipped homes and foreign copies count as not done.
        """
        good = [one for one in self.in_scope if one.result is not Result.FAILED]
        bad = len(self.in_scope) - len(good) + sum(bool(part.problem) for part in self.scopes)
        if strict:
            bad += sum(one.result in {Result.NOT_COVERED, Result.SEALED, Result.FOREIGN} for one in self.outcomes)
            bad += sum(bool(part.skipped) for part in self.scopes)
        if bad:
            return 3 if good else 1
        if good or self.command == "remove":
            return 0
        elsewhere = any(one.result is Result.NOT_COVERED and one.detail != WIDE for one in self.outcomes)
        return 5 if elsewhere else 1
