"""The passwords that a keystore may have: well-known ones, the distribution's, those beside its name, the caller's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.java import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

USUAL = ("changeit", "changeme", "")  # OpenJDK's and Apple's (Java 6); and none
_DEFAULTS = "/etc/default/cacerts"  # shell, of ca-certificates-java; root alone may read it
_STOREPASS = regex(rb"^[ \t]*(?:export[ \t]+)?storepass=(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s;\"']*))", re.MULTILINE)


def candidates(host: Host) -> Iterator[str]:
    """Yield the passwords to try, each once, read now from their files.

    A file is read only when none of the passwords before it has fitted: nearly every keystore has a usual one.
    """
    tried: set[str] = set()
    for one in _every(host):
        if one not in tried:
            tried.add(one)
            yield one


def _every(host: Host) -> Iterator[str]:
    yield from USUAL
    yield from _distributions(host)
    yield from named.passwords(host)
    yield from (told for one in host.storepasses if (told := one.reveal()) is not None)


def _distributions(host: Host) -> list[str]:
    try:
        content = host.read_or_none(_DEFAULTS) if host.platform == "linux" else None
    except OSError:
        return []
    return [b"".join(found).decode("utf-8", "surrogateescape") for found in _STOREPASS.findall(content or b"")]
