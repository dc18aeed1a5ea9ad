"""A machine whose files a test changes between two looks, in all the ways in which files change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import certifi

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
TICK = 0.012  # seconds: more than a tick of the kernel's coarse clock, so that no two changes have one time

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


def edit_and_set_back(machine: Machine) -> None:
    """An edit of the same size, whose time of modification is set to that of before."""
    path = machine.path(f"/opt/a/{SITE}/cacert.pem")
    before = path.stat()
    path.write_bytes(WITH if path.read_bytes() == WITHOUT else WITHOUT)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rename_over(machine: Machine) -> None:
    """Another inode with the same size and time of modification is renamed over it."""
    path = machine.path(f"/opt/b/{SITE}/cacert.pem")
    before = path.stat() if path.exists() else None
    new = path.with_name("new")
    path.parent.mkdir(parents=True, exist_ok=True)
    new.write_bytes(WITH)
    if before is not None:
        os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(path)


def restore(machine: Machine) -> None:
    """A backup comes back with the old time of modification."""
    path = machine.path(f"/opt/a/{SITE}/cacert.pem")
    backup = machine.path("/backup")
    if not backup.exists():
        shutil.copy2(path, backup)
    path.write_bytes(WITH)
    shutil.copy2(backup, path)


def upgrade(machine: Machine) -> None:
    """Certifi is deleted and installed anew."""
    shutil.rmtree(machine.path(f"/opt/c/{SITE}"), ignore_errors=True)
    machine.environment("c", WITH)


def new(machine: Machine) -> None:
    """A new environment in a known directory."""
    machine.environment(f"new{len(os.listdir(machine.path('/opt')))}", WITH)  # noqa: PTH208


def swap(machine: Machine) -> None:
    """Two directories exchange their names."""
    a, b, aside = (machine.path(f"/opt/{one}") for one in ("a", "b", "aside"))
    a.rename(aside)
    b.rename(a)
    aside.rename(b)


def link(machine: Machine) -> None:
    """A bundle becomes a link to another file."""
    path = machine.path(f"/opt/b/{SITE}/cacert.pem")
    write(machine.host, "/opt/b/other.bin", WITH)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/opt/b/other.bin")


def patch(machine: Machine) -> None:
    """A distribution's module names the system's bundle in place of its own."""
    write(machine.host, "/etc/ssl/certs/ca-certificates.crt", PUBLIC)
    write(machine.host, f"/opt/a/{SITE}/core.py", b'where = "/etc/ssl/certs/ca-certificates.crt"\n')


def keystore(machine: Machine) -> None:
    """A keystore gets another certificate."""
    path = machine.path("/opt/jre/lib/security/cacerts")
    path.write_bytes(OTHER_KEYS if path.read_bytes() == KEYS else KEYS)


def drop(machine: Machine) -> None:
    """A file of a directory that a program reads gets another name and another neighbour."""
    path = machine.path("/home/tester/.minikube/certs/corp.pem")
    if path.exists():
        path.rename(path.with_name("renamed.pem"))
    path.with_name("other.pem").write_bytes(OTHER.pem)


def move_link_on_the_way(machine: Machine) -> None:
    """A directory on the way to a bundle becomes a link to another environment."""
    lib = machine.path("/opt/b/lib")
    if lib.is_symlink():
        return
    shutil.rmtree(lib, ignore_errors=True)
    lib.parent.mkdir(parents=True, exist_ok=True)
    lib.symlink_to("/opt/a/lib")


def delete(machine: Machine) -> None:
    """An environment is deleted."""
    shutil.rmtree(machine.path("/opt/c"), ignore_errors=True)


#: Every kind of change.
CHANGES: tuple[Callable[[Machine], None], ...] = (
    edit_and_set_back,
    rename_over,
    restore,
    upgrade,
    new,
    swap,
    link,
    patch,
    keystore,
    drop,
    move_link_on_the_way,
    delete,
)
