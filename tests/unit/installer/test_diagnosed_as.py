"""A diagnosis by a process with another account's rights arrives complete, and only as text and numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support import fake_host
from tests.support.pki import make_root
from tests.support.tls import Server
from trustinstall.errors import TrustInstallError, UsageProblem
from trustinstall.host import Account, ActingHost
from trustinstall.installer import diagnosed_as, diagnosis
from trustinstall.installer.callers import calling
from trustinstall.installer.diagnosis import Ask, Diagnosis

ROOT = make_root("Corp Root")
LEAF = ROOT.intermediate().issue("localhost")


def asked(monkeypatch: pytest.MonkeyPatch, change: Callable[[bytes], bytes], proxy: str = "") -> tuple[Diagnosis, ...]:
    """Return the changed answer of a process for bob, and the direct diagnosis."""

    def without_a_process(_host: ActingHost, _account: Account, job: Callable[[], bytes], *_rest: object) -> bytes:
        return change(job())

    monkeypatch.setattr(ActingHost, "as_account", without_a_process)
    with fake_host.played() as played, Server(LEAF) as server:
        fake_host.write(played, "/etc/os-release", "ID=debian\n")
        fake_host.write(played, "/etc/ssl/certs/ca-certificates.crt", make_root("Some Root").pem)
        fake_host.write(played, "/etc/ca-certificates.conf")
        fake_host.program(played, "/usr/bin/update-ca-certificates")
        ask = Ask(caller=calling(played)._replace(account=Account(1001, 1001, "bob", "/home/bob")), proxy=proxy)
        direct = diagnosis.diagnose_all(played, [server.url], Ask(caller=calling(played)))
        return (*diagnosed_as.diagnose_all(played, [server.url], ask, lambda _doing: None), *direct)


def test_a_diagnosis_arrives_as_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates, reasons and the rest equal those of a diagnosis without another process."""
    received, direct = asked(monkeypatch, lambda answer: answer)
    assert received == direct
    assert received.chain[0].der == LEAF.der
    assert received.clients[0].reasons[0].code == "unknown-issuer"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"unknown-issuer", "', b'"'),
        (b'"chain": ["', b'"chain": ["zz'),
        (b'"layer": "certificate"', b'"layer": "x"'),
        (b'["unknown", "", "", ""]', b'["unknown", "", "", "", ""]'),
    ],
)
def test_an_answer_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes) -> None:
    """A malformed answer is refused: the process has the rights of an account that may want to mislead root."""

    def changed(answer: bytes) -> bytes:
        assert old in answer
        return answer.replace(old, new)

    with pytest.raises(TrustInstallError, match="an invalid answer"):
        asked(monkeypatch, changed)


def test_a_wrong_request_is_told_before_a_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root checks the arguments first: the type of an error, and its exit status, would be lost between processes."""
    with pytest.raises(UsageProblem, match="--proxy names no proxy"):
        asked(monkeypatch, bytes.upper, "ftp://x:1")
