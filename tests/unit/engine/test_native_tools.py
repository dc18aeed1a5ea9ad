"""Stores that only their own tool can change: the store is observed, with any answer of the tool."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.fake_store import ROOTS, Fuse, Killed, Mortal, account, wish
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.errors import ToolFailed
from trustinstall.host import ActingHost, Host
from trustinstall.host.commands import INPUT_FILE, OUTPUT_FILE, Run
from trustinstall.stores.backend import Backend
from trustinstall.stores.desired import Change
from trustinstall.stores.observation import Copy, Observation
from trustinstall.stores.observation import State as Trust
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ToolOperation
from trustinstall.stores.store import DiscoveryOptions, Store

_CANCELLED = 7
_TOOL = """#!/bin/sh
how=$(cat {root}/how 2>/dev/null)
echo "$@" >>{root}/log
case $1 in
list) ls {root}/vault >"$2"; exit 0 ;;
add) [ "$how" = refuses ] || cp "$2" {root}/vault/$(sha256sum <"$2" | cut -c1-64) ;;
remove) rm {root}/vault/"$2" || exit 44 ;;
esac
[ "$how" != hangs ] || sleep 600
[ "$how" != refuses ] && [ "$how" != complains ] || exit 7
"""


class Vault(Backend):
    """A backend whose store is a box that only its tool opens."""

    name = "vault"

    def discover(self, _host: Host, _places: DiscoveryOptions) -> list[Store]:
        """There is always one."""
        return [Store(self.name, "/vault", os.geteuid(), self.name, "the tests")]

    def at(self, host: Host, _location: str) -> Store | None:
        """The one."""
        return self.discover(host, DiscoveryOptions())[0]

    def observe(self, host: Host, _store: Store, names: frozenset[str]) -> Observation:
        """What the tool lists."""
        listed = host.query(Run(("/tool", "list", OUTPUT_FILE))).answer.decode().split()
        copies = tuple(Copy(sha256, "an entry") for sha256 in listed if sha256 in names)
        return Observation(dict.fromkeys(listed, Trust.TRUSTED), copies=copies)

    def anchors(self, _host: Host, _store: Store) -> Iterator[bytes]:
        """None that could be shown."""
        return iter(())

    def plan(self, _host: Host, _store: Store, _seen: Observation, change: Change) -> Plan:
        """One operation for each certificate."""
        going = {copy.sha256 for copy in change.remove}
        operations = [ToolOperation("add", "remove", one.certificate.der) for one in change.add]
        operations += [ToolOperation("remove", "add", one.der) for one in change.drop if one.sha256 in going]
        placed = tuple(Placed(one.sha256, ("an entry",)) for one in change.add)
        return Plan(placed=placed, operations=tuple(operations))

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """Nothing, where the box is as the operation would leave it."""
        sha256 = hashlib.sha256(step.der).hexdigest()
        there = sha256 in self.observe(host, store, frozenset()).anchors
        if step.operation == "add" and not there:
            meanings = ((_CANCELLED, "somebody said no"),)
            arguments = ("/tool", "add", INPUT_FILE)
            return [
                Run(arguments, seconds=1, must_succeed=False, given=step.der, meanings=meanings, announce="A window!")
            ]
        return [Run(("/tool", "remove", sha256), must_succeed=False)] if step.operation == "remove" and there else []


class StrictVault(Vault):
    """Its tool must succeed."""

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """The same."""
        return [replace(run, must_succeed=True) for run in super().commands(host, store, step)]


class VaultWithoutNames(Vault):
    """Once a file `nameless` is there, its box says no longer whose certificates it holds: only the ledger knows."""

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Nothing, then."""
        nameless = host.status("/nameless") is not None
        return Observation({}) if nameless else super().observe(host, store, names)

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Remove what the ledger knows of, seen or not."""
        going = tuple(ToolOperation("take", "add", one.der) for one in change.drop if one.sha256 in change.noted)
        return Plan(operations=going) if going else super().plan(host, store, seen, change)

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """Remove it without a look."""
        if step.operation == "take":
            return [Run(("/tool", "remove", hashlib.sha256(step.der).hexdigest()), must_succeed=False)]
        return super().commands(host, store, step)


class DerivedVault(Vault):
    """Clients read files that are made of the box, but not by its tool."""

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """What clients read; the entries are those of the box."""
        shown = dict.fromkeys(host.names("/shown"), Trust.TRUSTED)
        return Observation(shown, copies=super().observe(host, store, names).copies)

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """The same, by the content of the box."""
        return Vault().commands(host, store, step)


@dataclass
class World:
    """A host below a directory, with one vault."""

    root: Path

    def __post_init__(self) -> None:
        """Deliver the tool and an empty box."""
        (self.root / "vault").mkdir()
        (self.root / "tool").write_text(_TOOL.format(root=self.root))
        (self.root / "tool").chmod(0o755)

    def change(
        self, *numbers: int, trusted: bool = True, host: ActingHost | None = None, backend: type[Vault] = Vault
    ) -> Outcome:
        """Run the engine to add or remove roots."""
        host = host or ActingHost("linux", str(self.root), {}, account())
        engine = Engine(host, [backend()], lambda _doing: None)
        return engine.change(wish(*numbers, trusted=trusted), DiscoveryOptions(), Selection()).outcomes[0]

    def holds(self) -> set[str]:
        """What is in the box."""
        return {path.name for path in (self.root / "vault").iterdir()}

    def left(self) -> list[str]:
        """Managed files other than the ledger and the lock."""
        return sorted(str(path) for path in self.root.rglob(".trustinstall-*"))

    def asked(self) -> int:
        """How often the tool was told to add."""
        return (self.root / "log").read_text().count("add ")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A host with a vault."""
    return World(tmp_path)


def test_added_and_removed(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """The round trip; the window is announced, and the file that the tool was given is gone."""
    assert world.change(0, 1).result is Result.ADDED
    assert world.holds() == {ROOTS[0].sha256, ROOTS[1].sha256}
    assert "A window!" in capfd.readouterr().err
    assert world.left() == []
    assert world.change(0, 1, trusted=False).result is Result.REMOVED
    assert world.holds() == set()


def test_what_the_ledger_alone_knows_of_is_removed_and_said(world: World) -> None:
    """No copy was seen, but the tool was run for a managed one: the result is not that nothing was there."""
    world.change(backend=VaultWithoutNames)
    (world.root / "nameless").touch()
    assert world.change(trusted=False, backend=VaultWithoutNames).result is Result.REMOVED
    assert world.holds() == set()
    assert world.change(trusted=False, backend=VaultWithoutNames).result is Result.ABSENT


def test_nothing_to_do_asks_nobody(world: World) -> None:
    """A second add runs no tool that changes something."""
    world.change()
    assert world.change().result is Result.ALREADY
    assert world.asked() == 1


def test_a_refusal_is_said_in_words_and_asked_once(world: World) -> None:
    """A person who refuses the first of three is not asked for the others."""
    (world.root / "how").write_text("refuses")
    outcome = world.change(0, 1, 2)
    assert (outcome.result, world.holds(), world.asked()) == (Result.FAILED, set(), 1)
    assert "somebody said no" in outcome.detail


def test_a_complaint_is_no_verdict(world: World) -> None:
    """The tool fails after it has worked: what counts is what the store shows."""
    (world.root / "how").write_text("complains")
    assert world.change().result is Result.ADDED
    assert world.holds() == {ROOTS[0].sha256}


def test_a_tool_that_must_succeed_is_believed(world: World) -> None:
    """It fails after it has worked: what it did is undone, although it fails at that, too."""
    (world.root / "how").write_text("complains")
    outcome = world.change(0, 1, backend=StrictVault)
    assert (outcome.result, world.holds(), world.asked()) == (Result.FAILED, set(), 1)
    assert "somebody said no" in outcome.detail
    (world.root / "how").unlink()
    world.change()
    (world.root / "how").write_text("complains")
    assert world.change(trusted=False, backend=StrictVault).result is Result.FAILED
    assert world.holds() == {ROOTS[0].sha256}


def test_a_tool_that_hangs_after_its_work(world: World) -> None:
    """It is stopped in time, and the store is looked at."""
    (world.root / "how").write_text("hangs")
    begun = time.monotonic()
    assert world.change().result is Result.ADDED
    assert time.monotonic() - begun < 300
    assert world.left() == []


def test_put_back_when_another_store_step_fails(world: World) -> None:
    """The first of two is taken out again when the second is refused."""
    (world.root / "tool").write_text(
        _TOOL.format(root=world.root).replace("how=", f'[ "$(ls {world.root}/vault)" ] && [ $1 = add ] && exit 7; how=')
    )
    outcome = world.change(0, 1)
    assert (outcome.result, world.holds()) == (Result.FAILED, set())


def test_what_is_not_put_back_is_said_and_tried_again(world: World) -> None:
    """The tool refuses to put the certificate back; what clients read is made of the box, and does not show it yet."""
    world.change()
    (world.root / "shown").mkdir()
    (world.root / "shown" / ROOTS[0].sha256).touch()
    (world.root / "how").write_text("refuses")
    outcome = world.change(trusted=False, backend=DerivedVault)
    assert (outcome.result, world.holds()) == (Result.FAILED, set())
    assert "could not be put back" in outcome.detail
    (world.root / "how").unlink()
    assert world.change(backend=DerivedVault).result is Result.ALREADY
    assert world.holds() == {ROOTS[0].sha256}


def test_a_file_by_another_name(tmp_path: Path) -> None:
    """A tool of another system is given the name that it knows the file by; without one it is not run."""
    for name, script in (("names", 'echo "X:$2"'), ("knows", 'cat "${1#X:}"'), ("names-nothing", "true")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    host = ActingHost("linux", "/", {}, account())
    run = Run((str(tmp_path / "knows"), INPUT_FILE), given=b"content", translate=(str(tmp_path / "names"), "-w"))
    assert host.query(run).answer == b"content"
    with pytest.raises(ToolFailed, match="names-nothing names no file"):
        host.query(replace(run, translate=(str(tmp_path / "names-nothing"), "-w")))


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("trusted", [True, False], ids=["add", "remove"])
def test_killed_at_every_change(world: World, how: str, trusted: bool) -> None:  # noqa: FBT001  pytest's parameter
    """After a kill at any change, the next command finishes or undoes it, and all can be taken back."""
    point, died = 0, True
    while died:
        point += 1
        if not trusted:
            world.change()
        mortal = Mortal("linux", str(world.root), {}, account(), fuse=Fuse(point, how))
        try:
            world.change(trusted=trusted, host=mortal)
            died = False
        except Killed:
            for private in world.root.rglob("private"):
                (private / ".trustinstall-left").mkdir()
                (private / ".trustinstall-left/given.cer").write_bytes(b"what the dead one's tool was given")
        world.change(trusted=trusted)
        assert world.holds() == ({ROOTS[0].sha256} if trusted else set()), point
        world.change(trusted=False)
        assert (world.holds(), world.left()) == (set(), []), point
    assert point > 4


def test_what_a_killed_command_did_is_not_forgotten_where_its_tool_refuses(world: World) -> None:
    """The next command says so and tries again, until it is undone; a store's state is not taken on trust."""
    for point in range(1, 9):
        with suppress(Killed):
            world.change(host=Mortal("linux", str(world.root), {}, account(), fuse=Fuse(point, "after")))
            break
        if world.holds():
            break
    assert world.holds() == {ROOTS[0].sha256}
    (world.root / "tool").write_text(_TOOL.format(root=world.root).replace("remove) rm", "remove) exit 9; rm"))
    for _ in range(2):
        failed = world.change(1)
        assert failed.result is Result.FAILED
        assert "could not be undone: vault: its own tool did not do what it was asked" in failed.detail
    (world.root / "tool").write_text(_TOOL.format(root=world.root))
    assert world.change(1).result is Result.ADDED
    assert world.holds() == {ROOTS[1].sha256}
