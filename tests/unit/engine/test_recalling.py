"""What a repair does not read again, and that it sees every change although it remembers."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import certifi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fake_host import make, write
from tests.support.jks import jks
from tests.support.pki import make_root
from trustinstall.engine import discovery, walk
from trustinstall.host import Account, ActingHost
from trustinstall.host.memory import Memory
from trustinstall.state import memory_file
from trustinstall.state.directory import State
from trustinstall.stores.observation import Observation
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.browsers.nss import Nss
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.programs.drop_directories import Dropped
from trustinstall_platforms.programs.embedded import Embedded
from trustinstall_platforms.python.certifi import Certifi

BACKENDS = (Java(), Nss(), Certifi(), Dropped(), Embedded())
PUBLIC = Path(certifi.where()).read_bytes()
CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
WITH, WITHOUT = PUBLIC + CORP.pem, PUBLIC + OTHER.pem.ljust(len(CORP.pem), b"\n")
KEYS, OTHER_KEYS = jks(("corp", CORP.der)), jks(("other", OTHER.der))
NAMES = frozenset({CORP.sha256})
PLACES = DiscoveryOptions(through=True)
SITE = "lib/python3.12/site-packages/certifi"
_TICK = 0.012  # seconds: more than a tick of the kernel's coarse clock, so that no two changes have one time

Sight = Mapping[str, tuple[Store, Observation | str]]


class Machine:
    """A host whose clock is ahead, so that every file was changed long ago; and its memory from look to look."""

    def __init__(self, top: Path) -> None:
        """Three environments, a Java, a package of npm and minikube."""
        account = Account(os.geteuid() or 1000, os.getegid(), "tester", "/home/tester")
        self.host = replace(make(top), account=account, clock=self.now)
        self.ahead = timedelta(minutes=1)
        self.state = State(self.host.state_base(), os.geteuid(), machine=False)
        self.host.where(self.state.private)
        Path(self.host.where(self.state.private)).mkdir(parents=True, mode=0o700)
        write(self.host, "/proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
        for name in "abc":
            self.environment(name)
        write(self.host, "/opt/jre/lib/security/cacerts", KEYS)
        write(self.host, "/home/tester/app/node_modules/tls/ca-bundle.crt", PUBLIC)
        write(self.host, "/home/tester/.minikube/certs/corp.pem", CORP.pem)

    def now(self) -> datetime:
        """The time on this host."""
        return datetime.now(timezone.utc) + self.ahead

    def path(self, inside: str) -> Path:
        """A path of the host, seen from outside."""
        return Path(self.host.where(inside))

    def environment(self, name: str, content: bytes = PUBLIC) -> None:
        """Make an environment."""
        write(self.host, f"/opt/{name}/pyvenv.cfg", b"home = /usr/bin\n")
        write(self.host, f"/opt/{name}/{SITE}/cacert.pem", content)
        write(self.host, f"/opt/{name}/{SITE}/core.py", b"")

    def memory(self) -> Memory:
        """What is remembered now."""
        found = memory_file.recall(self.host, self.state, walk.question(BACKENDS))
        assert found is not None
        return found

    def look(self) -> tuple[Sight, Memory]:
        """Look with the memory of the last look, and keep it for the next one."""
        memory = self.memory()
        sight = seen(self.host.recalling(memory))
        if memory.learned:
            memory_file.keep(self.host, self.state, memory)
        return sight, memory


def seen(host: ActingHost) -> Sight:
    """Every store of a host, and what it shows."""
    host = host.remembering()
    found = discovery.discover(host, BACKENDS, PLACES).stores
    return {one: (store, discovery.observe(host, backend, store, NAMES)) for one, (backend, store) in found.items()}


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


def _edit_and_set_back(machine: Machine) -> None:
    """An edit of the same size, whose time of modification is set to that of before."""
    path = machine.path(f"/opt/a/{SITE}/cacert.pem")
    before = path.stat()
    path.write_bytes(WITH if path.read_bytes() == WITHOUT else WITHOUT)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace(machine: Machine) -> None:
    """Another inode with the same size and time of modification is renamed over it."""
    path = machine.path(f"/opt/b/{SITE}/cacert.pem")
    before = path.stat() if path.exists() else None
    new = path.with_name("new")
    path.parent.mkdir(parents=True, exist_ok=True)
    new.write_bytes(WITH)
    if before is not None:
        os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(path)


def _restore(machine: Machine) -> None:
    """A backup comes back with the old time of modification."""
    path = machine.path(f"/opt/a/{SITE}/cacert.pem")
    backup = machine.path("/backup")
    if not backup.exists():
        shutil.copy2(path, backup)
    path.write_bytes(WITH)
    shutil.copy2(backup, path)


def _upgrade(machine: Machine) -> None:
    """Certifi is deleted and installed anew."""
    shutil.rmtree(machine.path(f"/opt/c/{SITE}"), ignore_errors=True)
    machine.environment("c", WITH)


def _new(machine: Machine) -> None:
    """A new environment in a known directory."""
    machine.environment(f"new{len(os.listdir(machine.path('/opt')))}", WITH)  # noqa: PTH208


def _swap(machine: Machine) -> None:
    """Two directories exchange their names."""
    a, b, aside = (machine.path(f"/opt/{one}") for one in ("a", "b", "aside"))
    a.rename(aside)
    b.rename(a)
    aside.rename(b)


def _link(machine: Machine) -> None:
    """A bundle becomes a link to another file."""
    path = machine.path(f"/opt/b/{SITE}/cacert.pem")
    write(machine.host, "/opt/b/other.bin", WITH)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/opt/b/other.bin")


def _patch(machine: Machine) -> None:
    """A distribution's module names the system's bundle in place of its own."""
    write(machine.host, "/etc/ssl/certs/ca-certificates.crt", PUBLIC)
    write(machine.host, f"/opt/a/{SITE}/core.py", b'where = "/etc/ssl/certs/ca-certificates.crt"\n')


def _keystore(machine: Machine) -> None:
    path = machine.path("/opt/jre/lib/security/cacerts")
    path.write_bytes(OTHER_KEYS if path.read_bytes() == KEYS else KEYS)


def _drop(machine: Machine) -> None:
    """A file of a directory that a program reads gets another name and another neighbour."""
    path = machine.path("/home/tester/.minikube/certs/corp.pem")
    if path.exists():
        path.rename(path.with_name("renamed.pem"))
    path.with_name("other.pem").write_bytes(OTHER.pem)


def _move_link_on_the_way(machine: Machine) -> None:
    """A directory on the way to a bundle becomes a link to another environment."""
    lib = machine.path("/opt/b/lib")
    if lib.is_symlink():
        return
    shutil.rmtree(lib, ignore_errors=True)
    lib.parent.mkdir(parents=True, exist_ok=True)
    lib.symlink_to("/opt/a/lib")


def _delete(machine: Machine) -> None:
    shutil.rmtree(machine.path("/opt/c"), ignore_errors=True)


CHANGES: tuple[Callable[[Machine], None], ...] = (
    _edit_and_set_back,
    _replace,
    _restore,
    _upgrade,
    _new,
    _swap,
    _link,
    _patch,
    _keystore,
    _drop,
    _move_link_on_the_way,
    _delete,
)


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
    time.sleep(_TICK)
    change(machine)
    after, _ = machine.look()
    assert after == seen(machine.host)
    assert after != before or change is _restore


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.sampled_from(CHANGES), max_size=3), min_size=1, max_size=4))
def test_any_changes_are_seen(steps: list[list[Callable[[Machine], None]]]) -> None:
    """Whatever changes between two looks: with memory and without, they show the same."""
    with tempfile.TemporaryDirectory() as top:
        machine = Machine(Path(top))
        machine.environment("a", WITHOUT)
        for changes in steps:
            time.sleep(_TICK)
            for change in changes:
                with suppress(OSError):  # links in a circle, or nothing is there any more
                    change(machine)
            assert machine.look()[0] == seen(machine.host)


def test_only_what_has_changed_is_read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one edit, one file is opened, and with a new environment its parent is listed."""
    machine.look()
    time.sleep(_TICK)
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
