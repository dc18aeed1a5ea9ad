"""FreeBSD's store on made-up machines: whose each file is, and what is planned for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fake_host import FakeMachine
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.task import StoreTask
from trustinstall.errors import StoreError
from trustinstall.host import Account, ActingHost
from trustinstall.stores.desired import Change, Desired, Placement, Record
from trustinstall.stores.observation import Copy
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.bsd.certctl_files import HASHED, LOCAL, TOOL
from trustinstall_platforms.bsd.freebsd import Certctl

BACKEND, CORP = Certctl(), make_root("Corp Root")
OURS = f"{LOCAL}/corp-root-{CORP.sha256[:12]}.crt"
PACKAGED = "/usr/share/certs/trusted/Corp_Root.pem"
MADE = f"{HASHED}/0a0b0c0d.0"  # certctl's own copy
NOTED = {CORP.sha256: Placement(CORP.sha256, "freebsd", (OURS,))}


@dataclass
class Machine(FakeMachine):
    """A FreeBSD whose certctl is the program in C, which keeps copies."""

    def task(self, *, foreign: bool = False, record: Record | None = None) -> StoreTask:
        """The corporate root is to be removed."""
        (store,) = BACKEND.discover(self.host, DiscoveryOptions())
        wanted = (Desired(Certificate(CORP.der), trusted=False),)
        return StoreTask(BACKEND, store, wanted, record or {}, take_foreign=foreign)

    def copies(self) -> set[Copy]:
        """The copies of the corporate root."""
        return set(self.task().observe(self.host).copies)

    def change(self, record: Record | None = None) -> Change:
        """What the engine decides."""
        return self.decided(self.task(record=record))

    def plan(self, *, foreign: bool = False, record: Record | None = None) -> Plan:
        """What the backend plans."""
        return self.planned(self.task(foreign=foreign, record=record))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A FreeBSD that trusts the corporate root, by whose doing the test says."""
    made = Machine(tmp_path, ActingHost("freebsd15", str(tmp_path), {}, Account(0, 0, "root", "/root")))
    made.write(TOOL, b"\x7fELF", 0o755)
    made.write(MADE, CORP.pem)
    made.write("/etc/ssl/cert.pem", CORP.pem)
    return made


def paths(plan: Plan) -> list[str]:
    """What the steps of a plan touch."""
    return [step.path for step in plan.steps]


def test_ours_goes_with_the_tools_copy(machine: Machine) -> None:
    """The program would keep its copy for ever."""
    machine.write(OURS, CORP.pem)
    assert machine.copies() == {Copy(CORP.sha256, OURS, marked=True)}
    assert machine.change().foreign == frozenset()
    assert paths(machine.plan()) == [OURS, MADE]


def test_ours_that_was_deleted_by_hand_ends(machine: Machine) -> None:
    """The ledger names the file, and no copy is there: the tool's copy goes, and nothing is called foreign."""
    assert machine.change(NOTED).foreign == frozenset()
    assert paths(machine.plan(record=NOTED)) == [MADE]


@pytest.mark.parametrize("path", [PACKAGED, f"{LOCAL}/trusted/corp.pem", f"{LOCAL}/corp/corp.pem"])
def test_another_file_beside_ours_is_left(machine: Machine, path: str) -> None:
    """The managed root goes; the tool's copy stays, because the other file feeds it; asked for, the error advises."""
    machine.write(OURS, CORP.pem)
    machine.write(path, CORP.pem)
    assert machine.copies() == {Copy(CORP.sha256, OURS, marked=True), Copy(CORP.sha256, path, removable=False)}
    assert machine.change(NOTED).foreign == {CORP.sha256}
    assert paths(machine.plan(record=NOTED)) == [OURS]
    machine.path(OURS).unlink()
    with pytest.raises(StoreError, match="which is not changed"):
        machine.plan(foreign=True)


def test_an_administrators_file_is_foreign_until_it_is_asked_for(machine: Machine) -> None:
    """A file in the local directory without our mark, as after a change of its name."""
    machine.write(f"{LOCAL}/renamed.crt", CORP.pem)
    assert machine.copies() == {Copy(CORP.sha256, f"{LOCAL}/renamed.crt")}
    assert machine.change(NOTED).foreign == {CORP.sha256}
    assert not machine.plan(record=NOTED).steps
    assert paths(machine.plan(foreign=True)) == [f"{LOCAL}/renamed.crt", MADE]


def test_a_distrusted_packages_file_is_not_a_copy(machine: Machine) -> None:
    """The tool leaves it out."""
    machine.write(PACKAGED, CORP.pem)
    machine.write(f"{LOCAL}/untrusted/corp.pem", CORP.pem)
    assert machine.copies() == set()
