"""A proxy is chosen as clients choose it, its faults are its own, and its password is never shown."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from tests.support.tls import Server
from tests.unit.doctor.peers import answering, failure, joined, says
from trustinstall.doctor import probe, proxies
from trustinstall.doctor.failures import Layer
from trustinstall.doctor.proxies import Proxy
from trustinstall.doctor.target import Target
from trustinstall.errors import UsageProblem

LEAF = make_root("Corp Root").issue("localhost")


def proxying(to: int, asked: list[bytes]) -> Callable[[socket.socket], None]:
    """A proxy of HTTP that connects to a port of loopback, and notes what it was asked."""

    def answer(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        joined(connection, to)

    return answer


def socks(to: int, asked: list[bytes], method: int = 0, verdict: int = 0) -> Callable[[socket.socket], None]:
    """A proxy of SOCKS 5 (RFC 1928) that connects to a port of loopback, and notes what it was asked."""

    def answer(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(bytes([5, method]))
        if method == 255:
            return
        if method == 2:
            asked.append(connection.recv(65536))
            connection.sendall(b"\1\0")
        asked.append(connection.recv(65536))
        connection.sendall(bytes([5, verdict, 0, 1]) + bytes(6))
        if not verdict:
            joined(connection, to)

    return answer


@pytest.mark.parametrize(
    ("scheme", "login", "method", "kind"),
    [("socks5", "", 0, 1), ("socks5h", "", 0, 3), ("socks5h", "me:p%40w@", 2, 3), ("socks5h", "me:pw@", 0, 3)],
)
def test_a_proxy_of_socks_connects(scheme: str, login: str, method: int, kind: int) -> None:
    """With socks5 the name is looked up here, with socks5h by the proxy; the login goes where the proxy asks for it."""
    asked: list[bytes] = []
    with Server(LEAF) as server, answering(socks(server.port, asked, method)) as port:
        target = Target("localhost", server.port)
        found = proxies.proxy_for(target, {"ALL_PROXY": f"{scheme}://{login}127.0.0.1:{port}"})
        assert found is not None
        assert probe.look(target, found).chain[0] == LEAF.der
    assert asked[0] == (b"\5\2\0\2" if login else b"\5\1\0")
    assert asked[1:-1] == ([b"\1\2me\3p@w"] if method else [])
    assert asked[-1][3] in ({1, 4} if kind == 1 else {3})
    assert "p@w" not in f"{found} {found!r}"


@pytest.mark.parametrize(
    ("method", "verdict", "sentence"),
    [(0, 2, "do not allow"), (0, 5, "refuses the connection"), (255, 0, "asks for a login"), (0, 99, "it answers 99")],
)
def test_a_proxy_of_socks_says_why_not(method: int, verdict: int, sentence: str) -> None:
    """Each answer of RFC 1928 has its words."""
    with answering(socks(0, [], method, verdict)) as port:
        found = failure(443, Proxy("127.0.0.1", port, scheme="socks5h"), host="server.example")
    assert (found.layer, sentence in str(found)) == (Layer.PROXY, True)


@given(st.binary(max_size=40))
def test_no_answer_breaks_the_reader_of_socks(octets: bytes) -> None:
    """A length is never more than there is."""
    assert 0 <= proxies.socks_reply(octets) <= len(octets)


def test_a_proxy_is_asked_to_connect_with_its_login() -> None:
    """The chain comes through CONNECT, and the login of the variable is used."""
    asked: list[bytes] = []
    with Server(LEAF) as server, answering(proxying(server.port, asked)) as port:
        proxy = proxies.proxy_for(Target("localhost", server.port), {"HTTPS_PROXY": f"http://me:pw@127.0.0.1:{port}"})
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
    assert proxies.proxy_for(wanted, variables) == Proxy("proxy.example", 3128)
    assert proxies.proxy_for(wanted, {**variables, "NO_PROXY": no}) is None
    assert proxies.proxy_for(Target("acorp.example"), {**variables, "NO_PROXY": ".corp.example"}) is not None


def test_networks_in_no_proxy_are_obeyed() -> None:
    """A network in CIDR form keeps the proxy out for its addresses."""
    variables = {"ALL_PROXY": "http://proxy.example:3128", "no_proxy": "10.0.0.0/8"}
    assert proxies.proxy_for(Target("10.1.2.3"), variables) is None
    assert proxies.proxy_for(Target("11.1.2.3"), variables) is not None


@pytest.mark.parametrize(
    "url",
    [
        "socks4://me:secret@proxy.example",
        "ftp://me:secret@x",
        "http://me:secret@x:y",
        "",
        "http://me:1234#secret@proxy.example:3128",  # the host would be `me`, and 1234 of the password its port
        "http://me:1234/secret@proxy.example:3128",
        "http://me:1234?secret@proxy.example:3128",
        "http://secret\udcff:pw@proxy.example:3128",  # a byte that is no UTF-8, as Python has it
        "http://\x7fproxy.example:3128",
    ],
)
def test_another_kind_of_proxy_is_refused_without_its_password(url: str) -> None:
    """The message holds no secret."""
    with pytest.raises(UsageProblem) as raised:
        proxies.read(url, "HTTPS_PROXY")
    assert "secret" not in str(raised.value)


def test_a_server_of_mail_is_not_asked_through_the_proxy_of_the_web() -> None:
    """HTTPS_PROXY is for https; ALL_PROXY for everything."""
    mail = Target("mail.example", 25, "smtp", is_web=False)
    assert proxies.proxy_for(mail, {"HTTPS_PROXY": "http://proxy.example:3128"}) is None
    assert proxies.proxy_for(mail, {"ALL_PROXY": "socks5h://proxy.example"}) == Proxy(
        "proxy.example", 1080, scheme="socks5h"
    )
