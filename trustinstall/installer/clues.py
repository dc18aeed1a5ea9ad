"""The server, library and refusal that an exception of a Python program is about.

Libraries wrap an error of `ssl` in errors of their own. Their attributes are read by name, and nothing is imported:
requests `request.url`; httpx `request.url`; urllib3 `pool.host`, `pool.port`; aiohttp `host`, `port` (documentation of
each). An error of `ssl` itself names no server: the connection is in the frames of its traceback.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 50  # exceptions that are looked at
_INSIDE = ("__cause__", "__context__", "reason", "certificate_error", "os_error")


class Clues(NamedTuple):
    """The facts read from an exception.

    Attributes:
        server: a URL or "host:port", or "".
        library: the package that raised it: "requests", "httpx", "aiohttp", "urllib3", "urllib", "ssl", "asyncio", …
        refusal: the error of the verification, or None if the exception has another subject.
        context: the context of the connection, or None if it is unknown.
    """

    server: str
    library: str
    refusal: ssl.SSLCertVerificationError | None
    context: ssl.SSLContext | None


def read(error: BaseException) -> Clues:
    """Return the facts in an exception, and in those that are wrapped in it."""
    every = list(_related(error))
    frames = [found for one in every for found in _in_frames(one)]
    context = next((one.context for one in frames if isinstance(one, ssl.SSLSocket | ssl.SSLObject)), None)
    servers = (*map(_of_request, every), *map(_of_pool, every), *map(_of_pair, every), *map(_of_connection, frames))
    refusals = [one for one in every if isinstance(one, ssl.SSLCertVerificationError)]
    # aiohttp's own error is of that type, too, but only the error of `ssl` in it has OpenSSL's number.
    refusal = max(refusals, key=lambda one: hasattr(one, "verify_code"), default=None)
    return Clues(next(filter(None, servers), ""), type(error).__module__.partition(".")[0], refusal, context)


def _related(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that are wrapped in it, the outer ones first."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _MOST:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (*one.args, *(_attribute(one, name) for name in _INSIDE))
        waiting += [found for found in inner if isinstance(found, BaseException)]


def _attribute(one: object, name: str) -> Any:  # noqa: ANN401  an object of another library
    """Return an attribute, or None; reading one may raise anything (httpx raises RuntimeError)."""
    with suppress(Exception):
        return getattr(one, name)
    return None


def _of_request(error: BaseException) -> str:
    url = _attribute(_attribute(error, "request"), "url")
    return str(url) if url is not None else ""


def _of_pool(error: BaseException) -> str:
    return _of_pair(_attribute(error, "pool"))


def _of_pair(one: object) -> str:
    return _joined(_attribute(one, "host"), _attribute(one, "port"))


def _of_connection(one: object) -> str:
    """The server of a connection: http.client's (behind a proxy, that at the tunnel's end), else the name asked for."""
    tunnel = _attribute(one, "_tunnel_host")
    if tunnel:
        return _joined(tunnel, _attribute(one, "_tunnel_port"))
    return _of_pair(one) or _joined(_attribute(one, "server_hostname"), 443)


def _joined(host: object, port: object) -> str:
    if not isinstance(host, str) or not host or not isinstance(port, int):
        return ""
    bare = host.strip("[]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def _in_frames(error: BaseException) -> Iterator[object]:
    """Yield the connections in the frames of a traceback, those of http.client first."""
    trace, found = error.__traceback__, list[object]()
    while trace is not None:
        own = trace.tb_frame.f_locals.get("self")
        if isinstance(own, ssl.SSLSocket | ssl.SSLObject) or callable(getattr(own, "set_tunnel", None)):
            found.append(own)
        trace = trace.tb_next
    return iter(sorted(found, key=lambda one: isinstance(one, ssl.SSLSocket | ssl.SSLObject)))
