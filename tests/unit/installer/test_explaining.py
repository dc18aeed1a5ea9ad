"""`explain`: what each library makes of a refused certificate leads to the server, the reason and the root."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
import requests

from tests.support.pki import Leaf, make_root
from tests.support.tls import Server
from tests.unit.installer.test_tls_context import CLIENTS, by_asyncio, by_urllib
from trustinstall import UsageProblem, VerifyingContext, create_ssl_context, explain
from trustinstall.certificates.certificate import Certificate
from trustinstall.installer import clues

CORP = make_root("Corp Root")
NOW = datetime.now(timezone.utc)
Client = Callable[[ssl.SSLContext, str], bytes]
LIBRARIES = {
    "by_urllib": "urllib",
    "by_http_client": "ssl",
    "by_urllib3": "urllib3",
    "by_requests": "requests",
    "by_httpx": "httpx",
    "by_httpx_in_a_loop": "httpx",
    "by_asyncio": "ssl",
}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no bundle of the machine that tests run on."""
    for name in ("HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of an untrusted root, which sends it."""
    leaf = CORP.issue("localhost")
    with Server(Leaf(leaf.der, leaf.key, leaf.name_der, (CORP, CORP))) as running:
        yield running


def error_of(client: Client, context: ssl.SSLContext, url: str) -> Exception:
    """What the client raises."""
    try:
        client(context, url)
    except Exception as error:  # noqa: BLE001  any error of the library
        return error
    raise AssertionError("it was accepted")


@pytest.mark.parametrize("client", CLIENTS)
def test_an_error_of_each_library_tells_its_server(client: Client, server: Server) -> None:
    """By its own attributes, or by the connection in its traceback; the context is that of the program."""
    found = clues.read(error_of(client, create_ssl_context(), server.url))
    known = "localhost:443" if client is by_asyncio else f"localhost:{server.port}"  # its error has no port
    assert found.server.rstrip("/") in {known, f"https://{known}"}
    assert found.library == LIBRARIES[client.__name__]
    assert found.refusal is not None
    assert isinstance(found.context, VerifyingContext)


def test_the_finding_is_that_of_the_doctor(server: Server) -> None:
    """The reason, the chain with its root, what was asked, and the command that mends it."""
    found = explain(error_of(by_urllib, create_ssl_context(), server.url))
    assert (found.server, found.proxy, found.layer) == (f"localhost:{server.port}", "", "certificate")
    assert (found.reason.code, "Corp Root" in found.reason.text) == ("unknown-issuer", True)
    assert (found.root and found.root.sha256, len(found.chain)) == (CORP.sha256, 2)
    assert found.decided_by == "create_ssl_context"
    assert found.remedy[-4:] == ("add", "ROOT.pem", "--sha256", CORP.sha256)
    data = found.to_dict()
    assert (data["reason"]["code"], data["root"]["sha256"]) == ("unknown-issuer", CORP.sha256)
    assert str(found).startswith(f"localhost:{server.port}: certificate failure: the root Corp Root is not trusted")
    assert str(found).isprintable()


def test_a_certificate_that_cannot_be_read_is_left_out(server: Server) -> None:
    """A server may send anything: the data holds what can be described."""
    junk = Certificate.held(b"junk")
    data = replace(explain(server.url), chain=(junk,), root=junk).to_dict()
    assert (data["chain"], data["root"]) == ([], None)


FAULTS = {
    "expired": CORP.issue("localhost", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1)),
    "host-name": CORP.issue("another.example"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_the_reason_is_the_one_that_the_program_met(code: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A program that trusts the root meets another fault than programs that do not trust it."""
    cafile = tmp_path_factory.mktemp("roots") / "corp.crt"
    cafile.write_bytes(CORP.pem)
    with Server(FAULTS[code]) as server:
        assert explain(error_of(by_urllib, create_ssl_context(cafile), server.url)).reason.code == code


def test_a_reason_of_the_programs_own_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What its function has refused is no fault of a store."""
    cafile = tmp_path_factory.mktemp("roots") / "corp.crt"
    cafile.write_bytes(CORP.pem)
    context = create_ssl_context(cafile, refuse=lambda _server: "not this one")
    with Server(CORP.issue("localhost")) as server:
        found = explain(error_of(by_urllib, context, server.url))
    assert found.reason == ("refused-by-program", "not this one")


def test_who_named_the_store_is_said(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable of requests, else certifi; the file of Python's ssl for the standard library."""
    with pytest.raises(requests.exceptions.SSLError) as caught:
        requests.get(server.url, timeout=20, proxies={"https": ""})
    found = explain(caught.value)
    assert (found.store.endswith("/certifi/cacert.pem"), found.decided_by) == (True, "the default of requests")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/srv/roots.pem")
    found = explain(caught.value)
    assert (found.store, found.decided_by) == ("/srv/roots.pem", "the variable REQUESTS_CA_BUNDLE")
    plain = explain(error_of(by_urllib, ssl.create_default_context(), server.url))
    assert plain.decided_by == "the default of Python's ssl"
    assert plain.store


def test_an_error_that_tells_no_server_needs_one(server: Server) -> None:
    """A connection of the program's own leaves no trace in a new error."""
    bare = ssl.SSLCertVerificationError(1, "certificate verify failed")
    with pytest.raises(UsageProblem, match="name it: explain"):
        explain(bare)
    assert explain(bare, url=server.url).server == f"localhost:{server.port}"


def test_another_layer_is_no_fault_of_a_certificate() -> None:
    """No server listens: no certificate is blamed, and no remedy is offered."""
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        requests.get("https://localhost:1", timeout=20, proxies={"https": ""})
    found = explain(caught.value)
    assert (found.server, found.layer, found.remedy, found.chain) == ("localhost:1", "tcp", (), ())


def test_a_login_of_a_url_is_not_told(server: Server) -> None:
    """Neither in the line nor in the data."""
    found = explain(f"https://alice:secret@localhost:{server.port}/path?token=secret")
    assert "secret" not in f"{found}{found.to_dict()}"


class _Trap(Exception):  # noqa: N818  a hostile one
    """An error that is its own cause, and whose attributes raise."""

    def __init__(self) -> None:
        super().__init__(self)
        self.__cause__ = self

    @property
    def request(self) -> object:
        """Raise."""
        raise RuntimeError("no")


def test_a_hostile_error_ends() -> None:
    """It is read as one that tells nothing."""
    assert clues.read(_Trap()).server == ""
