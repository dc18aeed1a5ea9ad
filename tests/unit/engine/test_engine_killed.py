"""The engine, with a kind of store of its own: killed anywhere, it recovers, or says why it cannot."""

from __future__ import annotations

import os

import pytest

from tests.support.fake_store import (
    Fuse,
    Killed,
    Mortal,
    Shelf,
    Stuck,
    World,
    account,
    wish,
)
from tests.unit.engine.truth import SHA256, says_the_truth
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.stores.store import DiscoveryOptions

FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"
RAN = 9  # the change that runs the tool: four directories, the journal, three steps, the tool


@pytest.mark.parametrize("how", ["before", "torn", "after"])
@pytest.mark.parametrize("trusted", [True, False], ids=["add", "remove"])
@pytest.mark.parametrize("then", [True, False] if FULL else [True], ids=["then-add", "then-remove"][: 1 + FULL])
def test_killed_at_every_change(world: World, how: str, trusted: bool, then: bool) -> None:  # noqa: FBT001
    """After a kill at any change of the machine, the next command completes, and all can be taken back."""
    (world.root / "stores/a/notes").rmdir()
    before = world.tree()
    point, died = 0, True
    while died:
        point += 1
        if not trusted:
            world.change()
        try:
            world.change(trusted=trusted, host=Mortal("linux", str(world.root), {}, account(), fuse=Fuse(point, how)))
            died = False
        except Killed:
            died = True
        ended = world.change(trusted=then)
        assert ended.outcomes[0].result is not Result.FAILED, (point, ended)
        assert world.holds("a") == then, point
        says_the_truth(world, "a")
        world.change(trusted=False)
        (world.root / "stores/a/notes").rmdir() if (world.root / "stores/a/notes").exists() else None
        assert world.tree() == before, point
        assert not [*world.root.rglob(".trustinstall-*")], point
        assert not (world.state / "private/journal").exists()
    assert point > 5  # there were changes to die at


def test_recovery_may_be_killed_as_well(world: World) -> None:
    """Killed while it undoes what a killed command left, again and again: in the end all is well."""
    before, point = world.tree(), 0
    with pytest.raises(Killed):
        world.change(host=Mortal("linux", str(world.root), {}, account(), fuse=Fuse(RAN, "after")))
    assert world.tree() != before
    recovered = False
    while not recovered:
        point += 1
        try:
            host = Mortal("linux", str(world.root), {}, account(), fuse=Fuse(point, "after"))
            recovered = bool(world.change(1, trusted=False, host=host).outcomes)
        except Killed:
            continue
    assert world.tree() == before
    assert point > 1


def test_what_was_recovered_is_said(world: World) -> None:
    """The next command says that it has undone an interrupted one; the one after it does not."""
    with pytest.raises(Killed):
        world.change(host=Mortal("linux", str(world.root), {}, account(), fuse=Fuse(RAN, "after")))
    assert Engine(world.host, [Shelf()], lambda _doing: None).unfinished()
    assert world.change().recovered
    assert not world.change().recovered


def test_what_others_wrote_since_the_kill_stays(world: World) -> None:
    """Recovery undoes a file that is as trustinstall left it, and leaves one that another program has written since."""
    with pytest.raises(Killed):
        world.change(host=Mortal("linux", str(world.root), {}, account(), fuse=Fuse(RAN, "after")))
    index = world.root / "stores/a/index"
    index.write_text(index.read_text() + "somebody's\n")
    source = world.root / f"stores/a/sources/{SHA256}.pem"
    source.write_text("somebody's own")
    world.change(1, trusted=False)
    assert index.read_text().endswith("somebody's\n")
    assert source.read_text() == "somebody's own"


def test_a_store_that_went_away_does_not_stop_recovery(world: World) -> None:
    """A person deletes the whole store after the kill: the next command works."""
    world.shelves("b")
    with pytest.raises(Killed):
        world.change(host=Mortal("linux", str(world.root), {}, account(), fuse=Fuse(RAN, "after")))
    for path in sorted((world.root / "stores/a").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (world.root / "stores/a").rmdir()
    world.change()
    says_the_truth(world, "b")
    assert world.holds("b")


def test_what_cannot_be_put_back_is_mended_by_the_next_command(world: World) -> None:
    """A failed store that cannot be undone keeps its journal; the others' is forgotten, and the next command mends."""
    world.shelves("b")
    before = world.tree()
    how = world.root / "stores/a/how"
    how.write_text("fails")
    first, second = world.change(host=Stuck("linux", str(world.root), {}, account(), method="delete")).outcomes
    assert (first.result, second.result) == (Result.FAILED, Result.ADDED)
    assert "could not be put back" in first.detail
    assert (world.state / "private/journal").read_bytes().count(b"\n") == 1
    how.unlink()
    assert world.change(1, trusted=False).recovered
    assert not (world.state / "private/journal").exists()
    now = world.tree()
    assert {path: now[path] for path in now if "/a/" in path} == {
        path: before[path] for path in before if "/a/" in path
    }
    assert world.holds("b")
    says_the_truth(world, "a", "b")


def test_what_was_kept_survives_a_kill_before_the_journal_is_closed(world: World) -> None:
    """Killed after the ledger was written: the store that could not be put back is still mended."""
    before = world.tree()
    (world.root / "stores/a/how").write_text("fails")

    class Dying(Stuck):
        """Dies when it closes the journal."""

        def write(self, path: str, content: bytes, mode: int, owner: tuple[int, int] | None, token: str) -> None:
            """The ledger is the last file that is written."""
            if path.endswith("/journal"):
                raise Killed
            super().write(path, content, mode, owner, token)
            if path.endswith("ledger.json"):
                raise Killed

    with pytest.raises(Killed):
        world.change(host=Dying("linux", str(world.root), {}, account(), method="delete"))
    (world.root / "stores/a/how").unlink()
    world.change(1, trusted=False)
    assert world.tree() == before


def test_recovery_that_cannot_be_done_stops_in_words(world: World) -> None:
    """A journal that cannot be undone now: a sentence, the journal stays, nothing else is touched; later it works."""
    before = world.tree()
    with pytest.raises(Killed):
        world.change(host=Mortal("linux", str(world.root), {}, account(), fuse=Fuse(RAN, "after")))
    (failed,) = world.change(1, host=Stuck("linux", str(world.root), {}, account(), method="delete")).outcomes
    assert (failed.result, "could not be undone" in failed.detail) == (Result.FAILED, True)
    assert (world.state / "private/journal").exists()
    assert not world.holds("a", 1)
    world.change(1, trusted=False)
    assert world.tree() == before


def test_a_journal_of_a_kind_that_is_not_known(world: World) -> None:
    """A later program's store in the journal: a sentence, and the journal stays."""
    with pytest.raises(Killed):
        world.change(host=Mortal("linux", str(world.root), {}, account(), fuse=Fuse(RAN, "after")))
    engine = Engine(world.host, [], lambda _doing: None)
    (failed,) = engine.change(wish(1), DiscoveryOptions(), Selection()).outcomes
    assert (failed.result, "kind 'shelf'" in failed.detail) == (Result.FAILED, True)
    assert (world.state / "private/journal").exists()
