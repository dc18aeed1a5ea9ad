"""What `list` and `stores` show, as plain data: the same for people, for JSON, and from a worker process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from trustinstall.errors import TrustInstallError, printable
from trustinstall.installer.wire import fingerprint
from trustinstall.typed_json import is_array, is_object


@dataclass(frozen=True)
class Held:
    """One certificate of ours in one store.

    Attributes:
        store: the store's id.
        label: what people call it.
        state: "trusted", "half-installed", "missing", "gone", "unreadable" or "follows …".
        since, by: when and for whom it was put there; "" where it follows or is somebody else's.
        adopted: whether somebody else had put it there before.
        foreign: whether it is somebody else's, and not ours at all.
        entries: files, aliases and variables that are ours.
    """

    store: str
    label: str
    state: str
    since: str = ""
    by: str = ""
    adopted: bool = False
    foreign: bool = False
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listed:
    """One certificate of one scope, and where it is."""

    scope: str
    sha256: str
    subject: str
    name: str
    not_after: str
    since: str
    by: str
    held: tuple[Held, ...]


@dataclass(frozen=True)
class Anchor:
    """One anchor of one store, for `list --all`."""

    store: str
    sha256: str
    subject: str
    ours: bool


@dataclass(frozen=True)
class StoreView:
    """One store, for `stores`.

    Attributes:
        scope: "machine" or an account's name.
        anchors: how many it holds, or None where it cannot be read.
        ours: how many of them are ours.
        problem: why it cannot be read or written, or what is wrong with it; "" when all is well.
    """

    scope: str
    store: str
    backend: str
    location: str
    label: str
    clients: str
    follows: str
    writable: bool
    anchors: int | None
    ours: int
    problem: str


_Kind = TypeVar("_Kind", Held, Listed, Anchor, StoreView)
_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "bool": bool,
    "int": int,
    "int | None": (int, type(None)),
    "tuple[str, ...]": tuple,
    "tuple[Held, ...]": tuple,
}


@dataclass(frozen=True)
class View:
    """Everything that looking at one or more scopes gave."""

    listed: tuple[Listed, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    stores: tuple[StoreView, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: View) -> View:
        """Both together."""
        return View(
            self.listed + other.listed,
            self.anchors + other.anchors,
            self.stores + other.stores,
            self.notes + other.notes,
        )


def to_bytes(view: View) -> bytes:
    """A view as JSON."""
    return json.dumps(asdict(view)).encode()


def from_bytes(data: bytes) -> View:
    """A view that another account's process sent; nothing in it is believed but that it is text and numbers."""
    try:
        raw: Any = _clean(json.loads(data))
        return View(
            tuple(
                _made(Listed, one | {"held": tuple(_made(Held, held) for held in one["held"])}) for one in raw["listed"]
            ),
            tuple(_made(Anchor, one) for one in raw["anchors"]),
            tuple(_made(StoreView, one) for one in raw["stores"]),
            tuple(str(note) for note in raw["notes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise TrustInstallError(
            f"a worker process sent an answer that makes no sense ({type(error).__name__})"
        ) from None


def _made(kind: type[_Kind], item: dict[str, Any]) -> _Kind:
    """One of the classes above from JSON data, if every value has the type that is declared for it."""
    for one in fields(kind):
        value = item[one.name]
        words = value if one.name == "entries" else ()
        if not isinstance(value, _TYPES[str(one.type)]) or not all(isinstance(word, str) for word in words):
            raise TypeError(f"{one.name} is of another type")
        if one.name == "sha256":
            fingerprint(value)
    return kind(**item)


def _clean(value: object) -> object:
    """JSON data in which every text is fit to print."""
    if isinstance(value, str):
        return printable(value, 4096)
    if is_array(value):
        return tuple(map(_clean, value))
    if is_object(value):
        return {printable(key): _clean(one) for key, one in value.items()}
    return value
