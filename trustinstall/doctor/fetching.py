"""The certificates above a chain, fetched from the URLs that the certificates themselves contain.

A fetched certificate is not trusted; it is taken only if its key has signed the certificate below it.
Sources: RFC 5280 4.2.2.1 (id-ad-caIssuers: one DER certificate, or PKCS#7 with several), RFC 9112 (HTTP/1.1).
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trustinstall.certificates.parsing import read_certificates
from trustinstall.doctor import judging, paths, proxies
from trustinstall.doctor.failures import ProbeFailed
from trustinstall.doctor.target import Target
from trustinstall.errors import CertificateRefused, UsageProblem
from trustinstall.host import network
from trustinstall.host.network import ConnectionFailed
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trustinstall.certificates.certificate import Certificate

_SECONDS = 10.0
_MOST_OCTETS = 262_144
_MOST_STEPS = 4
_HTTP = 80
_OK = regex(rb"\AHTTP/1\.[01] 200 ")
_PRINTABLE = regex(r"[!-~]+")


def above(last: Certificate, get: Callable[[str], bytes]) -> tuple[Certificate, ...]:
    """Return the certificates above `last`, its issuer first, as far as they can be fetched; at most four.

    `get` returns the content of a URL, or b"" if there is none.
    """
    found: list[Certificate] = []
    while len(found) < _MOST_STEPS and not last.self_issued:
        url = judging.address_of_issuer(last)
        try:
            offered = read_certificates(get(url), "the answer") if url else ()
        except CertificateRefused:
            break
        issuers = [one for one in offered if paths.issued(one, last)]
        if not issuers:
            break
        last = max(issuers, key=lambda one: one.self_issued)
        found.append(last)
    return tuple(found)


def get(
    url: str, environ: Mapping[str, str], trust: Callable[[], ssl.SSLContext] = ssl.create_default_context
) -> bytes:
    """Return the content of an http URL, or b"" if it cannot be fetched; it raises no error.

    The variables `environ` may name a proxy. `trust` returns the context that verifies a proxy of the scheme https.
    Limits: 10 seconds and 262144 octets.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _HTTP
    except ValueError:
        return b""
    if parts.scheme != "http" or not host.isascii() or not _PRINTABLE.fullmatch(url):
        return b""
    try:
        return _content(_answer(Target(host, port), url, environ, trust))
    except (ConnectionFailed, ProbeFailed, UsageProblem, ssl.SSLError):
        return b""


def _answer(target: Target, url: str, environ: Mapping[str, str], trust: Callable[[], ssl.SSLContext]) -> bytes:
    proxy = proxies.proxy_for(target, environ, "http_proxy")
    to = proxy or target
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = f"Host: {target.authority}\r\nConnection: close\r\n".encode()
    with network.connect(to.host, to.port, _SECONDS, _MOST_OCTETS) as stream:
        conversation = proxies.spoken_to(stream, proxy, trust)
        if proxy is not None and proxy.scheme in {"http", "https"}:
            path, head = f"http://{target.authority}{path}", head + proxy.login
        elif proxy is not None:
            proxies.through(conversation, target, proxy)
        conversation.send(b"GET " + path.encode() + b" HTTP/1.0\r\n" + head + b"\r\n")
        pieces = iter(conversation.read, b"")
        return b"".join(pieces)


def _content(answer: bytes) -> bytes:
    _, ended, content = answer.partition(b"\r\n\r\n")
    return content if ended and _OK.match(answer) else b""
