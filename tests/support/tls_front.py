"""TLS in front of a port of loopback that speaks none: it makes a proxy one that is spoken to by https."""

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
    """A port that shows this certificate, and passes on to `port` what comes by TLS; yields its number."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as both:
        both.write(leaf.key_pem + leaf.chain_pem)
        both.flush()
        context.load_cert_chain(both.name)

    class Handler(socketserver.BaseRequestHandler):
        """One connection."""

        def handle(self) -> None:
            """Pass on both ways until one has ended; a client that refuses the certificate hangs up."""
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
