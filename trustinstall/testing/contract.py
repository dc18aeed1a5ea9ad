"""The guarantees of every store, as tests: for the stores of this project, and for authors of other backends.

Give your tests a fixture `machine` that satisfies `Machine`, and a class that inherits from `Contract`. The program is
run as its users run it, and its results are observed from outside: by the machine's own tools, never by trustinstall.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SABOTAGE = ("fails", "lies", "fails afterwards")


@dataclass(frozen=True)
class Ran:
    """The result of one run of the program: exit code, its JSON report ({} if there was none), standard error."""

    code: int
    report: Mapping[str, Any]
    errors: str


class Running(Protocol):
    """A run of the program that has not ended."""

    def kill(self) -> None:
        """Send SIGKILL to the program, and to the program alone; return when it is dead."""
        ...

    def wait(self) -> Ran:
        """Wait for its end."""
        ...


class Machine(Protocol):
    """A disposable machine with one store of the tested kind, in its original state.

    Attributes:
        store: the store's id.
        sabotages: which of SABOTAGE its native tool can be made to do; empty where there is no tool.
        kills: how often the program is killed.
        crowd: how many run at once.
        singly: whether its tool takes one certificate at a time, and nothing is derived that a batch would share.
        one_place: why a managed copy can neither lose its mark nor have another copy beside it; "" where it can.
    """

    store: str
    sabotages: Sequence[str]
    kills: int
    crowd: int
    singly: bool
    one_place: str

    def root(self, number: int) -> tuple[str, str]:
        """Return the path on the machine of the file of a test root, and its SHA-256; another root for each number."""
        ...

    def start(self, command: str, *arguments: str) -> Running:
        """Start `trustinstall COMMAND --json …` for this store alone, as the account that may write it."""
        ...

    def trusts(self, sha256: str) -> bool:
        """Whether the store's clients trust a certificate, found out without trustinstall."""
        ...

    def sound(self) -> int:
        """The number of anchors that a client loads from the store; raises AssertionError if it cannot load it."""
        ...

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """Every path of the machine that is not in its original state: kind, mode, owner, content (and time of change).

        The state directory of trustinstall is left out.
        """
        ...

    def put_by_hand(self, number: int) -> str:
        """Put the root of a number into the store by other means than trustinstall; return its SHA-256."""
        ...

    def lose_mark(self, number: int) -> bool:
        """Take the mark of trustinstall off a copy (marker lines, file name, alias), so that it stays trusted.

        Returns False, and changes nothing, where a copy has no mark that it could lose.
        """
        ...

    def put_beside(self, number: int) -> bool:
        """Put the root of a number into the store a second time, by other means than trustinstall.

        Returns False, and changes nothing, where the store can hold a certificate once only.
        """
        ...

    def bring_by_package(self, number: int) -> bool:
        """Have a package, or the organisation's policy, bring the root of a number into the store as well.

        Returns False, and changes nothing, where neither brings certificates into such a store.
        """
        ...

    def take_own(self, sha256: str) -> None:
        """Write to the store's files as another program would, without changing managed entries."""
        ...

    def refreshes(self) -> int:
        """The number of runs of the native tool until now; 0 if there is none."""
        ...

    def sabotage(self, how: str) -> None:
        """Make the native tool misbehave from now on."""
        ...

    def spoil(self) -> str:
        """Put the store into a state in which it cannot be written; return a word that the error must contain."""
        ...

    def elsewhere(self) -> Sequence[str]:
        """The ids of all stores that the program finds on a machine of another kind."""
        ...


def run(machine: Machine, command: str, *arguments: str) -> Ran:
    """Run a command to its end."""
    return machine.start(command, *arguments).wait()


def result(ran: Ran, machine: Machine) -> str:
    """The outcome of the machine's store."""
    return next(str(one["result"]) for one in ran.report["stores"] if one["id"] == machine.store)


class Contract:
    """The guarantees; each is tested on a new machine."""

    def test_add_makes_the_anchor_observable(self, machine: Machine) -> None:
        """`add` makes the store's clients trust the root, and no other root."""
        (path, sha256), (_, other) = machine.root(0), machine.root(1)
        before = machine.sound()
        assert not machine.trusts(sha256)
        added = run(machine, "add", path)
        assert (added.code, result(added, machine), added.report["changed"]) == (
            0,
            "added",
            True,
        ), added
        assert machine.trusts(sha256)
        assert not machine.trusts(other)
        assert machine.sound() == before + 1

    def test_add_again_changes_and_runs_nothing(self, machine: Machine) -> None:
        """A second `add` touches no file, and runs no tool."""
        path, _ = machine.root(0)
        run(machine, "add", path)
        before, runs = machine.snapshot(times=True), machine.refreshes()
        again = run(machine, "add", path)
        assert (again.code, again.report["changed"]) == (0, False), again
        assert machine.snapshot(times=True) == before
        assert machine.refreshes() == runs

    def test_remove_leaves_every_byte_as_before(self, machine: Machine) -> None:
        """After `remove` the whole machine is in its original state."""
        path, sha256 = machine.root(0)
        before = machine.snapshot()
        run(machine, "add", path)
        removed = run(machine, "remove", sha256)
        assert (removed.code, result(removed, machine)) == (0, "removed"), removed
        assert not machine.trusts(sha256)
        assert machine.snapshot() == before

    def test_remove_takes_out_only_ours_when_others_wrote_meanwhile(self, machine: Machine) -> None:
        """Changes that another program made between `add` and `remove` stay."""
        path, sha256 = machine.root(0)
        run(machine, "add", path)
        machine.take_own(sha256)
        count = machine.sound()
        assert run(machine, "remove", sha256).code == 0
        assert not machine.trusts(sha256)
        assert machine.sound() == count - 1

    def test_remove_of_what_is_not_there_changes_nothing(self, machine: Machine) -> None:
        """`remove` of an unknown root succeeds, touches no file and runs no tool."""
        path, _ = machine.root(0)
        before, runs = machine.snapshot(times=True), machine.refreshes()
        removed = run(machine, "remove", path)
        assert (removed.code, removed.report["changed"]) == (0, False), removed
        assert machine.snapshot(times=True) == before
        assert machine.refreshes() == runs

    def test_a_batch_costs_one_refresh(self, machine: Machine) -> None:
        """Ten certificates cost as many runs of the tool as one, unless it takes them singly."""
        roots = [machine.root(number) for number in range(11)]
        run(machine, "add", roots[0][0])
        single = machine.refreshes()
        batch = run(machine, "add", *(path for path, _ in roots[1:]))
        assert batch.code == 0, batch
        assert machine.refreshes() == (11 if machine.singly else 2) * single
        assert all(machine.trusts(sha256) for _, sha256 in roots)

    def test_strangers_survive(self, machine: Machine) -> None:
        """An anchor that somebody else put there is named, and neither taken over nor removed."""
        stranger = machine.put_by_hand(-1)
        path, sha256 = machine.root(0)
        before = machine.snapshot()
        removed = run(machine, "remove", stranger)
        assert (removed.code, result(removed, machine), removed.report["changed"]) == (
            0,
            "foreign",
            False,
        ), removed
        run(machine, "add", path)
        run(machine, "remove", sha256)
        assert machine.trusts(stranger)
        assert machine.snapshot() == before

    def test_a_stranger_goes_when_it_is_named_in_full(self, machine: Machine) -> None:
        """`remove --not-ours --sha256` takes out exactly that one."""
        stranger = machine.put_by_hand(-1)
        path, sha256 = machine.root(0)
        run(machine, "add", path)
        count = machine.sound()
        removed = run(machine, "remove", "--not-ours", "--sha256", stranger)
        assert (removed.code, removed.report["changed"]) == (0, True), removed
        assert not machine.trusts(stranger)
        assert machine.trusts(sha256)
        assert machine.sound() == count - 1

    def test_an_adopted_copy_that_is_added_again_goes_with_remove(self, machine: Machine) -> None:
        """After `add --adopt` of a copy made by hand, `add` changes nothing, and a plain `remove` takes it out."""
        stranger = machine.put_by_hand(-1)
        path, _ = machine.root(-1)
        adopted = run(machine, "add", "--adopt", path)
        assert adopted.code == 0, adopted
        again = run(machine, "add", path)
        assert (again.code, result(again, machine), again.report["changed"]) == (0, "present", False), again
        removed = run(machine, "remove", stranger)
        assert (removed.code, removed.report["changed"]) == (0, True), removed
        assert not machine.trusts(stranger)

    def test_a_copy_beside_ours_stays_and_is_named(self, machine: Machine) -> None:
        """`remove` takes the managed copy and names the other one, with the command that takes exactly that out.

        A store that holds a certificate once only has the managed copy, and that goes.
        """
        path, sha256 = machine.root(0)
        run(machine, "add", path)
        if not machine.put_beside(0):
            _goes(machine, sha256)
            return
        removed = _stays(machine, sha256)
        run(machine, "add", machine.root(1)[0])
        assert run(machine, *_named_command(removed, sha256)).code == 0
        assert not machine.trusts(sha256)
        assert machine.trusts(machine.root(1)[1])

    def test_a_copy_that_lost_its_mark_is_foreign(self, machine: Machine) -> None:
        """`add` says that it is there and changes nothing, `remove` leaves and names it, `--not-ours` takes it out.

        Where a copy has no mark, the ledger knows it, and it goes.
        """
        path, sha256 = machine.root(0)
        run(machine, "add", path)
        if not machine.lose_mark(0):
            _goes(machine, sha256)
            return
        assert machine.trusts(sha256)
        before, runs = machine.snapshot(times=True), machine.refreshes()
        again = run(machine, "add", path)
        assert (again.code, result(again, machine), again.report["changed"]) == (0, "present", False), again
        assert machine.snapshot(times=True) == before
        assert machine.refreshes() == runs
        removed = _stays(machine, sha256)
        taken = run(machine, *_named_command(removed, sha256))
        assert (taken.code, result(taken, machine)) == (0, "removed"), taken
        assert not machine.trusts(sha256)

    def test_a_certificate_that_a_package_brings_as_well_stays(self, machine: Machine) -> None:
        """`remove` takes the managed copy; that of a package goes with `--not-ours`, or an error says why not."""
        path, sha256 = machine.root(0)
        run(machine, "add", path)
        if not machine.bring_by_package(0):
            _goes(machine, sha256)
            return
        removed = _stays(machine, sha256)
        taken = run(machine, *_named_command(removed, sha256))
        if machine.trusts(sha256):
            assert (taken.code, result(taken, machine), taken.report["changed"]) == (1, "failed", False), taken
        else:
            assert (taken.code, result(taken, machine)) == (0, "removed"), taken

    def test_a_store_without_marks_says_why(self, machine: Machine) -> None:
        """A machine on which neither a mark can be lost nor a copy be put beside ours says why, and no other does."""
        run(machine, "add", machine.root(0)[0])
        possible = machine.lose_mark(0) or machine.put_beside(0)
        assert possible != bool(machine.one_place)

    def test_no_mode_is_widened_and_no_owner_changed(self, machine: Machine) -> None:
        """Existing files keep their mode and their owner."""
        path, _ = machine.root(0)
        before = machine.snapshot()
        run(machine, "add", path)
        after = machine.snapshot()
        for where in before.keys() & after.keys():
            assert rights(before[where]) == rights(after[where]), where

    def test_killed_at_any_point(self, machine: Machine) -> None:
        """Killed at random moments, clients see the old state or the new one, and the next run completes."""
        path, sha256 = machine.root(0)
        count, started = machine.sound(), time.monotonic()
        run(machine, "add", path)
        took = time.monotonic() - started
        run(machine, "remove", sha256)
        before = machine.snapshot()
        chance = random.Random(took)  # noqa: S311  moments, not secrets
        for turn in range(machine.kills):
            adding = turn % 2 == 0
            running = machine.start("add", path) if adding else machine.start("remove", sha256)
            time.sleep(chance.uniform(0, took * 1.1))
            running.kill()
            assert machine.sound() in {count, count + 1}
            if chance.random() < 0.5:
                continue  # killed again before the recovery
            ended = run(machine, "add", path)
            assert ended.code == 0, ended
            assert machine.trusts(sha256)
            assert machine.sound() == count + 1
        run(machine, "add", path)
        assert run(machine, "remove", sha256).code == 0
        assert machine.sound() == count
        assert machine.snapshot() == before

    def test_many_at_once_lose_nothing(self, machine: Machine) -> None:
        """Twenty programs at once end as if they had run one after the other."""
        count, before = machine.sound(), machine.snapshot()
        roots = [machine.root(number) for number in range(machine.crowd)]
        for started in [machine.start("add", path) for path, _ in roots]:
            ended = started.wait()
            assert ended.code == 0, ended
        assert all(machine.trusts(sha256) for _, sha256 in roots)
        assert machine.sound() == count + len(roots)
        for started in [machine.start("remove", sha256) for _, sha256 in roots]:
            ended = started.wait()
            assert ended.code == 0, ended
        assert machine.sound() == count
        assert machine.snapshot() == before

    def test_a_bad_tool_leaves_the_store_as_it_was(self, machine: Machine) -> None:
        """A tool that fails, lies, or fails after it has worked: an error, and nothing is changed."""
        path, sha256 = machine.root(0)
        for how in machine.sabotages:
            machine.sabotage(how)
            before = machine.snapshot()
            added = run(machine, "add", path)
            assert (added.code, result(added, machine)) == (1, "failed"), (how, added)
            assert not machine.trusts(sha256), how
            assert machine.snapshot() == before, how

    def test_a_dry_run_touches_nothing(self, machine: Machine) -> None:
        """`--dry-run` reports what would be done, changes no time of any file and runs no tool."""
        path, _ = machine.root(0)
        before, runs = machine.snapshot(times=True), machine.refreshes()
        dry = run(machine, "add", "--dry-run", path)
        assert (dry.code, result(dry, machine), dry.report["changed"]) == (0, "planned", False), dry
        assert machine.snapshot(times=True) == before
        assert machine.refreshes() == runs

    def test_found_only_where_it_belongs(self, machine: Machine) -> None:
        """The store is not found on a machine of another kind."""
        assert machine.store not in machine.elsewhere()

    def test_a_bad_state_is_one_sentence(self, machine: Machine) -> None:
        """A store that cannot be written is an error that names it and says why; nothing is changed."""
        path, _ = machine.root(0)
        word = machine.spoil()
        before = machine.snapshot()
        added = run(machine, "add", path)
        assert (added.code, result(added, machine)) == (1, "failed"), added
        detail = next(one["detail"] for one in added.report["stores"] if one["id"] == machine.store)
        assert word in detail
        assert "Traceback" not in added.errors
        assert machine.snapshot() == before


def _goes(machine: Machine, sha256: str) -> None:
    """Assert that the managed copy is the only one."""
    removed = run(machine, "remove", sha256)
    assert (removed.code, result(removed, machine)) == (0, "removed"), removed
    assert not machine.trusts(sha256)


def _stays(machine: Machine, sha256: str) -> Ran:
    """Assert that `remove` leaves and names a foreign copy, twice; return the second report."""
    _stays_once(machine, sha256)
    return _stays_once(machine, sha256)


def _stays_once(machine: Machine, sha256: str) -> Ran:
    removed = run(machine, "remove", sha256)
    named = [one["foreign"] for one in removed.report["stores"] if one["id"] == machine.store]
    assert (removed.code, result(removed, machine), named) == (0, "foreign", [[sha256]]), removed
    assert machine.trusts(sha256)
    return removed


def _named_command(ran: Ran, sha256: str) -> list[str]:
    """Return the words of the command with which a report says how to take a foreign copy out."""
    (command,) = ran.report["remove_foreign"]
    words = [str(word) for word in command]
    assert words[-3:] == ["--not-ours", "--sha256", sha256], words
    return words[words.index("remove") :]


def rights(entry: object) -> tuple[object, ...]:
    """Mode and owner of a snapshot's entry; () for one that is gone."""
    return (getattr(entry, "mode", None), getattr(entry, "uid", None), getattr(entry, "gid", None)) if entry else ()
