"""RHEL's, SUSE's, Arch's and Alpine's store on made-up machines: what is found, seen and planned.

What the engines do with such plans is in the contract suite, and in `test_anchored_real.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.pki import Root, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.perform import inverse, perform, undo
from trustinstall.errors import StoreError
from trustinstall.host import Account, ActingHost
from trustinstall.stores.desired import Placement, Record, Wanted
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import Delete, Edit, MakeDirectory, RemoveDirectory
from trustinstall.stores.store import Places, Store
from trustinstall_platforms.linux.anchor_directory import AnchorStore
from trustinstall_platforms.linux.families import ALPINE, ARCH, RHEL, SUSE, Family

FAMILIES = {family.name: family for family in (RHEL, SUSE, ARCH, ALPINE)}
COMMANDS = {
    "rhel": ("/usr/bin/update-ca-trust", "extract"),
    "suse": ("/usr/sbin/update-ca-certificates", "-f"),
    "arch": ("/usr/bin/update-ca-trust",),
    "alpine": ("/usr/sbin/update-ca-certificates",),
}
on_p11_kit = pytest.mark.parametrize("machine", ["rhel", "suse", "arch"], indirect=True)
PUBLIC, OTHER, CORP = make_root("Public Root"), make_root("Other Root"), make_root("Corp Root")


@dataclass
class Machine:
    """A directory tree that looks like such a system, and the host that it is for the backend."""

    top: Path
    host: ActingHost
    family: Family
    backend: AnchorStore

    @property
    def ours(self) -> str:
        """Where ours goes."""
        return f"{self.family.anchors}/corp-root-{CORP.sha256[:12]}.crt"

    def path(self, path: str) -> Path:
        """Say where a path of the machine is."""
        return self.top / path[1:]

    def write(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Make a file and its directories."""
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_bytes(content)
        self.path(path).chmod(mode)

    def by_hand(self, name: str, content: bytes) -> str:
        """An administrator's file."""
        path = f"{self.family.anchors}/{name}"
        self.write(path, content)
        return path

    def settle(self) -> None:
        """Make the bundle as the tool would: of every anchor, and what packages bring."""
        files = [self.path(f"{self.family.packages[-1]}/public.p11-kit")]
        if self.path(self.family.anchors).exists():
            files += sorted(self.path(self.family.anchors).iterdir())
        self.write(self.family.bundle, b"".join(file.read_bytes() for file in files if file.is_file()))

    def store(self) -> Store:
        """Find the one store."""
        (store,) = self.backend.discover(self.host, Places())
        return store

    def observe(self) -> Observation:
        """Observe the one store."""
        return self.backend.observe(self.host, self.store())

    def plan(self, *roots: Root, trusted: bool = True, foreign: bool = False, record: Record | None = None) -> Plan:
        """Plan for the one store."""
        wanted = [Wanted(Certificate(root.der), trusted, foreign) for root in roots]
        return self.backend.plan(self.host, self.store(), self.observe(), wanted, record or {})

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
    made.write(f"{family.packages[-1]}/public.p11-kit", b"[p11-kit-object-v1]\ntrusted: true\n" + PUBLIC.pem)
    made.path(family.packages[0]).mkdir(parents=True, exist_ok=True)
    made.path(family.anchors).mkdir(parents=True)
    made.settle()
    return made


def placement(machine: Machine, root: Root, *entries: str, directories: tuple[str, ...] = ()) -> Record:
    """Make a ledger's record of one certificate."""
    return {root.sha256: Placement(root.sha256, machine.family.name, entries, directories)}


# --- seen ----------------------------------------------------------------------------------------


def test_the_bundle_alone_says_what_is_trusted(machine: Machine) -> None:
    """A file dropped without running the tool, or that the tool has left out, is seen by nobody, and that is said."""
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

    assert machine.observe().ours == {CORP.sha256}


@on_p11_kit
def test_hash_links_that_lag_are_half(machine: Machine) -> None:
    """Where clients have a directory of hash links, both must show it."""
    hashed = machine.family.hashed
    machine.write(f"{hashed}/Public.pem", PUBLIC.pem)
    machine.path(f"{hashed}/00000000.0").symlink_to("Public.pem")
    machine.by_hand("corp.pem", CORP.pem)
    machine.settle()

    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED, CORP.sha256: State.HALF}
    machine.write(f"{hashed}/Corp.pem", CORP.pem)
    machine.path(f"{hashed}/00000000.2").symlink_to("Corp.pem")
    assert machine.observe().anchors[CORP.sha256] is State.HALF  # OpenSSL stops where .1 is missing
    machine.path(f"{hashed}/00000000.1").symlink_to("Corp.pem")
    machine.write("/opt/other.pem", OTHER.pem + PUBLIC.pem)
    machine.path(f"{hashed}/abcdef12.0").symlink_to("/opt/other.pem")
    machine.path(f"{hashed}/abcdef13.0").symlink_to("gone.pem")
    assert machine.observe().anchors[CORP.sha256] is State.TRUSTED
    assert machine.observe().anchors[OTHER.sha256] is State.HALF


@pytest.mark.parametrize(("content", "word"), [(None, "missing"), (PUBLIC.pem[:200], "damaged")])
def test_a_ruined_bundle_is_a_problem(machine: Machine, content: bytes | None, word: str) -> None:
    """It has a sentence of its own."""
    if content is None:
        machine.path(machine.family.bundle).unlink()
    else:
        machine.write(machine.family.bundle, content)

    assert any(word in problem for problem in machine.observe().problems)


def test_openssls_refusal_is_told(machine: Machine) -> None:
    """A bundle that decodes but that OpenSSL cannot load is no good to anybody."""
    assert machine.backend.verify(machine.host, machine.store()) is None
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    machine.write(machine.family.bundle, PUBLIC.pem + broken)

    assert "OpenSSL" in (machine.backend.verify(machine.host, machine.store()) or "")


def test_other_locations_and_platforms_have_no_such_store(machine: Machine) -> None:
    """The ledger's location is the bundle."""
    assert machine.backend.at(machine.host, machine.family.bundle) == machine.store()
    assert machine.backend.at(machine.host, "/elsewhere") is None
    darwin = ActingHost("darwin", str(machine.top), {}, machine.host.account)
    assert machine.backend.discover(darwin, Places()) == []


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
    assert machine.plan(CORP, OTHER).placed == plan.placed


def test_what_somebody_else_brought_is_left(machine: Machine) -> None:
    """A package's root and an administrator's own copy are known by fingerprint, whatever their files are called."""
    machine.by_hand("Some Name.cer", CORP.pem)
    machine.settle()
    plan = machine.plan(CORP, PUBLIC)

    assert plan.empty
    assert plan.foreign == {CORP.sha256, PUBLIC.sha256}
    assert plan.placed == ()


def test_the_work_of_trust_anchor_is_recognised(machine: Machine) -> None:
    """`trust anchor` writes beside the anchors' directory: that is trusted, not ours, and not lost in a refresh."""
    path = f"{machine.family.packages[0]}/Corp_Root.p11-kit"
    machine.write(path, b"[p11-kit-object-v1]\ntrusted: true\n" + CORP.pem)
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)

    assert machine.plan(CORP).foreign == {CORP.sha256}
    assert machine.plan(CORP, trusted=False).empty
    assert machine.plan(CORP, trusted=False).foreign == {CORP.sha256}
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


def test_a_missing_directory_is_made_and_goes_with_the_last(machine: Machine) -> None:
    """The directory that we created is removed with the certificate that leaves last."""
    machine.path(machine.family.anchors).rmdir()
    first = machine.plan(CORP)
    assert [type(step) for step in first.steps] == [MakeDirectory, Edit]
    assert first.placed[0].directories == (machine.family.anchors,)
    machine.apply(first)
    record = placement(machine, CORP, *first.placed[0].entries, directories=first.placed[0].directories)
    last = machine.plan(CORP, trusted=False, record=record)
    assert [type(step) for step in last.steps] == [Delete, RemoveDirectory]
    machine.apply(last)
    assert not machine.path(machine.family.anchors).exists()


def test_our_name_with_another_content_is_not_overwritten(machine: Machine) -> None:
    """What stands under the name that we would use is somebody's, until somebody has looked."""
    machine.write(machine.ours, b"notes\n")

    with pytest.raises(StoreError, match="holds something else"):
        machine.plan(CORP)


def test_what_was_appended_to_the_bundle_by_hand_is_not_lost(machine: Machine) -> None:
    """The tool makes the bundle from files alone; the store refuses, and says what to do."""
    machine.write(machine.family.bundle, PUBLIC.pem + OTHER.pem)

    with pytest.raises(StoreError, match="would drop 1 certificates"):
        machine.plan(CORP)
    assert machine.plan(OTHER, trusted=False).foreign == {OTHER.sha256}
    taken = machine.plan(OTHER, trusted=False, foreign=True)
    assert taken.steps == ()
    assert taken.refresh is not None


# --- removed -------------------------------------------------------------------------------------


def test_remove_deletes_the_file_and_runs_the_tool(machine: Machine) -> None:
    """Nothing of ours stays."""
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
    """Ours goes; theirs is named and stays, in the anchors' directory and in a package."""
    machine.write(machine.ours, CORP.pem)
    machine.by_hand("theirs.pem", CORP.pem)
    machine.write(f"{machine.family.anchors}/public-root-{PUBLIC.sha256[:12]}.crt", PUBLIC.pem)
    machine.settle()
    plan = machine.plan(CORP, PUBLIC, trusted=False)

    assert not [step for step in plan.steps if "theirs" in step.path]
    assert len(plan.steps) == 2
    assert plan.foreign == {CORP.sha256, PUBLIC.sha256}


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
    plan = machine.plan(CORP, trusted=False, record=placement(machine, CORP, machine.ours))

    assert plan.steps == ()
    assert plan.refresh is not None


def test_a_der_file_is_recognised_where_the_tool_reads_der(machine: Machine) -> None:
    """p11-kit takes DER under any name; Alpine's tool pastes it into the bundle, where nobody can read it."""
    machine.by_hand("corp.der", CORP.der)
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)
    taken = [step.path for step in machine.plan(CORP, trusted=False, foreign=True).steps]

    assert taken == ([f"{machine.family.anchors}/corp.der"] if machine.family is not ALPINE else [])
