"""The names that a root is limited to (`--domain`): their syntax and their meaning.

A name covers its sub-domains, as in RFC 5280's name constraints; addresses are given in CIDR form (RFC 4632).
"""

from __future__ import annotations

import ipaddress
import re

from trustinstall.errors import UsageProblem, printable
from trustinstall.patterns import regex

_LABEL = regex(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST = 253  # RFC 1035, without the dot at the end


def parse(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return names in lower case and ASCII, and networks, each once, in order. Raises UsageProblem otherwise."""
    return tuple(sorted({_network(word) or _name(word) for word in words}))


def networks(domains: tuple[str, ...]) -> list[str]:
    """Return the domains that are networks."""
    return [one for one in domains if "/" in one]


def names(domains: tuple[str, ...]) -> list[str]:
    """Return the domains that are names."""
    return [one for one in domains if "/" not in one]


def permits(domains: tuple[str, ...], host: str) -> bool:
    """Return whether a root that is limited to these domains counts for a server's name or address.

    >>> permits(("corp.example", "10.0.0.0/8"), "a.corp.example"), permits(("corp.example",), "10.1.2.3")
    (True, False)
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return any(host == one or host.endswith(f".{one}") for one in names(domains))
    return any(address in ipaddress.ip_network(one) for one in networks(domains))


def _network(word: str) -> str | None:
    try:
        return str(ipaddress.ip_network(word))
    except ValueError as error:
        if "://" in word:
            name = word.partition("://")[2].partition("/")[0].partition(":")[0] or "corp.example"
            raise UsageProblem(
                f"--domain {printable(word)} is an address, and not a name; write --domain {printable(name)}"
            ) from None
        if "/" in word or _is_address(word):
            raise UsageProblem(f"--domain {printable(word)}: {error}; write it as 10.0.0.0/8") from None
        return None


def _is_address(word: str) -> bool:
    return ":" in word or re.fullmatch(r"[0-9.]+", word) is not None


def _name(word: str) -> str:
    try:
        name = word.lower().encode("idna").decode().removesuffix(".")
    except UnicodeError:
        name = ""
    if not name or len(name) > _LONGEST or not all(map(_LABEL.fullmatch, name.split("."))):
        message = f"--domain {printable(word)}: that is no name; write it as corp.example, which covers sub-domains"
        raise UsageProblem(message)
    return name
