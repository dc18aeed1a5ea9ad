"""The Debian family's store on made-up machines: what is planned to remove.

What the real tools do with such plans is in `tests/end_to_end/stores/debian/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.platforms.linux.debian.machine import (
    BACKEND,
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
from trustinstall.engine.perform import inverse, undo
from trustinstall.engine.task import StoreTask
from trustinstall.errors import StoreError
from trustinstall.host import ActingHost
from trustinstall.stores.desired import Desired
from trustinstall.stores.observation import State
from trustinstall.stores.plan import Plan, Refresh
from trustinstall.stores.steps import Delete, RemoveDirectory
from trustinstall.stores.store import Store


def refreshed(host: ActingHost, store: Store, gone: Sequence[str]) -> Refresh:
    """How everything is made anew on a running machine."""
    found = BACKEND.refresh(host, store, gone)
    assert found is not None
    return found


# --- removed -------------------------------------------------------------------------------------


def test_remove_deletes_file_and_links_then_refreshes(machine: Machine) -> None:
    """Hash links come before the tool, and Java last: what fails first leaves Java alone."""
    machine.write(HOOK, b"#!/bin/sh\n", 0o755)
    machine.write(OURS, CORP.pem)
    machine.settle()
    plan = machine.plan(CORP, trusted=False)
    link = f"{LINKS}/corp-root-{CORP.sha256[:12]}.pem"

    assert plan.refresh is not None
    assert [step.path for step in plan.steps] == [OURS, f"{LINKS}/00000001.0", link]
    assert {type(step) for step in plan.steps} == {Delete}
    assert [run.argv for run in plan.refresh.runs] == [
        ("/usr/bin/openssl", "rehash", LINKS),
        (TOOL,),
        (HOOK,),
    ]
    assert plan.refresh.runs[-1].stdin == f"-{link}\n".encode()


def test_recovery_needs_the_deleted_names_alone(machine: Machine) -> None:
    """After a kill the link may be gone already: Java is told all the same."""
    machine.write(HOOK, b"#!/bin/sh\n", 0o755)
    refresh = refreshed(machine.host, machine.store(), [OURS])

    assert refresh.runs[-1].stdin == f"-{LINKS}/corp-root-{CORP.sha256[:12]}.pem\n".encode()
    assert [run.argv[0] for run in refreshed(machine.host, machine.store(), []).runs] == [
        "/usr/bin/openssl",
        TOOL,
    ]


def test_recovery_takes_the_links_of_what_is_gone(machine: Machine) -> None:
    """openssl-rehash(1) keeps a dangling HASH.0 where there is a good HASH.1, so it is not asked."""
    machine.write(OURS, CORP.pem)
    machine.settle()
    machine.path(OURS).unlink()
    refresh = refreshed(machine.host, machine.store(), [OURS])

    assert refresh.leftovers == (
        f"{BUNDLE}.new",
        f"{LINKS}/00000001.0",
        f"{LINKS}/corp-root-{CORP.sha256[:12]}.pem",
    )


def test_what_came_back_is_told_to_java(machine: Machine) -> None:
    """When a removal is undone, the tool sees the link that came back and tells Java nothing."""
    machine.write(HOOK, b"#!/bin/sh\n", 0o755)
    machine.write(OURS, CORP.pem)
    machine.settle()
    machine.link(f"{LINKS}/dangling.pem", f"{LOCAL}/dangling.crt")
    refresh = refreshed(machine.host, machine.store(), [])

    assert refresh.runs[-1].stdin == f"+{LINKS}/corp-root-{CORP.sha256[:12]}.pem\n".encode()


def test_a_link_that_leads_elsewhere_is_not_ours(machine: Machine) -> None:
    """A file of the same name in another directory owns the link, and Java's alias."""
    machine.write(HOOK, b"#!/bin/sh\n", 0o755)
    machine.link(f"{LINKS}/a.pem", f"{LOCAL}/sub/a.crt")
    refresh = refreshed(machine.host, machine.store(), [f"{LOCAL}/a.crt"])

    assert refresh.leftovers == (f"{BUNDLE}.new",)
    assert HOOK not in [run.argv[0] for run in refresh.runs]


def test_link_names_are_the_tools(machine: Machine) -> None:
    """Spaces, brackets and commas are replaced as the tool's sed does."""
    path = f"{LOCAL}/Corp Root (A), x.crt"
    machine.link(f"{LINKS}/Corp_Root_=A=__x.pem", path)

    assert f"{LINKS}/Corp_Root_=A=__x.pem" in refreshed(machine.host, machine.store(), [path]).leftovers


def test_remove_of_nothing_is_nothing(machine: Machine) -> None:
    """What is not there needs no work."""
    assert machine.plan(CORP, trusted=False) == Plan()


def test_remove_leaves_a_copy_of_somebody_else(machine: Machine) -> None:
    """The managed root goes, the other copy is named and stays."""
    machine.write(OURS, CORP.pem)
    machine.write(f"{LOCAL}/theirs.crt", CORP.pem)
    machine.settle()
    plan = machine.plan(CORP, trusted=False)

    assert plan.steps[0].path == OURS
    assert not [step for step in plan.steps if "theirs" in step.path]
    assert machine.change(CORP).foreign == {CORP.sha256}


def test_foreign_removal_takes_every_copy(machine: Machine) -> None:
    """A file is deleted, a file of several keeps the others, a link goes and its target stays."""
    machine.write(f"{LOCAL}/alone.crt", CORP.pem)
    machine.write(f"{LOCAL}/two.crt", b"first\n" + CORP.pem + b"second\n" + OTHER.pem)
    machine.write("/opt/corp.crt", CORP.pem)
    machine.link(f"{LOCAL}/link.crt", "/opt/corp.crt")
    machine.settle()
    assert machine.change(CORP, foreign=True).foreign == frozenset()
    plan = machine.plan(CORP, trusted=False, foreign=True)
    inverses = [inverse(machine.host, step) for step in plan.steps][::-1]
    machine.apply(plan)

    assert {path.name for path in machine.path(LOCAL).iterdir()} == {"two.crt"}
    assert machine.path(f"{LOCAL}/two.crt").read_bytes() == b"first\nsecond\n" + OTHER.pem
    assert machine.path("/opt/corp.crt").read_bytes() == CORP.pem
    undo(machine.host, [step for step in inverses if step], "t")
    assert machine.path(f"{LOCAL}/alone.crt").read_bytes() == CORP.pem
    assert machine.path(f"{LOCAL}/two.crt").read_bytes().count(b"BEGIN") == 2
    assert machine.host.link_target(f"{LOCAL}/link.crt") == "/opt/corp.crt"


def test_a_packages_root_is_deselected(machine: Machine) -> None:
    """Its line in /etc/ca-certificates.conf gets the mark that deselects it; the file is the package's."""
    plan = machine.plan(PUBLIC, trusted=False, foreign=True)
    machine.apply(plan)

    assert machine.path(SELECTION).read_bytes() == b"# which ones\n!mozilla/Public.crt\n"
    assert machine.path(f"{SHIPPED}/mozilla/Public.crt").exists()
    assert machine.observe().anchors == {}


def test_a_loose_file_is_taken_out_only_as_foreign(machine: Machine) -> None:
    """A file that a person put into /etc/ssl/certs by hand is named, and deleted when asked for."""
    machine.write(f"{LINKS}/by-hand.pem", CORP.pem)
    machine.link(f"{LINKS}/0badcafe.0", "by-hand.pem")

    assert machine.change(CORP).foreign == {CORP.sha256}
    plan = machine.plan(CORP, trusted=False, foreign=True)
    assert [step.path for step in plan.steps] == [f"{LINKS}/by-hand.pem"]
    assert plan.refresh is not None
    assert plan.refresh.runs[0].argv[1] == "rehash"


@pytest.mark.parametrize("linked", ["directory", "file of two"])
def test_nothing_is_changed_behind_a_link(machine: Machine, linked: str) -> None:
    """A copy that lies outside the store is for the one who put it there."""
    machine.write("/opt/corp/corp.crt", CORP.pem + (OTHER.pem if linked == "file of two" else b""))
    if linked == "directory":
        machine.link(f"{LOCAL}/corp", "/opt/corp")
        machine.write(BUNDLE, PUBLIC.pem + CORP.pem)
    else:
        machine.link(f"{LOCAL}/corp.crt", "/opt/corp/corp.crt")

    with pytest.raises(StoreError, match="by a link"):
        machine.plan(CORP, trusted=False, foreign=True)


def test_ours_that_was_deleted_by_hand_is_still_cleaned_up(machine: Machine) -> None:
    """The ledger's names tell which link and alias to take away, though the file is gone."""
    machine.write(HOOK, b"#!/bin/sh\n", 0o755)
    machine.write(OURS, CORP.pem)
    machine.settle()
    machine.path(OURS).unlink()
    plan = machine.plan(CORP, trusted=False, record=placement(CORP, OURS))

    assert plan.steps == ()
    assert plan.refresh is not None
    assert [run.argv[0] for run in plan.refresh.runs] == ["/usr/bin/openssl", TOOL, HOOK]


def test_ours_that_was_deleted_by_hand_ends_although_the_bundle_shows_it(machine: Machine) -> None:
    """No copy is there and the ledger names one: the tool makes the bundle anew, and nothing is called foreign."""
    machine.apply(machine.plan(CORP))
    machine.path(OURS).unlink()
    record = placement(CORP, OURS)

    assert machine.observe(CORP).copies == ()
    assert machine.change(CORP, record=record).foreign == frozenset()
    machine.apply(machine.plan(CORP, trusted=False, record=record))
    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED}
    assert machine.plan(CORP, trusted=False) == Plan()


def test_half_installed_is_removed_whole(machine: Machine) -> None:
    """The managed root without its hash link, or not in the bundle: file, links and bundle's copy go all the same."""
    for ruin in (f"{LINKS}/00000001.0", BUNDLE):
        machine.apply(machine.plan(CORP))
        if ruin == BUNDLE:
            machine.write(BUNDLE, PUBLIC.pem)
        else:
            machine.path(ruin).unlink()
        assert machine.observe().anchors[CORP.sha256] is State.PARTIAL
        machine.apply(machine.plan(CORP, trusted=False))
        assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED}
        assert list(machine.path(LOCAL).iterdir()) == []


def test_a_file_that_is_no_longer_ours_is_left(machine: Machine) -> None:
    """An administrator who put another certificate into our file keeps it."""
    machine.write(OURS, OTHER.pem)
    machine.settle()
    plan = machine.plan(CORP, trusted=False, record=placement(CORP, OURS))

    assert plan.empty


def test_adding_and_removing_in_one_plan_keeps_the_directory(machine: Machine) -> None:
    """The directory that we created stays for the certificate that comes."""
    machine.write(OURS, CORP.pem)
    machine.settle()
    record = placement(CORP, OURS, directories=(LOCAL,))
    wanted = (Desired(Certificate(CORP.der), trusted=False), Desired(Certificate(OTHER.der), trusted=True))
    plan = machine.planned(StoreTask(BACKEND, machine.store(), wanted, record))
    machine.apply(plan)

    assert not [step for step in plan.steps if isinstance(step, RemoveDirectory)]
    assert set(machine.observe().anchors) == {PUBLIC.sha256, OTHER.sha256}


def test_within_dpkg_its_lock_is_not_asked_for(machine: Machine) -> None:
    """Called from a package's script we must not wait for the lock that our own caller holds."""
    machine.write(HOOK, b"#!/bin/sh\n", 0o755)
    machine.host = replace(machine.host, environ={"DPKG_MAINTSCRIPT_PACKAGE": "corp-ca"})
    refresh = refreshed(machine.host, machine.store(), [OURS])

    assert refresh.guard.lock is None
    assert {run.env for run in refresh.runs} == {(("DPKG_MAINTSCRIPT_PACKAGE", "corp-ca"),)}
    outside = refreshed(replace(machine.host, environ={}), machine.store(), [OURS])
    assert outside.guard.lock == "/var/lib/dpkg/lock-frontend"
    assert {run.env for run in outside.runs} == {()}
