"""The result of each store, as data: the engine returns it, and a worker process sends it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from trustinstall.stores.store import Store
from trustinstall.typed_json import Sha256
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable


class Result(Enum):
    """The result of a store. The value is the word in JSON; people see those of `reporting.words`."""

    ADDED = "added"
    ALREADY = "present"
    REMOVED = "removed"
    ABSENT = "absent"
    FOLLOWS = "via-system"  # fed by another store, and shows that store's content
    PENDING = "pending"  # will follow when the package manager has finished
    FOREIGN = "foreign"  # only copies that another program or person put there
    STORE_MISSING = "gone"  # the store itself is no longer there
    PLANNED = "planned"
    FAILED = "failed"
    SEALED = "read-only"  # no account may write there; the detail names another way
    NOT_COVERED = "not-in-scope"


ALL_ACCOUNTS = "what all accounts have"
WIDE = "skipped: this store cannot limit a root to certain names"
CHANGES = frozenset({Result.ADDED, Result.REMOVED})


@dataclass(frozen=True)
class Planned:
    """One step of a dry run.

    Attributes:
        action: "create", "change", "delete" or "link" (a file), "make-directory", "remove-directory", "run" (a
            command), or "operate" (an operation of the store's own tool).
        target: the path, the command or the operation.
        diff: the lines that a change takes out ("-…") and puts in ("+…"), if the caller asked for them.
    """

    action: str
    target: str
    diff: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The result of one store.

    Attributes:
        store: the store.
        result: how it ended.
        detail: a sentence for people; the reason if it failed or is not covered.
        code: the stable word of the error if it failed, else "".
        changed: SHA-256 of the certificates that were put in or taken out.
        foreign: SHA-256 of wanted certificates that are trusted there, but not because of trustinstall.
        anchors: the number of anchors in the store now.
        steps: what a dry run would do.
        touched: whether the store was changed, even if a client still trusts a foreign copy.
        fixed: whether `remove --not-ours` cannot take the foreign copies out either; the detail says why.
        partly: in which sessions its clients do not, or may not, trust the certificates, and why; "" for none.
    """

    store: Store
    result: Result
    detail: str = ""
    code: str = ""
    changed: tuple[Sha256, ...] = ()
    foreign: tuple[Sha256, ...] = ()
    anchors: int = 0
    steps: tuple[Planned, ...] = ()
    touched: bool = False
    partly: str = ""
    fixed: bool = False

    @property
    def id(self) -> str:
        """The store's id."""
        return self.store.id

    @property
    def reason(self) -> str:
        """Why it failed or is not covered; "" if there is nothing to say."""
        return self.detail


def own_failures(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the stores that failed, without those that only show what another failed store holds."""
    failed = [one for one in outcomes if one.result is Result.FAILED]
    sources = {one.store.location for one in failed}
    return [one for one in failed if one.store.fed_by not in sources]
