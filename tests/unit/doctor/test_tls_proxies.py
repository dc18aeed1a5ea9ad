"""A proxy of the scheme https is verified before it gets the login; TLS with the server runs inside its TLS."""

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
    """Return a function that returns a context which trusts this root."""
    return lambda: ssl.create_default_context(cadata=root.pem.decode())


def noting(asked: list[bytes], answer: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """Return the service of a proxy that appends its first request to `asked`, and then does `answer`."""

    def serve(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        answer(connection)

    return serve


def test_the_chain_of_a_server_comes_through_tls_within_tls() -> None:
    """The login is sent by TLS, and the result has the server's certificates, not the proxy's."""
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
    """An unknown root and a wrong name are failures of the proxy, and not of the server; it receives no request."""
    asked: list[bytes] = []
    with answering(noting(asked, lambda _: None)) as plain, fronted(ROOT.issue(name), plain) as port:
        proxy = proxies.read(f"https://me:pw@localhost:{port}", "--proxy")
        with pytest.raises(ProbeFailed) as raised:
            probe.look(Target("server.example"), proxy, trust=trusting(root))
        socket.create_connection(("127.0.0.1", plain)).close()  # else the plain proxy would wait for its connection
    assert (raised.value.layer, "its certificate is not accepted here" in str(raised.value)) == (Layer.PROXY, True)
    assert asked == [b""]


def test_a_proxy_without_tls_on_that_port_is_named() -> None:
    """A proxy without TLS, and one that ends the connection, are failures of the layer PROXY."""
    for text in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b""):
        with (
            answering(says(text)) as port,
            pytest.raises(ProbeFailed, match="itself fails") as raised,
        ):
            probe.look(Target("server.example"), proxies.read(f"https://localhost:{port}", "--proxy"))
        assert raised.value.layer is Layer.PROXY


def test_a_file_is_fetched_through_it() -> None:
    """An issuer's certificate is fetched by plain HTTP from a server, and by TLS through the proxy."""
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
    """The error names the supported schemes."""
    with pytest.raises(UsageProblem, match="https://, socks5://"):
        proxies.read("ftp://x:1", "HTTPS_PROXY")
