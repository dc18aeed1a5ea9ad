"""Answers of worker processes: one codec, driven by the dataclasses. Only the types of an answer are accepted."""

from __future__ import annotations

from typing import TypeVar

from trustinstall.errors import TrustInstallError
from trustinstall.typed_json import decode, encode

_Answer = TypeVar("_Answer")

__all__ = ["encode", "received"]


def received(kind: type[_Answer], data: bytes) -> _Answer:
    """Return the answer of another account's process. Raises TrustInstallError if it is not a value of `kind`."""
    try:
        return decode(kind, data)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise TrustInstallError(f"a worker process sent an invalid answer ({type(error).__name__})") from None
