"""Chromium's policies: what is found, what counts, and what is left alone."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import fake_host
from tests.support.fake_host import make, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.host import ActingHost
from trustinstall.stores.observation import State
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.browsers.chromium_browsers import BROWSERS
from trustinstall_platforms.browsers.chromium_policy import ChromiumPolicy

BACKEND = ChromiumPolicy()
CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
SHA256 = Certificate(CORP.der).sha256
CHROME = "/etc/opt/chrome/policies/managed"


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A Linux with Chrome that has never been started."""
    host = make(tmp_path, "root", None)
    write(host, "/opt/google/chrome/chrome")
    return host


def files(host: ActingHost) -> dict[str, str]:
    """Every file below /etc, but our own state."""
    top = Path(host.where("/etc"))
    return {str(path)[len(str(top)) :]: path.read_text() for path in top.rglob("*") if path.is_file()}


def change(host: ActingHost, *domains: str, trusted: bool = True, adopt: bool = False) -> Outcome:
    """Run the engine to add or remove Corp Root, for all names or for some."""
    wish = replace(fake_host.wish(CORP.der, trusted=trusted, domains=domains), adopt=adopt)
    (outcome,) = fake_host.change(host, [BACKEND], wish)
    return outcome


def directory(host: ActingHost) -> dict[str, object]:
    """What each file of Chrome's directory says."""
    found = files(host)
    return {name.rpartition("/")[2]: json.loads(text) for name, text in found.items()}


def base(der: bytes) -> str:
    """As policies have it."""
    return base64.b64encode(der).decode()


def test_only_what_is_installed(host: ActingHost) -> None:
    """Each browser has a directory of its own, made only for an installed one; none is found on other systems."""
    assert [one.location for one in BACKEND.discover(host, DiscoveryOptions())] == [CHROME]
    for browser in BROWSERS:
        write(host, browser.programs[0])
    assert [one.location for one in BACKEND.discover(host, DiscoveryOptions())] == [one.directory for one in BROWSERS]
    assert BACKEND.discover(ActingHost("darwin", host.root, {}, host.account), DiscoveryOptions()) == []


def test_directories_come_and_go(host: ActingHost) -> None:
    """Directories that are made for the first managed root go with the last one."""
    assert change(host).result is Result.ADDED
    assert json.loads(files(host)["/opt/chrome/policies/managed/00-trustinstall.json"]) == {
        "CACertificates": [base(CORP.der)]
    }
    assert change(host, trusted=False).result is Result.REMOVED
    assert not Path(host.where("/etc")).exists()


def test_what_others_add_to_our_file_stays(host: ActingHost) -> None:
    """Then the file stays, without managed roots."""
    change(host)
    name = "/opt/chrome/policies/managed/00-trustinstall.json"
    write(host, f"/etc{name}", json.dumps(json.loads(files(host)[name]) | {"HomepageLocation": "about:blank"}))
    assert change(host, trusted=False).result is Result.REMOVED
    assert files(host) == {name: '{"HomepageLocation": "about:blank"}'}


def test_somebody_hides_our_file(host: ActingHost) -> None:
    """A later file that sets the policy hides the managed one; the next `add` goes into that one."""
    change(host)
    write(host, f"{CHROME}/corp.json", json.dumps({"CACertificates": [base(OTHER.der)]}))
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    assert Certificate(CORP.der).sha256 not in BACKEND.observe(host, store, frozenset()).anchors
    assert change(host).result is Result.ADDED
    assert BACKEND.observe(host, store, frozenset()).anchors[Certificate(CORP.der).sha256] is State.TRUSTED
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
    assert "owned by uid 12345" in outcome.detail


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


def test_a_directory_that_an_administrator_moved(host: ActingHost) -> None:
    """A link leads to it now: the managed file goes, and what the administrator made stays."""
    change(host)
    made, moved = Path(host.where("/etc/opt/chrome/policies")), Path(host.where("/srv/policies"))
    moved.parent.mkdir()
    made.rename(moved)
    made.symlink_to("/srv/policies")
    assert change(host).result is Result.ALREADY
    assert change(host, trusted=False).result is Result.REMOVED
    assert made.is_symlink()
    assert list(moved.rglob("*.json")) == []


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


def test_a_renamed_file_is_foreign(host: ActingHost) -> None:
    """A policy file that has lost its name is left and named, and never called removed; `--not-ours` takes it out."""
    change(host)
    Path(host.where(f"{CHROME}/00-trustinstall.json")).rename(host.where(f"{CHROME}/corp.json"))
    kept = {"corp.json": {"CACertificates": [base(CORP.der)]}}
    assert change(host).foreign == (SHA256,)
    for _ in range(2):
        outcome = change(host, trusted=False)
        assert (outcome.result, outcome.changed, outcome.foreign) == (Result.FOREIGN, (), (SHA256,))
        assert directory(host) == kept
    assert change(host, trusted=False, adopt=True).result is Result.REMOVED
    assert directory(host) == {"corp.json": {"CACertificates": []}}


@pytest.mark.parametrize("name", ["zz.json", "00-first.json"])
def test_the_same_root_in_another_file(host: ActingHost, name: str) -> None:
    """`remove` takes the item of trustinstall alone; the result is `left`, because the browser still trusts."""
    change(host)
    write(host, f"{CHROME}/{name}", json.dumps({"CACertificates": [base(CORP.der)]}))
    outcome = change(host, trusted=False)
    assert (outcome.result, outcome.foreign) == (Result.FOREIGN, (SHA256,))
    assert directory(host) == {name: {"CACertificates": [base(CORP.der)]}}


def test_the_same_root_twice_in_one_list(host: ActingHost) -> None:
    """Of two equal items in a file of others one was added by trustinstall: only that one goes."""
    write(host, f"{CHROME}/corp.json", json.dumps({"CACertificates": [base(OTHER.der)]}))
    change(host)
    both = [base(OTHER.der), base(CORP.der)]
    assert directory(host) == {"corp.json": {"CACertificates": both}}
    write(host, f"{CHROME}/corp.json", json.dumps({"CACertificates": [*both, base(CORP.der)]}))
    assert change(host, trusted=False).result is Result.FOREIGN
    assert directory(host) == {"corp.json": {"CACertificates": both}}
    assert change(host, trusted=False, adopt=True).result is Result.REMOVED
    assert directory(host) == {"corp.json": {"CACertificates": [base(OTHER.der)]}}


def test_an_adopted_item(host: ActingHost) -> None:
    """It is adopted once, is there already when added again, and goes with a plain `remove`."""
    write(host, f"{CHROME}/corp.json", json.dumps({"CACertificates": [base(CORP.der)]}))
    assert change(host).foreign == (SHA256,)
    assert change(host, adopt=True).foreign == ()
    assert (change(host).result, change(host).foreign) == (Result.ALREADY, ())
    assert change(host, trusted=False).result is Result.REMOVED
    assert directory(host) == {"corp.json": {"CACertificates": []}}


@pytest.mark.parametrize("adopted", [False, True])
def test_distrusted_after_it_was_added(host: ActingHost, *, adopted: bool) -> None:
    """`remove` takes the item out, and leaves the list of distrusted certificates, with `--not-ours`, too.

    The list is not named as what is left: no command takes an item out of it, and it does what the caller wants.
    """
    if adopted:
        write(host, f"{CHROME}/theirs.json", json.dumps({"CACertificates": [base(CORP.der)]}))
    change(host, adopt=adopted)
    text = json.dumps({"CADistrustedCertificates": [base(CORP.der)]})
    write(host, f"{CHROME}/corp.json", text)
    removed = change(host, trusted=False)
    assert (removed.result, removed.foreign) == (Result.REMOVED, ())
    left: dict[str, object] = {"theirs.json": {"CACertificates": []}} if adopted else {}
    assert directory(host) == left | {"corp.json": json.loads(text)}
    outcome = change(host, trusted=False, adopt=True)
    assert outcome.result is Result.FAILED
    assert "CADistrustedCertificates" in outcome.detail
    assert directory(host) == left | {"corp.json": json.loads(text)}


@pytest.mark.parametrize("policy", ["CACertificates", "CACertificatesWithConstraints"])
def test_others_trust_it_for_more_since(host: ActingHost, policy: str) -> None:
    """A limit is not claimed where a policy of others trusts the root for other names since: the error says so."""
    change(host, "a.example")
    limits = {"permitted_dns_names": ["b.example"], "permitted_cidrs": ["255.255.255.255/32"]}
    limited = {"certificate": base(CORP.der), "constraints": limits}
    text = json.dumps({policy: [base(CORP.der) if policy == "CACertificates" else limited]})
    write(host, f"{CHROME}/corp.json", text)
    outcome = change(host, "a.example")
    assert outcome.result is Result.FAILED
    assert "by a policy of others" in outcome.detail
    assert directory(host)["corp.json"] == json.loads(text)


def test_our_file_is_damaged(host: ActingHost) -> None:
    """A damaged file of trustinstall's name is named: the certificate would count again once the file is mended."""
    change(host)
    write(host, f"{CHROME}/00-trustinstall.json", '{"CACertificates": [')
    outcome = change(host, trusted=False)
    assert outcome.result is Result.FAILED
    assert "00-trustinstall.json is not a policy" in outcome.detail


@pytest.mark.parametrize(
    ("constraints", "result"),
    [
        ({"permitted_dns_names": ["corp.example"], "permitted_cidrs": ["255.255.255.255/32"]}, Result.ALREADY),
        ({"permitted_cidrs": ["255.255.255.255/32"], "permitted_dns_names": ["corp.example"]}, Result.ALREADY),
        ({"permitted_dns_names": ["corp.example"]}, Result.FAILED),
        ({"permitted_dns_names": ["corp.example", "x.example"], "permitted_cidrs": []}, Result.FAILED),
    ],
)
def test_limits_of_others(host: ActingHost, constraints: object, result: Result) -> None:
    """A root that others have limited to the same names is there already; a missing list of networks is no limit."""
    item = {"certificate": base(CORP.der), "constraints": constraints}
    write(host, f"{CHROME}/corp.json", json.dumps({"CACertificatesWithConstraints": [item]}))
    outcome = change(host, "corp.example")
    assert outcome.result is result
    assert ("limited to other names" in outcome.detail) == (result is Result.FAILED)


_ITEMS = st.one_of(st.sampled_from([base(CORP.der), base(OTHER.der), "?", ""]), st.integers(), st.none())
_FILES = st.dictionaries(
    st.sampled_from(["a.json", "corp.json", "zz"]),
    st.dictionaries(st.sampled_from(["CACertificates", "HomepageLocation"]), st.lists(_ITEMS, max_size=4)),
)


@given(_FILES)
def test_what_others_write_comes_back_to_the_byte(content: dict[str, dict[str, list[object]]]) -> None:
    """With any policies of other authors: after `add` and `remove` every file is as it was."""
    with tempfile.TemporaryDirectory() as top:
        host = make(Path(top), "root", None)
        write(host, "/opt/google/chrome/chrome")
        for name, policies in content.items():
            write(host, f"{CHROME}/{name}", json.dumps(policies, indent=1))
        before = files(host)
        added = change(host)
        assert change(host, trusted=False).result is (Result.FOREIGN if added.foreign else Result.REMOVED)
        assert files(host) == before


@pytest.mark.parametrize(("place", "mode"), [(CHROME, 0o700), (f"{CHROME}/a.json", 0o600)])
def test_a_policy_that_only_root_can_read(host: ActingHost, place: str, mode: int) -> None:
    """What browsers of people cannot read is no trust: `add` fails, with the chmod that mends it."""
    write(host, f"{CHROME}/a.json", json.dumps({"CACertificates": [base(OTHER.der)]}))
    Path(host.where(place)).chmod(mode)
    before = files(host)
    outcome = change(host)
    assert (outcome.result, f"{place} and try again" in outcome.detail.replace(",", "")) == (Result.FAILED, True)
    assert files(host) == before
    Path(host.where(place)).chmod(0o755)
    assert change(host).result is Result.ADDED
    Path(host.where(place)).chmod(mode)
    assert change(host).result is Result.FAILED
    assert change(host, trusted=False).result is Result.REMOVED
    assert files(host) == before


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_directory_of_policies_that_others_may_write(host: ActingHost, mode: int) -> None:
    """They could have every browser trust their roots: `add` says so, with the chmod, and writes nothing there."""
    write(host, f"{CHROME}/a.json", "{}")
    Path(host.where(CHROME)).chmod(mode)
    os.chown(host.where(CHROME), 0, 12345)
    before = files(host)
    outcome = change(host)
    assert (outcome.result, files(host)) == (Result.FAILED, before)
    assert "have every browser here trust a root of theirs" in outcome.detail
    assert outcome.detail.endswith(f"chmod go-w {CHROME}")
    Path(host.where(CHROME)).chmod(0o755)
    assert change(host).result is Result.ADDED
