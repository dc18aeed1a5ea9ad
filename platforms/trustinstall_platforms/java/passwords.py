"""The passwords that a keystore may have: well-known ones, the distribution's, those beside its name, the caller's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.java import named

if TYPE_CHECKING:
    from trustinstall.host import Host

USUAL = ("changeit", "changeme", "")  # OpenJDK's and Apple's (Java 6); and none
_DEFAULTS = "/etc/default/cacerts"  # shell, of ca-certificates-java; root alone may read it
_STOREPASS = regex(rb"^[ \t]*(?:export[ \t]+)?storepass=(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s;\"']*))", re.MULTILINE)


def candidates(host: Host) -> list[str]:
    """Return the passwords to try, each once, read now from their files."""
    told = (one.reveal() for one in host.storepasses)
    known = (*USUAL, *_distributions(host), *named.passwords(host))
    return list(dict.fromkeys((*known, *(one for one in told if one is not None))))


def _distributions(host: Host) -> list[str]:
    try:
        content = host.read_or_none(_DEFAULTS) if host.platform == "linux" else None
    except OSError:
        return []
    return [b"".join(found).decode("utf-8", "surrogateescape") for found in _STOREPASS.findall(content or b"")]
