"""The Debian family's store on made-up machines: what is found, seen and planned.

What the real tools do with such plans is in `tests/end_to_end/stores/test_debian_tools.py`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.fake_host import FakeMachine
from tests.support.pki import Root, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.perform import inverse, perform, undo
from trustinstall.engine.task import StoreTask
from trustinstall.errors import StoreError
from trustinstall.host import Account, ActingHost
from trustinstall.stores.desired import Change, Desired, Placement, Record
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Plan, Refresh
from trustinstall.stores.steps import Delete, Edit, MakeDirectory, RemoveDirectory
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.linux.debian import SystemStore

BACKEND = SystemStore()
TOOL = "/usr/sbin/update-ca-certificates"
LOCAL = "/usr/local/share/ca-certificates"
SHIPPED = "/usr/share/ca-certificates"
LINKS = "/etc/ssl/certs"
BUNDLE = f"{LINKS}/ca-certificates.crt"
SELECTION = "/etc/ca-certificates.conf"
HOOK = "/etc/ca-certificates/update.d/jks-keystore"
PUBLIC, OTHER, CORP = make_root("Public Root"), make_root("Other Root"), make_root("Corp Root")
OURS = f"{LOCAL}/corp-root-{CORP.sha256[:12]}.crt"


@dataclass
class Machine(FakeMachine):
    """A directory tree that looks like a Debian, and the host that it is for the backend."""

    def link(self, path: str, target: str) -> None:
        """Make a link."""
        self.path(path).symlink_to(target)

    def settle(self) -> None:
        """Make bundle and links as update-ca-certificates would; HASH is a number here."""
        for link in [path for path in self.path(LINKS).iterdir() if path.is_symlink()]:
            link.unlink()
        names = self.path(SELECTION).read_text().splitlines()
        local = sorted(self.path(LOCAL).rglob("*.crt"))
        files = [f"{SHIPPED}/{name}" for name in names if name[0] not in "#!"]
        files += [f"/{path.relative_to(self.top)}" for path in local]
        contents = [self.host.read(self.host.real(path)) for path in files]
        self.write(BUNDLE, b"".join(contents))
        for number, (path, content) in enumerate(zip(files, contents, strict=True)):
            name = Path(path).stem + ".pem"
            self.link(f"{LINKS}/{name}", path)
            if content.count(b"BEGIN") == 1:
                self.link(f"{LINKS}/{number:08x}.0", name)

    def store(self) -> Store:
        """Find the one store."""
        (store,) = BACKEND.discover(self.host, DiscoveryOptions())
        return store

    def observe(self, *roots: Root) -> Observation:
        """Observe the one store, and the copies of these roots."""
        return BACKEND.observe(self.host, self.store(), frozenset(root.sha256 for root in roots))

    def task(
        self, *roots: Root, trusted: bool = True, foreign: bool = False, record: Record | None = None
    ) -> StoreTask:
        """What is desired of the one store."""
        wanted = tuple(Desired(Certificate(root.der), trusted) for root in roots)
        return StoreTask(BACKEND, self.store(), wanted, record or {}, take_foreign=foreign)

    def change(self, *roots: Root, foreign: bool = False, record: Record | None = None) -> Change:
        """What the engine decides when these roots are to be removed."""
        return self.decided(self.task(*roots, trusted=False, foreign=foreign, record=record))

    def plan(self, *roots: Root, trusted: bool = True, foreign: bool = False, record: Record | None = None) -> Plan:
        """Plan for the one store."""
        return self.planned(self.task(*roots, trusted=trusted, foreign=foreign, record=record))

    def apply(self, plan: Plan) -> None:
        """Do a plan's steps, and what its tools would do."""
        for step in plan.steps:
            perform(self.host, step, "t")
        if plan.refresh:
            self.settle()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Debian with one public root."""
    account = Account(0, 0, "root", "/root")
    made = Machine(tmp_path, ActingHost("linux", str(tmp_path), {}, account))
    made.write("/etc/os-release", b'NAME="Debian"\nID=debian\n')
    made.write(TOOL, b"#!/bin/sh\n", 0o755)
    made.write(f"{SHIPPED}/mozilla/Public.crt", PUBLIC.pem)
    made.write(SELECTION, b"# which ones\nmozilla/Public.crt\n")
    made.path(LOCAL).mkdir(parents=True)
    made.path(LINKS).mkdir(parents=True)
    made.settle()
    return made


def refreshed(host: ActingHost, store: Store, gone: Sequence[str]) -> Refresh:
    """How everything is made anew on a running machine."""
    found = BACKEND.refresh(host, store, gone)
    assert found is not None
    return found


def placement(root: Root, *entries: str, directories: tuple[str, ...] = ()) -> Record:
    """Make a ledger's record of one certificate."""
    return {root.sha256: Placement(root.sha256, "debian", entries, directories)}


# --- found ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "ID=debian",
        'ID="ubuntu"\nID_LIKE=debian',
        "ID=Deepin",
        "ID=pureos",
        "ID=zorin\nID_LIKE='ubuntu debian'",
        "ID=mine\nID_LIKE=Debian",
        "ID=linuxmint\r\nID_LIKE=ubuntu\r\n",
    ],
)
def test_the_family_is_known_by_its_names(machine: Machine, said: str) -> None:
    """Every spelling of os-release that belongs to the family is found, with the bundle as location."""
    machine.write("/etc/os-release", said.encode())

    assert [machine.store().id, machine.store().location] == ["debian", BUNDLE]
    assert BACKEND.at(machine.host, BUNDLE) == machine.store()
    assert BACKEND.at(machine.host, "/elsewhere") is None


@pytest.mark.parametrize("said", ["ID=alpine", "ID=fedora", "VERSION_ID=debian", "", "ID=debianish"])
def test_other_systems_have_no_such_store(machine: Machine, said: str) -> None:
    """A tool of the same name on another family's system is not Debian's."""
    machine.write("/etc/os-release", said.encode())

    assert BACKEND.discover(machine.host, DiscoveryOptions()) == []


def test_other_platforms_have_no_such_store(machine: Machine) -> None:
    """The platform is what the host says, not where the test runs."""
    assert BACKEND.discover(replace(machine.host, platform="darwin"), DiscoveryOptions()) == []


def test_os_release_may_be_a_link_or_only_in_usr(machine: Machine) -> None:
    """os-release(5): /etc/os-release is a link as a rule, and /usr/lib/os-release is the second place."""
    machine.path("/etc/os-release").unlink()
    assert BACKEND.discover(machine.host, DiscoveryOptions()) == []
    machine.write("/usr/lib/os-release", b"ID=debian\n")
    assert machine.store().id == "debian"
    machine.link("/etc/os-release", "../usr/lib/os-release")
    assert machine.store().id == "debian"


def test_a_missing_tool_is_named_with_its_package(machine: Machine) -> None:
    """Without update-ca-certificates the store says which command installs it."""
    machine.path(TOOL).unlink()

    assert "apt-get install ca-certificates" in (machine.store().why_blocked or "")


def test_a_missing_directory_of_links_is_said(machine: Machine) -> None:
    """The tool ends with 2 where /etc/ssl/certs is missing; the store says so before."""
    shutil.rmtree(machine.path(LINKS))

    assert LINKS in (machine.store().why_blocked or "")


# --- seen ----------------------------------------------------------------------------------------


def test_a_settled_machine_has_no_problems(machine: Machine) -> None:
    """Bundle and hash link make a certificate trusted; a name of trustinstall's form makes it managed."""
    machine.write(OURS, CORP.pem)
    machine.settle()
    seen = machine.observe()

    assert seen.anchors == {PUBLIC.sha256: State.TRUSTED, CORP.sha256: State.TRUSTED}
    assert seen.marked == {CORP.sha256}
    assert seen.problems == ()
    assert list(BACKEND.anchors(machine.host, machine.store())) == [PUBLIC.der, CORP.der]


def test_a_file_alone_is_not_trust(machine: Machine) -> None:
    """A file that was added without running the tool has no reader, and the bundle is said to lag."""
    machine.write(OURS, CORP.pem)
    seen = machine.observe()

    assert CORP.sha256 not in seen.anchors
    assert seen.problems == (f"{BUNDLE} lacks 1 certificate that its files hold",)


@pytest.mark.parametrize("gap", ["no link", "dangling", "behind a gap", "two in the file"])
def test_in_the_bundle_without_a_hash_link_is_half(machine: Machine, gap: str) -> None:
    """OpenSSL's CApath clients open HASH.0, HASH.1 … up to the first that is missing."""
    machine.write(f"{LOCAL}/a.crt", CORP.pem + (OTHER.pem if gap == "two in the file" else b""))
    machine.settle()
    link = machine.path(f"{LINKS}/00000001.0")
    if gap != "two in the file":
        link.unlink()
    if gap == "dangling":
        link.symlink_to("nothing.pem")
    if gap == "behind a gap":
        link.with_suffix(".1").symlink_to("a.pem")

    assert machine.observe().anchors[CORP.sha256] is State.PARTIAL
    assert machine.observe().anchors[PUBLIC.sha256] is State.TRUSTED


def test_hash_linked_but_not_in_the_bundle_is_half(machine: Machine) -> None:
    """What was put into /etc/ssl/certs by hand is seen by OpenSSL alone."""
    machine.write(f"{LINKS}/by-hand.pem", CORP.pem)
    machine.link(f"{LINKS}/0badcafe.0", "by-hand.pem")

    assert machine.observe().anchors[CORP.sha256] is State.PARTIAL


def test_a_block_with_openssl_settings_is_half(machine: Machine) -> None:
    """GnuTLS does not read OpenSSL's TRUSTED CERTIFICATE."""
    machine.write(f"{LOCAL}/a.crt", CORP.pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"))
    machine.settle()

    assert machine.observe().anchors[CORP.sha256] is State.PARTIAL


RUINS = {
    "doubled": (PUBLIC.pem * 2, "more often"),
    "empty": (b"", "lacks 1"),
    "short": (PUBLIC.pem[:200], "damaged"),
    "malformed": (PUBLIC.pem.replace(b"\nMI", b"\n!!"), "damaged"),
}


@pytest.mark.parametrize("kind", RUINS)
def test_a_ruined_bundle_is_a_problem(machine: Machine, kind: str) -> None:
    """What two runs at once or a killed one leave behind is told by comparing with the files."""
    bundle, words = RUINS[kind]
    machine.write(BUNDLE, bundle)

    assert any(words in problem for problem in machine.observe().problems)


def test_a_missing_bundle_and_a_leftover_are_problems(machine: Machine) -> None:
    """Each has its own sentence."""
    machine.path(BUNDLE).rename(machine.path(f"{BUNDLE}.new"))
    problems = " ".join(machine.observe().problems)

    assert "is missing" in problems
    assert ".new" in problems


def test_a_link_of_ours_that_leads_nowhere_is_a_problem(machine: Machine) -> None:
    """A link that the tool left when a managed file was removed by hand; links of other files are not reported."""
    machine.link(f"{LINKS}/corp-{CORP.sha256[:12]}.pem", f"{LOCAL}/corp-{CORP.sha256[:12]}.crt")
    machine.link(f"{LINKS}/theirs.pem", f"{LOCAL}/theirs.crt")

    (problem,) = machine.observe().problems
    assert f"corp-{CORP.sha256[:12]}.pem" in problem


def test_odd_files_do_not_stop_the_look(machine: Machine) -> None:
    """Circles of links, FIFOs, directories and DER named .crt are passed over, as the tool does."""
    machine.link(f"{LOCAL}/circle.crt", "circle.crt")
    machine.link(f"{LOCAL}/up", ".")
    machine.path(f"{LOCAL}/directory.crt").mkdir()
    machine.write(f"{LOCAL}/der.crt", CORP.der)
    os.mkfifo(machine.path(f"{LOCAL}/fifo.crt"))

    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED}


def test_openssls_refusal_is_told(machine: Machine) -> None:
    """A bundle that decodes but that OpenSSL cannot load is reported."""
    assert BACKEND.verify(machine.host, machine.store()) is None
    machine.write(BUNDLE, PUBLIC.pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")

    assert "OpenSSL" in (BACKEND.verify(machine.host, machine.store()) or "")


# --- added ---------------------------------------------------------------------------------------


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
