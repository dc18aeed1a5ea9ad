"""Machines of container engines with other systems, leftovers and failing disks inside."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pytest

from tests.contract.machines import FULL
from tests.contract.vm import VmMachine
from tests.end_to_end.stores.machines.calls import Deliver, detail, ours
from tests.support.engines.engines import Fault
from tests.support.families import LAYOUTS, lay_out
from trustinstall.certificates.certificate import Certificate
from trustinstall.testing.machine import result, run
from trustinstall_platforms.containers.inside import path_for
from trustinstall_platforms.linux.anchor_sources import fingerprints
from trustinstall_platforms.linux.families import ALPINE, DEBIAN, RHEL
from trustinstall_platforms.linux.family import Family

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize(
    ("engine", "layout", "family"), [("podman", "el9", RHEL), ("rancher-desktop", "alpine", ALPINE)]
)
def test_other_systems_inside(deliver: Deliver, engine: str, layout: str, family: Family) -> None:
    """Fedora in Podman's machine and Alpine in Rancher Desktop's: their anchors, their tools, their bundles."""
    machine = deliver(engine, lay_out=partial(lay_out, layout=LAYOUTS[layout]))
    path, sha256 = machine.root(0)
    node = machine.engine.nodes[0]
    before = node.read(family.bundle)
    added = run(machine, "add", path)
    assert (added.code, result(added, machine)) == (0, "added"), added
    assert machine.holds(node.read(family.bundle), sha256)
    assert node.path(path_for(family, Certificate(machine.make(0).der))).exists()
    assert run(machine, "remove", sha256).code == 0
    assert node.read(family.bundle) == before
    assert not node.path(path_for(family, Certificate(machine.make(0).der))).exists()


def test_a_system_without_a_tool(deliver: Deliver) -> None:
    """Minikube's own ISO: nothing is tried, and what reaches it is named."""
    machine = deliver("minikube")
    machine.engine.nodes[0].write("/etc/os-release", "ID=buildroot\n")
    path, _ = machine.root(0)
    before = machine.snapshot()
    added = run(machine, "add", path)
    assert result(added, machine) == "read-only", added
    assert "~/.minikube/certs" in detail(added, machine)
    assert machine.snapshot() == before


def test_the_directory_is_made_and_goes(deliver: Deliver) -> None:
    """Where there is no directory of anchors yet, `remove` of the last root takes it away again."""
    machine = deliver("kind", nodes=2)
    for node in machine.engine.nodes:
        node.run(["rmdir", DEBIAN.anchors], check=True)
        node.freeze()
    (path, sha256), (other, other_sha256) = machine.root(0), machine.root(1)
    before = machine.snapshot()
    assert run(machine, "add", path, other).code == 0
    assert run(machine, "remove", sha256).code == 0
    assert machine.engine.nodes[1].path(DEBIAN.anchors).is_dir()
    assert run(machine, "remove", other_sha256).code == 0
    assert machine.snapshot() == before


def test_a_node_that_came_later(deliver: Deliver) -> None:
    """A node that does not trust it yet makes the machine half-installed: `add` completes it, and touches no other."""
    machine = deliver("minikube", nodes=2)
    path, sha256 = machine.root(0)
    before = machine.snapshot()
    assert run(machine, "add", path).code == 0
    machine.engine.nodes[1].reset()
    added = run(machine, "add", path)
    assert (added.code, result(added, machine)) == (0, "added"), added
    assert machine.trusts(sha256)
    assert run(machine, "remove", sha256).code == 0
    assert machine.snapshot() == before


def test_what_lima_has_handed_over(deliver: Deliver) -> None:
    """cloud-init's copy of a managed root goes with it; a copy of another root stays."""
    machine = deliver("lima")
    path, sha256 = machine.root(0)
    before = machine.snapshot()
    assert run(machine, "add", path).code == 0
    node = machine.engine.nodes[0]
    copy, theirs = (f"{DEBIAN.anchors}/cloud-init-ca-cert-{number}.crt" for number in (1, 2))
    node.write(copy, machine.make(0).pem)
    node.write(theirs, machine.make(5).pem)
    node.run(["update-ca-certificates"], check=True)
    assert run(machine, "remove", sha256).code == 0
    assert not node.path(copy).exists()
    assert node.path(theirs).exists()
    node.run(["sh", "-ec", f"rm {theirs}; update-ca-certificates --fresh"], check=True)
    assert machine.snapshot() == before


# --- disks inside that fail ---

_NAMES = "unlink,unlinkat,rename,renameat,renameat2"

#: Which calls fail, how, and what the report says then.
_FAULTS = {
    "a quota that is used up": ("write", "EDQUOT", "Disk quota exceeded"),
    "a broken disk": (_NAMES, "EIO", "Input/output error"),
}


def _moments(machine: VmMachine, command: str, path: str) -> range:
    """Return from which of a command's changes inside on the disk fails: each, in the short form the first."""
    if not FULL:
        return range(1, 2)
    changes: dict[str, int] = {}
    for each in ("add", "remove"):
        machine.engine.fail(None)
        assert run(machine, each, path).code == 0
        changes[each] = machine.engine.changing
    return range(1, changes[command] + 1)


def _left(machine: VmMachine) -> Mapping[str, object]:
    """What is outside and inside, but for temporary files that the tool inside could not delete."""
    return {path: one for path, one in machine.snapshot().items() if "/tmp/ca-certificates.tmp." not in path}


@pytest.mark.parametrize("command", ["add", "remove"])
@pytest.mark.parametrize("fault", _FAULTS)
def test_a_disk_that_fails_inside(deliver: Deliver, fault: str, command: str) -> None:
    """The report says so, no root is lost, and with a disk that works again every byte comes back."""
    machine = deliver("podman")
    (calls, error, says), (path, sha256) = _FAULTS[fault], machine.root(0)
    before, (node,) = _left(machine), machine.engine.nodes
    paths = () if calls == _NAMES else (ours(machine), machine.bundle, f"{machine.bundle}.new")
    public = set(fingerprints(node.read(machine.bundle)))
    for at in _moments(machine, command, path):
        assert command == "add" or run(machine, "add", path).code == 0
        machine.engine.fail(Fault(calls, error, at, paths))
        failed = run(machine, command, path)
        machine.engine.fail(None)
        said = detail(failed, machine)
        assert (failed.code, result(failed, machine)) == (1, "failed"), (at, failed)
        assert says in said, (at, said)
        assert "Traceback" not in failed.errors
        assert public <= set(fingerprints(node.read(machine.bundle))), at
        assert run(machine, "add", path).code == 0, at
        assert machine.trusts(sha256), at
        assert run(machine, "remove", path).code == 0, at
        assert _left(machine) == before, (at, said)


@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_bundle_inside_that_cannot_be_read(deliver: Deliver, command: str) -> None:
    """A claim is true: what cannot be seen is a failure, or is really so."""
    machine = deliver("podman")
    path, sha256 = machine.root(0)
    before = machine.snapshot()
    if command == "remove":
        assert run(machine, "add", path).code == 0
    machine.engine.fail(Fault("read", "EIO", 0, (machine.bundle,)))
    failed = run(machine, command, path)
    machine.engine.fail(None)
    assert failed.code == 1 or machine.trusts(sha256) == (command == "add"), failed
    assert run(machine, command, path).code == 0
    assert machine.trusts(sha256) == (command == "add")
    assert run(machine, "remove", path).code == 0
    assert machine.snapshot() == before
