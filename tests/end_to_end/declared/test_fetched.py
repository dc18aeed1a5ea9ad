"""Certificates that a document has fetched: verified TLS, the fingerprint, the proxy, and bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.cli.machine import DEBIAN, OTHER, ROOT, holds
from tests.support.pki import make_root
from tests.support.proxy import refusing
from tests.support.throwaway import NOISE, Throwaway
from tests.support.tls import Server

TRUST = "/srv/trust.toml"
WEB = make_root("Authority of the web server")
_NAMED = f'sha256 = "{ROOT.sha256}"'


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server whose authority the machine does not know, until a test has it known."""
    files = {"/corp.crt": ROOT.pem, "/other.crt": OTHER.pem, "/big.crt": b"x" * 3_000_000, "/text": b"no certificate"}
    with Server(WEB.issue("localhost"), files) as running:
        yield running


def applied(root: Throwaway, address: str, more: str = f'sha256 = "{ROOT.sha256}"', **options: Any) -> tuple[int, str]:  # noqa: ANN401  those of run
    """Apply a document that names an address; the exit code, and what was said."""
    root.write(TRUST, f'version = 1\n[[certificate]]\nurl = "{address}"\n{more}\n')
    done = root.trustinstall("apply", TRUST, **options)
    return done.returncode, done.stdout + done.stderr


def known(root: Throwaway) -> None:
    """Have the machine trust the server's authority."""
    root.write("/usr/local/share/ca-certificates/web.crt", WEB.pem)
    root.run(["update-ca-certificates"], check=True)


def test_a_server_that_is_not_trusted_gives_nothing_and_one_that_is_gives_the_root(
    fresh: Throwaway, server: Server
) -> None:
    """Verification is never off, with any variables; the root of the right fingerprint is then trusted."""
    before = fresh.changes(mtimes=True, ignore=(*NOISE, "/srv"))
    off = {"PYTHONHTTPSVERIFY": "0", "NODE_TLS_REJECT_UNAUTHORIZED": "0", "CURL_INSECURE": "1"}
    code, said = applied(fresh, f"{server.url}/corp.crt", env=off)
    assert (code, "its certificate is not trusted here" in said) == (2, True), said
    assert f"{TRUST}:3: certificate.1.url: cannot fetch it" in said
    assert fresh.changes(mtimes=True, ignore=(*NOISE, "/srv")) == before
    assert server.asked == []
    known(fresh)
    assert applied(fresh, f"{server.url}/corp.crt")[0] == 0
    assert holds(fresh, DEBIAN)
    again = fresh.trustinstall("apply", TRUST, "--json", check=True)
    assert not json.loads(again.stdout)["changed"]


@pytest.mark.parametrize(
    ("path", "more", "expected"),
    [
        ("/other.crt", _NAMED, "certificate.1.sha256: Other Root has another fingerprint"),
        ("/corp.crt", "", "a certificate that is fetched must have sha256"),
        ("/corp.crt", f'{_NAMED}\nfile = "a.crt"', "one of file, pem and url"),
        ("/big.crt", _NAMED, "larger than 1024 KiB"),
        ("/missing.crt", _NAMED, "status 404"),
        ("/text", _NAMED, "certificate.1.url"),
    ],
    ids=["another root", "no fingerprint", "two sources", "too large", "missing", "no certificate"],
)
def test_what_is_not_the_root_is_refused(fresh: Throwaway, server: Server, path: str, more: str, expected: str) -> None:
    """Another certificate, too much of it, none, and no fingerprint are mistakes, and nothing is changed."""
    known(fresh)
    before = fresh.changes(mtimes=True, ignore=(*NOISE, "/srv"))
    code, said = applied(fresh, f"{server.url}{path}", more)
    assert code in {2, 4}
    assert expected in said
    assert fresh.changes(mtimes=True, ignore=(*NOISE, "/srv")) == before


@pytest.mark.parametrize(
    "address", ["http://localhost/a", "https://a:geheim@localhost/a", "file:///etc/passwd", "ftp://a/b"]
)
def test_only_https_without_a_login_is_an_address(fresh: Throwaway, address: str) -> None:
    """Any other address is a mistake, and a password in it is not shown."""
    code, said = applied(fresh, address)
    assert (code, "begins with https://" in said, "geheim" in said) == (2, True, False)


def test_the_proxy_of_the_caller_or_of_the_document_is_asked(fresh: Throwaway) -> None:
    """The variables decide, and else the document's own proxy: it may be the only way out."""
    with refusing() as caller, refusing() as own:
        more = f'sha256 = "{ROOT.sha256}"\n[proxies]\nhttps = "{own.address}"'
        code, said = applied(fresh, "https://pki.corp.test/root.crt", more)
        assert (code, "proxy" in said) == (2, True)
        applied(fresh, "https://pki.corp.test/root.crt", more, env={"https_proxy": caller.address})
    assert own.lines == caller.lines == ["CONNECT pki.corp.test:443 HTTP/1.1"]
