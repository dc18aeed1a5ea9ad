"""TLS in front of a plain port of loopback, as for a proxy of the scheme https."""

from __future__ import annotations

import select
import socket
import socketserver
import ssl
import tempfile
from collections.abc import Generator
from contextlib import contextmanager

from tests.support.pki import Leaf
from tests.support.proxy import serving


@contextmanager
def fronted(leaf: Leaf, port: int) -> Generator[int, None, None]:
    """Run a TLS server with this certificate that forwards to `port` of loopback; yield its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as both:
        both.write(leaf.key_pem + leaf.chain_pem)
        both.flush()
        context.load_cert_chain(both.name)

    class Handler(socketserver.BaseRequestHandler):
        """One connection."""

        def handle(self) -> None:
            """Forward in both directions until one side ends, also by a failed handshake."""
            try:
                with (
                    context.wrap_socket(self.request, server_side=True) as client,
                    socket.create_connection(("127.0.0.1", port)) as server,
                ):
                    _pump(client, server)
            except OSError:
                return

    with serving(Handler) as url:
        yield int(url.rpartition(":")[2])


def _pump(client: ssl.SSLSocket, server: socket.socket) -> None:
    while True:
        readable = [client] if client.pending() else select.select([client, server], [], [], 20)[0]
        if not readable:
            return
        for one, other in ((client, server), (server, client)):
            if one in readable:
                piece = one.recv(65536)
                if not piece:
                    return
                other.sendall(piece)
