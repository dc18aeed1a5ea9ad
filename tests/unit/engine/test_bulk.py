"""Many bundles changed together: each is done or left as it was, with any result of the others."""

from __future__ import annotations

import errno
import os
import posixpath
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import certifi
import pytest

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine import bulk, transaction
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine, Scope
from trustinstall.host import CHANGED, ActingHost, Host, Replacement, durable, replacing
from trustinstall.state import known_bundles
from trustinstall.state.directory import State
from trustinstall.stores.observation import Observation
from trustinstall.stores.steps import digest
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.python.certifi import Certifi

ROOT = Certificate(make_root("Batch Root").der)
BUNDLE = Path(certifi.where()).read_bytes()
OTHER = BUNDLE + make_root("Somebody's").pem
SEARCH = DiscoveryOptions(searches=("/srv",))


def path_of(number: int) -> str:
    """The bundle of an environment."""
    return f"/srv/e{number:03}/lib/python3.12/site-packages/certifi/cacert.pem"


def deliver(host: ActingHost, count: int) -> dict[str, bytes]:
    """Environments, every third with another bundle; what they hold."""
    made = {path_of(number): OTHER if number % 3 == 0 else BUNDLE for number in range(count)}
    for path, content in made.items():
        Path(host.where(posixpath.dirname(path))).mkdir(parents=True)
        Path(host.where(path)).write_bytes(content)
    return made


def now(host: ActingHost, paths: dict[str, bytes]) -> dict[str, bytes]:
    """What the bundles hold now; nothing else may lie beside them."""
    for path in paths:
        assert host.names(posixpath.dirname(path)) == ["cacert.pem"]
    return {path: host.read(path) for path in paths}


class Counting(Certifi):
    """The backend, with what it was asked counted, and lied to about some bundles."""

    def __init__(self, *, wrong: bytes = b"") -> None:
        self.asked: Counter[str] = Counter()
        self._wrong = wrong

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Count, and observe."""
        self.asked["observe"] += 1
        return super().observe(host, store, names)

    def verify(self, host: Host, store: Store) -> str | None:
        """Count, and refuse what was made of some content."""
        self.asked["verify"] += 1
        if self._wrong and host.read(store.location).startswith(self._wrong):
            return "OpenSSL does not like it"
        return super().verify(host, store)


def change(host: ActingHost, backend: Certifi, *, trusted: bool = True) -> Scope:
    """Add or remove, as a command does."""
    engine = Engine(host, (backend,), lambda _doing: None)
    return engine.change(Request((ROOT,), trusted=trusted, by="root"), SEARCH, Selection())


def results(scope: Scope) -> Counter[Result]:
    """How often which result came."""
    return Counter(one.result for one in scope.outcomes)


def test_the_same_bytes_are_looked_into_once(make_host: Callable[..., ActingHost]) -> None:
    """Of 200 bundles with two contents, two are observed before and after, and two loaded by OpenSSL."""
    host, backend = make_host(), Counting()
    before = deliver(host, 200)
    assert results(change(host, backend)) == {Result.ADDED: 200}
    assert backend.asked["observe"] <= 4 * 4  # as often again for each thread that had not heard of it
    assert backend.asked["verify"] <= 2 * 4
    assert all(content.count(ROOT.pem) == 1 for content in now(host, before).values())
    assert results(change(host, Counting())) == {Result.ALREADY: 200}
    assert results(change(host, Counting(), trusted=False)) == {Result.REMOVED: 200}
    assert now(host, before) == before


def test_a_content_that_cannot_be_loaded_is_put_back_everywhere(make_host: Callable[..., ActingHost]) -> None:
    """What one copy is refused for, all copies are put back for; the others are done."""
    host = make_host()
    before = deliver(host, 90)
    assert results(change(host, Counting(wrong=OTHER))) == {Result.ADDED: 60, Result.FAILED: 30}
    after = now(host, before)
    assert {path for path, content in after.items() if content == before[path]} == {path_of(n) for n in range(0, 90, 3)}


def test_one_that_cannot_be_written_stops_no_other(
    make_host: Callable[..., ActingHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk for one file, a directory that cannot be synced for another: two fail, as they were before."""
    host = make_host()
    before = deliver(host, 10)
    stage, sync = replacing.stage, durable.sync_directory

    def full(one: Replacement) -> int:
        if "/e004/" in one.path:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), one.path)
        return stage(one)

    lost: list[str] = []

    def unsynced(path: str) -> None:
        if "/e005/" in path and not lost:
            lost.append(path)
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        sync(path)

    monkeypatch.setattr(replacing, "stage", full)
    monkeypatch.setattr(durable, "sync_directory", unsynced)
    scope = change(host, Certifi())
    assert results(scope) == {Result.ADDED: 8, Result.FAILED: 2}
    failed = {one.store.location: one.detail for one in scope.outcomes if one.result is Result.FAILED}
    assert "make room" in failed[path_of(4)]
    assert failed.keys() == {path_of(4), path_of(5)}
    after = now(host, before)
    assert [path for path in before if after[path] == before[path]] == [path_of(4), path_of(5)]


def test_a_file_that_changes_meanwhile_is_planned_again(
    make_host: Callable[..., ActingHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text that another program writes between the plan and the act is kept, and the root goes into it."""
    host = make_host()
    before = deliver(host, 5)
    replace_all, raced = ActingHost.replace_all, path_of(2)

    def race(self: ActingHost, wanted: list[Replacement]) -> list[OSError | None]:
        Path(self.where(raced)).write_bytes(BUNDLE + b"# theirs\n")
        return replace_all(self, wanted)

    monkeypatch.setattr(ActingHost, "replace_all", race)
    assert results(change(host, Certifi())) == {Result.ADDED: 5}
    content = now(host, before)[raced]
    assert content.startswith(BUNDLE + b"# theirs\n")
    assert content.count(ROOT.pem) == 1


def test_an_interrupt_puts_a_batch_back(make_host: Callable[..., ActingHost], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended in the middle of looking at what was written, all of it is put back."""
    host = make_host()
    before = deliver(host, 6)
    judged, calls = transaction.judged, iter(range(100))

    def ended(*arguments: object) -> tuple[Observation, str | None]:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return judged(*arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(bulk, "judged", ended)
    with pytest.raises(KeyboardInterrupt):
        change(host, Certifi())
    assert now(host, before) == before
    assert not Engine(host, (Certifi(),), lambda _doing: None).unfinished()


def test_a_replacement_that_came_too_late_leaves_nothing(tmp_path: Path) -> None:
    """A file that is not what it was is left, and so is no temporary file."""
    path = tmp_path / "bundle"
    path.write_bytes(b"old")
    host = ActingHost.current()
    old = host.status(str(path))
    assert old is not None
    path.write_bytes(b"theirs")
    (failure,) = host.replace_all([Replacement(str(path), b"ours", old, "token")])
    assert failure is not None
    assert failure.errno == CHANGED
    assert (path.read_bytes(), [*tmp_path.iterdir()]) == (b"theirs", [path])


def test_contents_are_known_again_by_comparing() -> None:
    """A digest is the content's own, whether it was known, is too much to be remembered, or has another's size."""
    memory = bulk.Memory()
    contents = [bytes([number]) * (5 << 20) for number in range(5)]
    for content in (*contents, *reversed(contents)):
        assert memory.digest(bytes(content)) == digest(content)


# --- hints ---


@pytest.fixture
def at_home(make_host: Callable[..., ActingHost]) -> ActingHost:
    """A host whose account has two environments in its home."""
    host = make_host()
    for name in ("one", "two"):
        path = f"/home/tester/src/{name}/.venv/lib/python3.12/site-packages/certifi/cacert.pem"
        Path(host.where(posixpath.dirname(path))).mkdir(parents=True)
        Path(host.where(path)).write_bytes(BUNDLE)
    return host


def add(host: ActingHost, places: DiscoveryOptions | None = None, *, dry_run: bool = False) -> list[str]:
    """Add to what is found unasked; the names of the projects."""
    engine = Engine(host, (Certifi(),), lambda _doing: None)
    scope = engine.change(
        Request((ROOT,), trusted=True, by="root", dry_run=dry_run), places or DiscoveryOptions(), Selection()
    )
    return sorted(one.store.location.split("/")[4] for one in scope.outcomes)


def third(host: ActingHost) -> None:
    """One more environment."""
    path = "/home/tester/src/three/.venv/lib/python3.12/site-packages/certifi/cacert.pem"
    Path(host.where(posixpath.dirname(path))).mkdir(parents=True)
    Path(host.where(path)).write_bytes(BUNDLE)


def state_of(host: ActingHost) -> State:
    """The account's state."""
    return State(host.state_base(), host.account.uid, machine=host.account.is_root)


def test_homes_are_looked_through_once(at_home: ActingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second command looks at known places only; it walks again when asked, or when a week has gone."""
    assert add(at_home) == ["one", "two"]
    third(at_home)
    assert add(at_home) == ["one", "two"]
    then = at_home.now() + known_bundles.FRESH
    with monkeypatch.context() as later:
        later.setattr(ActingHost, "now", Mock(return_value=then))
        assert add(at_home, dry_run=True) == ["one", "three", "two"]
    assert add(at_home, DiscoveryOptions(rescan=True)) == ["one", "three", "two"]
    assert add(at_home) == ["one", "three", "two"]


@pytest.mark.parametrize(
    "selection", [Selection(("debian",)), Selection(skip=("certifi",)), Selection(("certifi:/x",))]
)
def test_nothing_is_walked_for_other_stores(at_home: ActingHost, selection: Selection) -> None:
    """Where no bundle of a Python can be meant, homes are not looked through, and nothing is remembered of that."""
    engine = Engine(at_home, (Certifi(),), lambda _doing: None)
    engine.change(Request((ROOT,), trusted=True, by="root"), DiscoveryOptions(), selection, check=False)
    scanned = at_home.status(state_of(at_home).hints) is not None
    assert scanned == selection.may_take("certifi")


def test_a_dry_run_remembers_nothing(at_home: ActingHost) -> None:
    """It looks through homes, and writes no more of that than of anything else."""
    assert add(at_home, dry_run=True) == ["one", "two"]
    assert at_home.status(state_of(at_home).hints) is None
    assert at_home.status(at_home.state_base()) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"version": 1}', b'{"version": 2, "since": "x", "known": []}', b'{"version": 2, "known": 3}', None],
)
def test_hints_that_are_odd_are_none(at_home: ActingHost, content: bytes | None) -> None:
    """Damaged, of another version, or where others could write: then everything is looked through."""
    assert add(at_home) == ["one", "two"]
    third(at_home)
    path = Path(at_home.where(state_of(at_home).hints))
    if content is None:
        path.chmod(0o666)
    else:
        path.write_bytes(content)
    assert add(at_home) == ["one", "three", "two"]


def test_a_hint_makes_no_store(at_home: ActingHost) -> None:
    """What a hint names is looked at as if it had just been found: a file of another kind is none."""
    add(at_home)
    secret = Path(at_home.where("/home/tester/notes.txt"))
    secret.write_bytes(BUNDLE)
    path = Path(at_home.where(state_of(at_home).hints))
    path.write_bytes(path.read_bytes().replace(b'"known": [', b'"known": [\n  "/home/tester/notes.txt", "/", "x",'))
    assert add(at_home) == ["one", "two"]


def test_an_image_keeps_no_hints(make_host: Callable[..., ActingHost]) -> None:
    """Two images that are built alike are alike, and hold no managed file but the ledger."""
    host = make_host()
    deliver(host, 1)
    image = replace(ActingHost.current().image(host.root), account=host.account)
    assert results(change(image, Certifi())) == {Result.ADDED: 1}
    assert image.status(state_of(image).hints) is None
