"""What keystores of every format have in common: trusted certificates under aliases, and what may go wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Trusted(NamedTuple):
    """One trusted certificate of a keystore: its alias, which is foreign text, and its DER."""

    alias: str
    der: bytes


class New(NamedTuple):
    """A certificate to put into a keystore: its alias, its DER, and when, in seconds since 1970."""

    alias: str
    der: bytes
    seconds: int


Drop = Callable[[Trusted], bool]  # whether an entry goes


class Locked(ValueError):  # noqa: N818 -- named for what it tells
    """None of the passwords opens it."""

    def __init__(self) -> None:
        super().__init__("none of the passwords that are known here opens it")
