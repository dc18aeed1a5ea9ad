"""What happened in each store, as data: what the engine returns, and what a worker process sends back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from trustinstall.stores.store import Store
from trustinstall.typed_json import Sha256


class Result(Enum):
    """How a store ended. The value is the word for people and for JSON."""

    ADDED = "added"
    ALREADY = "already"
    REMOVED = "removed"
    ABSENT = "not there"
    FOLLOWS = "follows"  # fed by another store, and shows what that one shows
    PENDING = "pending"  # will follow when the package manager has finished
    FOREIGN = "left"  # only copies that somebody else put there
    STORE_MISSING = "gone"  # the store itself is no longer there
    PLANNED = "would change"
    FAILED = "failed"
    SEALED = "sealed"  # nobody may write there; the detail names another way
    NOT_COVERED = "not covered"


ALL_ACCOUNTS = "what all accounts have"
WIDE = "it cannot keep a root to some names, and is left out"
CHANGES = frozenset({Result.ADDED, Result.REMOVED})


@dataclass(frozen=True)
class Outcome:
    """What happened in one store.

    Attributes:
        store: which one.
        result: how it ended.
        detail: a sentence for people; the reason where it failed or is not covered.
        code: the stable word of the error where it failed, else "".
        changed: SHA-256 of the certificates that were put in or taken out.
        foreign: SHA-256 of wanted certificates that are trusted there by somebody else's doing.
        anchors: how many the store holds now.
        steps: what a dry run would do, a line each.
        touched: whether the store was changed, also where a client still trusts a foreign copy.
    """

    store: Store
    result: Result
    detail: str = ""
    code: str = ""
    changed: tuple[Sha256, ...] = ()
    foreign: tuple[Sha256, ...] = ()
    anchors: int = 0
    steps: tuple[str, ...] = ()
    touched: bool = False
