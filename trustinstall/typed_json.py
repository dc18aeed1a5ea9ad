"""Data that came out of JSON, as the types that it should have; TypeError where it has others."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether this is a JSON array."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether this is a JSON object; in JSON all keys are strings."""
    return isinstance(value, dict)


def items(value: object) -> list[Any]:
    """A JSON array."""
    if not is_array(value):
        raise TypeError("not an array")
    return value


def members(value: object) -> dict[str, Any]:
    """A JSON object."""
    if not is_object(value):
        raise TypeError("not an object")
    return value


def words(value: object) -> tuple[str, ...]:
    """A JSON array of strings."""
    found = items(value)
    if not all(isinstance(word, str) for word in found):
        raise TypeError("not an array of strings")
    return tuple(found)


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value
