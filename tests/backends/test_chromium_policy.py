"""Chromium's policies: what is found, what counts, and what is left alone."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.request import Selection, Wish
from trustinstall.engine.scope import Engine
from trustinstall.host import Account, ActingHost
from trustinstall.stores.observation import State
from trustinstall.stores.store import Places
from trustinstall_platforms.browsers.chromium_browsers import BROWSERS
from trustinstall_platforms.browsers.chromium_policy import ChromiumPolicy

BACKEND = ChromiumPolicy()
CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
CHROME = "/etc/opt/chrome/policies/managed"


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A Linux with Chrome that has never been started."""
    host = ActingHost("linux", str(tmp_path), {}, Account(os.geteuid(), os.getegid(), "root", None))
    write(host, "/opt/google/chrome/chrome", "")
    return host


def write(host: ActingHost, path: str, content: str) -> None:
    """Write a file of the host."""
    real = Path(host.where(path))
    real.parent.mkdir(parents=True, exist_ok=True)
    real.write_text(content, encoding="utf-8")


def files(host: ActingHost) -> dict[str, str]:
    """Every file below /etc, but our own state."""
    top = Path(host.where("/etc"))
    return {str(path)[len(str(top)) :]: path.read_text() for path in top.rglob("*") if path.is_file()}


def change(host: ActingHost, *domains: str, trusted: bool = True) -> Outcome:
    """Run the engine to add or remove Corp Root, for all names or for some."""
    wish = Wish((Certificate(CORP.der),), trusted, by="root", domains=domains)
    (outcome,) = Engine(host, [BACKEND], lambda _doing: None).change(wish, Places(), Selection()).outcomes
    return outcome


def base(der: bytes) -> str:
    """As policies have it."""
    return base64.b64encode(der).decode()


def test_only_what_is_installed(host: ActingHost) -> None:
    """Each browser has a directory of its own, made for nobody who is not there; none is found on other systems."""
    assert [one.location for one in BACKEND.discover(host, Places())] == [CHROME]
    for browser in BROWSERS:
        write(host, browser.programs[0], "")
    assert [one.location for one in BACKEND.discover(host, Places())] == [one.directory for one in BROWSERS]
    assert BACKEND.discover(ActingHost("darwin", host.root, {}, host.account), Places()) == []


def test_directories_come_and_go(host: ActingHost) -> None:
    """What is made for the first of ours goes with the last one."""
    assert change(host).result is Result.ADDED
    assert json.loads(files(host)["/opt/chrome/policies/managed/00-trustinstall.json"]) == {
        "CACertificates": [base(CORP.der)]
    }
    assert change(host, trusted=False).result is Result.REMOVED
    assert not Path(host.where("/etc")).exists()


def test_what_others_add_to_our_file_stays(host: ActingHost) -> None:
    """Then the file stays, and nothing of ours in it."""
    change(host)
    name = "/opt/chrome/policies/managed/00-trustinstall.json"
    write(host, f"/etc{name}", json.dumps(json.loads(files(host)[name]) | {"HomepageLocation": "about:blank"}))
    assert change(host, trusted=False).result is Result.REMOVED
    assert files(host) == {name: '{"HomepageLocation": "about:blank"}'}


def test_somebody_hides_our_file(host: ActingHost) -> None:
    """A file that comes to set the policy later makes ours count for nothing; the next `add` goes into that one."""
    change(host)
    write(host, f"{CHROME}/corp.json", json.dumps({"CACertificates": [base(OTHER.der)]}))
    (store,) = BACKEND.discover(host, Places())
    assert Certificate(CORP.der).sha256 not in BACKEND.observe(host, store).anchors
    assert change(host).result is Result.ADDED
    assert BACKEND.observe(host, store).anchors[Certificate(CORP.der).sha256] is State.TRUSTED
    assert change(host, trusted=False).result is Result.REMOVED
    assert files(host) == {"/opt/chrome/policies/managed/corp.json": json.dumps({"CACertificates": [base(OTHER.der)]})}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "no key in line 1"),
        ('{"CACertificates": "x"}', "is no list"),
        ("[]", "no object"),
    ],
)
def test_a_file_that_is_no_policy(host: ActingHost, text: str, word: str) -> None:
    """It is named and not touched, and nothing is put beside it."""
    write(host, f"{CHROME}/corp.json", text)
    outcome = change(host)
    assert outcome.result is Result.FAILED
    assert word in outcome.detail
    assert files(host) == {"/opt/chrome/policies/managed/corp.json": text}


def test_a_distrusted_root(host: ActingHost) -> None:
    """What a policy distrusts is not trusted by another one: the error says who says so."""
    text = json.dumps({"CADistrustedCertificates": [base(CORP.der)]})
    write(host, f"{CHROME}/corp.json", text)
    outcome = change(host)
    assert outcome.result is Result.FAILED
    assert "CADistrustedCertificates" in outcome.detail
    assert files(host) == {"/opt/chrome/policies/managed/corp.json": text}


def test_a_directory_of_somebody_else(host: ActingHost) -> None:
    """Where another account may write, root writes nothing."""
    Path(host.where(CHROME)).mkdir(parents=True)
    os.chown(host.where("/etc/opt/chrome"), 12345, 12345)
    outcome = change(host)
    assert outcome.result is Result.FAILED
    assert "in the hands of uid 12345" in outcome.detail


def listed(host: ActingHost) -> dict[str, list[object]]:
    """What our own file says."""
    found: dict[str, list[object]] = json.loads(files(host)["/opt/chrome/policies/managed/00-trustinstall.json"])
    return found


def test_from_some_names_to_others_and_back(host: ActingHost) -> None:
    """What a root is kept to changes as it is asked for, and no list keeps what another says."""
    change(host, "corp.example")
    names = {"permitted_dns_names": ["corp.example"], "permitted_cidrs": ["255.255.255.255/32"]}
    kept: dict[str, list[object]] = {
        "CACertificatesWithConstraints": [{"certificate": base(CORP.der), "constraints": names}]
    }
    assert listed(host) == kept
    change(host, "10.0.0.0/8")
    names |= {"permitted_dns_names": ["invalid"], "permitted_cidrs": ["10.0.0.0/8"]}
    assert listed(host) == kept
    change(host)
    assert listed(host) == {"CACertificates": [base(CORP.der)]}
    change(host, "10.0.0.0/8")
    assert listed(host) == kept
    assert change(host, trusted=False).result is Result.REMOVED
    assert not Path(host.where("/etc")).exists()


def test_somebody_trusts_it_for_every_name(host: ActingHost) -> None:
    """Then it cannot be kept to some, and the error says so."""
    write(host, f"{CHROME}/corp.json", json.dumps({"CACertificates": [base(CORP.der)]}))
    outcome = change(host, "corp.example")
    assert outcome.result is Result.FAILED
    assert "for every name" in outcome.detail


def test_a_policy_in_a_home(host: ActingHost) -> None:
    """An administrator's link leads to a file of alice's, which counts: root does not write there, nor beside it."""
    write(host, "/home/alice/policy.json", json.dumps({"CACertificates": [base(OTHER.der)]}))
    os.chown(host.where("/home/alice"), 4711, 4711)
    Path(host.where(CHROME)).mkdir(parents=True)
    Path(host.where(f"{CHROME}/corp.json")).symlink_to("/home/alice/policy.json")
    before = Path(host.where("/home/alice/policy.json")).read_bytes()
    outcome = change(host)
    assert (outcome.result, "uid 4711" in outcome.detail) == (Result.FAILED, True), outcome
    assert Path(host.where("/home/alice/policy.json")).read_bytes() == before
    assert len(list(Path(host.where("/home/alice")).iterdir())) == len(list(Path(host.where(CHROME)).iterdir())) == 1
