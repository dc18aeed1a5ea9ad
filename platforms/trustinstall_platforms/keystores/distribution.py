"""The Java keystores that a distribution's tool makes: read without a password, and in an image changed instead of it.

Those are JKS under the password that every system's has. See `keystores` for the formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms import keystores
from trustinstall_platforms.keystores import Drop, Locked, New, Trusted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.host import Host

__all__ = ["New", "Trusted", "changeable", "changed", "changed_where", "read", "trusted"]

_USUAL = ("changeit",)


def read(host: Host, path: str) -> Iterator[Trusted]:
    """Yield the trusted certificates of a keystore file, links followed.

    Raises OSError if it cannot be read, and ValueError if it cannot be understood.
    """
    return trusted(host.read(host.real(path), keystores.LIMIT))


def trusted(content: bytes) -> Iterator[Trusted]:
    """Yield the trusted certificates of a JKS keystore, or of a PKCS#12 one without a password.

    Raises ValueError, in words, for anything else.
    """
    try:
        yield from keystores.parse(content).trusted()
    except Locked:
        raise ValueError("it is neither a JKS keystore nor a PKCS#12 one without a password") from None


def changeable(content: bytes) -> bool:
    """Whether `changed` can change a keystore: it is JKS, and its password is the usual one."""
    from trustinstall_platforms.keystores import jks

    try:
        return content.startswith(jks.MAGIC) and jks.parse(content).password(_USUAL) in _USUAL
    except ValueError:
        return False


def changed(content: bytes, add: Sequence[New], remove: Collection[bytes], *, first: bool = False) -> bytes:
    """Return a keystore without some certificates (DER) and with new ones at its end, or start; see `changed_where`."""
    return changed_where(content, add, lambda one: one.der in remove, first=first)


def changed_where(content: bytes, add: Sequence[New], drop: Drop, *, first: bool = False) -> bytes:
    """Return a keystore without the entries that `drop` names, and with new ones; see `Jks.changed`.

    Raises ValueError if the keystore cannot be understood, or is not `changeable`.
    """
    from trustinstall_platforms.keystores import jks

    try:
        return jks.parse(content).changed(_USUAL, add, drop, first=first)
    except ValueError as error:
        raise ValueError(f"under the usual password it is no JKS keystore ({error})") from None
