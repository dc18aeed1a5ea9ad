"""What happened in each store, as data: what the engine returns, and what a worker process sends back."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from trustinstall.errors import TrustInstallError, printable
from trustinstall.jsondata import items
from trustinstall.stores.store import Store


class Result(Enum):
    """How a store ended. The value is the word for people and for JSON."""

    ADDED = "added"
    ALREADY = "already"
    REMOVED = "removed"
    ABSENT = "not there"
    FOLLOWS = "follows"  # fed by another store, and shows what that one shows
    PENDING = "pending"  # will follow when the package manager has finished
    FOREIGN = "left"  # only copies that somebody else put there
    GONE = "gone"  # the store itself is no longer there
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
    """

    store: Store
    result: Result
    detail: str = ""
    code: str = ""
    changed: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    anchors: int = 0
    steps: tuple[str, ...] = ()


def to_bytes(outcomes: tuple[Outcome, ...]) -> bytes:
    """Outcomes as JSON."""
    return json.dumps([asdict(one) | {"result": one.result.value} for one in outcomes]).encode()


def from_bytes(data: bytes) -> tuple[Outcome, ...]:
    """Outcomes that another account's process sent. Nothing in them is believed but that they are text.

    Raises TrustInstallError where they are not outcomes at all.
    """
    try:
        return tuple(map(_outcome, items(json.loads(data))))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise TrustInstallError(
            f"a worker process sent an answer that makes no sense ({type(error).__name__})"
        ) from None


def _outcome(item: dict[str, Any]) -> Outcome:
    store = item["store"]
    return Outcome(
        Store(
            _text(store["backend"]),
            _text(store["location"], 4096),
            int(store["owner"]),
            _text(store["id"], 4096),
            _text(store["clients"]),
            None if store["follows"] is None else _text(store["follows"], 4096),
            None if store["unwritable"] is None else _text(store["unwritable"], 500),
            _text(store["label"], 4096),
            bool(store["system"]),
            sealed=bool(store["sealed"]),
            serves=bool(store["serves"]),
            inherits=bool(store["inherits"]),
        ),
        Result(item["result"]),
        _text(item["detail"], 1000),
        _text(item["code"]),
        tuple(map(fingerprint, item["changed"])),
        tuple(map(fingerprint, item["foreign"])),
        int(item["anchors"]),
        tuple(_text(word, 4096) for word in item["steps"]),
    )


def fingerprint(value: object) -> str:
    """A SHA-256 that somebody else sent: it may end up in a command that we tell an administrator to run."""
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise ValueError("not a fingerprint")
    return value


def _text(value: object, limit: int = 120) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return printable(value, limit)
