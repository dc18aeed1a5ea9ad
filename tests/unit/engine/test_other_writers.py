"""Another program writes a store at the same time as trustinstall: its text stays, and the root is added to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import certifi
import pytest

from tests.support.fake_host import played, write
from tests.support.fake_store import Shelf, World, wish
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.editing.pem_blocks import Blocks
from trustinstall.engine import perform as performing
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.perform import Changed, inverse, perform, undo
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.host import Account, ActingHost, Host
from trustinstall.host.commands import Guard
from trustinstall.stores.desired import Change
from trustinstall.stores.observation import Observation
from trustinstall.stores.plan import Plan, Unsettled
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, Link, Step, digest, link_digest
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.python.certifi import Certifi
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings

CORP, PUBLIC = make_root("Corp"), make_root("Public")
CERTIFICATE = Certificate(CORP.der)
HOME = "/home/alice"
NPMRC = f"{HOME}/.npmrc"
BUNDLES = [f"/srv/e{number}/lib/python3.12/site-packages/certifi/cacert.pem" for number in range(5)]
BACKENDS = (OwnBundle(), Settings(), Certifi())
WORD = "0123456789abcdef"


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with an .npmrc of alice's, and environments with certifi's bundle."""
    with played(HOME) as host:
        write(host, "/etc/ssl/certs/ca-certificates.crt", PUBLIC.pem)
        write(host, NPMRC, b"fund=false\n")
        for path in BUNDLES:
            write(host, path, Path(certifi.where()).read_bytes())
        yield host


def change(host: ActingHost, *, trusted: bool = True) -> dict[str, Outcome]:
    """Add or remove, as a command of alice's does; what became of each store, by its location."""
    engine = Engine(host, BACKENDS, lambda _doing: None)
    scope = engine.change(
        Request((CERTIFICATE,), trusted=trusted, by="alice"), DiscoveryOptions(searches=("/srv",)), Selection()
    )
    return {one.store.location: one for one in scope.outcomes}


class Racer:
    """Another program that acts when a temporary file for a directory is being made durable: once, or always."""

    def __init__(self, directory: Path, act: Callable[[], object], *, always: bool = False) -> None:
        self._directory, self._act, self._always, self._fsync = directory, act, always, os.fsync
        self.acted = 0

    def __call__(self, descriptor: int) -> None:
        """As fsync(2)."""
        self._fsync(descriptor)
        name = Path(f"/proc/self/fd/{descriptor}").readlink()
        ours = name.parent == self._directory and name.name.startswith(".trustinstall-")
        if ours and (self._always or not self.acted):
            self.acted += 1
            self._act()


def rename_onto(path: Path, content: bytes) -> None:
    """Replace a file as an editor does."""
    other = path.with_name("other")
    other.write_bytes(content)
    other.rename(path)


@pytest.mark.parametrize("way", ["in place", "by renaming"])
@pytest.mark.parametrize("trusted", [True, False], ids=["add", "remove"])
@pytest.mark.parametrize("path", [NPMRC, BUNDLES[2]], ids=["settings", "one of many bundles"])
def test_a_write_meanwhile_survives(
    host: ActingHost,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    trusted: bool,  # noqa: FBT001  pytest's parameter
    way: str,
) -> None:
    """`npm config set` while our file is being made durable: both changes are there, and the result is no failure."""
    if not trusted:
        change(host)
    real = Path(host.where(path))
    ours, before = b"cafile=" if path == NPMRC else CORP.pem, real.read_bytes()

    def act() -> None:
        theirs = real.read_bytes() + b"# theirs\n"
        real.write_bytes(theirs) if way == "in place" else rename_onto(real, theirs)

    racer = Racer(real.parent, act)
    monkeypatch.setattr(os, "fsync", racer)
    outcomes = change(host, trusted=trusted)
    assert racer.acted == 1
    assert {one.result for one in outcomes.values()} <= {Result.ADDED, Result.REMOVED}
    after = real.read_bytes()
    assert b"# theirs\n" in after
    assert after.count(ours) == trusted
    assert not [*real.parent.glob(".trustinstall-*")]
    monkeypatch.undo()
    if trusted:
        change(host, trusted=False)
        assert real.read_bytes() == before + b"# theirs\n"


def test_a_program_that_never_stops_writing(host: ActingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a few attempts that store has failed, in words, and holds what the program has written; others are done."""
    real = Path(host.where(NPMRC))
    racer = Racer(real.parent, lambda: real.write_bytes(real.read_bytes() + b"# more\n"), always=True)
    monkeypatch.setattr(os, "fsync", racer)
    outcomes = change(host)
    monkeypatch.undo()
    assert outcomes[NPMRC].result is Result.FAILED
    assert "another program keeps changing this store; try again later" in outcomes[NPMRC].detail
    assert real.read_bytes() == b"fund=false\n" + racer.acted * b"# more\n"
    assert {outcomes[path].result for path in BUNDLES} == {Result.ADDED}
    assert change(host)[NPMRC].result is Result.ADDED


class _Unsettled(Shelf):
    """Shelves whose files contradict each other as long as a file exists."""

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Raise Unsettled while /busy exists."""
        if host.status("/busy") is not None:
            guard = Guard("/lock", seconds=20)
            raise Unsettled(store=store.id, cause="it is not settled", advice="try again later", guard=guard)
        return super().plan(host, store, seen, change)


_HOLDER = """
import fcntl, os, sys, time
with open(sys.argv[1], "r+") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print(flush=True)
    time.sleep(1)
    os.unlink(sys.argv[2])
"""


@pytest.mark.parametrize("settles", [True, False], ids=["settled after it", "never settled"])
def test_a_store_that_is_not_settled_is_planned_again(tmp_path: Path, settles: bool) -> None:  # noqa: FBT001  pytest's
    """The plan waits for the lock of the program that works there; what stays unsettled after that is an error."""
    world = World(tmp_path)
    world.shelves("one")
    lock, busy, other = (tmp_path / name for name in ("lock", "busy", "other"))
    for each in (lock, busy, other):
        each.touch()
    words = [sys.executable, "-c", _HOLDER, str(lock), str(busy if settles else other)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        engine = Engine(world.host, [_Unsettled()], lambda _doing: None)
        found = engine.change(wish(0), DiscoveryOptions(), Selection())
    (one,) = found.outcomes
    assert one.result is (Result.ADDED if settles else Result.FAILED), one
    assert world.holds("one") == settles
    assert settles or "it is not settled" in one.detail


STEPS: dict[str, Step] = {
    "edit": Edit("/file", Content(b"ours"), digest(b"old")),
    "create": Edit("/new", Content(b"ours"), ABSENT),
    "delete": Delete("/file", digest(b"old")),
    "link": Link("/new", "ours"),
    "relink": Link("/link", "ours", link_digest("before")),
    "unlink": Delete("/link", link_digest("before")),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_every_step_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """What another program puts there after we have looked, and before we act, stays: the store is planned again."""
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("before")
    host = ActingHost("linux", str(tmp_path), {}, Account(os.geteuid(), os.getegid(), "tester", "/home"))
    real, look = tmp_path / step.path[1:], vars(performing)["_look"]

    def late(of: ActingHost, step: Step) -> object:
        found = look(of, step)
        real.unlink(missing_ok=True)
        real.write_bytes(b"theirs")
        return found

    monkeypatch.setattr(performing, "_look", late)
    with pytest.raises(Changed):
        perform(host, step, WORD)
    assert real.read_bytes() == b"theirs"
    assert not [*tmp_path.glob(".trustinstall-*")]


@pytest.mark.parametrize("always", [False, True], ids=["once", "for ever"])
def test_undoing_meets_another_writer(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    always: bool,  # noqa: FBT001  pytest's parameter
) -> None:
    """The root is taken out of the other program's text; if that never stops, it is an error and not forgotten."""
    bundle = tmp_path / "bundle"
    bundle.write_bytes(PUBLIC.pem)
    host = ActingHost("linux", str(tmp_path), {}, Account(os.geteuid(), os.getegid(), "tester", "/home"))
    step = Edit("/bundle", Blocks(add=(CERTIFICATE,)), digest(PUBLIC.pem))
    backwards = inverse(host, step)
    assert backwards is not None
    perform(host, step, WORD)
    racer = Racer(tmp_path, lambda: bundle.write_bytes(bundle.read_bytes() + b"# theirs\n"), always=always)
    monkeypatch.setattr(os, "fsync", racer)
    if always:
        with pytest.raises(OSError, match="another program keeps changing it"):
            undo(host, [backwards], WORD)
    else:
        undo(host, [backwards], WORD)
        assert bundle.read_bytes() == PUBLIC.pem + b"# theirs\n"
    assert bundle.read_bytes().count(b"# theirs\n") == racer.acted
