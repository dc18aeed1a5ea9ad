"""Fetches a certificate file from a web server: only over verified TLS, with limits of size and time.

The request is HTTP/1.0, so that the answer ends with the connection and has no chunks (RFC 1945, 4 and 5; RFC 9112,
6.1: a server sends no chunks to such a client). Redirections are not followed: they are an error.
"""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trustinstall.doctor import proxies, target
from trustinstall.doctor.failures import ProbeFailed, of_connection
from trustinstall.doctor.tls import TlsStream
from trustinstall.errors import UsageProblem, printable
from trustinstall.facts import system_bundle
from trustinstall.host import network
from trustinstall.host.network import ConnectionFailed
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.host import Host

SECONDS = 30.0  # for everything
LIMIT = 1024 * 1024  # octets of a file; no file of certificates is larger
_MOST = LIMIT + 64 * 1024  # octets of an answer
#: An address: without a user (the document would show the password), and without characters that must be quoted.
ADDRESS = regex(
    r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*(?:\?[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?)?"
)
_STATUS = regex(rb"HTTP/1\.[01] ([0-9]{3})[ \r\n]")
_LENGTH = regex(rb"^content-length:[ \t]*([0-9]{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_FOUND = 200
_INSTEAD = "put the file beside the document and name it with `file`, or its text with `pem`"


def fetch(host: Host, address: str, environ: Mapping[str, str]) -> bytes:
    """Return the file at an address of the form ADDRESS, through the proxy that the variables name.

    Raises UsageProblem, with the reason, if it cannot be fetched.
    """
    server, parts = target.parse(address), urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    proxy = proxies.proxy_for(server, environ)
    to = proxy or server
    try:
        with network.connect(to.host, to.port, SECONDS, 2 * _MOST) as stream:
            context = _context(host)
            conversation = proxies.spoken_to(stream, proxy, lambda: context)
            if proxy is not None:
                proxies.through(conversation, server, proxy)
            return _content(_asked(TlsStream(conversation, context, server.host), _request(server, path)))
    except ConnectionFailed as error:
        why = str(of_connection(error, f"the proxy {proxy}" if proxy else server.authority))
    except ProbeFailed as error:
        why = str(error)
    except ssl.SSLCertVerificationError as error:
        why = f"its certificate is not trusted here ({printable(error.verify_message, 200)})"
    except ssl.SSLError as error:
        why = f"TLS fails ({printable(error.reason or 'no reason', 100)})"
    raise UsageProblem(f"cannot fetch it: {why}; {_INSTEAD}")


def _context(host: Host) -> ssl.SSLContext:
    """Return a context that verifies with the system's roots; a Python from elsewhere may not find them by itself."""
    context = ssl.create_default_context()
    found = system_bundle.find(host)
    if found is not None:
        with suppress(ssl.SSLError):
            context.load_verify_locations(cadata=found.content.decode("ascii", "ignore"))
    return context


def _asked(stream: TlsStream, request: bytes) -> bytes:
    """Send a request, and return the answer up to the end of the connection, or of patience.

    An end without a goodbye is none of TLS': the length of the answer and the fingerprint say what is missing.
    """
    stream.send(request)
    answer = bytearray()
    while len(answer) < _MOST and (piece := stream.read()):
        answer += piece
    return bytes(answer)


def _request(server: target.Target, path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.0\r\nHost: {server.authority}\r\nUser-Agent: trustinstall\r\nAccept: */*\r\n\r\n".encode()
    )


def _content(answer: bytes) -> bytes:
    """Return the body of an answer. Raises UsageProblem if it is not HTTP, not a success, or not complete."""
    if len(answer) >= _MOST:
        raise UsageProblem(f"it is larger than {LIMIT // 1024} KiB; no file of certificates is")
    head, _, body = answer.partition(b"\r\n\r\n")
    status = _STATUS.match(head + b"\r\n")
    if status is None:
        raise UsageProblem(f"cannot fetch it: the server does not speak HTTP; {_INSTEAD}")
    number = int(status[1])
    if 300 <= number < 400:  # noqa: PLR2004  RFC 9110, 15.4: redirections
        raise UsageProblem(f"cannot fetch it: it stands somewhere else (status {number}); name that address")
    if number != _FOUND:
        raise UsageProblem(f"cannot fetch it: the server answers with status {number}; {_INSTEAD}")
    length = _LENGTH.search(head + b"\r\n")
    if length is not None and int(length[1]) != len(body):
        raise UsageProblem(f"cannot fetch it: the answer is not complete; try again, or {_INSTEAD}")
    return body
