"""The Debian family's store on made-up machines: what is planned to add, and whose a copy is.

What the real tools do with such plans is in `tests/end_to_end/stores/debian/`.
"""

from __future__ import annotations

import pytest

from tests.platforms.linux.debian.machine import (
    BUNDLE,
    CORP,
    HOOK,
    LINKS,
    LOCAL,
    OTHER,
    OURS,
    PUBLIC,
    SELECTION,
    SHIPPED,
    TOOL,
    Machine,
    placement,
)
from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import StoreError
from trustinstall.stores.desired import Placement
from trustinstall.stores.observation import Copy, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import Edit, MakeDirectory


def test_add_writes_one_file_and_refreshes_once(machine: Machine) -> None:
    """Two certificates are two files and one run of the tool, and then there is nothing left to do."""
    plan = machine.plan(CORP, OTHER)

    assert [step.path for step in plan.steps] == [placed.entries[0] for placed in plan.placed]
    assert plan.steps[0].path == OURS
    assert plan.refresh is not None
    assert [run.argv for run in plan.refresh.runs] == [(TOOL,)]
    assert plan.refresh.leftovers == (f"{BUNDLE}.new",)
    assert plan.refresh.guard.tool == "update-ca-certificates"
    machine.apply(plan)
    assert machine.path(OURS).read_bytes() == Certificate(CORP.der).pem
    assert machine.plan(CORP, OTHER).empty
    kept = machine.decided(machine.task(CORP, OTHER)).kept
    assert kept == {placed.sha256: placed.entries for placed in plan.placed}


def test_a_missing_directory_is_made_and_goes_with_the_last(machine: Machine) -> None:
    """A directory that trustinstall created is removed with the last certificate, in any order."""
    machine.path(LOCAL).rmdir()
    first = machine.plan(CORP)
    assert [type(step) for step in first.steps] == [MakeDirectory, Edit]
    assert first.made == (LOCAL,)
    machine.apply(first)
    record = placement(CORP, *first.placed[0].entries, directories=(LOCAL,))
    second = machine.plan(OTHER, record=record)
    machine.apply(second)

    machine.apply(machine.plan(CORP, trusted=False, record=record))
    assert machine.path(LOCAL).is_dir()
    record = placement(OTHER, *second.placed[0].entries, directories=(LOCAL,))
    machine.apply(machine.plan(OTHER, trusted=False, record=record))
    assert not machine.path(LOCAL).exists()


def test_what_somebody_else_brought_is_left(machine: Machine) -> None:
    """A package's root and an administrator's own copy are foreign, and nothing is to be done."""
    machine.write(f"{LOCAL}/by-hand.crt", CORP.pem)
    machine.settle()
    assert machine.plan(CORP, PUBLIC) == Plan()
    assert machine.decided(machine.task(CORP, PUBLIC)).foreign == {CORP.sha256, PUBLIC.sha256}


def test_half_installed_by_somebody_else_is_made_whole(machine: Machine) -> None:
    """Two certificates in one file get no hash link: the managed one, in a file of its own, does."""
    machine.write(f"{LOCAL}/two.crt", CORP.pem + OTHER.pem)
    machine.settle()
    machine.apply(machine.plan(CORP))

    assert machine.observe().anchors[CORP.sha256] is State.TRUSTED
    assert machine.observe().anchors[OTHER.sha256] is State.PARTIAL
    assert machine.observe().problems == ()


def test_ours_with_broken_links_is_mended_by_tools_alone(machine: Machine) -> None:
    """No file is written if the managed one is there; hash links are made again, then the bundle."""
    machine.write(OURS, CORP.pem)
    machine.settle()
    machine.path(f"{LINKS}/00000001.0").unlink()
    plan = machine.plan(CORP)

    assert plan.steps == ()
    assert plan.refresh is not None
    assert [run.argv[0] for run in plan.refresh.runs] == ["/usr/bin/openssl", TOOL]


def test_our_name_with_another_content_is_not_overwritten(machine: Machine) -> None:
    """A file under the managed name with another content is an account's, until a person has looked."""
    machine.write(OURS, b"notes\n")

    with pytest.raises(StoreError, match="does not hold the certificate"):
        machine.plan(CORP)


def test_what_was_appended_to_the_bundle_by_hand_is_not_lost(machine: Machine) -> None:
    """The tool makes the bundle from files alone; the store refuses, and says what to do."""
    machine.write(BUNDLE, PUBLIC.pem + OTHER.pem)

    with pytest.raises(StoreError, match="would drop 1 certificates"):
        machine.plan(CORP)
    assert machine.change(OTHER).foreign == {OTHER.sha256}


def test_without_its_selection_the_tool_would_drop_every_public_root(machine: Machine) -> None:
    """A missing /etc/ca-certificates.conf is noticed before the tool is run."""
    machine.path(SELECTION).unlink()

    with pytest.raises(StoreError, match="would drop"):
        machine.plan(CORP)


# --- whose it is ---------------------------------------------------------------------------------


def test_every_file_that_holds_a_certificate_is_a_copy(machine: Machine) -> None:
    """Managed, an administrator's, a package's, and a file that only the next rehash will make OpenSSL read."""
    machine.write(OURS, CORP.pem)
    machine.write(f"{LOCAL}/two.crt", CORP.pem + OTHER.pem)
    machine.write(f"{SHIPPED}/corp/corp.crt", CORP.pem)
    machine.write(SELECTION, b"mozilla/Public.crt\ncorp/corp.crt\n")
    machine.write(f"{LINKS}/by-hand.pem", CORP.pem)
    machine.write(f"{LINKS}/bundle.pem", CORP.pem + OTHER.pem)
    machine.write("/opt/corp.crt", CORP.pem)
    machine.link(f"{LINKS}/link.pem", "/opt/corp.crt")

    assert set(machine.observe(CORP).copies) == {
        Copy(CORP.sha256, OURS, marked=True),
        Copy(CORP.sha256, f"{LOCAL}/two.crt"),
        Copy(CORP.sha256, f"{SHIPPED}/corp/corp.crt"),
        Copy(CORP.sha256, f"{LINKS}/by-hand.pem"),
        Copy(CORP.sha256, f"{LINKS}/link.pem"),
    }
    assert machine.observe().copies == ()


def test_a_deselected_file_is_not_a_copy(machine: Machine) -> None:
    """The tool never reads it, although its own link to it stays until the next run."""
    machine.write(f"{SHIPPED}/corp/corp.crt", CORP.pem)
    machine.write(SELECTION, b"mozilla/Public.crt\n!corp/corp.crt\n")
    machine.link(f"{LINKS}/corp.pem", f"{SHIPPED}/corp/corp.crt")

    assert machine.observe(CORP).copies == ()


def test_a_package_brings_it_after_us(machine: Machine) -> None:
    """The managed root goes with its links, the package's stays and is named; asked for in full, it is deselected."""
    machine.apply(machine.plan(CORP))
    machine.write(f"{SHIPPED}/corp/corp.crt", CORP.pem)
    machine.write(SELECTION, b"mozilla/Public.crt\ncorp/corp.crt\n")
    machine.settle()
    record = placement(CORP, OURS)

    assert machine.change(CORP, record=record).foreign == {CORP.sha256}
    plan = machine.plan(CORP, trusted=False, record=record)
    assert plan.steps[0].path == OURS
    assert SELECTION not in [step.path for step in plan.steps]
    machine.apply(plan)
    assert machine.observe().anchors[CORP.sha256] is State.TRUSTED
    machine.apply(machine.plan(CORP, trusted=False, foreign=True))
    assert CORP.sha256 not in machine.observe().anchors
    assert machine.path(SELECTION).read_bytes() == b"mozilla/Public.crt\n!corp/corp.crt\n"


def test_a_renamed_file_is_no_longer_ours(machine: Machine) -> None:
    """Without the mark in its name it is foreign and stays; links and Java alias of the old name go."""
    machine.write(HOOK, b"#!/bin/sh\n", 0o755)
    machine.apply(machine.plan(CORP))
    machine.path(OURS).rename(machine.path(f"{LOCAL}/renamed.crt"))
    change = machine.change(CORP, record=placement(CORP, OURS))

    assert (change.remove, change.foreign) == ((), frozenset({CORP.sha256}))
    plan = machine.plan(CORP, trusted=False, record=placement(CORP, OURS))
    assert plan.steps == ()
    assert plan.refresh is not None
    assert set(plan.refresh.leftovers) > {f"{LINKS}/corp-root-{CORP.sha256[:12]}.pem"}
    assert plan.refresh.runs[-1].stdin == f"-{LINKS}/corp-root-{CORP.sha256[:12]}.pem\n".encode()


def test_an_adopted_file_is_taken_out(machine: Machine) -> None:
    """Adopted, the administrator's own file is managed; added again, nothing is to be done."""
    machine.write(f"{LOCAL}/by-hand.crt", CORP.pem)
    machine.settle()
    adopted = {CORP.sha256: Placement(CORP.sha256, "debian", (f"{LOCAL}/by-hand.crt",), adopted=True)}

    assert machine.plan(CORP, record=adopted).empty
    assert machine.decided(machine.task(CORP, record=adopted)).foreign == frozenset()
    machine.apply(machine.plan(CORP, trusted=False, record=adopted))
    assert CORP.sha256 not in machine.observe().anchors


def test_an_adopted_file_of_several_gets_one_beside_it(machine: Machine) -> None:
    """Half-installed by a file of several, it is made whole by a file of its own; both are then managed."""
    machine.write(f"{LOCAL}/two.crt", CORP.pem + OTHER.pem)
    machine.settle()
    adopted = {CORP.sha256: Placement(CORP.sha256, "debian", (f"{LOCAL}/two.crt",), adopted=True)}
    machine.apply(machine.plan(CORP, record=adopted))

    assert machine.observe().anchors[CORP.sha256] is State.TRUSTED
    machine.apply(machine.plan(CORP, trusted=False, record=adopted))
    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED, OTHER.sha256: State.TRUSTED}
