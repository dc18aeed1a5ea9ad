"""Plans: what would be done to one store, as data that can be shown, journalled, applied and undone.

A step names what it was planned against (`expect`), so that a file which somebody else changes between
planning and acting is planned again and never overwritten. The inverse of every step is a step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trustinstall.host.commands import Guard, Run
from trustinstall.stores.steps import Native, Step


@dataclass(frozen=True)
class Refresh:
    """How a store's derived files are made anew: leftovers to take away, then tools to run in order."""

    runs: tuple[Run, ...]
    leftovers: tuple[str, ...] = ()
    guard: Guard = field(default_factory=Guard)


@dataclass(frozen=True)
class Placed:
    """What a certificate will occupy in a store once the plan has been applied (for the ledger)."""

    sha256: str
    entries: tuple[str, ...]
    directories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The steps that bring one store from what was observed to what is wanted. Empty: nothing to do.

    Attributes:
        steps: file steps, in order.
        refresh: what runs once after them, or None.
        placed: what will be ours in this store, one item for each wanted certificate that is to be trusted.
        foreign: SHA-256 of wanted certificates that are there, but not ours, and therefore left alone.
        operations: what the store's own tool does after the file steps, in order.
        withdraws: whether the store's clients no longer look at the artefact afterwards, whatever else it holds.
    """

    steps: tuple[Step, ...] = ()
    refresh: Refresh | None = None
    placed: tuple[Placed, ...] = ()
    foreign: frozenset[str] = frozenset()
    operations: tuple[Native, ...] = ()
    withdraws: bool = False

    @property
    def empty(self) -> bool:
        """Whether applying the plan would do nothing."""
        return not (self.steps or self.operations) and self.refresh is None
