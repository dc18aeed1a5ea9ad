"""Firefox's policies: which file is read, what is put into it, and what is left alone."""

from __future__ import annotations

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
from trustinstall.editing.json_document import Document
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.host import ActingHost
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.browsers.firefox_policy import FirefoxPolicy

BACKEND = FirefoxPolicy()
CORP, OTHER = (Certificate(make_root(name).der) for name in ("Corp Root", "Other Root"))
POLICIES = "/etc/firefox/policies/policies.json"
NAME = f"trustinstall-{CORP.sha256[:12]}.crt"
FLATPAK = "/var/lib/flatpak/extension/org.mozilla.firefox.systemconfig/x86_64/stable/policies"


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A Linux with Mozilla's Firefox."""
    host = make(tmp_path, "root", None)
    write(host, "/opt/firefox/firefox")
    return host


def files(host: ActingHost) -> dict[str, str]:
    """Every file of the host, but our own state."""
    top = Path(host.root)
    found = {str(path)[len(str(top)) :]: path for path in top.rglob("*") if path.is_file()}
    return {name: path.read_text() for name, path in found.items() if not name.startswith("/var/lib/trustinstall")}


def found(host: ActingHost) -> list[str]:
    """The policy files that are found."""
    return [one.location for one in BACKEND.discover(host, DiscoveryOptions())]


def change(host: ActingHost, *certificates: Certificate, trusted: bool = True, adopt: bool = False) -> list[Outcome]:
    """Run the engine to add or remove Corp Root, or others."""
    wish = fake_host.wish(*(one.der for one in certificates or (CORP,)), trusted=trusted)
    return fake_host.change(host, [BACKEND], replace(wish, adopt=adopt))


def results(outcomes: list[Outcome]) -> list[Result]:
    """How they ended."""
    return [one.result for one in outcomes]


def test_the_file_that_is_read(host: ActingHost) -> None:
    """The machine's file where it is there, or no program has one; else those of the programs, each for itself."""
    assert found(host) == [POLICIES]
    write(host, "/usr/lib/firefox/firefox")
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
    write(host, "/snap/bin/firefox")
    program, snap = change(host)
    assert (program.result, snap.result) == (Result.ADDED, Result.FAILED)
    assert "would hide /opt/firefox/distribution/policies.json" in snap.detail


def test_everything_comes_and_goes(host: ActingHost) -> None:
    """Directories, file, keys and certificate that are made for the first managed root go with the last one."""
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
    """The keys that were there before are there after, to the byte; two come and go in either order."""
    write(host, POLICIES, text)
    for first, second in ((CORP, OTHER), (OTHER, CORP)):
        assert results(change(host)) == [Result.ADDED]
        assert results(change(host, OTHER)) == [Result.ADDED]
        assert results(change(host, first, trusted=False)) == [Result.REMOVED]
        assert results(change(host, second, trusted=False)) == [Result.REMOVED]
        assert files(host) == {"/opt/firefox/firefox": "", POLICIES: text}


@pytest.mark.parametrize(
    ("text", "word"),
    [("{", "is not JSON"), ('{"policies": []}', "policies is no object"), ("// x\n{}", "is not JSON")],
)
def test_a_file_that_is_no_policy(host: ActingHost, text: str, word: str) -> None:
    """It is named and not touched."""
    write(host, POLICIES, text)
    (outcome,) = change(host)
    assert outcome.result is Result.FAILED
    assert word in outcome.detail
    assert files(host) == {"/opt/firefox/firefox": "", POLICIES: text}


def test_a_certificate_that_is_gone(host: ActingHost) -> None:
    """A policy that names a missing file makes no browser trust it; the next `add` brings the file back."""
    change(host)
    Path(host.where(f"/etc/firefox/policies/{NAME}")).unlink()
    assert results(change(host)) == [Result.ADDED]
    assert json.loads(files(host)[POLICIES])["policies"]["Certificates"]["Install"] == [f"/etc/firefox/policies/{NAME}"]
    assert results(change(host, trusted=False)) == [Result.REMOVED]
    assert not Path(host.where("/etc")).exists()


def test_somebody_elses_file(host: ActingHost) -> None:
    """A root that an administrator has named stays the administrator's: it is not named again, and not taken out."""
    write(host, "/etc/corp.pem", CORP.pem)
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
    write(host, "/home/alice/corp.crt", CORP.pem)
    write(host, POLICIES, json.dumps({"policies": {"Certificates": {"Install": ["/home/alice/corp.crt"]}}}))
    if theirs:
        os.chown(host.where("/home/alice"), 4711, 4711)
    assert results(change(host)) == [Result.ADDED if theirs else Result.ALREADY]


def install(host: ActingHost, *words: str) -> None:
    """An administrator writes the list of certificates."""
    write(host, POLICIES, json.dumps({"policies": {"Certificates": {"Install": words}}}))


def installed(host: ActingHost) -> list[str]:
    """The list of certificates."""
    found: list[str] = json.loads(files(host)[POLICIES])["policies"]["Certificates"]["Install"]
    return found


def test_a_renamed_certificate_is_foreign(host: ActingHost) -> None:
    """A certificate that is listed under another name is left and named; `--not-ours` takes it out of the list."""
    change(host)
    directory = Path(host.where(POLICIES)).parent
    (directory / NAME).rename(directory / "corp.crt")
    install(host, "/etc/firefox/policies/corp.crt")
    (again,) = change(host)
    assert (again.result, again.foreign) == (Result.ALREADY, (CORP.sha256,))
    (removed,) = change(host, trusted=False)
    assert (removed.result, removed.changed, removed.foreign) == (Result.FOREIGN, (), (CORP.sha256,))
    assert installed(host) == ["/etc/firefox/policies/corp.crt"]
    assert results(change(host, trusted=False, adopt=True)) == [Result.REMOVED]
    assert installed(host) == []
    assert (directory / "corp.crt").read_bytes() == CORP.pem


@pytest.mark.parametrize(
    "words",
    [
        [f"/etc/firefox/policies/../policies/{NAME}"],
        [f"/etc/firefox/policies/{NAME}", f"/etc/firefox//policies/{NAME}"],
        [f"/etc/ff/policies/{NAME}", "/nowhere.pem"],
        ["corp.crt"],
    ],
)
def test_a_managed_file_under_another_path(host: ActingHost, words: list[str]) -> None:
    """It is managed wherever the list names it: `add` changes nothing, and `remove` leaves no name of it."""
    fake_host.link(host, "/etc/ff", "/etc/firefox")
    fake_host.link(host, "/usr/lib/mozilla/certificates/corp.crt", f"/etc/firefox/policies/{NAME}")
    change(host)
    install(host, *words)
    before = files(host)
    assert [(one.result, one.foreign) for one in change(host)] == [(Result.ALREADY, ())]
    assert files(host) == before
    assert [(one.result, one.foreign) for one in change(host, trusted=False)] == [(Result.REMOVED, ())]
    assert NAME not in str(files(host))
    assert "corp.crt" not in files(host).get(POLICIES, "")
    assert (POLICIES in files(host)) == ("/nowhere.pem" in words)


@pytest.mark.parametrize("both", [False, True])
def test_a_policy_file_that_moved(host: ActingHost, *, both: bool) -> None:
    """An administrator moves the policy file to the other place, with the certificate beside it or without."""
    change(host)
    new = "/opt/firefox/distribution/policies.json"
    text = files(host)[POLICIES]
    name = f"{Path(new if both else POLICIES).parent}/{NAME}"
    write(host, new, text.replace("/etc/firefox/policies", str(Path(name).parent)))
    Path(host.where(POLICIES)).unlink()
    if both:
        Path(host.where(f"{Path(POLICIES).parent}/{NAME}")).rename(host.where(name))
    results = {one.store.location: (one.result, one.foreign) for one in change(host, trusted=False)}
    assert results[new] == (Result.REMOVED, ())
    assert NAME not in str(files(host))
    assert json.loads(files(host)[new])["policies"]["Certificates"]["Install"] == []


def test_a_policy_file_that_was_copied(host: ActingHost) -> None:
    """Two programs read the list: the file goes once, and both lists are without it."""
    change(host)
    new = "/opt/firefox/distribution/policies.json"
    write(host, new, files(host)[POLICIES])
    change(host, trusted=False)
    assert results(change(host, trusted=False)) == [Result.REMOVED]
    assert NAME not in str(files(host))


def test_the_same_certificate_listed_beside_ours(host: ActingHost) -> None:
    """`remove` takes the item of trustinstall alone; the result is `left`, because profiles still import the root."""
    change(host)
    write(host, "/etc/corp.pem", CORP.pem)
    install(host, *installed(host), "/etc/corp.pem")
    (removed,) = change(host, trusted=False)
    assert (removed.result, removed.foreign) == (Result.FOREIGN, (CORP.sha256,))
    assert installed(host) == ["/etc/corp.pem"]
    assert NAME not in str(files(host))


def test_an_adopted_item(host: ActingHost) -> None:
    """It is adopted once, is there already when added again, and goes with a plain `remove`."""
    write(host, "/etc/corp.pem", CORP.pem)
    install(host, "/etc/corp.pem")
    assert [one.foreign for one in change(host, adopt=True)] == [()]
    assert [(one.result, one.foreign) for one in change(host)] == [(Result.ALREADY, ())]
    assert results(change(host, trusted=False)) == [Result.REMOVED]
    assert installed(host) == []


def test_a_file_that_is_not_listed_any_more(host: ActingHost) -> None:
    """A managed certificate that a person has taken out of the list goes with `remove`, too."""
    change(host)
    write(host, POLICIES, "{}")
    assert results(change(host, trusted=False)) == [Result.REMOVED]
    assert [name for name in files(host) if name.endswith(".crt")] == []


def test_another_certificate_under_our_name(host: ActingHost) -> None:
    """A file whose content another program has replaced is not managed: `add` names it, `remove` leaves it."""
    change(host)
    write(host, f"/etc/firefox/policies/{NAME}", OTHER.pem)
    (added,) = change(host)
    assert "holds something else than its name says" in added.detail
    assert results(change(host, trusted=False)) == [Result.ABSENT]
    assert results(change(host, OTHER, trusted=False)) == [Result.FOREIGN]
    assert installed(host) == [f"/etc/firefox/policies/{NAME}"]


_WORDS = st.one_of(
    st.sampled_from(["/etc/other.pem", "bare.pem", "/nowhere.crt", f"/etc/firefox/policies/{NAME}", ""]),
    st.integers(),
)
_KEYS = st.dictionaries(st.sampled_from(["Install", "ImportEnterpriseRoots"]), st.lists(_WORDS, max_size=3))
_CERTIFICATES = _KEYS.map(lambda keys: {"policies": {"Certificates": keys}})
_CONTENT = st.one_of(st.just("{}"), st.just('{"policies": {}}'), _CERTIFICATES.map(json.dumps))


@given(_CONTENT, st.sampled_from([None, 1, "\t"]))
def test_what_others_write_comes_back_to_the_byte(content: str, indent: int | str | None) -> None:
    """With any policies of others: after `add` and `remove` the file is the same, but for a dead managed item."""
    with tempfile.TemporaryDirectory() as top:
        host = make(Path(top), "root", None)
        write(host, "/opt/firefox/firefox")
        write(host, "/etc/other.pem", OTHER.pem)
        text = json.dumps(json.loads(content), indent=indent)
        write(host, POLICIES, text)
        ours = f"/etc/firefox/policies/{NAME}"
        dead = ours in (Document(text.encode()).get("policies", "Certificates", "Install") or [])
        change(host)
        assert results(change(host, trusted=False)) == [Result.REMOVED]
        if dead:
            assert ours not in installed(host)
        else:
            assert files(host)[POLICIES] == text


def test_a_listed_certificate_that_only_root_can_read(host: ActingHost) -> None:
    """Accounts' profiles do not import it: the managed one is listed beside it; if that is hidden, chmod is named."""
    write(host, "/etc/corp.pem", CORP.pem, 0o600)
    install(host, "/etc/corp.pem")
    assert results(change(host)) == [Result.ADDED]
    (own,) = (name for name in files(host) if name.endswith(NAME))
    Path(host.where(own)).chmod(0o600)
    Path(host.where("/etc/corp.pem")).chmod(0o600)
    (hidden,) = change(host)
    assert (hidden.result, f"chmod a+r {own}" in hidden.detail) == (Result.FAILED, True)
    Path(host.where(own)).chmod(0o644)
    assert results(change(host)) == [Result.ALREADY]
    assert change(host, trusted=False)[0].result is Result.FOREIGN
    assert installed(host) == ["/etc/corp.pem"]
