"""Whole numbers in text that other people write."""

from __future__ import annotations

from trustinstall.patterns import regex

_WHOLE = regex("[0-9]{1,18}")  # which fit 64 bits; Python's int() also takes other digits, and refuses 5,000 of them


def whole(text: str) -> int | None:
    """Return the value of a text of at most 18 ASCII digits, or None for any other text.

    >>> whole("007"), whole("²"), whole("9" * 5000), whole("")
    (7, None, None, None)
    """
    return int(text) if _WHOLE.fullmatch(text) else None
