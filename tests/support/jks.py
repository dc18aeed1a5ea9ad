"""Java's keystores in the format JKS, written by hand."""

from __future__ import annotations

import hashlib


def jks(*entries: tuple[str, bytes], password: str = "changeit") -> bytes:  # noqa: S107  every Java's
    """A JKS keystore under a password, written by hand."""

    def counted(content: bytes, size: int) -> bytes:
        return len(content).to_bytes(size, "big") + content

    body = b"\xfe\xed\xfe\xed" + (2).to_bytes(4, "big") + len(entries).to_bytes(4, "big")
    for alias, der in entries:
        body += (2).to_bytes(4, "big") + counted(alias.encode(), 2) + bytes(8) + counted(b"X.509", 2) + counted(der, 4)
    secret = password.encode("utf-16-be") + b"Mighty Aphrodite"
    return body + hashlib.sha1(secret + body, usedforsecurity=False).digest()
