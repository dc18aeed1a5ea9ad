"""A fault of TLS is known by what programs really say of it, and the server by what they name."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from tests.support.tls import Server
from tests.support.verifiers import clean
from trustinstall.doctor import complaints
from trustinstall.doctor.target import Target

ROOT = make_root("Complaints Root")
_PAST = datetime.now(timezone.utc) - timedelta(days=9)
LEAVES = {
    "unknown-issuer": ROOT.issue("localhost"),
    "host-name": ROOT.issue("other.example"),
    "expired": ROOT.issue("localhost", not_before=_PAST, not_after=_PAST + timedelta(days=2)),
}
_PYTHON = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"
_REQUESTS = "import sys, requests; requests.get(sys.argv[1])"
_FETCH = "fetch(process.argv[1]).catch(e => { console.error(e.cause); process.exit(1) })"
PROGRAMS: dict[str, tuple[str, ...]] = {
    "curl": ("curl", "-q"),
    "wget": ("wget", "--no-config", "-O", "/dev/null"),
    "git": ("git", "ls-remote"),
    "urllib": (sys.executable, "-c", _PYTHON),
    "requests": (sys.executable, "-c", _REQUESTS),
    "node": ("node", "-e", _FETCH),
}


@pytest.mark.parametrize("code", LEAVES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_names_its_fault(name: str, code: str, tmp_path: Path) -> None:
    """The fault is read from its words, and the server from these or its arguments; git by GnuTLS gives no reason."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(ROOT.pem if code != "unknown-issuer" else make_root("Other").pem)
    variables = dict.fromkeys(
        ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), str(bundle)
    )
    words = [*PROGRAMS[name], *([f"--ca-certificate={bundle}"] if name == "wget" else [])]
    with Server(LEAVES[code]) as server:
        words = [*words, server.url]
        done = subprocess.run(words, env=clean(**variables), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode
    said = done.stdout + done.stderr
    assert complaints.fault(said) == ("certificate" if name == "git" and code != "host-name" else code), said
    assert complaints.servers(said, words) == (Target("localhost", server.port),)


_GO = "https://go.example/v1: x509: certificate "
RECORDED = [
    (f"{_GO}signed by unknown authority", "unknown-issuer", "go.example"),
    (f"{_GO}is valid for a, not go.example", "host-name", "go.example"),
    ("error sending request for url (https://pypi.example/simple/)\nUnknownIssuer", "unknown-issuer", "pypi.example"),
    ("from central (https://repo.example/m2): PKIX path building failed", "certificate", "repo.example"),
    ("https://me:pw@npm.example/x failed, UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unknown-issuer", "npm.example"),
    ("Pool(host='a.example', port=443): CERTIFICATE_VERIFY_FAILED: certificate has expired", "expired", "a.example"),
]


@pytest.mark.parametrize(("said", "code", "server"), RECORDED)
def test_recorded_words_are_read(said: str, code: str, server: str) -> None:
    """Of Go, uv, Maven, npm and pip, from their issue trackers."""
    assert complaints.fault(said) == code
    assert complaints.servers(said, ()) == (Target(server, 443),)


def test_what_is_no_fault_of_tls_is_none() -> None:
    """A page that is not there, and an unknown name."""
    assert not complaints.fault("curl: (6) Could not resolve host: x.example")
    assert not complaints.fault("fatal: https://x.example/ 404 not found")


@given(st.text())
def test_any_text_is_read(said: str) -> None:
    """No text breaks the reader."""
    complaints.fault(said)
    assert len(complaints.servers(said, (said,))) <= 3
