"""The proxy between a client and a server: the variables that name it, and the protocols to connect through it.

Sources: RFC 9110 9.3.6 (CONNECT), RFC 1928 (SOCKS 5), RFC 1929 (its login); curl(1) for the schemes and variables.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import ssl
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from trustinstall.doctor.conversation import Conversation
from trustinstall.doctor.failures import Layer, ProbeFailed, of_connection
from trustinstall.doctor.target import address_of
from trustinstall.doctor.tls import TlsStream
from trustinstall.errors import UsageProblem, printable
from trustinstall.host import network
from trustinstall.host.network import ConnectionFailed
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trustinstall.doctor.conversation import Octets
    from trustinstall.doctor.target import Target

_OK, _LOGIN = b"200", b"407"
_STATUS = regex(rb"\AHTTP/1\.[01] (\d{3})")
_ENDED = b"\r\n\r\n"
_SOCKS = {"socks5": False, "socks5h": True}  # whether the proxy looks the name up
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_LONGEST_LOGIN = 255  # octets of a name or a password, RFC 1929 2
_VERSION, _CONNECT, _NO_LOGIN, _WITH_LOGIN = 5, 1, 0, 2
_IPV4, _NAME, _IPV6 = 1, 3, 4
_REPLIES = {
    1: "it says that it failed",
    2: "its rules do not allow the connection",
    3: "the network cannot be reached",
    4: "the server cannot be reached",
    5: "the server refuses the connection",
    6: "the server does not answer in time",
    8: "it does not take this kind of address",
}  # RFC 1928 6


class Proxy(NamedTuple):
    """A proxy: its address, its protocol and the login.

    Attributes:
        host: its name or IP address.
        port: its TCP port.
        user: the user name of the login, or "".
        password: the password of the login, which is never shown, or "".
        scheme: "http", "https" (TLS to the proxy itself), "socks5" or "socks5h".
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    scheme: str = "http"

    @property
    def login(self) -> bytes:
        """The header of HTTP's Basic login, with its line end; b"" if there is no login."""
        if not (self.user or self.password):
            return b""
        pair = base64.b64encode(f"{self.user}:{self.password}".encode())
        return b"Proxy-Authorization: Basic " + pair + b"\r\n"

    def __str__(self) -> str:
        """Return host and port, without the login."""
        return f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        """Return scheme, host and port: a password must not get into a log."""
        return f"Proxy({self.scheme}://{self})"


def proxy_for(target: Target, environ: Mapping[str, str], web: str = "https_proxy") -> Proxy | None:
    """Return the proxy that variables name for a server, or None.

    `environ` holds the variables of the client. `web` is the variable for web servers; ALL_PROXY applies to all
    servers. Raises UsageProblem for a URL that `read` does not accept.
    """
    said = {name.lower(): value for name, value in sorted(environ.items()) if value}
    for name in (web, "all_proxy") if target.is_web else ("all_proxy",):
        if said.get(name):
            return None if _is_direct(target, said.get("no_proxy", "")) else read(said[name], name.upper())
    return None


def is_passed(target: Target, environ: Mapping[str, str]) -> bool:
    """Whether variables name a proxy for a server, but NO_PROXY excludes the server. Raises UsageProblem."""
    without = {name: value for name, value in environ.items() if name.lower() != "no_proxy"}
    return proxy_for(target, environ) is None and proxy_for(target, without) is not None


def read(url: str, said_by: str) -> Proxy:
    """Return the proxy of a URL; `said_by` is the variable or option that holds it.

    Raises UsageProblem for another scheme, a missing host or a login that is too long. The error does not contain the
    URL, which may hold a password.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        host, port, parts = None, 0, urlsplit("http:")
    # RFC 3986, 3.2: a password with one of `/?#` that is not encoded ends the host, which then is a part of the login.
    has_split_login = "@" in "".join(parts[2:])
    if parts.scheme not in _PORTS or not host or has_split_login or not url.isprintable():
        raise UsageProblem(f"{said_by} names no proxy of the form http://, https://, socks5:// or socks5h://HOST:PORT")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if max(len(user.encode()), len(password.encode())) > _LONGEST_LOGIN:
        raise UsageProblem(f"{said_by} holds a login of more than {_LONGEST_LOGIN} octets")
    return Proxy(host, port, user, password, parts.scheme)


def _is_direct(target: Target, no_proxy: str) -> bool:
    """Whether a value of NO_PROXY names the server: its name, a parent domain, its address or network, or `*`."""
    return any(_names(one.strip().lower(), target) for one in no_proxy.split(","))


def _names(entry: str, target: Target) -> bool:
    if entry in {"*", target.authority}:
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(target.host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    domain = entry.lstrip("*").lstrip(".")
    return bool(domain) and (target.host == domain or target.host.endswith(f".{domain}"))


def spoken_to(
    stream: Octets, proxy: Proxy | None, trust: Callable[[], ssl.SSLContext] = ssl.create_default_context
) -> Conversation:
    """Return a conversation over an open connection to a proxy, or to the server if `proxy` is None.

    With a proxy of the scheme https it uses TLS, and the context that `trust` returns verifies the proxy. Raises
    ProbeFailed if that handshake fails.
    """
    plain = Conversation(stream)
    if proxy is None or proxy.scheme != "https":
        return plain
    try:
        return Conversation(TlsStream(plain, trust(), proxy.host))
    except ssl.SSLCertVerificationError as error:
        why = f"its certificate is not accepted here ({printable(error.verify_message, 200)})"
    except ssl.SSLError as error:
        why = printable((error.reason or "no reason").replace("_", " ").lower(), 100)
    except ConnectionFailed as error:
        why = f"it gives no answer ({error.fault.value})"
    raise ProbeFailed(Layer.PROXY, f"TLS with the proxy {proxy} itself fails: {why}")


def through(conversation: Conversation, target: Target, proxy: Proxy) -> None:
    """Have a proxy connect to a server. Raises ProbeFailed with the layer PROXY: TLS with the server has not begun."""
    speak = _through_socks if proxy.scheme in _SOCKS else _through_http
    try:
        speak(conversation, target, proxy)
    except ssl.SSLError as error:
        why = printable((error.reason or "no reason").replace("_", " ").lower(), 100)
        raise ProbeFailed(Layer.PROXY, f"TLS with the proxy {proxy} itself fails: {why}") from None
    except ConnectionFailed as error:
        what = "to SOCKS 5" if proxy.scheme in _SOCKS else "to CONNECT"
        text = f"the proxy {proxy} gives no answer {what} ({error.fault.value})"
        raise ProbeFailed(Layer.PROXY, text) from None


def _through_http(conversation: Conversation, target: Target, proxy: Proxy) -> None:
    to = target.authority.encode()
    conversation.send(b"CONNECT " + to + b" HTTP/1.1\r\nHost: " + to + b"\r\n" + proxy.login + b"\r\n")
    answer = conversation.until(lambda data: data.find(_ENDED) + len(_ENDED) if _ENDED in data else 0)
    status = _STATUS.match(answer)
    if status is None:
        raise ProbeFailed(Layer.PROXY, f"{proxy} does not answer as a proxy of HTTP")
    if status[1] == _LOGIN:
        raise ProbeFailed(Layer.PROXY, f"the proxy {proxy} asks for a login (407); TLS had not begun")
    if status[1] != _OK:
        first = printable(answer.split(b"\r\n", 1)[0].decode("latin-1"), 100)
        raise ProbeFailed(Layer.PROXY, f"the proxy {proxy} does not connect to {target.authority}: {first}")


def _through_socks(conversation: Conversation, target: Target, proxy: Proxy) -> None:
    has_login = bool(proxy.user or proxy.password)
    methods = bytes([_NO_LOGIN, _WITH_LOGIN] if has_login else [_NO_LOGIN])
    conversation.send(bytes([_VERSION, len(methods)]) + methods)
    version, method = conversation.until(_octets(2))
    if version != _VERSION:
        raise ProbeFailed(Layer.PROXY, f"{proxy} does not answer as a proxy of SOCKS 5")
    if method == _WITH_LOGIN and has_login:
        user, password = proxy.user.encode(), proxy.password.encode()
        conversation.send(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
        if conversation.until(_octets(2))[1]:
            raise ProbeFailed(Layer.PROXY, f"the proxy {proxy} refuses the login; TLS had not begun")
    elif method != _NO_LOGIN:
        raise ProbeFailed(Layer.PROXY, f"the proxy {proxy} asks for a login; TLS had not begun")
    address = _address(target, proxy, conversation.left()) + target.port.to_bytes(2, "big")
    conversation.send(bytes([_VERSION, _CONNECT, 0]) + address)
    said = conversation.until(socks_reply)[1]
    if said:
        why = _REPLIES.get(said, f"it answers {said}")
        raise ProbeFailed(Layer.PROXY, f"the proxy {proxy} does not connect to {target.authority}: {why}")


def _address(target: Target, proxy: Proxy, seconds: float) -> bytes:
    """Return the server as RFC 1928 5 encodes it: an IP address, or its name with socks5h. Raises ProbeFailed.

    `seconds` limits the look-up of the name.
    """
    host = target.host
    if address_of(host) is None and not _SOCKS[proxy.scheme]:
        try:
            host = network.addresses(host, target.port, seconds)[0][1][0]
        except ConnectionFailed as error:
            raise of_connection(error, host) from None
    address = address_of(host.partition("%")[0])
    if address is None:
        return bytes([_NAME, len(host)]) + host.encode()
    return bytes([_IPV4 if len(address.packed) == 4 else _IPV6]) + address.packed  # noqa: PLR2004  octets of IPv4


def _octets(count: int) -> Callable[[bytes], int]:
    return lambda data: count if len(data) >= count else 0


def socks_reply(data: bytes) -> int:
    """Return the number of octets of a complete reply of SOCKS 5, or 0 if octets are missing.

    Source: RFC 1928 6: four octets (the fourth is the kind of the address), the address, and a port of two octets.
    """
    if len(data) < 5:  # noqa: PLR2004  the first octet of a name is its length
        return 0
    sizes = {_IPV4: 4, _IPV6: 16, _NAME: 1 + data[4]}
    length = 4 + sizes.get(data[3], 0) + 2
    return length if len(data) >= length else 0
