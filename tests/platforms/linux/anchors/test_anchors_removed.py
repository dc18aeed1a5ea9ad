"""RHEL's, SUSE's, Arch's and Alpine's store on made-up machines: whose a copy is, and what is planned to remove.

What the engines do with such plans is in the contract suite, and in `tests/end_to_end/stores/`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platforms.linux.anchors.machine import CORP, OTHER, PUBLIC, Machine, on_p11_kit, placement
from trustinstall.engine.perform import inverse, perform, undo
from trustinstall.errors import StoreError
from trustinstall.stores.desired import Placement
from trustinstall.stores.observation import State
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import Delete
from trustinstall_platforms.linux.families import ALPINE


def test_a_package_brings_it_after_us(machine: Machine) -> None:
    """The managed root goes, the package's stays and is named; asked for in full, the error says how it goes."""
    machine.apply(machine.plan(CORP))
    path = machine.ship("corp.pem", b"[p11-kit-object-v1]\ntrusted: true\n" + CORP.pem)
    machine.settle()
    record = placement(machine, CORP, machine.ours)

    assert machine.change(CORP, record=record).foreign == {CORP.sha256}
    plan = machine.plan(CORP, trusted=False, record=record)
    assert [step.path for step in plan.steps] == [machine.ours]
    machine.apply(plan)
    assert machine.observe().anchors[CORP.sha256] is State.TRUSTED
    with pytest.raises(StoreError, match=f"{Path(path).name}, which is not changed"):
        machine.plan(CORP, trusted=False, foreign=True)


def test_a_renamed_file_is_no_longer_ours(machine: Machine) -> None:
    """Without the mark in its name it is foreign: it stays, and is named, although the ledger knows the old name."""
    machine.apply(machine.plan(CORP))
    machine.path(machine.ours).rename(machine.path(f"{machine.family.anchors}/renamed.crt"))
    machine.settle()
    change = machine.change(CORP, record=placement(machine, CORP, machine.ours))

    assert (change.remove, change.foreign) == ((), frozenset({CORP.sha256}))
    assert not machine.plan(CORP, trusted=False, record=placement(machine, CORP, machine.ours)).steps


def test_an_adopted_file_is_taken_out(machine: Machine) -> None:
    """Adopted, the administrator's own file is managed; added again, nothing is to be done."""
    path = machine.by_hand("theirs.pem", CORP.pem)
    machine.settle()
    adopted = {CORP.sha256: Placement(CORP.sha256, machine.family.name, (path,), adopted=True)}

    assert machine.plan(CORP, record=adopted).empty
    assert machine.decided(machine.task(CORP, record=adopted)).foreign == frozenset()
    machine.apply(machine.plan(CORP, trusted=False, record=adopted))
    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED}


@on_p11_kit
def test_a_blocked_packages_file_is_not_a_copy(machine: Machine) -> None:
    """The tool leaves it out: `remove` has nothing to name."""
    machine.ship("corp.pem", CORP.pem)
    machine.write(f"{machine.family.blocklists[0]}/bad.der", CORP.der)

    assert machine.observe(CORP).copies == ()


@pytest.mark.parametrize("machine", ["alpine"], indirect=True)
def test_a_deselected_packages_file_is_not_a_copy(machine: Machine) -> None:
    """The tool does not read it, and would drop its certificate from the bundle."""
    machine.ship("corp.crt", CORP.pem)
    machine.write(machine.family.selection, b"public.p11-kit\n!corp.crt\n")
    assert machine.observe(CORP).copies == ()
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)
    with pytest.raises(StoreError, match="would drop 1 certificates"):
        machine.plan(OTHER)


# --- removed -------------------------------------------------------------------------------------


def test_remove_deletes_the_file_and_runs_the_tool(machine: Machine) -> None:
    """No managed file stays."""
    machine.apply(machine.plan(CORP))
    plan = machine.plan(CORP, trusted=False)

    assert [(type(step), step.path) for step in plan.steps] == [(Delete, machine.ours)]
    assert plan.refresh == machine.backend.refresh(machine.host, machine.store(), [machine.ours])
    machine.apply(plan)
    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED}


def test_remove_of_nothing_is_nothing(machine: Machine) -> None:
    """What is not there needs no work."""
    assert machine.plan(CORP, trusted=False) == Plan()


def test_remove_leaves_a_copy_of_somebody_else(machine: Machine) -> None:
    """The managed copy goes; the foreign one is named and stays, in the anchors' directory and in a package."""
    machine.write(machine.ours, CORP.pem)
    machine.by_hand("theirs.pem", CORP.pem)
    machine.write(f"{machine.family.anchors}/public-root-{PUBLIC.sha256[:12]}.crt", PUBLIC.pem)
    machine.settle()
    plan = machine.plan(CORP, PUBLIC, trusted=False)

    assert not [step for step in plan.steps if "theirs" in step.path]
    assert len(plan.steps) == 2
    assert machine.change(CORP, PUBLIC).foreign == {CORP.sha256, PUBLIC.sha256}


def test_foreign_removal_takes_every_copy(machine: Machine) -> None:
    """A file is deleted, a file of several keeps the others, a link goes and its target stays; all can be undone."""
    alone, two = machine.by_hand("alone.pem", CORP.pem), machine.by_hand("two", b"1\n" + CORP.pem + b"2\n" + OTHER.pem)
    machine.write("/opt/corp.crt", CORP.pem)
    machine.path(f"{machine.family.anchors}/link.crt").symlink_to("/opt/corp.crt")
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem + OTHER.pem)
    plan = machine.plan(CORP, trusted=False, foreign=True)
    inverses = [inverse(machine.host, step) for step in plan.steps][::-1]
    for step in plan.steps:
        perform(machine.host, step, "t")

    assert {path.name for path in machine.path(machine.family.anchors).iterdir()} == {"two"}
    assert machine.path(two).read_bytes() == b"1\n2\n" + OTHER.pem
    assert machine.path("/opt/corp.crt").exists()
    undo(machine.host, [step for step in inverses if step], "t")
    assert machine.path(alone).read_bytes() == CORP.pem
    assert machine.host.link_target(f"{machine.family.anchors}/link.crt") == "/opt/corp.crt"


def test_a_link_to_several_is_not_changed(machine: Machine) -> None:
    """What lies outside the store is for the one who put it there."""
    machine.write("/opt/two.crt", CORP.pem + OTHER.pem)
    machine.path(f"{machine.family.anchors}/link.crt").symlink_to("/opt/two.crt")
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem + OTHER.pem)

    with pytest.raises(StoreError, match="is a link to a file that holds others"):
        machine.plan(CORP, trusted=False, foreign=True)


def test_ours_that_was_deleted_by_hand_is_still_cleaned_up(machine: Machine) -> None:
    """The bundle is made anew, though there is no file to delete."""
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)
    record = placement(machine, CORP, machine.ours)
    plan = machine.plan(CORP, trusted=False, record=record)

    assert machine.change(CORP, record=record).foreign == frozenset()
    assert plan.steps == ()
    assert plan.refresh is not None
    machine.settle()
    assert machine.plan(CORP, trusted=False, record=record).empty


def test_a_der_file_is_recognised_where_the_tool_reads_der(machine: Machine) -> None:
    """p11-kit takes DER under any name; Alpine's tool pastes it into the bundle, where no client can read it."""
    machine.by_hand("corp.der", CORP.der)
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)
    taken = [step.path for step in machine.plan(CORP, trusted=False, foreign=True).steps]

    assert taken == ([f"{machine.family.anchors}/corp.der"] if machine.family is not ALPINE else [])
