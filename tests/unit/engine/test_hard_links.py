"""A file with several names (hard links): who has made the other name decides what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from tests.support.fake_host import played, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.host import ActingHost
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.programs.named_bundle import NamedBundle
from trustinstall_platforms.python.certifi import Certifi
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings

CORP, OTHER, PUBLIC = make_root("Corp"), make_root("Other"), make_root("Public")
HOME, TWIN = "/home/alice", "/home/alice/twin"
NPMRC, ZSHENV, NAMED = f"{HOME}/.npmrc", f"{HOME}/.zshenv", f"{HOME}/company.pem"
PACKAGE = f"{HOME}/venv/lib/python3.12/site-packages/certifi/cacert.pem"
OWN = f"{HOME}/.local/share/trustinstall/bundle.pem"
CACERTS = f"{HOME}/.jdks/jdk-21/lib/security/cacerts"
BUNDLE = Path(certifi.where()).read_bytes()
KEYSTORE = Path("/etc/ssl/certs/java/cacerts").read_bytes()  # of the JDK that the tests install
FILES = {
    "/etc/ssl/certs/ca-certificates.crt": PUBLIC.pem,
    "/usr/bin/zsh": b"",
    NPMRC: b"fund=false\n",
    ZSHENV: b"export EDITOR=vi\n",
    NAMED: PUBLIC.pem,
    PACKAGE: BUNDLE,
}
PERSONS = {"settings": NPMRC, "environment": ZSHENV, "--search": NAMED}


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with a home of alice's."""
    with played(HOME) as host:
        for path, content in FILES.items():
            write(host, path, content)
        Path(host.where("/usr/bin/zsh")).chmod(0o755)
        yield host


def change(
    host: ActingHost, *, trusted: bool = True, dry_run: bool = False, root: bytes = CORP.der
) -> dict[str, Outcome]:
    """Add or remove, as a command of alice's does; what became of each store, by its location."""
    backends = (OwnBundle(), Settings(), Environment("add"), NamedBundle(), Certifi())
    wish = Request((Certificate(root),), trusted=trusted, by="alice", dry_run=dry_run)
    places = DiscoveryOptions(searches=(f"{HOME}/venv",), bundles=(NAMED,))
    scope = Engine(host, backends, lambda _doing: None).change(wish, places, Selection())
    return {one.store.location: one for one in scope.outcomes}


def twin(host: ActingHost, path: str) -> os.stat_result:
    """Give a file another name; what both are."""
    os.link(host.where(path), host.where(TWIN))
    return Path(host.where(TWIN)).stat()


@pytest.mark.parametrize("path", PERSONS.values(), ids=PERSONS)
@pytest.mark.parametrize("trusted", [True, False], ids=["add", "remove"])
def test_what_a_person_has_linked_is_left_and_said(host: ActingHost, path: str, trusted: bool) -> None:  # noqa: FBT001
    """Both names keep the same file and bytes; the sentence names the reason and the remedy, also in a dry run."""
    if not trusted:
        change(host)
    before, content = twin(host, path), host.read(path)
    for dry_run in (True, False):
        outcomes = change(host, trusted=trusted, dry_run=dry_run)
        assert outcomes[path].result is Result.FAILED
        assert f"{path} has 2 names (hard links)" in outcomes[path].detail
        assert "cp -p" in outcomes[path].detail
        assert os.path.samestat(Path(host.where(path)).stat(), before)
        assert host.read(TWIN) == content
    assert outcomes[PACKAGE].result is (Result.ADDED if trusted else Result.REMOVED)
    Path(host.where(TWIN)).unlink()
    assert change(host, trusted=trusted)[path].result is (Result.ADDED if trusted else Result.REMOVED)
    change(host, trusted=False)
    assert host.read(path) == FILES[path]


@pytest.mark.parametrize("path", PERSONS.values(), ids=PERSONS)
def test_a_linked_file_that_is_as_wanted_is_no_failure(host: ActingHost, path: str) -> None:
    """What already holds the certificate is not to be replaced."""
    change(host)
    twin(host, path)
    assert change(host)[path].result is Result.ALREADY


def test_the_same_bytes_without_another_name_decide_nothing(host: ActingHost) -> None:
    """Of two bundles with the same bytes, which are looked into once, only the one with another name is left."""
    second = f"{HOME}/second.pem"
    Path(host.where(second)).write_bytes(PUBLIC.pem)
    twin(host, second)
    scope = Engine(host, (NamedBundle(),), lambda _doing: None).change(
        Request((Certificate(CORP.der),), trusted=True, by="alice"),
        DiscoveryOptions(bundles=(NAMED, second)),
        Selection(),
    )
    assert [one.result for one in scope.outcomes] == [Result.ADDED, Result.FAILED]
    assert host.read(second) == host.read(TWIN) == PUBLIC.pem


def test_a_package_s_file_is_separated_from_the_cache(host: ActingHost) -> None:
    """The cache of uv or conda, from which it was linked, keeps what it had; `remove` brings the bytes back."""
    twin(host, PACKAGE)
    assert change(host)[PACKAGE].result is Result.ADDED
    assert host.read(TWIN) == BUNDLE
    assert CORP.pem in host.read(PACKAGE)
    assert change(host, trusted=False)[PACKAGE].result is Result.REMOVED
    assert host.read(PACKAGE) == host.read(TWIN) == BUNDLE


def test_a_package_s_file_that_settings_name_is_separated_as_well(host: ActingHost) -> None:
    """It is another name of the cache's file, also if another store leads to it."""
    twin(host, PACKAGE)
    Path(host.where(NPMRC)).write_text(f"cafile={PACKAGE}\n", encoding="utf-8")
    scope = Engine(host, (OwnBundle(), Settings()), lambda _doing: None).change(
        Request((Certificate(CORP.der),), trusted=True, by="alice"), DiscoveryOptions(), Selection()
    )
    assert [one.result for one in scope.outcomes if one.store.location == NPMRC] == [Result.ADDED]
    assert (CORP.pem in host.read(PACKAGE), host.read(TWIN)) == (True, BUNDLE)


@pytest.mark.parametrize("named", [False, True], ids=["a JDK's own", "named by a program's options"])
def test_keystores(host: ActingHost, named: bool) -> None:  # noqa: FBT001  pytest's parameter
    """A JDK's own is separated from the package cache that it comes from; another one a person has linked."""
    path, options = (f"{HOME}/corp.jks", f"{HOME}/.mavenrc") if named else (CACERTS, f"{HOME}/unused")
    for each, content in ((path, KEYSTORE), (options, f"MAVEN_OPTS=-Djavax.net.ssl.trustStore={path}".encode())):
        Path(host.where(each)).parent.mkdir(parents=True, exist_ok=True)
        Path(host.where(each)).write_bytes(content)
    twin(host, path)
    (outcome,) = (
        Engine(host, (Java(),), lambda _doing: None)
        .change(Request((Certificate(CORP.der),), trusted=True, by="alice"), DiscoveryOptions(), Selection())
        .outcomes
    )
    assert outcome.store.location == path
    assert (outcome.result, "hard links" in outcome.detail) == (
        (Result.FAILED, True) if named else (Result.ADDED, False)
    )
    assert host.read(TWIN) == KEYSTORE
    assert (host.read(path) == KEYSTORE) == named


def test_our_own_file_is_ours_to_replace(host: ActingHost) -> None:
    """Another name of the managed bundle keeps its old content; the managed name is kept current."""
    change(host)
    twin(host, OWN)
    before = host.read(TWIN)
    assert change(host, root=OTHER.der)[OWN].result is Result.ADDED
    assert OTHER.pem in host.read(OWN)
    assert host.read(TWIN) == before
