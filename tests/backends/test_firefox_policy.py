"""Firefox's policies: which file is read, what is put into it, and what is left alone."""

from __future__ import annotations

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
from trustinstall.stores.store import Places
from trustinstall_platforms.browsers.firefox_policy import FirefoxPolicy

BACKEND = FirefoxPolicy()
CORP, OTHER = (Certificate(make_root(name).der) for name in ("Corp Root", "Other Root"))
POLICIES = "/etc/firefox/policies/policies.json"
NAME = f"trustinstall-{CORP.sha256[:12]}.crt"
FLATPAK = "/var/lib/flatpak/extension/org.mozilla.firefox.systemconfig/x86_64/stable/policies"


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A Linux with Mozilla's Firefox."""
    host = ActingHost("linux", str(tmp_path), {}, Account(os.geteuid(), os.getegid(), "root", None))
    write(host, "/opt/firefox/firefox", "")
    return host


def write(host: ActingHost, path: str, content: str) -> None:
    """Write a file of the host."""
    real = Path(host.where(path))
    real.parent.mkdir(parents=True, exist_ok=True)
    real.write_text(content, encoding="utf-8")


def files(host: ActingHost) -> dict[str, str]:
    """Every file of the host, but our own state."""
    top = Path(host.root)
    found = {str(path)[len(str(top)) :]: path for path in top.rglob("*") if path.is_file()}
    return {name: path.read_text() for name, path in found.items() if not name.startswith("/var/lib/trustinstall")}


def found(host: ActingHost) -> list[str]:
    """The policy files that are found."""
    return [one.location for one in BACKEND.discover(host, Places())]


def change(host: ActingHost, *certificates: Certificate, trusted: bool = True) -> list[Outcome]:
    """Run the engine to add or remove Corp Root, or others."""
    wish = Wish(certificates or (CORP,), trusted, by="root")
    return list(Engine(host, [BACKEND], lambda _doing: None).change(wish, Places(), Selection()).outcomes)


def results(outcomes: list[Outcome]) -> list[Result]:
    """How they ended."""
    return [one.result for one in outcomes]


def test_the_file_that_is_read(host: ActingHost) -> None:
    """The machine's file where it is there, or no program has one; else those of the programs, each for itself."""
    assert found(host) == [POLICIES]
    write(host, "/usr/lib/firefox/firefox", "")
    write(host, "/opt/firefox/distribution/policies.json", "{}")
    assert found(host) == [
        "/usr/lib/firefox/distribution/policies.json",
        "/opt/firefox/distribution/policies.json",
    ]
    write(host, POLICIES, "{}")
    assert found(host) == [POLICIES]


def test_a_snap_is_not_helped_at_anothers_cost(host: ActingHost) -> None:
    """Where the snap needs a file that would hide a program's own, the error says so."""
    write(host, "/opt/firefox/distribution/policies.json", "{}")
    write(host, "/snap/bin/firefox", "")
    program, snap = change(host)
    assert (program.result, snap.result) == (Result.ADDED, Result.FAILED)
    assert "would hide /opt/firefox/distribution/policies.json" in snap.detail


def test_everything_comes_and_goes(host: ActingHost) -> None:
    """Directories, file, keys and certificate that are made for the first of ours go with the last one."""
    before = files(host)
    assert results(change(host)) == [Result.ADDED]
    assert results(change(host, OTHER)) == [Result.ADDED]
    listed = json.loads(files(host)[POLICIES])
    names = [f"/etc/firefox/policies/trustinstall-{one.sha256[:12]}.crt" for one in (CORP, OTHER)]
    assert listed == {"policies": {"Certificates": {"Install": names}}}
    assert files(host)[names[0]].encode() == CORP.pem
    assert results(change(host, trusted=False)) == [Result.REMOVED]
    assert results(change(host, OTHER, trusted=False)) == [Result.REMOVED]
    assert files(host) == before
    assert not Path(host.where("/etc")).exists()


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"policies": {}}\n',
        '{\n  "policies": {\n    "Certificates": {\n      "Install": []\n    }\n  }\n}\n',
        '{"policies":{"Certificates":{"Install":["nowhere.pem"]},"Proxy":{"Mode":"system"}}}',
    ],
)
def test_what_stands_there_stays(host: ActingHost, text: str) -> None:
    """Whatever of the keys is there before is there after, to the byte; two come and go in either order."""
    write(host, POLICIES, text)
    for first, second in ((CORP, OTHER), (OTHER, CORP)):
        assert results(change(host)) == [Result.ADDED]
        assert results(change(host, OTHER)) == [Result.ADDED]
        assert results(change(host, first, trusted=False)) == [Result.REMOVED]
        assert results(change(host, second, trusted=False)) == [Result.REMOVED]
        assert files(host) == {"/opt/firefox/firefox": "", POLICIES: text}


@pytest.mark.parametrize(
    ("text", "word"),
    [("{", "is no JSON"), ('{"policies": []}', "policies is no object"), ("// x\n{}", "is no JSON")],
)
def test_a_file_that_is_no_policy(host: ActingHost, text: str, word: str) -> None:
    """It is named and not touched."""
    write(host, POLICIES, text)
    (outcome,) = change(host)
    assert outcome.result is Result.FAILED
    assert word in outcome.detail
    assert files(host) == {"/opt/firefox/firefox": "", POLICIES: text}


def test_a_certificate_that_is_gone(host: ActingHost) -> None:
    """A policy that names a file which is not there tells nobody to trust it; the next `add` brings it back."""
    change(host)
    Path(host.where(f"/etc/firefox/policies/{NAME}")).unlink()
    assert results(change(host)) == [Result.ADDED]
    assert json.loads(files(host)[POLICIES])["policies"]["Certificates"]["Install"] == [f"/etc/firefox/policies/{NAME}"]
    assert results(change(host, trusted=False)) == [Result.REMOVED]
    assert not Path(host.where("/etc")).exists()


def test_somebody_elses_file(host: ActingHost) -> None:
    """A root that an administrator has named himself is his: named again by nobody, and not taken out."""
    write(host, "/etc/corp.pem", CORP.pem.decode())
    write(host, POLICIES, '{"policies": {"Certificates": {"Install": ["/etc/corp.pem"]}}}')
    before = files(host)
    (outcome,) = change(host)
    assert (outcome.result, outcome.foreign) == (Result.ALREADY, (CORP.sha256,))
    assert results(change(host, trusted=False)) == [Result.FOREIGN]
    assert files(host) == before


@pytest.mark.parametrize("there", ["app/org.mozilla.firefox", "extension/org.mozilla.firefox.systemconfig"])
def test_flatpak(host: ActingHost, there: str) -> None:
    """What is named is what the sandbox sees; the machine's extension is enough, for flatpaks of single accounts."""
    Path(host.where(f"/var/lib/flatpak/{there}/x86_64/stable")).mkdir(parents=True)
    Path(host.where(f"/var/lib/flatpak/{there}/current")).symlink_to("x86_64")
    assert found(host) == [POLICIES, f"{FLATPAK}/policies.json"]
    assert results(change(host)) == [Result.ADDED] * 2
    listed = json.loads(files(host)[f"{FLATPAK}/policies.json"])["policies"]["Certificates"]["Install"]
    assert listed == [f"/app/etc/firefox/policies/{NAME}"]
    assert files(host)[f"{FLATPAK}/{NAME}"].encode() == CORP.pem
    assert results(change(host, trusted=False)) == [Result.REMOVED] * 2
    assert not any("trustinstall" in name for name in files(host))


@pytest.mark.parametrize("theirs", [True, False])
def test_a_listed_file_in_a_home(host: ActingHost, *, theirs: bool) -> None:
    """What others could put there root does not read, and the policy counts as if it were not there."""
    write(host, "/home/alice/corp.crt", CORP.pem.decode())
    write(host, POLICIES, json.dumps({"policies": {"Certificates": {"Install": ["/home/alice/corp.crt"]}}}))
    if theirs:
        os.chown(host.where("/home/alice"), 4711, 4711)
    assert results(change(host)) == [Result.ADDED if theirs else Result.ALREADY]
