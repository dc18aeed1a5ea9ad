"""One handshake that looks at a server's certificates without trusting them; nothing is sent after it.

It names the layer that failed, and guesses no lower one: a refused proxy login is no fault of TLS.
Sources: RFC 9110 9.3.6 (CONNECT), RFC 8446 5.1 (the first octets of a record), Python's `ssl.MemoryBIO`.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import re
import ssl
import warnings
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from trustinstall.doctor.conversation import Conversation
from trustinstall.errors import TrustInstallError, UsageProblem, printable
from trustinstall.host import network
from trustinstall.host.network import ConnectionFailed, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.doctor.target import Target

SECONDS = 15.0  # for the connection and the handshake
MOST_OCTETS = 2_000_000  # that are received in all
MOST_CERTIFICATES = 100
_DER = 2  # `_ssl.ENCODING_DER`
_HANDSHAKE, _ALERT = 0x16, 0x15  # content types of TLS records
_OK, _LOGIN = b"200", b"407"
_STATUS = re.compile(rb"\AHTTP/1\.[01] (\d{3})")
_ENDED = b"\r\n\r\n"


class Layer(Enum):
    """The part of a connection that failed."""

    NAME = "name"
    ROUTE = "route"
    TCP = "tcp"
    PROXY = "proxy"
    NOT_TLS = "not-tls"
    TLS = "tls"
    CERTIFICATE = "certificate"


class ProbeFailed(TrustInstallError):  # noqa: N818  -- named for what it tells
    """There was no handshake. `layer` is the part that failed; the text says what happened."""

    code = "probe-failed"

    def __init__(self, layer: Layer, text: str) -> None:
        self.layer = layer
        super().__init__(text)


class Proxy(NamedTuple):
    """A proxy of HTTP: where it listens, and the header with which a client logs in, or b""."""

    host: str
    port: int
    login: bytes = b""

    def __str__(self) -> str:
        """Return host and port, without the login."""
        return f"{self.host}:{self.port}"


class Seen(NamedTuple):
    """What a handshake showed.

    Attributes:
        version: the version of TLS.
        chain: the DER of the certificates as the server sent them, its own first.
    """

    version: str
    chain: tuple[bytes, ...]


_LAYERS = {
    Fault.NAME: (Layer.NAME, "the name {} is not known"),
    Fault.NAME_LATE: (Layer.NAME, "no name server answers for {}"),
    Fault.ROUTE: (Layer.ROUTE, "no route leads to {}"),
    Fault.REFUSED: (Layer.TCP, "{} refuses the connection: no program listens there"),
    Fault.LATE: (Layer.TCP, "{} does not answer in time"),
    Fault.CLOSED: (Layer.TCP, "{} has ended the connection"),
    Fault.TOO_MUCH: (Layer.TCP, "{} sends more than a handshake needs"),
    Fault.OTHER: (Layer.TCP, "there is no connection to {}"),
}


def proxy_for(target: Target, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy that the caller's variables name for a server, or None. Raises UsageProblem for another kind."""
    said = {name.lower(): value for name, value in sorted(environ.items()) if value}
    named = said.get("https_proxy") or said.get("all_proxy")
    if not named or _is_direct(target, said.get("no_proxy", "")):
        return None
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port, parts = None, 0, urlsplit("http:")
    if parts.scheme != "http" or not host:
        raise UsageProblem("HTTPS_PROXY or ALL_PROXY names no proxy of the form http://HOST:PORT; others are not used")
    login = b""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        login = b"Proxy-Authorization: Basic " + base64.b64encode(pair) + b"\r\n"
    return Proxy(host, port, login)


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


def look(target: Target, proxy: Proxy | None = None, seconds: float = SECONDS) -> Seen:
    """Return what a handshake with the server shows. Raises ProbeFailed."""
    through = proxy or target
    peer = f"the proxy {proxy}" if proxy else target.authority
    try:
        with network.connect(through.host, through.port, seconds, MOST_OCTETS) as stream:
            conversation = Conversation(stream)
            if proxy is not None:
                _connect(conversation, target, proxy)
                peer = f"{target.authority} (through the proxy {proxy})"
            return _begun(conversation, target, peer)
    except ConnectionFailed as error:
        layer, text = _LAYERS[error.fault]
        raise ProbeFailed(layer, text.format(peer)) from None


def _begun(conversation: Conversation, target: Target, peer: str) -> Seen:
    """The handshake on a connection that stands: what ends it now is no fault of TCP."""
    try:
        return _handshake(conversation, target, peer)
    except ConnectionFailed as error:
        text = _LAYERS[error.fault][1].format(peer)
        raise ProbeFailed(Layer.TLS, f"{text} (during the handshake)") from None


def _connect(conversation: Conversation, target: Target, proxy: Proxy) -> None:
    to = target.authority.encode()
    conversation.send(b"CONNECT " + to + b" HTTP/1.1\r\nHost: " + to + b"\r\n" + proxy.login + b"\r\n")
    try:
        answer = conversation.until(lambda data: data.find(_ENDED) + len(_ENDED) if _ENDED in data else 0)
    except ConnectionFailed as error:
        raise ProbeFailed(Layer.PROXY, f"the proxy {proxy} gives no answer to CONNECT ({error.fault.value})") from None
    status = _STATUS.match(answer)
    if status is None:
        raise ProbeFailed(Layer.PROXY, f"{proxy} does not answer as a proxy of HTTP")
    if status[1] == _LOGIN:
        raise ProbeFailed(Layer.PROXY, f"the proxy {proxy} asks for a login (407); TLS had not begun")
    if status[1] != _OK:
        first = printable(answer.split(b"\r\n", 1)[0].decode("latin-1"), 100)
        raise ProbeFailed(Layer.PROXY, f"the proxy {proxy} does not connect to {target.authority}: {first}")


def _handshake(conversation: Conversation, target: Target, peer: str) -> Seen:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = _context().wrap_bio(incoming, outgoing, server_hostname=target.host)
    first = b""
    while True:
        try:
            tls.do_handshake()
            return Seen(tls.version() or "", _chain(tls))
        except ssl.SSLWantReadError:
            conversation.send(outgoing.read())
        except ssl.SSLError as error:
            raise _why(error, first, peer) from None
        received = conversation.read()
        if not received:
            raise ProbeFailed(Layer.TLS, f"{peer} has ended the connection during the handshake")
        first = first or received[:1]
        incoming.write(received)


def _why(error: ssl.SSLError, first: bytes, peer: str) -> ProbeFailed:
    if first and first[0] not in {_HANDSHAKE, _ALERT}:
        return ProbeFailed(Layer.NOT_TLS, f"{peer} does not speak TLS on this port")
    reason = printable((error.reason or "no reason").replace("_", " ").lower(), 100)
    return ProbeFailed(Layer.TLS, f"the handshake with {peer} fails: {reason}")


def _context() -> ssl.SSLContext:
    """Return a context that verifies nothing: it serves one look, and no data follows the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # small keys and SHA-1 are to be seen, and then named
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


def _chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the certificates as sent; Python before 3.13 has the same method on its inner object only."""
    inner: Any = tls
    if hasattr(inner, "get_unverified_chain"):
        return tuple(inner.get_unverified_chain()[:MOST_CERTIFICATES])
    found = inner._sslobj.get_unverified_chain() or ()  # noqa: SLF001
    return tuple(one.public_bytes(_DER) for one in found[:MOST_CERTIFICATES])
