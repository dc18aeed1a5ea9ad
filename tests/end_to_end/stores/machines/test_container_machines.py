"""Machines of container engines that are harder than the contract's: stopped, lying, with leftovers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.machines import FULL
from tests.contract.vm import VmMachine
from tests.support.engines.engines import HOME, PLACES, Fault
from tests.support.families import LAYOUTS, lay_out
from tests.support.throwaway import PATH, Throwaway
from tests.support.tls import Server
from trustinstall import reporting
from trustinstall.certificates.certificate import Certificate
from trustinstall.testing.machine import Ran, result, run
from trustinstall_platforms.containers.inside import path_for
from trustinstall_platforms.linux.anchor_sources import fingerprints
from trustinstall_platforms.linux.families import ALPINE, DEBIAN, RHEL
from trustinstall_platforms.linux.family import Family

pytestmark = pytest.mark.timeout(600)

SCHEMA = Path(reporting.__file__).with_name("report.schema.json")
Deliver = Callable[..., VmMachine]


@pytest.fixture
def deliver() -> Iterator[Deliver]:
    """Makes the test's machine."""
    with ExitStack() as stack:
        root = stack.enter_context(Throwaway(java=False))

        def made(engine: str, **more: Any) -> VmMachine:  # noqa: ANN401 - what VmMachine takes
            machine = VmMachine(root, engine, **more)
            stack.callback(machine.close)
            return machine

        yield made


def detail(ran: Ran, machine: VmMachine) -> str:
    """What is said of the machine's store."""
    return next(str(one["detail"]) for one in ran.report["stores"] if one["id"] == machine.store)


def ours(machine: VmMachine, number: int = 0) -> str:
    """The path of our file inside for a root."""
    return path_for(DEBIAN, Certificate(machine.make(number).der))


# --- the doctor ---


def test_the_doctor_judges_what_is_inside(deliver: Deliver) -> None:
    """What all nodes trust is a column; a root in one node of two is none; a machine that rests is not known."""
    machine = deliver("minikube")
    path, _ = machine.root(0)
    with Server(machine.make(0).issue("localhost")) as server:
        assert _inside(machine, server)[:2] == ("no", ["unknown-issuer"])
        assert run(machine, "add", path).code == 0
        assert _inside(machine, server)[:2] == ("yes", [])
        machine.engine.nodes[1].run(["rm", ours(machine)], check=True)
        machine.engine.nodes[1].run(["update-ca-certificates"], check=True)
        assert _inside(machine, server)[:2] == ("no", ["unknown-issuer"])
        machine.engine.behave(stopped=True)
        accepts, codes, why = _inside(machine, server)
        assert (accepts, codes, "start" in why) == ("unknown", ["not-known"], True)


def _inside(machine: VmMachine, server: Server) -> tuple[str, list[str], str]:
    """Return what the doctor says of the machine's store for a server: the verdict, the codes, and the words."""
    done = machine.throwaway.trustinstall("doctor", server.url, "--json", user="alice")
    (said,) = json.loads(done.stdout)["servers"]
    place = machine.store.removeprefix("vm:")
    (one,) = (each for each in said["clients"] if each["decided_by"] == place)
    reasons = one["reasons"]
    return one["accepts"], [each["code"] for each in reasons], " ".join(each["detail"] for each in reasons)


# --- machines that do not run ---


@pytest.mark.parametrize("engine", list(PLACES) if FULL else ["kind"])
def test_a_machine_that_does_not_run(deliver: Deliver, engine: str) -> None:
    """It is no failure, and the hint names what starts it; a managed root in it cannot go, and is remembered."""
    machine = deliver(engine)
    path, sha256 = machine.root(0)
    before = machine.snapshot()
    machine.engine.behave(stopped=True)
    added = run(machine, "add", path)
    assert (result(added, machine), added.report["changed"]) == ("read-only", False), added
    assert "start" in detail(added, machine)
    removed = run(machine, "remove", path)
    assert (removed.code, result(removed, machine)) == (0, "absent"), removed
    machine.engine.behave(stopped=False)
    assert run(machine, "add", path).code == 0
    machine.engine.behave(stopped=True)
    removed = run(machine, "remove", sha256)
    assert (removed.code, result(removed, machine)) == (1, "failed"), removed
    assert re.search("it does not run; start it|none of its nodes runs; start it", detail(removed, machine))
    machine.engine.behave(stopped=False)
    assert run(machine, "remove", sha256).code == 0
    assert machine.snapshot() == before


def test_stopped_by_its_files(deliver: Deliver) -> None:
    """Where ha.pid is missing nothing is asked, and with other stores the command succeeds."""
    machine = deliver("lima")
    machine.throwaway.run(["rm", f"{machine.engine.location}/ha.pid", machine.engine.program], check=True)
    machine.throwaway.write(machine.engine.program, "#!/bin/sh\nexit 7\n", mode=0o755)
    path, _ = machine.root(0)
    done = machine.throwaway.trustinstall("add", "--json", path, user="alice")
    assert done.returncode == 0, done
    assert '"read-only"' in done.stdout
    assert "limactl start default" in done.stdout


def test_a_machine_that_was_deleted(deliver: Deliver) -> None:
    """The managed roots went with it: `remove` says so."""
    machine = deliver("podman")
    path, sha256 = machine.root(0)
    assert run(machine, "add", path).code == 0
    machine.throwaway.run(["rm", machine.engine.location], check=True)
    removed = machine.throwaway.trustinstall("remove", sha256, user="alice")
    assert removed.returncode == 0, removed
    assert "no longer on this machine" in " ".join(removed.stdout.split())


# --- engines that misbehave ---


@pytest.mark.parametrize("engine", list(PLACES) if FULL else ["podman"])
def test_a_login_that_talks_and_a_terminal(deliver: Deliver, engine: str) -> None:
    """What a login prints on standard output, and a terminal's ends of lines, change nothing."""
    machine = deliver(engine)
    path, sha256 = machine.root(0)
    before = machine.snapshot()
    machine.engine.behave(banner=True, terminal=True)
    assert run(machine, "add", path).code == 0
    assert machine.trusts(sha256)
    again = run(machine, "add", path)
    assert (again.code, again.report["changed"]) == (0, False), again
    assert run(machine, "remove", sha256).code == 0
    assert machine.snapshot() == before


@pytest.mark.parametrize("word", ["tee", "/usr/sbin/update-ca-certificates"])
def test_an_engine_that_lies(deliver: Deliver, word: str) -> None:
    """It ends with 0 and has not done it: that is seen, and nothing stays."""
    machine = deliver("podman")
    path, _ = machine.root(0)
    before = machine.snapshot()
    machine.engine.behave(liar=word)
    added = run(machine, "add", path)
    assert (added.code, result(added, machine)) == (1, "failed"), added
    machine.engine.behave(liar="")
    assert machine.snapshot() == before


def test_a_removal_that_is_not_done(deliver: Deliver) -> None:
    """It still trusts the root: `remove` fails, the ledger remembers, and the next one succeeds."""
    machine = deliver("minikube")
    path, sha256 = machine.root(0)
    before = machine.snapshot()
    assert run(machine, "add", path).code == 0
    machine.engine.behave(liar="rm")
    removed = run(machine, "remove", sha256)
    assert (removed.code, result(removed, machine)) == (1, "failed"), removed
    machine.engine.behave(liar="")
    assert run(machine, "remove", sha256).code == 0
    assert machine.snapshot() == before


def test_a_file_that_was_cut_off(deliver: Deliver) -> None:
    """What a lost connection leaves of a file is known by its name: `add` completes it, and `remove` takes it out."""
    machine = deliver("podman")
    path, sha256 = machine.root(0)
    before = machine.snapshot()
    machine.engine.nodes[0].write(ours(machine), b"")  # what a write that was cut off leaves
    added = run(machine, "add", path)
    assert (added.code, machine.trusts(sha256)) == (0, True), added
    machine.engine.nodes[0].write(ours(machine), machine.make(0).pem[:100])
    machine.engine.nodes[0].run(["update-ca-certificates"], check=False)
    assert run(machine, "remove", sha256).code == 0
    assert machine.snapshot() == before


# --- what is inside ---


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


def test_root_works_for_an_account(deliver: Deliver) -> None:
    """By sudo, a process of the account that called it reaches this account's machines."""
    machine = deliver("podman")
    path, sha256 = machine.root(0)
    sudo = {"SUDO_UID": str(machine.throwaway.user("alice").uid), "SUDO_USER": "alice", "PATH": PATH}
    done = machine.throwaway.run(
        [*machine.program, "add", "--json", "--store", machine.store, path], env=sudo, timeout=120
    )
    assert done.returncode == 0, done
    assert machine.trusts(sha256)
    assert not machine.throwaway.path(f"{HOME}/.local/share/containers").exists()


def test_a_dry_run_says_what_it_would_do(deliver: Deliver) -> None:
    """The engine's command is shown, and no certificate in it."""
    machine = deliver("podman")
    path, _ = machine.root(0)
    done = machine.throwaway.trustinstall("add", "--dry-run", "--store", machine.store, path, user="alice")
    assert done.returncode == 0, done
    said = " ".join(done.stdout.split())
    assert "put into the machine sha256" in said
    assert "podman machine ssh podman-machine-default sudo -n /usr/sbin/update-ca-certificates" in said
    found: Mapping[str, object] = machine.snapshot()
    assert not any(path.startswith("node") for path in found)


def test_killed_and_then_stopped(deliver: Deliver) -> None:
    """What a killed command left in a machine that was stopped since holds nothing up, and is mended when it runs."""
    machine = deliver("podman")
    path, sha256 = machine.root(0)
    before, file = machine.snapshot(), machine.engine.nodes[0].path(ours(machine))
    running = machine.start("add", path)
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    running.kill()
    machine.throwaway.settle()
    machine.engine.behave(stopped=True)
    other, _ = machine.root(1)
    done = machine.throwaway.trustinstall("add", other, user="alice")
    assert done.returncode == 0, done
    machine.engine.behave(stopped=False)
    assert run(machine, "add", path).code == 0
    assert machine.trusts(sha256)
    assert run(machine, "remove", sha256).code == 0
    machine.throwaway.trustinstall("remove", other, user="alice", check=True)
    assert machine.snapshot() == before


def test_what_is_said_afterwards(deliver: Deliver) -> None:
    """People are told that nothing inside was restarted, and by what name a machine is chosen."""
    machine = deliver("kind")
    path, _ = machine.root(0)
    done = machine.throwaway.trustinstall("add", "--store", "vm:kind:dev", path, user="alice")
    assert done.returncode == 0, done
    said = " ".join(done.stdout.split())
    assert "Restart docker or containerd in kind:dev, or the machine" in said
    assert "systemctl restart containerd" in said


def test_what_is_shown_of_a_machine_that_does_not_run(deliver: Deliver) -> None:
    """`stores` and `list --foreign` show it with its hint, and do not fail for it."""
    machine = deliver("podman")
    machine.engine.behave(stopped=True)
    for command in (("stores",), ("list", "--foreign")):
        done = machine.throwaway.trustinstall(*command, user="alice")
        assert done.returncode == 0, done
        assert "Traceback" not in done.stderr
    shown = machine.throwaway.trustinstall("stores", "--json", user="alice", check=True)
    report = json.loads(shown.stdout)
    validator: Any = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))  # its types are not complete
    validator.validate(report)
    (store,) = (one for one in report["stores"] if one["id"] == machine.store)
    assert "it does not run; start it (podman machine start podman-machine-default)" in json.dumps(store)


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
