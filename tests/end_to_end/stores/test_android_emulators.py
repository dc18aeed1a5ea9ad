"""Android emulators that are harder than the contract's: new and stopped ones, those of others, and without root."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from tests.contract.android import AndroidMachine
from tests.support.engines.android import ADDED
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from trustinstall.testing.machine import Ran, result, run

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def outside() -> Iterator[Throwaway]:
    """One for all tests here."""
    with Throwaway(java=False) as root:
        yield root


@contextmanager
def made(outside: Throwaway) -> Generator[AndroidMachine]:
    """Make alice's new emulator."""
    machine = AndroidMachine(outside, new=True)
    try:
        yield machine
    finally:
        machine.close()
        outside.reset()


@pytest.fixture
def machine(outside: Throwaway) -> Iterator[AndroidMachine]:
    """alice's emulator, in which nobody has installed a certificate yet."""  # noqa: D403  a name
    with made(outside) as machine:
        yield machine


def detail(ran: Ran, machine: AndroidMachine) -> str:
    """What is said of the machine's store."""
    return next(str(one["detail"]) for one in ran.report["stores"] if one["id"] == machine.store)


def test_a_new_device_gets_what_its_settings_would_make(machine: AndroidMachine) -> None:
    """The directory and the file are the system's and readable by every app; nothing of them stays after `remove`."""
    before = machine.snapshot()
    path, sha256 = machine.root(0)
    assert run(machine, "add", path).code == 0
    assert machine.trusts(sha256)
    place = machine.emulator.device.path(ADDED)
    (file,) = place.iterdir()
    for one, mode in ((place, 0o755), (file, 0o644)):
        status = one.stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (1000, 1000, mode)
    assert run(machine, "remove", sha256).code == 0
    assert machine.snapshot() == before


def test_two_of_one_subject(machine: AndroidMachine) -> None:
    """HASH.0 and HASH.1: when the first goes, the other is still found; with it goes the mark of the gap."""
    before = machine.snapshot()
    machine.roots |= {0: make_root(common_name="Twin"), 1: make_root(common_name="Twin")}
    (first, one), (second, two) = machine.root(0), machine.root(1)
    assert run(machine, "add", first, second).code == 0
    assert machine.trusts(one)
    assert machine.trusts(two)
    assert run(machine, "remove", one).code == 0
    assert (machine.trusts(one), machine.trusts(two)) == (False, True)
    assert run(machine, "remove", two).code == 0
    assert machine.snapshot() == before


def test_a_device_that_does_not_run(machine: AndroidMachine) -> None:
    """It is left, which is a failure only if a managed certificate in it should go; that goes when it runs again."""
    path, sha256 = machine.root(0)
    machine.emulator.behave(stopped=True)
    left = run(machine, "add", path)
    assert result(left, machine) == "read-only"
    assert "emulator -avd Pixel_9" in detail(left, machine)
    with_others = machine.throwaway.trustinstall("add", path, user="alice")
    assert with_others.returncode == 0, with_others
    assert run(machine, "remove", sha256).code == 0
    machine.emulator.behave(stopped=False)
    assert run(machine, "add", path).code == 0
    machine.emulator.behave(stopped=True)
    failed = run(machine, "remove", sha256)
    assert (failed.code, result(failed, machine)) == (1, "failed")
    assert "emulator -avd Pixel_9" in detail(failed, machine)
    machine.emulator.behave(stopped=False)
    assert machine.trusts(sha256)
    assert run(machine, "remove", sha256).code == 0
    assert not machine.trusts(sha256)


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"avd": ""}, "does not run"),
        ({"avd": "Tablet"}, "does not run"),
        ({"ssh": "lost"}, "does not run"),
        ({"su": False}, "Google Play"),
        ({"pty": True}, "older than 7"),
    ],
)
def test_an_emulator_that_is_not_to_be_changed(machine: AndroidMachine, how: dict[str, object], word: str) -> None:
    """Of another account, whose console refuses; of another device; offline; without root; too old to be asked."""
    machine.emulator.behave(**how)
    before = machine.snapshot()
    ended = run(machine, "add", machine.root(0)[0])
    assert (result(ended, machine), ended.report["changed"]) == ("read-only", False), ended
    assert word in detail(ended, machine)
    assert machine.snapshot() == before


def test_a_device_that_has_not_started_up(machine: AndroidMachine) -> None:
    """Its data is not there yet, which is not the same as a device without certificates."""
    path, sha256 = machine.root(0)
    assert run(machine, "add", path).code == 0
    device = machine.emulator.device
    device.run(["mv", "/data", "/data.later"], check=True)
    removed = run(machine, "remove", sha256)
    assert (removed.code, result(removed, machine)) == (1, "failed")
    assert "has not started up yet" in detail(removed, machine)
    device.run(["mv", "/data.later", "/data"], check=True)
    assert machine.trusts(sha256)
    assert run(machine, "remove", sha256).code == 0
    assert not machine.trusts(sha256)


def test_the_server_of_adb_does_not_hold_up_the_next_command(machine: AndroidMachine) -> None:
    """The first command of `adb` starts its server, which goes on: it has no lock of trustinstall."""
    path, sha256 = machine.root(0)
    machine.emulator.behave(server=True)
    started = machine.throwaway.path("/tmp/adb.pid")
    try:
        assert run(machine, "add", path).code == 0
        assert run(machine, "remove", sha256).code == 0
    finally:
        os.kill(int(started.read_text()), signal.SIGKILL)


def test_root_does_not_work_on_an_accounts_emulator(machine: AndroidMachine, outside: Throwaway) -> None:
    """The machine's scope has no such store; alice's process does it for all accounts."""
    done = outside.trustinstall("stores", "--json", check=True)
    assert machine.store not in done.stdout
    path, sha256 = machine.root(0)
    outside.trustinstall(
        "add", "--scope", "all-users", "--store", "android-emulator", "--sha256", sha256, path, check=True
    )
    assert machine.trusts(sha256)
    assert f"trusted  {machine.store}" in outside.trustinstall("list", "-v", user="alice", check=True).stdout


def test_a_device_that_was_wiped(machine: AndroidMachine) -> None:
    """`list` shows that the root is gone, and `repair` puts it back."""
    path, sha256 = machine.root(0)
    assert run(machine, "add", path).code == 0
    machine.emulator.device.run(["rm", "-rf", ADDED], check=True)
    assert '"missing"' in machine.throwaway.trustinstall("list", "--json", user="alice").stdout
    machine.throwaway.trustinstall("repair", user="alice", check=True)
    assert machine.trusts(sha256)
