"""Plans: the work on one store, as data that can be displayed, journalled, applied and undone."""

from __future__ import annotations

from dataclasses import field

from trustinstall.errors import StoreError
from trustinstall.host.commands import Guard, Run
from trustinstall.stores.steps import Step, ToolOperation
from trustinstall.values import dataclass


@dataclass(frozen=True)
class Refresh:
    """How to regenerate a store's derived files: leftovers to delete, then tools to run in order."""

    runs: tuple[Run, ...]
    leftovers: tuple[str, ...] = ()
    guard: Guard = field(default_factory=Guard)


class Unsettled(StoreError):  # noqa: N818 -- named for what it tells the engine
    """A store's files contradict each other, perhaps because the package manager is at work.

    Attributes:
        guard: the programs that the engine waits for before it plans again.
    """

    def __init__(self, *, store: str, cause: str, advice: str, guard: Guard) -> None:
        super().__init__(store=store, cause=cause, advice=advice)
        self.guard = guard


@dataclass(frozen=True)
class Placed:
    """The entries of a certificate of `Change.add` after the plan was applied (for the ledger)."""

    sha256: str
    entries: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """The steps that carry out a change of one store. Empty: nothing to do.

    The engine makes the directories that steps need, and removes them with the last managed certificate.

    Attributes:
        steps: file steps, in order.
        refresh: the refresh that runs once after them, or None.
        placed: the entries of each certificate of `Change.add`.
        operations: operations of the store's own tool after the file steps, in order.
        detaches: whether the store's clients no longer read the artefact afterwards, even if it still has content.
        inside: a directory that operations need, or "".
        directory_mode: permission bits of directories that the engine makes.
        made: directories that were made for the store before and are no longer noted, outermost first; the engine
            adds the directories that it makes.
    """

    steps: tuple[Step, ...] = ()
    refresh: Refresh | None = None
    placed: tuple[Placed, ...] = ()
    operations: tuple[ToolOperation, ...] = ()
    detaches: bool = False
    inside: str = ""
    directory_mode: int = 0o755
    made: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether applying the plan would do nothing."""
        return not (self.steps or self.operations) and self.refresh is None
