"""RHEL's, SUSE's, Arch's and Alpine's store on made-up machines: what is found, seen and planned.

What the engines do with such plans is in the contract suite, and in `tests/end_to_end/stores/`.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fake_host import FakeMachine
from tests.support.pki import Root, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.perform import inverse, perform, undo
from trustinstall.engine.task import StoreTask
from trustinstall.errors import StoreError
from trustinstall.host import Account, ActingHost
from trustinstall.host.commands import Guard, Locking
from trustinstall.stores.desired import Change, Desired, Placement, Record
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Plan, Unsettled
from trustinstall.stores.steps import Delete, Edit, MakeDirectory, RemoveDirectory
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.linux.anchor_directory import AnchorStore
from trustinstall_platforms.linux.families import ALPINE, ARCH, RHEL, SUSE
from trustinstall_platforms.linux.family import Family

FAMILIES = {family.name: family for family in (RHEL, SUSE, ARCH, ALPINE)}
COMMANDS = {
    "rhel": ("/usr/bin/update-ca-trust", "extract"),
    "suse": ("/usr/sbin/update-ca-certificates", "-f"),
    "arch": ("/usr/bin/update-ca-trust",),
    "alpine": ("/usr/sbin/update-ca-certificates",),
}
LOCKS = {
    "rhel": Guard("/var/lib/rpm/.rpm.lock"),
    "suse": Guard("/var/lib/rpm/.rpm.lock"),
    "arch": Guard("/var/lib/pacman/db.lck", locking=Locking.EXISTENCE),
    "alpine": Guard("/lib/apk/db/lock", locking=Locking.FLOCK),
}
on_p11_kit = pytest.mark.parametrize("machine", ["rhel", "suse", "arch"], indirect=True)
PUBLIC, OTHER, CORP = make_root("Public Root"), make_root("Other Root"), make_root("Corp Root")


@dataclass
class Machine(FakeMachine):
    """A directory tree that looks like such a system, and the host that it is for the backend."""

    family: Family
    backend: AnchorStore

    @property
    def ours(self) -> str:
        """The path of the managed file."""
        return f"{self.family.anchors}/corp-root-{CORP.sha256[:12]}.crt"

    def by_hand(self, name: str, content: bytes) -> str:
        """An administrator's file."""
        path = f"{self.family.anchors}/{name}"
        self.write(path, content)
        return path

    def ship(self, name: str, content: bytes) -> str:
        """A package's file, selected where that is needed."""
        path = f"{self.family.packages[-1]}/{name}"
        self.write(path, content)
        if self.family.selection:
            selection = self.path(self.family.selection)
            before = selection.read_bytes() if selection.exists() else b""
            self.write(self.family.selection, before + f"{name}\n".encode())
        return path

    def settle(self) -> None:
        """Make the bundle as the tool would: of every anchor, and what packages bring."""
        files = sorted(self.path(self.family.packages[-1]).glob("*.*"))
        if self.path(self.family.anchors).exists():
            files += sorted(self.path(self.family.anchors).iterdir())
        self.write(self.family.bundle, b"".join(file.read_bytes() for file in files if file.is_file()))

    def store(self) -> Store:
        """Find the one store."""
        (store,) = self.backend.discover(self.host, DiscoveryOptions())
        return store

    def observe(self, *roots: Root) -> Observation:
        """Observe the one store, and the copies of these roots."""
        return self.backend.observe(self.host, self.store(), frozenset(root.sha256 for root in roots))

    def task(
        self, *roots: Root, trusted: bool = True, foreign: bool = False, record: Record | None = None
    ) -> StoreTask:
        """What is desired of the one store."""
        wanted = tuple(Desired(Certificate(root.der), trusted) for root in roots)
        return StoreTask(self.backend, self.store(), wanted, record or {}, take_foreign=foreign)

    def change(self, *roots: Root, foreign: bool = False, record: Record | None = None) -> Change:
        """What the engine decides when these roots are to be removed."""
        return self.decided(self.task(*roots, trusted=False, foreign=foreign, record=record))

    def plan(self, *roots: Root, trusted: bool = True, foreign: bool = False, record: Record | None = None) -> Plan:
        """Plan for the one store."""
        return self.planned(self.task(*roots, trusted=trusted, foreign=foreign, record=record))

    def apply(self, plan: Plan) -> None:
        """Do a plan's steps, and what its tool would do."""
        for step in plan.steps:
            perform(self.host, step, "t")
            if plan.refresh:
                self.settle()


@pytest.fixture(params=FAMILIES)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """A system of each family, with one public root."""
    family = FAMILIES[request.param]
    host = ActingHost("linux", str(tmp_path), {}, Account(0, 0, "root", "/root"))
    made = Machine(tmp_path, host, family, AnchorStore(family))
    made.write("/etc/os-release", f"ID={min(family.ids)}\n".encode())
    made.write(family.tool, b"#!/bin/sh\n", 0o755)
    made.ship("public.p11-kit", b"[p11-kit-object-v1]\ntrusted: true\n" + PUBLIC.pem)
    made.path(family.packages[0]).mkdir(parents=True, exist_ok=True)
    made.path(family.anchors).mkdir(parents=True)
    made.settle()
    return made


def placement(machine: Machine, root: Root, *entries: str, directories: tuple[str, ...] = ()) -> Record:
    """Make a ledger's record of one certificate."""
    return {root.sha256: Placement(root.sha256, machine.family.name, entries, directories)}


# --- seen ----------------------------------------------------------------------------------------


def test_the_bundle_alone_says_what_is_trusted(machine: Machine) -> None:
    """A file that was added without the tool, or that the tool left out, has no reader, and that is said."""
    machine.by_hand("dropped.pem", CORP.pem)
    seen = machine.observe()

    assert seen.anchors == {PUBLIC.sha256: State.TRUSTED}
    (problem,) = seen.problems
    assert "dropped.pem is not in" in problem
    machine.settle()
    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED, CORP.sha256: State.TRUSTED}
    assert machine.observe().problems == ()
    assert list(machine.backend.anchors(machine.host, machine.store())) == [PUBLIC.der, CORP.der]


def test_a_name_like_ours_is_ours(machine: Machine) -> None:
    """The ledger may be lost: the file's name tells."""
    machine.write(machine.ours, CORP.pem)
    machine.settle()

    assert machine.observe().marked == {CORP.sha256}


@on_p11_kit
def test_hash_links_that_lag_are_half(machine: Machine) -> None:
    """Where clients have a directory of hash links, both must show it."""
    hashed = machine.family.hashed
    machine.write(f"{hashed}/Public.pem", PUBLIC.pem)
    machine.path(f"{hashed}/00000000.0").symlink_to("Public.pem")
    machine.by_hand("corp.pem", CORP.pem)
    machine.settle()

    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED, CORP.sha256: State.PARTIAL}
    machine.write(f"{hashed}/Corp.pem", CORP.pem)
    machine.path(f"{hashed}/00000000.2").symlink_to("Corp.pem")
    assert machine.observe().anchors[CORP.sha256] is State.PARTIAL  # OpenSSL stops where .1 is missing
    machine.path(f"{hashed}/00000000.1").symlink_to("Corp.pem")
    machine.write("/opt/other.pem", OTHER.pem + PUBLIC.pem)
    machine.path(f"{hashed}/abcdef12.0").symlink_to("/opt/other.pem")
    machine.path(f"{hashed}/abcdef13.0").symlink_to("gone.pem")
    assert machine.observe().anchors[CORP.sha256] is State.TRUSTED
    assert machine.observe().anchors[OTHER.sha256] is State.PARTIAL


@pytest.mark.parametrize(("content", "word"), [(None, "missing"), (PUBLIC.pem[:200], "damaged")])
def test_a_ruined_bundle_is_a_problem(machine: Machine, content: bytes | None, word: str) -> None:
    """It has a sentence of its own."""
    if content is None:
        machine.path(machine.family.bundle).unlink()
    else:
        machine.write(machine.family.bundle, content)

    assert any(word in problem for problem in machine.observe().problems)


def test_openssls_refusal_is_told(machine: Machine) -> None:
    """A bundle that decodes but that OpenSSL cannot load is reported."""
    assert machine.backend.verify(machine.host, machine.store()) is None
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    machine.write(machine.family.bundle, PUBLIC.pem + broken)

    assert "OpenSSL" in (machine.backend.verify(machine.host, machine.store()) or "")


def test_other_locations_and_platforms_have_no_such_store(machine: Machine) -> None:
    """The ledger's location is the bundle."""
    assert machine.backend.at(machine.host, machine.family.bundle) == machine.store()
    assert machine.backend.at(machine.host, "/elsewhere") is None
    darwin = ActingHost("darwin", str(machine.top), {}, machine.host.account)
    assert machine.backend.discover(darwin, DiscoveryOptions()) == []


# --- added ---------------------------------------------------------------------------------------


def test_add_writes_one_file_each_and_runs_the_tool_once(machine: Machine) -> None:
    """The command is the distribution's own; after it there is nothing left to do."""
    plan = machine.plan(CORP, OTHER)

    assert [type(step) for step in plan.steps] == [Edit, Edit]
    assert plan.steps[0].path == machine.ours
    assert plan.refresh is not None
    assert [run.argv for run in plan.refresh.runs] == [COMMANDS[machine.family.name]]
    machine.apply(plan)
    assert machine.path(machine.ours).read_bytes() == Certificate(CORP.der).pem
    assert machine.plan(CORP, OTHER).empty
    kept = machine.decided(machine.task(CORP, OTHER)).kept
    assert kept == {placed.sha256: placed.entries for placed in plan.placed}


def test_what_somebody_else_brought_is_left(machine: Machine) -> None:
    """A package's root and an administrator's own copy are known by fingerprint, under any file name."""
    machine.by_hand("Some Name.cer", CORP.pem)
    machine.settle()
    assert machine.plan(CORP, PUBLIC) == Plan()
    assert machine.decided(machine.task(CORP, PUBLIC)).foreign == {CORP.sha256, PUBLIC.sha256}


def test_the_work_of_trust_anchor_is_recognised(machine: Machine) -> None:
    """`trust anchor` writes beside the anchors' directory: that is trusted, not managed, and not lost in a refresh."""
    path = f"{machine.family.packages[0]}/Corp_Root.p11-kit"
    content = b"[p11-kit-object-v1]\ntrusted: true\n" + CORP.pem
    if machine.family is ALPINE:
        machine.ship("Corp_Root.p11-kit", content)
    machine.write(path, content)
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)

    assert machine.observe(CORP).copies == (Copy(CORP.sha256, path, removable=False),)
    assert machine.decided(machine.task(CORP)).foreign == {CORP.sha256}
    assert machine.plan(CORP, trusted=False).empty
    assert machine.change(CORP).foreign == {CORP.sha256}
    assert machine.plan(OTHER).refresh is not None
    with pytest.raises(StoreError, match=r"Corp_Root\.p11-kit, which is not changed") as raised:
        machine.plan(CORP, trusted=False, foreign=True)
    assert raised.value.advice == machine.family.foreign_advice
    assert machine.family.tool.rpartition("/")[2] in raised.value.advice


@on_p11_kit
def test_what_is_blocked_is_refused_with_the_reason(machine: Machine) -> None:
    """p11-kit would drop it without a word."""
    machine.write(f"{machine.family.blocklists[0]}/bad.der", CORP.der)

    with pytest.raises(StoreError, match=r"distrusted on this machine by .*bad\.der"):
        machine.plan(CORP)
    assert not machine.plan(OTHER).empty


@on_p11_kit
@pytest.mark.parametrize("how", ["blocklist", "reject", "p11-kit"])
def test_what_a_file_keeps_out_is_distrusted(machine: Machine, how: str) -> None:
    """A person has distrusted a managed root since: it is so, `remove` takes ours, and names nothing that stays."""
    machine.write(machine.ours, CORP.pem)
    if how == "blocklist":
        machine.write(f"{machine.family.blocklists[0]}/bad.pem", CORP.pem)
    elif how == "reject":
        words = ["openssl", "x509", "-trustout", "-addreject", "serverAuth"]
        machine.by_hand("theirs.pem", subprocess.run(words, input=CORP.pem, capture_output=True, check=True).stdout)
    else:
        machine.by_hand("theirs.p11-kit", b"[p11-kit-object-v1]\nclass: certificate\nx-distrusted: true\n" + CORP.pem)
    machine.write(machine.family.bundle, PUBLIC.pem)
    seen, change = machine.observe(CORP), machine.change(CORP)
    assert seen.anchors[CORP.sha256] is State.DISTRUSTED
    assert (change.remove, change.foreign) == ((Copy(CORP.sha256, machine.ours, marked=True),), frozenset())
    assert machine.plan(CORP, trusted=False).refresh is not None
    assert not machine.plan(OTHER).empty


@on_p11_kit
def test_a_label_that_p11_kit_passes_over_is_no_copy(machine: Machine) -> None:
    """OpenSSL's old name for a certificate: such a file beside ours neither stays named nor is missed in the bundle."""
    machine.write(machine.ours, CORP.pem)
    machine.by_hand("theirs.pem", CORP.pem.replace(b" CERTIFICATE-----", b" X509 CERTIFICATE-----"))
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)
    assert machine.observe(CORP).problems == ()
    assert machine.change(CORP).foreign == frozenset()


def test_a_missing_directory_is_made_and_goes_with_the_last(machine: Machine) -> None:
    """The directory that we created is removed with the certificate that leaves last."""
    machine.path(machine.family.anchors).rmdir()
    first = machine.plan(CORP)
    assert [type(step) for step in first.steps] == [MakeDirectory, Edit]
    assert first.made == (machine.family.anchors,)
    machine.apply(first)
    record = placement(machine, CORP, *first.placed[0].entries, directories=first.made)
    last = machine.plan(CORP, trusted=False, record=record)
    assert [type(step) for step in last.steps] == [Delete, RemoveDirectory]
    machine.apply(last)
    assert not machine.path(machine.family.anchors).exists()


def test_our_name_with_another_content_is_not_overwritten(machine: Machine) -> None:
    """A file under the managed name with another content is an account's, until a person has looked."""
    machine.write(machine.ours, b"notes\n")

    with pytest.raises(StoreError, match="does not hold the certificate"):
        machine.plan(CORP)


def test_what_was_appended_to_the_bundle_by_hand_is_not_lost(machine: Machine) -> None:
    """The tool makes the bundle from files alone; the store refuses, and says what to do."""
    machine.write(machine.family.bundle, PUBLIC.pem + OTHER.pem)

    with pytest.raises(Unsettled, match="would drop 1 certificates") as raised:
        machine.plan(CORP)
    assert raised.value.guard == LOCKS[machine.family.name]  # it may be in the middle of its work
    assert machine.change(OTHER).foreign == {OTHER.sha256}
    taken = machine.plan(OTHER, trusted=False, foreign=True)
    assert taken.steps == ()
    assert taken.refresh is not None


# --- whose it is ---------------------------------------------------------------------------------


def test_a_package_brings_it_after_us(machine: Machine) -> None:
    """The managed root goes, the package's stays and is named; asked for in full, the error says how it goes."""
    machine.apply(machine.plan(CORP))
    path = machine.ship("corp.pem", CORP.pem)
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
