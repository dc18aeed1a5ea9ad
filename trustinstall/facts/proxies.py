"""The proxies of programs: the texts that mean the same to every program, and the differences between programs.

A port is required: without one, curl takes 1080, wget 80, and Java 80 or 443 (curl(1), --proxy; the GNU Wget manual,
Proxies; java.net's networking properties). SOCKS is left out: wget, apt, pip and npm do not support it by themselves.
"""

from __future__ import annotations

import ipaddress

from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_WORD = r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+"
#: The address of a proxy. Other characters of a user's name or a password are percent-encoded (RFC 3986, 3.2.1).
ADDRESS = regex(rf"https?://(?:{_WORD}(?::{_WORD})?@)?{_NAME}:{_PORT}/?")
#: One entry of no_proxy: a name, a domain with a dot before it, an address or a network. wget reads neither ports nor
#: patterns with `*`, and curl no such patterns (the GNU Wget manual, Proxies; curl(1), --noproxy).
BYPASS = regex(rf"\.?{_NAME}|[0-9.]{{7,15}}/[0-9]{{1,2}}|[0-9A-Fa-f:]{{2,39}}(?:/[0-9]{{1,3}})?")
_SECRET = regex(r"https?://[^/@:]*:[^/@]*@")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Proxies(NamedTuple):
    """The proxy of each scheme ("" for none), and the names that are reached without one."""

    http: str = ""
    https: str = ""
    no_proxy: tuple[str, ...] = ()

    @property
    def either(self) -> str:
        """The proxy of programs that use one for both schemes."""
        return self.https or self.http

    @property
    def bypass(self) -> str:
        """The names that are reached without a proxy, in the form of a variable."""
        return ",".join(self.no_proxy)

    @property
    def secret(self) -> bool:
        """Whether an address holds a password."""
        return any(_SECRET.match(one) is not None for one in (self.http, self.https))

    @property
    def without_secrets(self) -> Proxies:
        """The same addresses without logins: a user's name may be a token."""
        return self._replace(http=_without_login(self.http), https=_without_login(self.https))


#: The variables of each part of `Proxies`, by its name. curl reads `http_proxy` in small letters only, because a web
#: server sets HTTP_PROXY from a request's header (curl(1), Environment; CVE-2016-5385); .NET and others want capitals.
VARIABLES = {
    "http": ("http_proxy", "HTTP_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY"),
    "no_proxy": ("no_proxy", "NO_PROXY"),
}


def values(proxies: Proxies) -> dict[str, str]:
    """Return the value of each variable."""
    said = {"http": proxies.http, "https": proxies.https, "no_proxy": proxies.bypass}
    return {name: said[part] for part, names in VARIABLES.items() if said[part] for name in names}


def doubts(proxies: Proxies) -> list[str]:
    """Return a sentence for each part that programs here interpret differently."""
    found: list[str] = []
    missing = [one for one in _LOOPBACK if one not in proxies.no_proxy]
    if missing:
        found.append(
            f"no_proxy leaves out {', '.join(missing)}: curl, wget and git then ask the proxy for servers here"
        )
    networks = [one for one in proxies.no_proxy if "/" in one]
    if networks:
        # curl(1), NO_PROXY: since 7.86; Go, golang.org/x/net/http/httpproxy; requests.utils.should_bypass_proxies.
        found.append(
            f"no_proxy has networks ({', '.join(networks)}): Go, requests and git, and curl from 7.86 on, know them "
            "where a server is named by its address; wget, npm and Python's urllib do not: name the hosts for these"
        )
    if any(one.startswith("https:") for one in (proxies.http, proxies.https)):
        found.append("a proxy that is itself reached by https is known to curl from 7.52 on, Go and apt; not to wget")
    return found


def is_address(text: str) -> bool:
    """Whether a text is the address of a proxy for every program here."""
    return ADDRESS.fullmatch(text) is not None


def is_bypass(text: str) -> bool:
    """Whether a text is an entry of no_proxy that every program here reads alike."""
    return BYPASS.fullmatch(text) is not None


def wrong_network(entry: str) -> bool:
    """Whether an entry of no_proxy has the form of an address or network, but is not one."""
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return "/" in entry or ":" in entry
    return False


def _without_login(address: str) -> str:
    head, at, host = address.rpartition("@")
    return f"{head.partition('://')[0]}://{host}" if at else address
