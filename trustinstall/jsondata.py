"""Data that came out of JSON, as the types that it should have; TypeError where it has others."""

from __future__ import annotations

from typing import Any, cast


def items(value: object) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise TypeError("not an array")
    return cast("list[Any]", value)


def members(value: object) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return cast("dict[str, Any]", value)


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
