"""The guarantees of every store, as tests: for the stores of this project, and for authors of other backends.

Give your tests a fixture `machine` that satisfies `machine.Machine`, and a class that inherits from `Contract`.
"""

from __future__ import annotations

import random
import time

from trustinstall.testing.foreign_copies import ForeignCopies
from trustinstall.testing.machine import Machine, result, rights, run


class Contract(ForeignCopies):
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
        """Changes that another program made between `add` and `remove` stay; the whole store may be written anew."""
        path, sha256 = machine.root(0)
        run(machine, "add", path)
        machine.take_own(sha256)
        if machine.rewrite():
            again = run(machine, "add", path)
            assert (again.code, result(again, machine), again.report["changed"]) == (0, "present", False), again
        assert machine.trusts(sha256)
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
