"""Photon's store: no tool makes the bundle, so that blocks with marker lines are appended until its package does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fake_host import FakeMachine
from tests.support.pki import Root, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.perform import perform
from trustinstall.engine.task import StoreTask
from trustinstall.host import Account, ActingHost
from trustinstall.stores.desired import Desired, Placement, Record
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.linux.anchor_directory import AnchorStore
from trustinstall_platforms.linux.other_families import PHOTON

BACKEND = AnchorStore(PHOTON)
PUBLIC, CORP = make_root("Public Root"), make_root("Corp Root")
OURS = f"{PHOTON.anchors}/corp-root-{CORP.sha256[:12]}.pem"
NOTED = {CORP.sha256: Placement(CORP.sha256, "photon", (OURS,))}


@dataclass
class Machine(FakeMachine):
    """A directory tree that looks like a Photon, and the host that it is for the backend."""

    def upgrade(self) -> None:
        """Make the bundle as an upgrade of the package does."""
        files = sorted(self.path(PHOTON.anchors).glob("*.pem"))
        self.write(PHOTON.bundle, b"".join(file.read_bytes() for file in files))

    def rehash(self) -> None:
        """Make links as OpenSSL does; HASH is a number here, and a certificate has one link only."""
        directory = self.path(PHOTON.anchors)
        for link in [path for path in directory.iterdir() if path.is_symlink()]:
            link.unlink()
        targets = {file.read_bytes(): file.name for file in sorted(directory.glob("*.pem"))}
        for number, name in enumerate(targets.values()):
            (directory / f"{number:08x}.0").symlink_to(name)

    def observe(self) -> Observation:
        """Observe the store, and the copies of the corporate root."""
        (store,) = BACKEND.discover(self.host, DiscoveryOptions())
        return BACKEND.observe(self.host, store, frozenset({CORP.sha256}))

    def bring(
        self, root: Root, *, trusted: bool, foreign: bool = False, record: Record | None = None
    ) -> frozenset[str]:
        """Bring the store to what is desired; the certificates that are left."""
        (store,) = BACKEND.discover(self.host, DiscoveryOptions())
        wanted = (Desired(Certificate(root.der), trusted),)
        task = StoreTask(BACKEND, store, wanted, record or {}, take_foreign=foreign)
        change, plan = self.decided(task), self.planned(task)
        for step in plan.steps:
            perform(self.host, step, "t")
        if plan.refresh:
            self.rehash()
        return change.foreign


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Photon with one public root."""
    made = Machine(tmp_path, ActingHost("linux", str(tmp_path), {}, Account(0, 0, "root", "/root")))
    made.write("/etc/os-release", b"ID=photon\n")
    made.write(PHOTON.tool, b"#!/bin/sh\n", 0o755)
    made.write(f"{PHOTON.anchors}/Public.pem", PUBLIC.pem)
    made.upgrade()
    made.rehash()
    return made


def test_file_and_block_are_copies(machine: Machine) -> None:
    """Both carry the mark; when both have gone, every byte is as before."""
    before = machine.path(PHOTON.bundle).read_bytes()
    machine.bring(CORP, trusted=True)
    assert machine.observe().anchors[CORP.sha256] is State.TRUSTED
    assert set(machine.observe().copies) == {
        Copy(CORP.sha256, OURS, marked=True),
        Copy(CORP.sha256, PHOTON.bundle, marked=True),
    }
    assert machine.bring(CORP, trusted=False) == frozenset()
    assert machine.path(PHOTON.bundle).read_bytes() == before
    assert not machine.path(OURS).exists()


def test_the_block_of_an_upgrade_is_derived_from_our_file(machine: Machine) -> None:
    """The package's new bundle has no marks; the block goes with our file, also where that was deleted by hand."""
    for deleted in (False, True):
        machine.bring(CORP, trusted=True)
        machine.upgrade()
        assert machine.observe().copies == (Copy(CORP.sha256, OURS, marked=True),)
        if deleted:
            machine.path(OURS).unlink()
        assert machine.bring(CORP, trusted=False, record=NOTED) == frozenset()
        assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED}


def test_a_block_beside_ours_is_left(machine: Machine) -> None:
    """An administrator appends the same certificate: the managed one goes, the other stays until it is asked for."""
    machine.bring(CORP, trusted=True)
    bundle = machine.path(PHOTON.bundle)
    bundle.write_bytes(bundle.read_bytes() + CORP.pem)
    assert Copy(CORP.sha256) in machine.observe().copies

    assert machine.bring(CORP, trusted=False) == {CORP.sha256}
    assert bundle.read_bytes() == PUBLIC.pem + CORP.pem
    assert machine.bring(CORP, trusted=False) == {CORP.sha256}
    machine.bring(CORP, trusted=False, foreign=True)
    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED}


def test_a_file_beside_ours_is_left(machine: Machine) -> None:
    """An administrator adds a file with the same certificate, which the package puts into the bundle."""
    machine.bring(CORP, trusted=True)
    machine.write(f"{PHOTON.anchors}/theirs.pem", CORP.pem)
    machine.upgrade()

    assert machine.bring(CORP, trusted=False) == {CORP.sha256}
    assert not machine.path(OURS).exists()
    assert machine.observe().anchors[CORP.sha256] is State.TRUSTED
