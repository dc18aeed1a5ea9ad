"""Property lists from untrusted sources: read with a size limit, and with one error for every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plistlib

LIMIT = 16 * 1024 * 1024  # bytes; a Mac with two hundred trust settings exports 200 KiB


def read(data: bytes, limit: int = LIMIT, fmt: plistlib.PlistFormat | None = None) -> object:
    """Return the value of a property list of at most `limit` bytes, in the format `fmt` if one is given.

    Raises ValueError if it is not a property list, or too long.
    """
    if len(data) > limit:
        raise ValueError(f"it is over {limit} bytes")
    import plistlib
    from xml.parsers.expat import ExpatError

    try:
        return plistlib.loads(data, fmt=fmt)
    except (ExpatError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"it is not a property list ({type(error).__name__})") from None
