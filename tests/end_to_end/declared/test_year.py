"""A year of one machine: after each event real clients trust what the document says, and at the end nothing is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from tests.end_to_end.clients.table import LIBRARY, REFUSES, TRUSTS, VERIFY_FAILED, Command
from tests.end_to_end.declared.events import JRE, new_jre, restore_etc, sh
from tests.support.fresh import copy_in, downloads
from tests.support.later import later
from tests.support.pki import Root, make_root
from tests.support.throwaway import NOISE, Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(600)

TRUST = "/etc/xdg/trustinstall/trust.toml"
OLD_CERTIFI, WHEELS = "certifi==2024.7.4", ("requests", "certifi", "pip==24.1")
#: Our records, what the test itself brings, and what pip compiles.
OURS = (
    "/var/lib/trustinstall",
    "/home/alice/.local",
    "/home/bob/.local",
    "/home/carol",
    "/srv",
    "/etc/xdg/trustinstall",
    "/opt",
)
ACCOUNTS = ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/var/mail")
BACKUPS = tuple(f"{path}-" for path in ACCOUNTS)
_INSTALL = "pip3 --python {0}/bin/python install --quiet --no-index --no-compile --find-links {1} {2}"
_PIP = "/opt/pip/lib/python3.11/site-packages/pip/_vendor/certifi/cacert.pem"
_BUNDLES = "find /opt /home -path '*/certifi/cacert.pem' | sort | xargs sha256sum"


@dataclass(frozen=True)
class Machine:
    """The machine, and two servers: of the company's old root, and of its new one."""

    root: Throwaway
    old: Server
    new: Server
    old_root: Root
    new_root: Root

    def trusted(self, *places: str) -> list[tuple[str, str]]:
        """What curl, and requests in the environments at places, do with both servers."""
        clients = [Command("curl", ("curl", "--silent", "--show-error", "{url}"), r"curl: \(60\)")]
        for place in places:
            user = place.split("/")[2] if place.startswith("/home") else "alice"
            python = (f"{place}/bin/python", "-I", "-c", LIBRARY.format("requests"), "{url}")
            clients.append(Command(place, python, VERIFY_FAILED, user=user))
        return [(client.ask(self.root, self.old), client.ask(self.root, self.new)) for client in clients]

    def holds(self, *paths: str) -> bool:
        """Whether a bundle or keystore holds one of the two roots."""
        contents = [self.root.read(path) for path in paths]
        return any(
            root.der in content or b"".join(root.pem.splitlines()[1:-1]) in content.replace(b"\n", b"")
            for root in (self.old_root, self.new_root)
            for content in contents
        )

    def make(self, place: str, user: str = "root", wheels: str = "/srv/wheels") -> None:
        """A new environment with requests."""
        install = _INSTALL.format(place, wheels, "requests certifi")
        sh(self.root, f"python3 -m venv --without-pip {place}; {install}", user)

    def says(self, *roots: Root, more: str = "") -> None:
        """Write the document."""
        parts = [f"[[certificate]]\npem = '''\n{root.pem.decode()}'''\n{more}\n" for root in roots]
        self.root.write(TRUST, 'version = 1\n[defaults]\naccounts = "all"\n' + "\n".join(parts))

    def passes(self, days: int, *command: str) -> None:
        """What the agent does on some day."""
        done = later(self.root, days, *(command or ("repair",)), timeout=120)
        assert done.returncode == 0, done


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A company's machine before the year begins."""
    old, new = make_root("Corp Root G1"), make_root("Corp Root G2")
    with (
        Server(old.issue("localhost")) as first,
        Server(new.issue("localhost")) as second,
        Throwaway(java=False) as root,
    ):
        copy_in(root, downloads(*WHEELS), "/srv/wheels")
        copy_in(root, downloads(OLD_CERTIFI), "/srv/older")
        yield Machine(root, first, second, old, new)


def _pip_upgrades_itself(machine: Machine) -> None:
    """Debian's pip, which trusts the system's store, upgrades itself to one that trusts a bundle of its own."""
    sh(machine.root, "python3 -m venv /opt/pip")
    machine.passes(40)
    assert not machine.holds(_PIP)
    sh(machine.root, "/opt/pip/bin/pip install --quiet --no-index --no-compile --find-links /srv/wheels --upgrade pip")
    machine.passes(50)
    assert machine.holds(_PIP)


def _an_end_comes(machine: Machine, places: Sequence[str]) -> None:
    """Trust that has an end goes by itself, and comes back with a document that names none."""
    end = datetime.now(timezone.utc) + timedelta(days=240)
    machine.says(machine.new_root, more=f"until = {end:%Y-%m-%d}")
    machine.passes(220, "apply")
    assert machine.trusted(*places) == [(REFUSES, TRUSTS)] * 3
    machine.passes(242)
    assert machine.trusted(*places) == [(REFUSES, REFUSES)] * 3
    machine.says(machine.new_root)
    machine.passes(260, "apply")
    assert machine.trusted(*places) == [(REFUSES, TRUSTS)] * 3


def _an_old_etc_comes_back(root: Throwaway) -> None:
    """A backup of /etc is restored, without accounts and the document."""
    sh(root, "cp -a /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/xdg/trustinstall /srv")
    restore_etc(root)
    sh(root, "cp -a /srv/passwd /srv/shadow /srv/group /srv/gshadow /etc; cp -a /srv/trustinstall /etc/xdg")


def test_a_year(machine: Machine) -> None:
    """Apply, upgrade, replace, rotate, people who come and go, a restored backup, an end, and an empty document."""
    root, both, app = machine.root, (TRUSTS, TRUSTS), "/opt/app"
    machine.make(app)
    sh(root, _INSTALL.format(app, "/srv/older", "--no-deps --force-reinstall certifi"))
    new_jre(root)
    sh(root, "tar -C / -cpf /srv/etc.tar etc usr/local/share")
    bundles = sh(root, _BUNDLES).stdout
    ignore = (*NOISE, *OURS, *ACCOUNTS, *BACKUPS, "/home/alice/work", "/var/cache", "/tmp")
    before = root.changes(ignore=ignore)
    assert machine.trusted(app) == [(REFUSES, REFUSES)] * 2

    machine.says(machine.old_root)
    machine.passes(0, "apply")
    assert machine.trusted(app) == [(TRUSTS, REFUSES)] * 2

    sh(root, _INSTALL.format(app, "/srv/wheels", "--no-deps --upgrade certifi"))
    assert machine.trusted(app) == [(TRUSTS, REFUSES), (REFUSES, REFUSES)]
    machine.passes(30)
    assert machine.trusted(app) == [(TRUSTS, REFUSES)] * 2

    _pip_upgrades_itself(machine)
    machine.make("/home/alice/work/env", "alice")
    sh(root, "useradd --create-home --shell /bin/bash --user-group carol")
    machine.make("/home/carol/env", "carol")
    sh(root, "mkdir -p ~/.pki/nssdb; certutil -N --empty-password -d sql:$HOME/.pki/nssdb", "carol")
    new_jre(root)
    assert not machine.holds(JRE)
    machine.passes(60)
    assert machine.holds(JRE)
    assert machine.old_root.sha256 in sh(root, "certutil -L -d sql:$HOME/.pki/nssdb", "carol").stdout
    places = (app, "/home/alice/work/env", "/home/carol/env")
    assert machine.trusted(*places) == [(TRUSTS, REFUSES)] * 4

    machine.says(machine.old_root, machine.new_root)
    machine.passes(120, "apply", "--prune")
    assert machine.trusted(*places) == [both] * 4
    assert b"trustinstall" not in root.read("/home/bob/.bashrc")  # the machine's variables reach every account
    machine.says(machine.new_root)
    machine.passes(150, "apply", "--prune")
    assert machine.trusted(*places) == [(REFUSES, TRUSTS)] * 4

    _an_old_etc_comes_back(root)
    sh(root, "userdel --remove carol")
    assert machine.trusted(app)[0] == (REFUSES, REFUSES)
    machine.passes(200)
    assert machine.trusted(*places[:2]) == [(REFUSES, TRUSTS)] * 3

    _an_end_comes(machine, places[:2])

    machine.says()
    machine.passes(365, "apply", "--prune")
    assert not machine.holds(JRE, _PIP)
    assert machine.trusted(*places[:2]) == [(REFUSES, REFUSES)] * 3
    sh(
        root,
        _INSTALL.format(app, "/srv/older", "--no-deps --force-reinstall certifi") + "; rm -r /home/alice/work /opt/pip",
    )
    assert sh(root, _BUNDLES).stdout == bundles
    assert root.changes(ignore=ignore) == before
