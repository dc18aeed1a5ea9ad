"""Types that keystores of every format share: trusted certificates under aliases, and errors."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from trustinstall.values import NamedTuple


class Trusted(NamedTuple):
    """One trusted certificate of a keystore: its alias, which is foreign text, and its DER."""

    alias: str
    der: bytes


class New(NamedTuple):
    """A certificate to put into a keystore: its alias, its DER, and the time in seconds since 1970."""

    alias: str
    der: bytes
    seconds: int


Drop = Callable[[Trusted], bool]  # whether an entry goes


class Unreadable(ValueError):  # noqa: N818 -- named for what it tells
    """It cannot be understood, or not be changed; the reason is in words."""


class Locked(Unreadable):
    """None of the passwords opens it."""

    def __init__(self) -> None:
        super().__init__("none of the passwords that are known here opens it")


@contextmanager
def in_words(message: str) -> Generator[None, None, None]:
    """Turn every error that hostile content causes into Unreadable, with this message unless it has its own words."""
    try:
        yield
    except Unreadable:
        raise
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise Unreadable(message) from error
