"""JSON values of an expected type, or TypeError."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Annotated, Any, TypeGuard, TypeVar, Union, get_args, get_origin, get_type_hints

from trustinstall.errors import printable
from trustinstall.patterns import regex

_Kind = TypeVar("_Kind")
_LONGEST = 4096  # characters of a text: a path of Linux (PATH_MAX in limits.h)

#: The SHA-256 of a certificate, 64 digits in lower case.
Sha256 = Annotated[str, regex("[0-9a-f]{64}")]


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether this is a JSON array."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether this is a JSON object; in JSON all keys are strings."""
    return isinstance(value, dict)


def is_tuple(value: object) -> TypeGuard[tuple[Any, ...]]:
    """Whether this is a tuple, of any values."""
    return isinstance(value, tuple)


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def items(value: object) -> list[Any]:
    """Return a value as a JSON array. Raises TypeError for any other value."""
    if not is_array(value):
        raise TypeError("not an array")
    return value


def members(value: object) -> dict[str, Any]:
    """Return a value as a JSON object. Raises TypeError for any other value."""
    if not is_object(value):
        raise TypeError("not an object")
    return value


def words(value: object) -> tuple[str, ...]:
    """Return a value as a JSON array of strings. Raises TypeError for any other value."""
    found = items(value)
    if not all(isinstance(word, str) for word in found):
        raise TypeError("not an array of strings")
    return tuple(found)


def flag(value: object) -> bool:
    """Return a value as True or False. Raises TypeError for any other value."""
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def made_printable(value: _Kind) -> _Kind:
    """Return a copy of a value of dataclasses, tuples and mappings in which every text is printable.

    Texts from outside (names of files, output of tools) may hold control characters. They are escaped here, once, when
    a result becomes a report.
    """
    made: _Kind = _printable(value)
    return made


def _printable(value: Any) -> Any:  # noqa: ANN401  a report holds values of many types
    if isinstance(value, str) and not isinstance(value, Enum):
        return (
            value if len(value) <= _LONGEST and value.isascii() and value.isprintable() else printable(value, _LONGEST)
        )
    if is_tuple(value):
        return tuple(map(_printable, value))
    if _is_mapping(value):
        return {_printable(key): _printable(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {one.name: _printable(getattr(value, one.name)) for one in fields(value) if one.init}
        return replace(value, **changed)
    return value


def encode(value: object) -> bytes:
    """Return dataclasses, enums, tuples, mappings and plain values as JSON; `decode` reads them back."""
    return json.dumps(value, default=_plain, check_circular=False).encode()


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    raise TypeError(f"{type(value).__name__} is not a type of an answer")


def decode(kind: type[_Kind], data: bytes) -> _Kind:
    """Return the value of type `kind` that another process has written with `encode`.

    The process is not trusted: every text is made printable and cut to 4096 characters, and a text that is declared
    with a pattern (`Sha256`) must match it. Raises ValueError or TypeError for other data.
    """
    try:
        made: _Kind = _made(kind, json.loads(data))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return made


@cache
def _types(kind: type) -> dict[str, object]:
    return get_type_hints(kind, include_extras=True)


def _made(kind: Any, value: Any) -> Any:  # noqa: ANN401  a type that is known at run time only
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        if not isinstance(value, str) or not inner[1].fullmatch(value):
            raise ValueError("a text of another form")
        return value
    if origin in {Union, types.UnionType}:
        return None if value is None and type(None) in inner else _made(inner[0], value)
    if origin is tuple:
        return tuple(_made(inner[0], one) for one in items(value))
    if origin in {dict, Mapping}:
        return {_made(inner[0], key): _made(inner[1], one) for key, one in members(value).items()}
    if kind is str and isinstance(value, str):
        return printable(value, _LONGEST)
    if kind in {bool, int} and type(value) is kind:
        return value
    if isinstance(kind, type):
        return _made_of_class(kind, value)
    raise TypeError(f"not of the type {kind}")


def _made_of_class(kind: Any, value: Any) -> Any:  # noqa: ANN401  as above
    """Return an enumeration's value, a dataclass, or a NamedTuple, which is an array in JSON."""
    made: Callable[..., Any] = kind
    types_of = _types(kind)
    if issubclass(kind, Enum):
        return made(value)
    if issubclass(kind, tuple):
        return made(*(_made(one, each) for one, each in zip(types_of.values(), items(value), strict=True)))
    if is_dataclass(kind):
        found = members(value)
        return made(**{one.name: _made(types_of[one.name], found.pop(one.name)) for one in fields(kind)})
    raise TypeError(f"not of the type {kind}")
