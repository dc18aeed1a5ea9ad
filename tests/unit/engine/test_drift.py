"""The look of repair, and what it mends: by one observation of each store, and whenever the program is killed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_store import ROOTS, THEIRS, Fuse, Killed, Mortal, Shelf, World
from trustinstall.engine import drift
from trustinstall.engine.drift import Drift
from trustinstall.engine.outcome import Result
from trustinstall.engine.scope import Engine, Scope
from trustinstall.host import ActingHost, Host
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.store import Store


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A host with one shelf."""
    world = World(tmp_path)
    world.shelves("a")
    return world


class Decided(Shelf):
    """A shelf on which somebody has decided about the first root."""

    def __init__(self, state: State, *copies: Copy) -> None:
        """`copies`: those of others."""
        self.state, self.copies = state, copies

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """The first root is in that state."""
        seen = super().observe(host, store, names)
        anchors = {**seen.anchors, ROOTS[0].sha256: self.state}
        return replace(seen, anchors=anchors, copies=(*seen.copies, *self.copies))


THEIR_COPY = Copy(ROOTS[0].sha256, "/theirs")
DECISIONS = (
    (State.DISTRUSTED, (), "is distrusted there"),
    (State.WITHDRAWN, (), "was left without trust there"),
    (State.LIMITED, (THEIR_COPY,), "is limited to other servers there"),
)


class Counting(Shelf):
    """A shelf that counts how often each store is looked at."""

    def __init__(self) -> None:
        """Nothing was looked at."""
        self.looks: list[str] = []

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Look, and count."""
        self.looks.append(store.id)
        return super().observe(host, store, names)


def look(world: World, host: ActingHost | None = None, backend: Shelf | None = None) -> Drift:
    """What differs now."""
    shelf = backend or Shelf()
    ledger = Engine(host or world.host, [shelf], lambda _doing: None).ledger()
    return drift.look(host or world.host, [shelf], ledger, drift.wishes(ledger), list(ledger.former.values()))


def repair(world: World, host: ActingHost | None = None) -> Scope:
    """What repair does with the shelves."""
    engine = Engine(host or world.host, [Shelf()], lambda _doing: None)
    engine.recover()
    return drift.mend(engine, look(world, host), "tester", command="repair", dry_run=False)


def lose(world: World, name: str) -> None:
    """An upgrade delivers a shelf anew."""
    top = world.root / "stores" / name
    shutil.rmtree(top)
    world.shelves(name)


def test_one_look_at_each_store(world: World) -> None:
    """Where nothing differs, each store is observed once, and nothing is written."""
    world.shelves("b", "c")
    world.change(0, 1)
    before = world.tree()
    counting = Counting()
    assert look(world, backend=counting).empty
    assert sorted(counting.looks) == sorted(f"shelf:/stores/{name}/bundle" for name in "abc")
    assert repair(world).outcomes == ()
    assert world.tree() == before


def test_only_what_differs_is_changed(world: World) -> None:
    """A shelf that was delivered anew and a new one get the roots; the tool runs for no other."""
    world.shelves("b")
    world.change(0, 1)
    lose(world, "b")
    world.shelves("new")
    (world.root / "log").write_text("")
    assert {one.store.id for one in repair(world).outcomes} == {"shelf:/stores/b/bundle", "shelf:/stores/new/bundle"}
    assert "start a" not in (world.root / "log").read_text()
    assert all(world.holds(name, number) for name in ("a", "b", "new") for number in (0, 1))


def test_what_was_removed_and_came_back_goes_again(world: World) -> None:
    """A shelf from a backup loses the managed root to the byte, and no other root."""
    before = world.tree()
    world.change()
    backup = world.root / "backup"
    shutil.copytree(world.root / "stores/a", backup, symlinks=True)
    world.change(trusted=False)
    shutil.rmtree(world.root / "stores/a")
    shutil.copytree(backup, world.root / "stores/a", symlinks=True)
    assert world.holds("a")
    repair(world)
    assert not world.holds("a")
    assert world.tree() == before


@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_power_is_lost_between_any_two_writes(world: World, how: str) -> None:
    """Wherever repair was killed, the next one reaches the state of the ledger, and nothing else is lost."""
    world.change(0, 1)
    lose(world, "a")
    world.shelves("new")
    delivered = world.root / "delivered"
    shutil.copytree(world.root / "stores", delivered, symlinks=True)
    repair(world)
    wanted = world.tree()
    died = 0
    for left in range(1, 80):
        shutil.rmtree(world.root / "stores")
        shutil.copytree(delivered, world.root / "stores", symlinks=True)
        mortal = Mortal("linux", str(world.root), {}, world.host.account, fuse=Fuse(left, how))
        try:
            repair(world, mortal)
        except Killed:
            died += 1
            repair(world)
        assert world.tree() == wanted, left
        assert THEIRS in (world.root / "stores/a/bundle").read_text()
    assert died > 10
    assert ROOTS[0].sha256 in (world.root / "stores/new/bundle").read_text()


@pytest.mark.parametrize(("state", "copies", "why"), DECISIONS)
def test_a_decision_about_one_root_leaves_the_others(
    world: World, state: State, copies: tuple[Copy, ...], why: str
) -> None:
    """What a person has decided about one root stays and is named; another root in the same store is mended."""
    world.change(0, 1)
    lose(world, "a")
    found = look(world, backend=Decided(state, *copies))
    assert [one.certificate for one in found.missing] == [ROOTS[1]]
    (left,) = found.left
    assert left.result is Result.FOREIGN
    assert left.detail.startswith(f"{ROOTS[0].name} {why}")


def test_a_limit_of_ours_is_no_decision(world: World) -> None:
    """A limit that no foreign copy explains is what an interrupted change has left: it is mended."""
    world.change(0)
    assert [one.certificate for one in look(world, backend=Decided(State.LIMITED)).missing] == [ROOTS[0]]
