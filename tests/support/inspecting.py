"""A proxy that inspects TLS: it answers CONNECT, and shows a certificate that it makes for each host."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from tests.support.pki import Root
from tests.support.proxy import serving
from tests.support.tls import Server
from tests.unit.doctor.peers import joined


class Inspecting:
    """The proxy: where it listens, and the servers that it stands in for."""

    def __init__(self, root: Root, stack: ExitStack) -> None:
        """Make certificates of this root; `stack` ends the servers."""
        self.url = ""
        self._root, self._stack, self._lock = root, stack, threading.Lock()
        self._servers: dict[str, Server] = {}

    def server_of(self, host: str) -> Server:
        """The server that answers in place of a host, with a certificate that is made for it."""
        with self._lock:
            if host not in self._servers:
                self._servers[host] = self._stack.enter_context(Server(self._root.issue(host)))
            return self._servers[host]


@contextmanager
def inspecting(root: Root) -> Generator[Inspecting, None, None]:
    """A proxy whose certificates are of this root, as long as it runs; behind it is a server for every host."""
    stack = ExitStack()
    proxy = Inspecting(root, stack)

    class Handler(socketserver.StreamRequestHandler):
        """One connection."""

        def handle(self) -> None:
            """Take the CONNECT, and hand the rest to the server of its host."""
            method, _, rest = self.rfile.readline(4096).decode("latin-1").partition(" ")
            while self.rfile.readline(4096).strip():
                pass
            if method != "CONNECT":
                self.wfile.write(b"HTTP/1.1 405 CONNECT only\r\nContent-Length: 0\r\n\r\n")
                return
            server = proxy.server_of(rest.partition(":")[0])
            self.wfile.write(b"HTTP/1.1 200 connected\r\n\r\n")
            joined(self.connection, server.port)

    with stack, serving(Handler) as proxy.url:
        yield proxy
