"""The part of the contract about copies that trustinstall does not manage: it keeps them, and names them."""

from __future__ import annotations

from trustinstall.testing.machine import Machine, Ran, result, run


class ForeignCopies:
    """The guarantees; each is tested on a new machine."""

    def test_strangers_survive(self, machine: Machine) -> None:
        """An anchor that another program added is named, and neither adopted nor removed."""
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
        """`remove --not-ours --sha256` removes exactly the foreign copy that it names."""
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
        """After `add --adopt` of a copy made by hand, `add` changes nothing, and a plain `remove` removes the copy.

        A copy that another program puts beside it afterwards was not adopted: it stays and is named, unless the copies
        of such a store have no names.
        """
        stranger = machine.put_by_hand(-1)
        path, _ = machine.root(-1)
        adopted = run(machine, "add", "--adopt", path)
        assert adopted.code == 0, adopted
        again = run(machine, "add", path)
        assert (again.code, result(again, machine), again.report["changed"]) == (0, "present", False), again
        beside = machine.put_otherwise(-1)
        removed = run(machine, "remove", stranger)
        assert (removed.code, removed.report["changed"]) == (0, True), removed
        if beside and not machine.nameless:
            assert run(machine, *_named_command(_stays(machine, stranger), stranger)).code == 0
        assert not machine.trusts(stranger)

    def test_what_a_person_distrusts_stays_distrusted(self, machine: Machine) -> None:
        """`repair` leaves it, `remove` has nothing to name, and `add` does not overrule it."""
        path, sha256 = machine.root(0)
        run(machine, "add", path)
        if not machine.distrust(0):
            _goes(machine, sha256)
            return
        assert not machine.trusts(sha256)
        before = machine.snapshot()
        repaired = run(machine, "repair")
        assert (repaired.code, repaired.report["changed"]) == (0, False), repaired
        assert machine.snapshot() == before
        removed = run(machine, "remove", sha256)
        assert (removed.code, removed.report["remove_foreign"]) == (0, []), removed
        assert not machine.trusts(sha256)
        again = run(machine, "add", path)
        assert (again.code, result(again, machine)) == (1, "failed"), again
        assert not machine.trusts(sha256)

    def test_a_copy_beside_ours_stays_and_is_named(self, machine: Machine) -> None:
        """`remove` removes the managed copy, and names the others with the command that removes exactly those.

        A store that can hold a certificate only once has only the managed copy, and `remove` removes it.
        """
        path, sha256 = machine.root(0)
        run(machine, "add", path)
        if not (machine.put_beside(0) | machine.put_otherwise(0)):
            _goes(machine, sha256)
            return
        removed = _stays(machine, sha256)
        run(machine, "add", machine.root(1)[0])
        assert run(machine, *_named_command(removed, sha256)).code == 0
        assert not machine.trusts(sha256)
        assert machine.trusts(machine.root(1)[1])

    def test_a_copy_that_lost_its_mark_is_foreign(self, machine: Machine) -> None:
        """`add` reports it as present and changes nothing, `remove` keeps and names it, `--not-ours` removes it.

        In a store without marks, the ledger identifies the copy, and `remove` removes it.
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
        """`remove` removes the managed copy, and names the command that removes a package's, or says why none does.

        Where it names none, the command is an error.
        """
        path, sha256 = machine.root(0)
        run(machine, "add", path)
        if not machine.bring_by_package(0):
            _goes(machine, sha256)
            return
        removed = _stays(machine, sha256)
        if removed.report["remove_foreign"]:
            taken = run(machine, *_named_command(removed, sha256))
            assert (taken.code, result(taken, machine)) == (0, "removed"), taken
            assert not machine.trusts(sha256)
            return
        (why,) = (one["detail"] for one in removed.report["stores"] if one["id"] == machine.store)
        taken = run(machine, "remove", "--not-ours", "--sha256", sha256)
        assert (taken.code, result(taken, machine), taken.report["changed"]) == (1, "failed", False), taken
        (detail,) = (one["detail"] for one in taken.report["stores"] if one["id"] == machine.store)
        assert why.endswith(detail), (why, detail)

    def test_a_store_without_marks_says_why(self, machine: Machine) -> None:
        """A machine gives a reason if, and only if, a copy has no mark to lose and a second copy is impossible."""
        run(machine, "add", machine.root(0)[0])
        possible = machine.lose_mark(0) or machine.put_beside(0)
        assert possible != bool(machine.one_place)


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
    """Return the words of the command by which a report says how to remove a foreign copy, from "remove" on."""
    (command,) = ran.report["remove_foreign"]
    words = [str(word) for word in command]
    assert words[-3:] == ["--not-ours", "--sha256", sha256], words
    return words[words.index("remove") :]
