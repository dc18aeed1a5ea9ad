"""An interrupted command that cannot be undone in one store: that store waits, and every other one goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fake_store import Shelf, World, account, wish
from trustinstall.engine import recovery
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.host import ActingHost, Host, Status, files
from trustinstall.state import ledger_file
from trustinstall.state.directory import State, prepare
from trustinstall.state.journal import Entry, Journal, unfinished
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, ToolOperation, Undo, digest
from trustinstall.stores.store import DiscoveryOptions, Store

LEFT = "/stores/a/sources/left.pem"


@dataclass(frozen=True)
class ReadOnly(ActingHost):
    """A host on which one store's file system came back read-only."""

    def delete(self, path: str, seen: Status | None = None, token: str = "") -> None:
        """Refused in that store."""
        if path.startswith("/stores/a/"):
            raise OSError(30, "Read-only file system", path)
        super().delete(path, seen, token)


class Silent(Shelf):
    """Shelves with a tool that has nothing to do."""

    def commands(self, _host: Host, _store: Store, _operation: ToolOperation) -> tuple[()]:
        """Return no command."""
        return ()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two stores; a command was killed after it had written a file into the first of them."""
    world = World(tmp_path)
    world.shelves("a", "b")
    state = state_of(world.host)
    prepare(world.host, state)
    (tmp_path / LEFT[1:]).write_bytes(b"left")
    journal = Journal(world.host, state, "killed")
    journal.note(Entry("killed", "shelf", "/stores/a/bundle", (Delete(LEFT, digest(b"left")),), "k" * 16))
    return world


def state_of(host: ActingHost) -> State:
    """The state of the acting account."""
    return State(host.state_base(), host.account.uid, machine=host.account.uid == 0)


def read_only(world: World) -> ReadOnly:
    """The same machine, on which the first store cannot be changed."""
    return ReadOnly("linux", str(world.root), {}, account())


def engine(host: ActingHost) -> Engine:
    """The engine of that host."""
    return Engine(host, [Shelf()], lambda _doing: None)


def results(host: ActingHost, *, trusted: bool = True, skip: tuple[str, ...] = ()) -> dict[str, Result]:
    """What a command says of each store."""
    scope = engine(host).change(wish(trusted=trusted), DiscoveryOptions(), Selection(skip=skip))
    return {one.store.id.split("/")[2]: one.result for one in scope.outcomes}


def test_the_store_fails_and_every_other_one_goes_on(world: World) -> None:
    """It is reported with the reason and not touched; its entry stays, command after command."""
    for trusted, other in ((True, Result.ADDED), (False, Result.REMOVED)):
        found = engine(read_only(world)).change(wish(trusted=trusted), DiscoveryOptions(), Selection()).outcomes
        by_store = {one.store.id.split("/")[2]: one for one in found}
        assert (by_store["a"].result, by_store["b"].result) == (Result.FAILED, other)
        assert "Read-only file system" in by_store["a"].detail
        assert len(unfinished(world.host, state_of(world.host))) == 1
    assert (world.root / LEFT[1:]).exists()
    assert not world.holds("a")


def test_it_is_undone_when_that_is_possible_again(world: World) -> None:
    """The file of the killed command goes, the store is changed like any other, and the journal is gone."""
    results(read_only(world))
    assert results(world.host) == {"a": Result.ADDED, "b": Result.ALREADY}
    assert not (world.root / LEFT[1:]).exists()
    assert unfinished(world.host, state_of(world.host)) == []
    assert world.host.status(state_of(world.host).journal) is None


def test_a_store_that_the_caller_skips_is_not_reported(world: World) -> None:
    """With --skip the command ends well, and the entry stays for a later one."""
    assert results(read_only(world), skip=("shelf:/stores/a/bundle",)) == {"b": Result.ADDED}
    assert len(unfinished(world.host, state_of(world.host))) == 1


@pytest.mark.parametrize("theirs", [False, True], ids=["planned for", "of another program"])
@pytest.mark.parametrize("kind", ["file", "tool's file"])
def test_a_file_that_was_being_deleted_comes_back(world: World, kind: str, *, theirs: bool) -> None:
    """The command was killed after it had put the file aside, and before it had compared or deleted it."""
    state, token = state_of(world.host), "d" * 16
    path = f"/stores/b/{'sources/' if kind == 'file' else ''}old"
    where, content = world.root / path[1:], b"theirs" if theirs else b"old"
    where.with_name(files.aside_name(token, where.name)).write_bytes(content)
    undo: Undo = Edit(path, Content(b"old"), ABSENT) if kind == "file" else ToolOperation("delete", "add", b"")
    Journal(world.host, state, "killed").note(Entry("killed", "shelf", "/stores/b/bundle", (undo,), token))
    ledger = ledger_file.load(world.host, state)
    recovery.recover(world.host, state, ledger, [Silent()])
    assert where.read_bytes() == content
    assert not [*world.root.rglob(".trustinstall-*")]
    assert unfinished(world.host, state) == []


def test_older_entries_of_a_store_wait_for_newer_ones(world: World) -> None:
    """What came first is undone last: nothing is undone out of order because one step failed."""
    journal = Journal(world.host, state_of(world.host), "killed")
    (world.root / "stores/a/note").write_bytes(b"newer")
    journal.note(Entry("killed", "shelf", "/stores/a/bundle", (Delete("/stores/a/note", digest(b"newer")),), "n" * 16))
    results(read_only(world))
    kept = unfinished(world.host, state_of(world.host))
    assert [entry.token[0] for entry in kept] == ["n", "k"]
    assert results(world.host)["a"] is Result.ADDED
    assert world.holds("a")
