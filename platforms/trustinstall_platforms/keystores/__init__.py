"""Keystores of Java: their trusted certificates, and their change entry by entry, without Java. Bounded, for safety."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.keystores.common import Drop, Locked, New, Trusted, Unreadable

if TYPE_CHECKING:
    from trustinstall_platforms.keystores.jks import Jks
    from trustinstall_platforms.keystores.pkcs12 import Pkcs12

__all__ = ["LIMIT", "Drop", "Locked", "New", "Trusted", "Unreadable", "parse"]

LIMIT = 16 * 1024 * 1024  # bytes; 150 roots are below 300 KiB
_SEQUENCE = b"\x30"
_JCEKS = b"\xce\xce\xce\xce"
_BKS = (b"\x00\x00\x00\x01\x00\x00\x00", b"\x00\x00\x00\x02\x00\x00\x00")  # version, then the length of its salt
_CONVERT = "which no Java takes as its own; keytool -importkeystore -deststoretype PKCS12 converts it"


def parse(content: bytes) -> Jks | Pkcs12:
    """Parse a keystore of any format. Raises Unreadable for one that Java cannot have as its own."""
    from trustinstall_platforms.keystores import jks, pkcs12

    if content.startswith(jks.MAGIC):
        return jks.parse(content)
    if content.startswith(_SEQUENCE):
        return pkcs12.parse(content)
    if content.startswith(_JCEKS):
        raise Unreadable(f"it is a JCEKS keystore, {_CONVERT}")
    if content.startswith(_BKS):
        raise Unreadable(f"it is a keystore of Bouncy Castle (BKS), {_CONVERT}")
    raise Unreadable("it is neither a JKS keystore nor a PKCS#12 one")
