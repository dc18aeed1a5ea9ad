"""The probe names the layer that failed, on loopback, and shows the chain as it was sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from tests.support.tls import Server
from trustinstall.doctor import probe, target
from trustinstall.doctor.probe import Layer, ProbeFailed, Proxy
from trustinstall.doctor.target import Target
from trustinstall.errors import UsageProblem

ROOT = make_root("Corp Root")
MIDDLE = ROOT.intermediate()
LEAF = MIDDLE.issue("localhost")


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Generator[int, None, None]:
    """A server that treats one connection in its own way; yields its port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            with listening.accept()[0] as connection:
                connection.settimeout(10)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def failure(port: int, proxy: Proxy | None = None, seconds: float = 10, host: str = "127.0.0.1") -> ProbeFailed:
    """The error of a probe that fails."""
    with pytest.raises(ProbeFailed) as raised:
        probe.look(Target(host, port), proxy, seconds)
    return raised.value


def says(text: bytes) -> Callable[[socket.socket], None]:
    """A server that waits for octets, and says something."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return answer


def test_the_chain_is_seen_as_sent() -> None:
    """The certificates of a server that nobody trusts are shown, its own first, and nothing else is."""
    with Server(LEAF) as server:
        seen = probe.look(Target("localhost", server.port))
    assert seen.version == "TLSv1.3"
    assert seen.chain[:2] == (LEAF.der, MIDDLE.der)


def test_a_port_without_a_program_is_a_fault_of_tcp() -> None:
    """A refused connection says so."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    found = failure(port)
    assert (found.layer, "refuses the connection" in str(found)) == (Layer.TCP, True)


def test_an_unknown_name_is_a_fault_of_the_name() -> None:
    """RFC 6761's `.invalid` never exists."""
    assert failure(443, host="nobody.invalid", seconds=20).layer is Layer.NAME


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n", b"\x1b[31m\xff"])
def test_another_protocol_is_said(greeting: bytes) -> None:
    """A server that answers without TLS is no matter of certificates."""
    with answering(says(greeting)) as port:
        assert failure(port).layer is Layer.NOT_TLS


def test_an_alert_is_a_fault_of_tls() -> None:
    """A server that ends the handshake with an alert is named with the alert."""
    with answering(says(bytes.fromhex("15030300020228"))) as port:
        found = failure(port)
    assert (found.layer, "handshake failure" in str(found)) == (Layer.TLS, True)


def test_an_end_during_the_handshake_is_a_fault_of_tls() -> None:
    """A connection that stood, and ends, is no fault of TCP."""
    with answering(says(b"")) as port:
        assert failure(port).layer is Layer.TLS


def test_a_server_that_never_answers_costs_the_time_that_was_given() -> None:
    """Silence ends with a sentence."""
    done = threading.Event()
    with answering(lambda _: (done.wait(10), None)[1]) as port:
        found = failure(port, seconds=0.3)
        done.set()
    assert "does not answer in time" in str(found)


def test_endless_octets_are_cut() -> None:
    """A handshake that never ends is given up after a number of octets."""

    def flood(connection: socket.socket) -> None:
        record = b"\x16\x03\x03\x40\x00" + b"\x02\x00\xff\xff" + bytes(0x4000 - 4)
        try:
            while True:
                connection.sendall(record)
        except OSError:
            return

    with answering(flood) as port:
        assert failure(port).layer is Layer.TLS


def proxying(to: int, asked: list[bytes]) -> Callable[[socket.socket], None]:
    """A proxy that connects to a port of loopback, and notes what it was asked."""

    def answer(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        with socket.create_connection(("127.0.0.1", to)) as server:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_copy, args=(server, connection))
            back.start()
            _copy(connection, server)
            back.join()

    return answer


def _copy(source: socket.socket, to: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            to.sendall(piece)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_a_proxy_is_asked_to_connect_with_its_login() -> None:
    """The chain comes through CONNECT, and the login of the variable is used."""
    asked: list[bytes] = []
    with Server(LEAF) as server, answering(proxying(server.port, asked)) as port:
        proxy = probe.proxy_for(Target("localhost", server.port), {"HTTPS_PROXY": f"http://me:pw@127.0.0.1:{port}"})
        seen = probe.look(Target("localhost", server.port), proxy)
    assert seen.chain[0] == LEAF.der
    assert asked[0].startswith(b"CONNECT localhost:")
    assert b"Proxy-Authorization: Basic bWU6cHc=\r\n" in asked[0]
    assert "pw" not in str(proxy)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "asks for a login"),
        (b"HTTP/1.1 403 \x1b[31mno\r\n\r\n", "does not connect"),
        (b"SSH-2.0\r\n\r\n", "does not answer as a proxy"),
        (b"", "no answer to CONNECT"),
    ],
)
def test_the_faults_of_a_proxy_are_said_as_its_own(answer: bytes, sentence: str) -> None:
    """A proxy that wants a login, or refuses, is no fault of TLS; its words are made printable."""
    with answering(says(answer)) as port:
        found = failure(443, Proxy("127.0.0.1", port), host="server.example")
    assert (found.layer, sentence in str(found), "\x1b" in str(found)) == (Layer.PROXY, True, False)


@pytest.mark.parametrize("no", ["*", "corp.example", ".corp.example", "x, A.CORP.EXAMPLE", "a.corp.example:443"])
def test_no_proxy_is_obeyed(no: str) -> None:
    """A name, a parent domain, a port and a star keep the proxy out."""
    variables = {"https_proxy": "proxy.example:3128"}
    wanted = Target("a.corp.example", 443)
    assert probe.proxy_for(wanted, variables) == Proxy("proxy.example", 3128)
    assert probe.proxy_for(wanted, {**variables, "NO_PROXY": no}) is None
    assert probe.proxy_for(Target("acorp.example"), {**variables, "NO_PROXY": ".corp.example"}) is not None


def test_networks_in_no_proxy_are_obeyed() -> None:
    """A network in CIDR form keeps the proxy out for its addresses."""
    variables = {"ALL_PROXY": "http://proxy.example:3128", "no_proxy": "10.0.0.0/8"}
    assert probe.proxy_for(Target("10.1.2.3"), variables) is None
    assert probe.proxy_for(Target("11.1.2.3"), variables) is not None


def test_another_kind_of_proxy_is_refused_without_its_password() -> None:
    """SOCKS is not spoken, and the message holds no secret."""
    with pytest.raises(UsageProblem) as raised:
        probe.proxy_for(Target("a.example"), {"HTTPS_PROXY": "socks5://me:secret@proxy.example"})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Server.Example", Target("server.example", 443)),
        ("server.example:8443", Target("server.example", 8443)),
        ("https://user:pw@server.example/path?x", Target("server.example", 443)),
        ("ldaps://server.example", Target("server.example", 636)),
        ("[::1]:8443", Target("::1", 8443)),
        ("::1", Target("::1", 443)),
        ("bücher.example", Target("xn--bcher-kva.example", 443)),
    ],
)
def test_servers_are_read_as_people_type_them(typed: str, found: Target) -> None:
    """A name, a port, a URL and an address name a server."""
    assert target.parse(typed) == found


@given(st.text(max_size=80))
def test_any_text_is_a_server_or_a_usage_problem(typed: str) -> None:
    """No text breaks the reader, and a name that comes out is printable ASCII."""
    try:
        found = target.parse(typed)
    except UsageProblem:
        return
    assert found.host.isascii()
    assert found.host.isprintable()
