"""Macs that are harder than the contract's: a person's work at the screen, other versions, other languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.contract.machines import FULL
from tests.contract.macos import MacMachine
from tests.support.macos.mac import SYSTEM_KEYCHAIN
from tests.support.throwaway import Throwaway
from trustinstall.engine.outcome import WIDE
from trustinstall.testing.machine import result, run

pytestmark = pytest.mark.timeout(600)

Deliver = Callable[..., MacMachine]


@pytest.fixture
def deliver() -> Iterator[Deliver]:
    """Makes the test's Mac."""
    with Throwaway(java=False) as root:
        yield partial(MacMachine, root)


@pytest.mark.parametrize("store", ["keychain", "login-keychain"])
@pytest.mark.parametrize("answer", ["cancel", "refuse"])
def test_who_says_no_keeps_the_keychain_as_it_was(deliver: Deliver, store: str, answer: str) -> None:
    """A dialog that is not accepted leaves half an installation behind: it is taken back."""
    machine = deliver(store)
    path, sha256 = machine.root(0)
    before = machine.snapshot()
    machine.mac.behave(answer=answer)
    added = run(machine, "add", path)
    assert (added.code, result(added, machine)) == (1, "failed"), added
    assert not machine.trusts(sha256)
    assert machine.snapshot() == before


@pytest.mark.parametrize("version", ["10.15", "11.0", "12.0", "26.0"] if FULL else ["26.0"])
def test_every_version(deliver: Deliver, version: str) -> None:
    """An added root is trusted, and a removed one is gone, also where a version leaves empty settings."""
    machine = deliver("keychain", version)
    path, sha256 = machine.root(0)
    before, dialogs = machine.snapshot(), machine.mac.dialogs()
    assert run(machine, "add", path).code == 0
    assert machine.trusts(sha256)
    assert run(machine, "remove", sha256).code == 0
    assert machine.snapshot() == before
    assert machine.mac.dialogs() - dialogs == (0 if version == "10.15" else 2)


def test_where_root_is_enough_nobody_need_sit_there(deliver: Deliver) -> None:
    """On 10.15 the machine's settings are changed over ssh, too."""
    machine = deliver("keychain", "10.15")
    path, sha256 = machine.root(0)
    machine.mac.over_ssh()
    assert run(machine, "add", path).code == 0
    assert machine.trusts(sha256)


@pytest.mark.parametrize("language", ["de", "ja"] if FULL else ["ja"])
def test_every_language(deliver: Deliver, language: str) -> None:
    """Nothing hangs on what the tool says."""
    machine = deliver("keychain")
    path, sha256 = machine.root(0)
    before = machine.snapshot()
    machine.mac.behave(language=language)
    assert run(machine, "add", path).code == 0
    assert run(machine, "remove", sha256).code == 0
    assert machine.snapshot() == before
    again = run(machine, "remove", sha256)
    assert (again.code, again.report["changed"]) == (0, False), again


def test_either_reading_of_the_source(deliver: Deliver) -> None:
    """Trust without constraints is written in two ways: an empty one, or none at all; both are trust."""
    machine = deliver("keychain")
    stranger = machine.put_by_hand(-1)
    machine.mac.behave(reading="source")
    machine.take_own(stranger)
    found = run(machine, "remove", stranger)
    assert (found.code, result(found, machine)) == (0, "foreign"), found
    path, sha256 = machine.root(-2)
    there = run(machine, "remove", path)
    assert (there.code, result(there, machine)) == (0, "foreign"), there
    assert machine.trusts(sha256)


def test_the_half_that_was_there_stays(deliver: Deliver) -> None:
    """A certificate that a person had put into the keychain is trusted by `add`, and stays there after `remove`."""
    machine = deliver("keychain")
    path, sha256 = machine.root(0)
    machine.mac.security("add-certificates", "-k", SYSTEM_KEYCHAIN, path, check=True)
    before = machine.snapshot()
    assert run(machine, "add", path).code == 0
    assert machine.trusts(sha256)
    assert run(machine, "remove", sha256).code == 0
    assert not machine.trusts(sha256)
    assert machine.snapshot() == before


def test_what_somebody_denies_is_not_overruled(deliver: Deliver) -> None:
    """An administrator's deny stays, and the failure says so."""
    machine = deliver("keychain")
    path, sha256 = machine.root(0)
    machine.mac.security("add-trusted-cert", "-d", "-r", "deny", "-k", SYSTEM_KEYCHAIN, path, check=True)
    before, dialogs = machine.snapshot(), machine.mac.dialogs()
    added = run(machine, "add", path)
    assert (added.code, result(added, machine)) == (1, "failed"), added
    assert not machine.trusts(sha256)
    assert machine.snapshot() == before
    assert machine.mac.dialogs() == dialogs


@pytest.mark.parametrize("store", ["keychain", "login-keychain"])
def test_names_cannot_be_kept_to(deliver: Deliver, store: str) -> None:
    """`--domain` leaves a keychain out and says so: no window, no change, no trust for more than was asked."""
    machine = deliver(store)
    path, sha256 = machine.root(0)
    before, dialogs = machine.snapshot(), machine.mac.dialogs()
    added = run(machine, "add", path, "--domain", "corp.example", "--domain", "10.0.0.0/8")
    assert (added.code, result(added, machine), added.report["changed"]) == (1, "not-in-scope", False), added
    assert [one["detail"] for one in added.report["stores"]] == [WIDE]
    assert not machine.trusts(sha256)
    assert machine.snapshot() == before
    assert machine.mac.dialogs() == dialogs


def test_whoever_keeps_a_root_to_a_host_is_not_overruled(deliver: Deliver) -> None:
    """An administrator's own `-s HOST` is shown as limited, and neither widened by `add` nor taken by `remove`."""
    machine = deliver("keychain")
    path, sha256 = machine.root(0)
    for_a_host = ("-p", "ssl", "-s", "corp.example", "-k", SYSTEM_KEYCHAIN)
    machine.mac.security("add-trusted-cert", "-d", *for_a_host, path, check=True)
    before = machine.snapshot()
    added = run(machine, "add", path)
    assert (added.code, result(added, machine)) == (1, "failed"), added
    removed = run(machine, "remove", sha256)
    assert (removed.code, result(removed, machine)) == (0, "foreign"), removed
    assert machine.snapshot() == before
    verify = ("verify-cert", "-l", "-c", path, "-p", "ssl", "-s")
    hosts = ("corp.example", "www.corp.example")
    assert [machine.mac.security(*verify, host).returncode for host in hosts] == [0, 1]
