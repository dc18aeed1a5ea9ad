"""`create_ssl_context`: it verifies on real servers, by the clients of Python, and nothing switches that off."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import requests.adapters
import urllib3

from tests.support.pki import make_root
from tests.support.tls import GREETING, Server
from trustinstall import CertificateRefused, UsageProblem, VerifiedServer, VerifyingContext, create_ssl_context

CORP = make_root("Corp Root")
STRANGER = make_root("Corp Root")
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME


class _Adapter(requests.adapters.HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401  as in the base class
        super().init_poolmanager(*args, ssl_context=self.context, **more)


def by_urllib(context: ssl.SSLContext, url: str) -> bytes:
    """With the standard library."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(url, timeout=20) as answer:
        return bytes(answer.read())


def by_http_client(context: ssl.SSLContext, url: str) -> bytes:
    """With its lower layer."""
    connection = http.client.HTTPSConnection(url.removeprefix("https://"), context=context, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().read()


def by_urllib3(context: ssl.SSLContext, url: str) -> bytes:
    """With urllib3."""
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
        return pool.request("GET", url).data


def by_requests(context: ssl.SSLContext, url: str) -> bytes:
    """With requests, whose adapter hands a context on."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", _Adapter(context))
        return session.get(url, timeout=20).content


def by_httpx(context: ssl.SSLContext, url: str) -> bytes:
    """With httpx."""
    with httpx.Client(verify=context, trust_env=False) as client:
        return client.get(url).content


def by_httpx_in_a_loop(context: ssl.SSLContext, url: str) -> bytes:
    """With httpx in asyncio."""

    async def ask() -> bytes:
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            return (await client.get(url)).content

    return asyncio.run(ask())


def by_asyncio(context: ssl.SSLContext, url: str) -> bytes:
    """With asyncio's own streams, which make TLS over memory."""

    async def ask() -> bytes:
        host, port = url.removeprefix("https://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        found = await reader.readuntil(GREETING)
        writer.close()
        return found[-len(GREETING) :]

    return asyncio.run(ask())


CLIENTS = [by_urllib, by_http_client, by_urllib3, by_requests, by_httpx, by_httpx_in_a_loop, by_asyncio]
Client = Callable[[ssl.SSLContext, str], bytes]


@pytest.fixture(scope="module")
def cafile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the corporate root."""
    path = tmp_path_factory.mktemp("roots") / "corp.crt"
    path.write_bytes(CORP.pem)
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of the corporate root."""
    with Server(CORP.issue("localhost")) as running:
        yield running


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_refuses_without_the_root_and_accepts_with_it(client: Client, server: Server, cafile: Path) -> None:
    """The machine's roots alone are not enough; the file's root is."""
    with pytest.raises(Exception, match="certificate verify failed"):
        client(create_ssl_context(), server.url)
    assert client(create_ssl_context(cafile), server.url) == GREETING


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_refuses_another_root_and_another_name(client: Client, cafile: Path) -> None:
    """A root of the same name is none of the file; a certificate of another host is none of this one."""
    context = create_ssl_context(cafile)
    for leaf in (STRANGER.issue("localhost"), CORP.issue("another.example")):
        with Server(leaf) as server, pytest.raises(Exception, match="certificate verify failed"):
            client(context, server.url)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_program_may_refuse_what_was_verified(client: Client, server: Server, cafile: Path) -> None:
    """Its reason is in the error; it sees the host and the verified chain up to the root."""
    seen: list[VerifiedServer] = []

    def refuse(one: VerifiedServer) -> str | None:
        seen.append(one)
        return "this root is not for payments" if len(seen) > 1 else None

    context = create_ssl_context(cafile, refuse=refuse)
    assert client(context, server.url) == GREETING
    with pytest.raises(Exception, match="this root is not for payments"):
        client(context, server.url)
    assert (seen[0].host, seen[0].chain[-1].sha256) == ("localhost", CORP.sha256)


def test_a_program_cannot_accept_what_was_refused(cafile: Path) -> None:
    """Its function is not even asked."""
    asked: list[VerifiedServer] = []
    context = create_ssl_context(cafile, refuse=asked.append)
    with Server(STRANGER.issue("localhost")) as server, pytest.raises(OSError, match="certificate verify failed"):
        by_urllib(context, server.url)
    assert asked == []


def test_a_check_that_fails_refuses(server: Server, cafile: Path) -> None:
    """A mistake in the program's function lets nothing through."""
    context = create_ssl_context(cafile, refuse=lambda one: str(one.chain[99]))
    with pytest.raises(OSError, match="the program's own check failed: IndexError"):
        by_urllib(context, server.url)


SWITCHES: list[tuple[str, object]] = [
    ("check_hostname", False),
    ("verify_mode", ssl.CERT_NONE),
    ("verify_mode", ssl.CERT_OPTIONAL),
    ("verify_flags", NO_CHECK_TIME),
]


@pytest.mark.parametrize(("name", "value"), SWITCHES)
def test_verification_cannot_be_switched_off(name: str, value: object, cafile: Path) -> None:
    """Each attribute that does it in Python's own context raises, and keeps its value."""
    context = create_ssl_context(cafile)
    before = getattr(context, name)
    with pytest.raises(UsageProblem, match="always verifies"):
        setattr(context, name, value)
    assert getattr(context, name) == before
    setattr(context, name, before)


@pytest.mark.parametrize("name", ["sslsocket_class", "sslobject_class"])
def test_the_classes_of_connections_stay(name: str, cafile: Path) -> None:
    """They are what asks the program's own function."""
    with pytest.raises(AttributeError):
        setattr(create_ssl_context(cafile), name, getattr(ssl.SSLContext, name))


def test_setters_of_the_base_class_do_not_help(server: Server, cafile: Path) -> None:
    """What they have switched off is seen after the handshake, before any data."""
    context = create_ssl_context(cafile)
    ssl.SSLContext.check_hostname.__set__(context, False)  # type: ignore[attr-defined]  # noqa: FBT003
    with (
        socket.create_connection(("localhost", server.port)) as raw,
        pytest.raises(ssl.SSLCertVerificationError, match="always verifies"),
    ):
        context.wrap_socket(raw, server_hostname="localhost")


def test_switches_of_clients_do_not_help(server: Server) -> None:
    """`verify=False` of requests and `CERT_NONE` of urllib3 end in an error, and not in a connection."""
    asked = len(server.asked)
    context = create_ssl_context()
    pool = urllib3.PoolManager(ssl_context=context, cert_reqs="CERT_NONE", retries=False)
    with pool, pytest.raises(UsageProblem, match="always verifies"):
        pool.request("GET", server.url)
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Adapter(context))
    with session, pytest.raises(UsageProblem, match="always verifies"):
        session.get(server.url, verify=False, timeout=20)
    assert len(server.asked) == asked


def test_a_handshake_that_was_left_to_the_first_data_is_checked(server: Server, cafile: Path) -> None:
    """No octet goes out before the program's function was asked."""
    context = create_ssl_context(cafile, refuse=lambda _server: "no")
    acts: tuple[Callable[[ssl.SSLSocket], object], ...] = (
        lambda one: one.send(b"x"),
        lambda one: one.recv(1),
        lambda one: one.sendall(b"x"),
    )
    for act in acts:
        with (
            socket.create_connection(("localhost", server.port)) as raw,
            context.wrap_socket(raw, server_hostname="localhost", do_handshake_on_connect=False) as connection,
            pytest.raises(ssl.SSLCertVerificationError, match="failed: no"),
        ):
            act(connection)


def test_a_server_without_a_certificate_is_refused(cafile: Path) -> None:
    """Ciphers that name no certificate leave nothing to verify, and so nothing is let through."""
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    bare.maximum_version = ssl.TLSVersion.TLSv1_2
    bare.set_ciphers("aNULL:@SECLEVEL=0")
    context = create_ssl_context(cafile)
    context.set_ciphers("aNULL:@SECLEVEL=0")
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with contextlib.suppress(OSError), bare.wrap_socket(theirs, server_side=True) as connection:
            connection.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    with ours, pytest.raises(ssl.SSLCertVerificationError, match="the server has shown no certificate"):
        context.wrap_socket(ours, server_hostname="localhost")
    thread.join()


def test_a_file_that_holds_no_root_is_refused(tmp_path: Path) -> None:
    """A server's own certificate is no root, and a missing file is the caller's mistake."""
    (tmp_path / "leaf.pem").write_bytes(CORP.issue("localhost").pem)
    with pytest.raises(CertificateRefused):
        create_ssl_context(tmp_path / "leaf.pem")
    with pytest.raises(UsageProblem):
        create_ssl_context(tmp_path / "missing.pem")


def test_it_is_an_ordinary_context(cafile: Path) -> None:
    """It holds the file's root beside the machine's."""
    context = create_ssl_context(cafile)
    assert isinstance(context, VerifyingContext)
    assert CORP.der in context.get_ca_certs(binary_form=True)
    assert len(context.get_ca_certs()) == len(create_ssl_context().get_ca_certs()) + 1
