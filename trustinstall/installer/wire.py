"""What worker processes answer, as JSON; nothing in an answer is believed but its types."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

from trustinstall.engine.outcome import Outcome, Result
from trustinstall.errors import TrustInstallError, printable
from trustinstall.stores.store import Store
from trustinstall.typed_json import items


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
