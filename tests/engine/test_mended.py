"""What a review broke in the engine, so that it stays mended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.shelf import Shelf, World, account, wish
from trustinstall.engine import discovery
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.errors import StateError
from trustinstall.host import Account, ActingHost, Guarded, Host, locks
from trustinstall.host.commands import Guard
from trustinstall.host.worker import as_account
from trustinstall.stores.store import Places, Store

STRANGER = Account(12345, 23456, "somebody-of-the-tests", "/home/somebody")


@dataclass(frozen=True)
class Forgetful(ActingHost):
    """A host that writes everything but ledgers."""

    def write(self, path: str, content: bytes, mode: int, owner: tuple[int, int] | None, token: str) -> None:
        """The disk is full when the ledger is written."""
        if path.endswith("/ledger.json"):
            raise OSError(28, "No space left on device", path)
        super().write(path, content, mode, owner, token)


@pytest.mark.parametrize("trusted", [True, False], ids=["add", "remove"])
def test_a_ledger_that_cannot_be_written(tmp_path: Path, trusted: bool) -> None:  # noqa: FBT001  pytest's parameter
    """Nothing stays done that the ledger does not know of."""
    world = World(tmp_path)
    world.shelves("a", "b")
    if not trusted:
        world.change()
    before = world.tree()
    with pytest.raises(StateError, match="No space left on device; all was put back"):
        world.change(trusted=trusted, host=Forgetful("linux", str(tmp_path), {}, account()))
    assert world.tree() == before
    assert {one.result for one in world.change(trusted=trusted).outcomes} == {
        Result.ADDED if trusted else Result.REMOVED
    }


def test_a_daemon_that_inherited_the_lock_does_not_keep_it(tmp_path: Path) -> None:
    """A hook of a tool starts one, and it outlives the command."""
    lock = str(tmp_path / "lock")
    held = locks.take(lock, lambda: None)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[held]) as daemon:
        locks.release(held)
        locks.release(locks.take(lock, lambda: None, seconds=0.0))
        daemon.kill()


def test_a_worker_that_its_account_stops_goes_on() -> None:
    """Its account may send it signals; it must not make root wait for ever."""

    def stopped() -> bytes:
        os.kill(os.getpid(), signal.SIGSTOP)
        return b"went on"

    assert as_account(STRANGER, stopped, lambda: None, 30.0) == b"went on"


@pytest.fixture
def namesake(tmp_path: Path) -> Iterator[str]:
    """A process of an ordinary account that is named like a system's tool."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.geteuid() and len(parent.parts) > 2:  # what pytest made
            parent.chmod(0o755)
    tool = tmp_path / "update-of-the-tests"
    tool.write_text("#!/bin/sh\nsleep 60\n")
    tool.chmod(0o755)
    with subprocess.Popen([tool], user=STRANGER.uid, group=STRANGER.gid, extra_groups=[], start_new_session=True) as it:
        time.sleep(0.2)
        assert it.poll() is None
        yield tool.name
        os.killpg(it.pid, signal.SIGKILL)


def test_a_strangers_process_of_the_tools_name_holds_nobody_up(namesake: str) -> None:
    """It makes nothing of what the tool makes: root goes on at once, and would say Busy after no time at all."""
    with Guarded(Guard(tool=namesake, seconds=0.0), "/"):
        pass


class OutOfReach(Shelf):
    """Stores that are remembered, and whose file server has gone."""

    def discover(self, host: Host, _places: Places) -> list[Store]:
        """None that could be seen."""
        del host
        return []

    def at(self, host: Host, location: str) -> Store | None:
        """As a stale network mount answers."""
        del host
        raise OSError(116, "Stale file handle", location)


def test_a_store_out_of_reach_is_neither_forgotten_nor_in_the_way(tmp_path: Path) -> None:
    """It is named as failed; the ledger still knows of it, and a later remove takes ours out of it."""
    world = World(tmp_path)
    world.shelves("a")
    world.change()
    engine = Engine(world.host, [OutOfReach()], lambda _doing: None)
    (failed,) = engine.change(wish(trusted=False), Places(), Selection()).outcomes
    assert (failed.result, "Stale file handle" in failed.detail) == (Result.FAILED, True)
    assert discovery.discover(world.host, [OutOfReach()], Places(), [failed.store.id]).failures
    (removed,) = world.change(trusted=False).outcomes
    assert (removed.result, world.holds("a")) == (Result.REMOVED, False)
