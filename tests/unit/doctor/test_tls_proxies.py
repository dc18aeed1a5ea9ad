"""A proxy that is spoken to by TLS: verified before the login goes to it, and TLS with the server within that."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

import pytest

from tests.support.pki import Root, make_root
from tests.support.tls import Server
from tests.support.tls_front import fronted
from tests.unit.doctor.peers import answering, joined, says
from trustinstall.doctor import fetching, probe, proxies
from trustinstall.doctor.failures import Layer, ProbeFailed
from trustinstall.doctor.target import Target
from trustinstall.errors import UsageProblem

ROOT, OTHER = make_root("Proxy Root"), make_root("Other Root")
LEAF = make_root("Corp Root").intermediate().issue("localhost")


def trusting(root: Root) -> Callable[[], ssl.SSLContext]:
    """What a client verifies a proxy by."""
    return lambda: ssl.create_default_context(cadata=root.pem.decode())


def noting(asked: list[bytes], answer: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """A proxy that notes what it is asked, and then goes on."""

    def serve(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        answer(connection)

    return serve


def test_the_chain_of_a_server_comes_through_tls_within_tls() -> None:
    """The login goes by TLS, and the server's certificates, not the proxy's, are what is seen."""
    asked: list[bytes] = []

    def connect(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        joined(connection, server.port)

    with (
        Server(LEAF) as server,
        answering(noting(asked, connect)) as plain,
        fronted(ROOT.issue("localhost"), plain) as port,
    ):
        target = Target("localhost", server.port)
        proxy = proxies.proxy_for(target, {"HTTPS_PROXY": f"https://me:pw@localhost:{port}"})
        assert probe.look(target, proxy, trust=trusting(ROOT)).chain[0] == LEAF.der
    assert asked[0].startswith(b"CONNECT localhost:")
    assert b"Proxy-Authorization: Basic bWU6cHc=\r\n" in asked[0]


@pytest.mark.parametrize(("name", "root"), [("localhost", OTHER), ("another.example", ROOT)])
def test_a_proxy_that_is_not_verified_gets_no_login(name: str, root: Root) -> None:
    """A strange root and a wrong name are faults of the proxy, and not of the server; nothing is sent to it."""
    asked: list[bytes] = []
    with answering(noting(asked, lambda _: None)) as plain, fronted(ROOT.issue(name), plain) as port:
        proxy = proxies.read(f"https://me:pw@localhost:{port}", "--proxy")
        with pytest.raises(ProbeFailed) as raised:
            probe.look(Target("server.example"), proxy, trust=trusting(root))
        socket.create_connection(("127.0.0.1", plain)).close()  # else the plain proxy would wait for its connection
    assert (raised.value.layer, "its certificate is not accepted here" in str(raised.value)) == (Layer.PROXY, True)
    assert asked == [b""]


def test_a_proxy_without_tls_on_that_port_is_named() -> None:
    """So is one that ends the connection."""
    for text in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b""):
        with (
            answering(says(text)) as port,
            pytest.raises(ProbeFailed, match="itself fails") as raised,
        ):
            probe.look(Target("server.example"), proxies.read(f"https://localhost:{port}", "--proxy"))
        assert raised.value.layer is Layer.PROXY


def test_a_file_is_fetched_through_it() -> None:
    """An issuer's certificate comes by plain HTTP from a server, and by TLS from the proxy."""
    asked: list[bytes] = []
    answer = says(b"HTTP/1.0 200 OK\r\n\r\n" + ROOT.der)
    with (
        answering(noting(asked, lambda connection: connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + ROOT.der))) as plain,
        fronted(ROOT.issue("localhost"), plain) as port,
    ):
        variables = {"http_proxy": f"https://localhost:{port}"}
        assert fetching.get("http://ca.example/root.crt", variables, trusting(ROOT)) == ROOT.der
    assert asked[0].startswith(b"GET http://ca.example:80/root.crt HTTP/1.0\r\n")
    with answering(answer) as plain, fronted(ROOT.issue("localhost"), plain) as port:
        variables = {"http_proxy": f"https://localhost:{port}"}
        assert fetching.get("http://ca.example/root.crt", variables, trusting(OTHER)) == b""
        socket.create_connection(("127.0.0.1", plain)).close()


def test_another_scheme_is_refused() -> None:
    """The schemes that are spoken are named."""
    with pytest.raises(UsageProblem, match="https://, socks5://"):
        proxies.read("ftp://x:1", "HTTPS_PROXY")
