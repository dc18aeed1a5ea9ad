"""A file of a document is fetched through a proxy of the scheme https; server and proxy are verified."""

from __future__ import annotations

import socket

import pytest

from tests.support import fake_host
from tests.support.pki import make_root
from tests.support.tls import Server
from tests.support.tls_front import fronted
from tests.unit.doctor.peers import answering, joined
from trustinstall.declared import fetching
from trustinstall.errors import UsageProblem

ROOT, OTHER = make_root("System Root"), make_root("Other Root")


def test_a_proxy_by_tls_is_verified_as_the_server_is() -> None:
    """The system's roots verify both; a proxy of another root gets no request."""
    with fake_host.played() as host, Server(ROOT.issue("localhost"), {"/a.pem": OTHER.pem}) as server:
        fake_host.write(host, "/etc/ssl/certs/ca-certificates.crt", ROOT.pem)
        address = f"https://localhost:{server.port}/a.pem"

        def connect(connection: socket.socket) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            joined(connection, server.port)

        with answering(connect) as plain, fronted(ROOT.issue("localhost"), plain) as port:
            assert fetching.fetch(host, address, {"https_proxy": f"https://localhost:{port}"}) == OTHER.pem
        with fronted(OTHER.issue("localhost"), 9) as port, pytest.raises(UsageProblem, match="TLS with the proxy"):
            fetching.fetch(host, address, {"https_proxy": f"https://localhost:{port}"})
    assert server.asked == ["/a.pem"]
