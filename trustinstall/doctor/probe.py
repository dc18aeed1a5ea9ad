"""One TLS handshake that reads a server's certificates without trusting them; no data follows it.

A failure names the layer that failed: a proxy that refuses the login is not a failure of TLS.
Sources: RFC 8446 5.1 (the first octets of a record), Python's `ssl.MemoryBIO`.
"""

from __future__ import annotations

import ssl
import warnings
from typing import TYPE_CHECKING, Any

from trustinstall.doctor import proxies, starttls
from trustinstall.doctor.failures import Layer, ProbeFailed, of_connection
from trustinstall.errors import printable
from trustinstall.host import network
from trustinstall.host.network import ConnectionFailed
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.doctor.conversation import Conversation
    from trustinstall.doctor.proxies import Proxy
    from trustinstall.doctor.target import Target

SECONDS = 15.0  # for the connection and the handshake together
MOST_OCTETS = 2_000_000  # the most octets that one probe receives
MOST_CERTIFICATES = 100
_DER = 2  # `_ssl.ENCODING_DER`
_HANDSHAKE, _ALERT = 0x16, 0x15  # content types of TLS records


class Seen(NamedTuple):
    """The result of a handshake.

    Attributes:
        version: the version of TLS, as "TLSv1.3".
        chain: the DER of the certificates as the server sent them, its own first.
    """

    version: str
    chain: tuple[bytes, ...]


def look(
    target: Target,
    proxy: Proxy | None = None,
    seconds: float = SECONDS,
    trust: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> Seen:
    """Do a handshake with a server, through a proxy if there is one, and return the result.

    `seconds` limits the connection and the handshake together. `trust` returns the context that verifies a proxy of
    the scheme https. Raises ProbeFailed with the layer that failed.
    """
    to = proxy or target
    peer = f"the proxy {proxy}" if proxy else target.authority
    try:
        with network.connect(to.host, to.port, seconds, MOST_OCTETS) as stream:
            conversation = proxies.spoken_to(stream, proxy, trust)
            if proxy is not None:
                proxies.through(conversation, target, proxy)
                peer = f"{target.authority} (through the proxy {proxy})"
            return _begun(conversation, target, peer)
    except ConnectionFailed as error:
        raise of_connection(error, peer) from None


def _begun(conversation: Conversation, target: Target, peer: str) -> Seen:
    """Do STARTTLS and the handshake on an open connection. An end of the connection is now a failure of TLS."""
    try:
        if target.starttls:
            starttls.begin(conversation, target.starttls, peer)
        return _handshake(conversation, target, peer)
    except ssl.SSLError as error:  # of the TLS with the proxy, which encloses this handshake
        reason = printable((error.reason or "no reason").replace("_", " ").lower(), 100)
        raise ProbeFailed(Layer.PROXY, f"TLS with the proxy itself fails: {reason}") from None
    except ConnectionFailed as error:
        raise ProbeFailed(Layer.TLS, f"{of_connection(error, peer)} (during the handshake)") from None


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
    """Return a context that verifies nothing; it is for one handshake, and no data follows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # accepts small keys and SHA-1, so that they can be reported
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


def _chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the DER of the certificates as sent; before Python 3.13 only the inner object has the method."""
    inner: Any = tls
    if hasattr(inner, "get_unverified_chain"):
        return tuple(inner.get_unverified_chain()[:MOST_CERTIFICATES])
    found = inner._sslobj.get_unverified_chain() or ()  # noqa: SLF001  Python before 3.13
    return tuple(one.public_bytes(_DER) for one in found[:MOST_CERTIFICATES])
