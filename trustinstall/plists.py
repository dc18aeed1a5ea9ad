"""Property lists, which may be anybody's: read with a limit, and with one error for all that can be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plistlib

LIMIT = 16 * 1024 * 1024  # bytes; a Mac with two hundred trust settings exports 200 KiB


def read(data: bytes, limit: int = LIMIT, fmt: plistlib.PlistFormat | None = None) -> object:
    """What a property list says; `fmt` where only one form will do. Raises ValueError where it is none, or too long."""
    if len(data) > limit:
        raise ValueError(f"it is over {limit} bytes")
    import plistlib
    from xml.parsers.expat import ExpatError

    try:
        return plistlib.loads(data, fmt=fmt)
    except (ExpatError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"it is no property list ({type(error).__name__})") from None
