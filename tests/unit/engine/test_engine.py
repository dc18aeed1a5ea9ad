"""The engine, with a kind of store of its own: raced, lied to, interrupted; what it says is always true."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace

import pytest

from tests.support.fake_store import (
    Raced,
    Shelf,
    World,
    account,
    wish,
)
from tests.unit.engine.truth import SHA256, ledger, says_the_truth
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.errors import StateError, UsageProblem
from trustinstall.host import ActingHost
from trustinstall.state.ledger import Ledger
from trustinstall.stores.store import DiscoveryOptions


def test_add_and_remove(world: World) -> None:
    """The round trip: trusted and in the ledger, then every byte as before and nothing in the ledger."""
    before = world.tree()
    (added,) = world.change().outcomes
    assert (added.result, added.changed, world.holds("a")) == (Result.ADDED, (SHA256,), True)
    says_the_truth(world, "a")
    (removed,) = world.change(trusted=False).outcomes
    assert (removed.result, world.tree()) == (Result.REMOVED, before)
    says_the_truth(world, "a")
    assert not (world.state / "private/journal").exists()


def test_a_dry_run_leaves_no_trace(world: World) -> None:
    """Not even the directory of our own state is made; the steps are named."""
    before = {path: path.lstat().st_mtime_ns for path in world.root.rglob("*")}
    (planned,) = world.change(dry_run=True).outcomes
    assert planned.result is Result.PLANNED
    assert any(step.action == "run" and step.target.startswith("/tool") for step in planned.steps)
    assert {path: path.lstat().st_mtime_ns for path in world.root.rglob("*")} == before


@pytest.mark.parametrize("trusted", [True, False], ids=["add", "remove"])
@pytest.mark.parametrize("how", ["fails", "lies", "fails afterwards"])
def test_a_bad_tool(world: World, how: str, trusted: bool) -> None:  # noqa: FBT001
    """A tool that fails, lies, or fails after it has worked: the store is as before, and the ledger knows."""
    world.shelves("b")
    if not trusted:
        world.change()
    before = world.tree()
    (world.root / "stores/a/how").write_text(how)
    outcomes = {one.store.id: one for one in world.change(trusted=trusted).outcomes}
    (world.root / "stores/a/how").unlink()
    assert outcomes["shelf:/stores/a/bundle"].result is Result.FAILED
    assert outcomes["shelf:/stores/b/bundle"].result is (Result.ADDED if trusted else Result.REMOVED)
    now = world.tree()
    assert {path: now[path] for path in now if "/a/" in path} == {
        path: before[path] for path in before if "/a/" in path
    }
    says_the_truth(world, "a", "b")


def test_one_spoilt_store_does_not_stop_the_others(world: World) -> None:
    """A store whose plan cannot be made is one failed outcome that says why."""
    world.shelves("b", "c")
    (world.root / "stores/b/spoilt").write_text("")
    results = {one.store.id: one for one in world.change().outcomes}
    assert [one.result for one in results.values()] == [Result.ADDED, Result.FAILED, Result.ADDED]
    assert results["shelf:/stores/b/bundle"].detail == "it is spoilt; mend it"
    says_the_truth(world, "a", "b", "c")


def test_a_store_that_cannot_be_read_does_not_stop_the_others(world: World) -> None:
    """A bundle that is a directory is one failed outcome in words."""
    world.shelves("b")
    (world.root / "stores/a/bundle").unlink()
    (world.root / "stores/a/bundle").mkdir()
    first, second = world.change().outcomes
    assert (first.result, second.result) == (Result.FAILED, Result.ADDED)
    assert "regular file" in first.detail


def test_a_race_is_planned_again(world: World) -> None:
    """Another program writes between plan and step: its line stays, the managed one is added to it."""
    index, left = world.root / "stores/a/index", [2]

    def other() -> None:
        if left[0]:
            left[0] -= 1
            index.write_text(index.read_text() + f"somebody's {left[0]}\n")

    host = Raced("linux", str(world.root), {}, account(), other=other)
    (added,) = world.change(host=host).outcomes
    assert (added.result, index.read_text()) == (
        Result.ADDED,
        f"theirs\nsomebody's 1\nsomebody's 0\n{SHA256}\n",
    )
    says_the_truth(world, "a")


def test_a_race_that_never_ends_is_given_up(world: World) -> None:
    """After a few attempts the store has failed, and everything of the other program's is there."""
    index, count = world.root / "stores/a/index", [0]

    def other() -> None:
        count[0] += 1
        index.write_text(index.read_text() + f"somebody's {count[0]}\n")

    host = Raced("linux", str(world.root), {}, account(), other=other)
    (failed,) = world.change(host=host).outcomes
    assert failed.result is Result.FAILED
    assert "another program keeps changing this store" in failed.detail
    assert index.read_text() == "theirs\n" + "".join(f"somebody's {n}\n" for n in range(1, count[0] + 1))
    assert not world.holds("a")
    assert not (world.state / "private/journal").exists()
    says_the_truth(world, "a")


def test_stores_are_brought_side_by_side(world: World) -> None:
    """A tool of one store that does not end does not make the next one wait: two begin before one ends."""
    world.shelves("b", "c")
    (world.root / "held").touch()
    changing = threading.Thread(target=world.change)
    changing.start()
    _await_lines(world, 2)
    (world.root / "held").unlink()
    changing.join()
    log = (world.root / "log").read_text().split("\n")
    assert [line.split()[0] for line in log[:2]] == ["start", "start"], log
    says_the_truth(world, "a", "b", "c")


@pytest.mark.parametrize("trusted", [True, False], ids=["add", "remove"])
def test_an_interrupt_leaves_a_true_ledger(world: World, trusted: bool) -> None:  # noqa: FBT001
    """Interrupted while tools run: what had begun is finished, the rest is not begun, and the ledger knows which."""
    names = ("a", "b", "c", "d", "e", "f", "g")
    world.shelves(*names[1:])
    if not trusted:
        world.change()
    (world.root / "slow").write_text("0.5")

    def interrupt(doing: str) -> None:
        if "Looking" not in doing:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Engine(world.host, [Shelf()], interrupt).change(wish(trusted=trusted), DiscoveryOptions(), Selection())
    changed = [name for name in names if world.holds(name) == trusted]
    assert 0 < len(changed) < len(names)
    assert not (world.state / "private/journal").exists()
    says_the_truth(world, *names)
    (world.root / "slow").unlink()
    world.change(trusted=trusted)
    says_the_truth(world, *names)


def test_two_commands_take_turns(world: World) -> None:
    """A second engine waits for the first one, and sees what that one did."""
    (world.root / "held").touch()
    waited: list[str] = []
    first = threading.Thread(target=world.change)
    first.start()
    _await_lines(world, 1)

    def waits(doing: str) -> None:
        waited.append(doing)
        (world.root / "held").unlink(missing_ok=True)

    second = Engine(world.host, [Shelf()], waits).change(wish(), DiscoveryOptions(), Selection())
    first.join()
    assert second.outcomes[0].result is Result.ALREADY
    assert waited[0] == "Waiting for another trustinstall …"


def _await_lines(world: World, number: int) -> None:
    """Wait until the tools of the world have written so many lines into their log."""
    deadline = time.monotonic() + 60
    log = world.root / "log"
    while not log.exists() or log.read_text().count("\n") < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_store_of_another_account_is_not_touched(world: World) -> None:
    """It is named as not covered, and not written."""
    before = world.tree()
    other = replace(account(), uid=os.geteuid() + 1)

    class Others(Shelf):
        """Its shelves belong to another account."""

        def _store(self, location: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  as the one it replaces
            return replace(super()._store(location), owner=other.uid)

    scope = Engine(world.host, [Others()], lambda _doing: None).change(wish(), DiscoveryOptions(), Selection())
    assert [one.result for one in scope.outcomes] == [Result.NOT_COVERED]
    assert world.tree() == before


def test_a_store_that_is_gone_is_forgotten(world: World) -> None:
    """The ledger forgets the placements in a store that a person deleted, and the report says so."""
    world.change()
    for path in sorted((world.root / "stores/a").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (world.root / "stores/a").rmdir()
    (gone,) = world.change(trusted=False).outcomes
    assert gone.result is Result.STORE_MISSING
    after = ledger(world)
    assert after == Ledger({}, {}, {}, after.transaction, after.home, after.former, after.retired)


def test_a_word_that_names_no_store_touches_nothing(world: World) -> None:
    """--store of something that is not there: not even our own directory is made."""
    engine = Engine(world.host, [Shelf()], lambda _doing: None)
    with pytest.raises(UsageProblem, match="nonsense"):
        engine.change(wish(), DiscoveryOptions(), Selection(("nonsense",)))
    assert not world.state.exists()


def test_a_tool_that_works_only_the_second_time(world: World) -> None:
    """A lost update by another program's tool is mended by running it again."""
    (world.root / "stores/a/how").write_text("lies once")
    (added,) = world.change().outcomes
    assert added.result is Result.ADDED
    assert (world.root / "log").read_text().count("start") > 1


def test_nothing_stays_done_that_the_ledger_does_not_know(world: World) -> None:
    """The disk is full when the ledger is written: a sentence, and what was done is taken back."""
    before = world.tree()

    class Full(ActingHost):
        """No room for the ledger."""

        def write(self, path: str, content: bytes, mode: int, owner: tuple[int, int] | None, token: str) -> None:
            """As the operating system would say it."""
            if path.endswith("ledger.json"):
                raise OSError(28, "No space left on device", path)
            super().write(path, content, mode, owner, token)

    with pytest.raises(StateError, match=r"ledger\.json: No space left"):
        world.change(host=Full("linux", str(world.root), {}, account()))
    assert world.tree() == before
    says_the_truth(world, "a")
