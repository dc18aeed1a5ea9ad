"""What a repair does not read again, and that it sees every change although it remembers."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fake_host import write
from tests.unit.engine.changed_machine import (
    BACKENDS,
    CHANGES,
    PLACES,
    SITE,
    TICK,
    WITH,
    WITHOUT,
    Machine,
    restore,
    seen,
)
from trustinstall.engine import discovery, walk
from trustinstall.host import memory
from trustinstall.state import memory_file


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One machine."""
    return Machine(tmp_path)


class Opened:
    """The files that are opened, and the directories that are listed, below a host's /opt and /home."""

    def __init__(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Note them from now on."""
        self._root, self._paths = str(machine.path("/opt").parent), list[str]()
        for name in ("open", "scandir", "listdir"):
            monkeypatch.setattr(os, name, self._noting(getattr(os, name)))

    def _noting(self, call: Callable[..., object]) -> Callable[..., object]:
        def noted(path: object, *rest: object) -> object:
            result = call(path, *rest)  # what is not there is asked for each time
            self._paths.append(str(path).removeprefix(self._root))
            return result

        return noted

    def taken(self) -> set[str]:
        """What was opened since the last call."""
        found = {one for one in self._paths if one.startswith(("/opt", "/home")) and "trustinstall" not in one}
        self._paths.clear()
        return found


def _edit(machine: Machine, path: str, content: bytes) -> None:
    machine.path(path).write_bytes(content)


def test_what_is_unchanged_is_not_read_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look opens no file and lists no directory below /opt and the home; and shows the same."""
    opened = Opened(machine, monkeypatch)
    first, _ = machine.look()
    assert f"/opt/a/{SITE}/cacert.pem" in opened.taken()
    second, memory = machine.look()
    assert (opened.taken(), memory.learned) == (set(), False)
    assert second == first == seen(machine.host)
    assert len(first) >= 6


@pytest.mark.parametrize("change", CHANGES)
def test_each_kind_of_change_is_seen(machine: Machine, change: Callable[[Machine], None]) -> None:
    """A look that remembers shows what a look without memory does, and not what it was before."""
    _edit(machine, f"/opt/a/{SITE}/cacert.pem", WITHOUT)
    before, _ = machine.look()
    time.sleep(TICK)
    change(machine)
    after, _ = machine.look()
    assert after == seen(machine.host)
    assert after != before or change is restore


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.sampled_from(CHANGES), max_size=3), min_size=1, max_size=4))
def test_any_changes_are_seen(steps: list[list[Callable[[Machine], None]]]) -> None:
    """Whatever changes between two looks: with memory and without, they show the same."""
    with tempfile.TemporaryDirectory() as top:
        machine = Machine(Path(top))
        machine.environment("a", WITHOUT)
        for changes in steps:
            time.sleep(TICK)
            for change in changes:
                with suppress(OSError):  # links in a circle, or nothing is there any more
                    change(machine)
            assert machine.look()[0] == seen(machine.host)


def test_only_what_has_changed_is_read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one edit, one file is opened, and with a new environment its parent is listed."""
    machine.look()
    time.sleep(TICK)
    _edit_path = f"/opt/b/{SITE}/cacert.pem"
    _edit(machine, _edit_path, WITH)
    opened = Opened(machine, monkeypatch)
    machine.look()
    assert opened.taken() == {_edit_path}
    machine.environment("new")
    machine.look()
    taken = opened.taken()
    assert "/opt" in taken
    assert all(one == "/opt" or one.startswith("/opt/new") for one in taken)


def test_what_changed_just_now_is_read_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was changed within the margin before a look may change once more without another time."""
    machine.ahead = timedelta(seconds=1)
    machine.look()
    opened = Opened(machine, monkeypatch)
    machine.look()
    assert f"/opt/a/{SITE}/cacert.pem" in opened.taken()


def test_a_file_from_the_future_is_read_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock was put back after a file was written: a later change may get the same time."""
    path = machine.path(f"/opt/a/{SITE}/cacert.pem")
    os.utime(path, (time.time() + 3600, time.time() + 3600))
    machine.look()
    opened = Opened(machine, monkeypatch)
    machine.look()
    assert opened.taken() == {f"/opt/a/{SITE}/cacert.pem"}


@pytest.mark.parametrize("ahead", [timedelta(seconds=20), timedelta(days=8)])
def test_another_time_is_not_believed(machine: Machine, ahead: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that was put back, or a week: everything is read again."""
    machine.look()
    machine.ahead = ahead
    opened = Opened(machine, monkeypatch)
    machine.look()
    assert f"/opt/a/{SITE}/cacert.pem" in opened.taken()


@pytest.mark.parametrize("kind", ["nfs4", "fuse.sshfs", "vfat", "9p", ""])
def test_other_file_systems_are_read_again(machine: Machine, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks, FUSE and FAT may keep a time through a change, and a machine without the list knows nothing."""
    row = f"1 0 8:1 / / rw - {kind} server rw\n" if kind else ""
    write(machine.host, "/proc/self/mountinfo", row)
    machine.look()
    opened = Opened(machine, monkeypatch)
    assert machine.look()[0] == seen(machine.host)
    assert f"/opt/a/{SITE}/cacert.pem" in opened.taken()


def test_errors_are_not_remembered(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that could not be read for a moment (too many open files) is read when it can be."""
    real, path = os.open, str(machine.path(f"/opt/a/{SITE}/cacert.pem"))

    def refuse(name: str, *rest: int) -> int:
        if name == path:
            raise OSError(24, "Too many open files")
        return real(name, *rest)

    monkeypatch.setattr(os, "open", refuse)
    refused, _ = machine.look()
    assert "Too many open files" in str(refused[f"certifi:/opt/a/{SITE}/cacert.pem"][1])
    monkeypatch.undo()
    assert machine.look()[0] == seen(machine.host)


def test_other_walks_do_not_share_listings(machine: Machine) -> None:
    """A walk that asks about other names of files lists every directory itself."""
    machine.look()
    few = memory_file.recall(machine.host, machine.state, walk.question(BACKENDS[:1]))
    assert few is not None
    assert not few.seen.listings
    host = machine.host.recalling(few)
    found = discovery.discover(host, BACKENDS[:1], PLACES).stores
    assert found.keys() == discovery.discover(machine.host, BACKENDS[:1], PLACES).stores.keys()


def test_a_large_tree_is_kept_in_part_and_not_written_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit directories are read in each run: they are no reason to write the file again."""
    monkeypatch.setattr(memory, "MOST", 5)
    first, _ = machine.look()
    second, again = machine.look()
    assert second == first
    assert not again.learned
    assert (len(again.seen.answers), len(again.seen.listings)) == (5, 5)
