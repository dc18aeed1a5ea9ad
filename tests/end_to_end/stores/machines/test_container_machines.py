"""Machines of container engines that are harder than the contract's: stopped, lying, killed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.machines import FULL
from tests.contract.vm import VmMachine
from tests.end_to_end.stores.machines.calls import Deliver, detail, ours
from tests.support.engines.engines import HOME, PLACES
from tests.support.throwaway import PATH
from tests.support.tls import Server
from trustinstall import reporting
from trustinstall.testing.machine import result, run

pytestmark = pytest.mark.timeout(600)


ENGINES = [one for one in PLACES if one != "android"]  # its emulators are stores of another backend
SCHEMA = Path(reporting.__file__).with_name("report.schema.json")


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


@pytest.mark.parametrize("engine", ENGINES if FULL else ["kind"])
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


@pytest.mark.parametrize("engine", ENGINES if FULL else ["podman"])
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
