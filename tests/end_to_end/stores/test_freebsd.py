"""FreeBSD's store with stand-ins of both ages of certctl(8): managed roots, other decisions, what clients trust."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.clients.table import REFUSES, TRUSTS, URLLIB, VERIFY_FAILED, Command
from tests.support import freebsd
from tests.support.families import COUNT
from tests.support.pki import make_root
from tests.support.throwaway import NOISE, Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)

CERTIFICATE, CORP = "/srv/corp.crt", make_root("Corp Root")
AGES = {"script": True, "program": False}
PACKAGED = "/usr/share/certs/trusted/Public_Root_000.pem"
IGNORED = (*NOISE, "/var/lib/trustinstall", COUNT)


class System:
    """A throw-away FreeBSD with a corporate root in a file."""

    def __init__(self, root: Throwaway, *, script: bool) -> None:
        """Lay it out."""
        self.root, self.script = root, script
        freebsd.lay_out(root, script=script)
        root.write(CERTIFICATE, CORP.pem)
        root.freeze()

    def certctl(self, *arguments: str) -> None:
        """Run the tool, as an administrator does."""
        self.root.run([freebsd.TOOL, *arguments], cwd="/", check=True)

    def outcome(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run the program: its exit code, and what it says of the store."""
        done = self.root.run([*freebsd.PROGRAM, *arguments, "--json", "--store", "freebsd"])
        (store,) = json.loads(done.stdout)["stores"]
        return done.returncode, store

    def trusts(self, path: str = CERTIFICATE) -> bool:
        """Whether OpenSSL finds it by its hash."""
        return not self.root.run(["openssl", "verify", "-no-CAfile", "-CApath", freebsd.HASHED, path]).returncode


@pytest.fixture(params=AGES)
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """A FreeBSD of each age."""
    with Throwaway(java=False) as root:
        yield System(root, script=AGES[request.param])


only = {age: pytest.mark.parametrize("system", [age], indirect=True) for age in AGES}


def test_clients_refuse_trust_and_refuse(system: System) -> None:
    """Python by its hash links, and curl by the bundle where there is one, follow `add` and `remove`."""
    context = (
        f"import ssl; ssl._create_default_https_context = lambda: ssl.create_default_context(capath={{!r}}); {URLLIB}"
    )
    clients = [
        Command("urllib", ("/usr/bin/python3", "-c", context.format(freebsd.HASHED), "{url}"), VERIFY_FAILED),
        Command("curl", ("curl", "-sS", "--cacert", freebsd.BUNDLE, "{url}"), "SSL certificate problem"),
    ][: 1 if system.script else 2]
    with Server(CORP.issue("localhost")) as server:
        seen = [[client.ask(system.root, server) for client in clients]]
        for command in ("add", "remove"):
            assert system.outcome(command, CERTIFICATE)[0] == 0
            seen.append([client.ask(system.root, server) for client in clients])
    assert seen == [[answer] * len(clients) for answer in (REFUSES, TRUSTS, REFUSES)]


def test_a_packages_root_is_named_and_left(system: System) -> None:
    """It is trusted already, is not removed, and the error says how it is distrusted."""
    (public,) = [system.root.read(PACKAGED)]
    system.root.write("/srv/public.crt", public)
    assert system.outcome("add", "/srv/public.crt")[1]["result"] == "present"
    assert system.outcome("remove", "/srv/public.crt")[1]["result"] == "foreign"
    sha256 = json.loads(system.root.run([*freebsd.PROGRAM, "list", "--foreign", "--json"], check=True).stdout)
    own = next(one["sha256"] for one in sha256["anchors"])
    code, store = system.outcome("remove", "--not-ours", "--sha256", own)
    assert (code, store["result"]) == (1, "failed")
    assert "certctl rehash" in store["detail"]
    assert system.root.changes(ignore=(*IGNORED, "/srv")) == {}


def test_distrust_is_named_before_anything_is_written(system: System) -> None:
    """What `certctl untrust` was told stays so, and the error says where it stands."""
    system.certctl("untrust", CERTIFICATE)
    system.root.freeze()
    code, store = system.outcome("add", CERTIFICATE)
    assert (code, store["result"]) == (1, "failed")
    assert "/etc/ssl/untrusted/" in store["detail"]
    assert system.root.changes(ignore=IGNORED) == {}


@only["script"]
def test_what_was_distrusted_by_hand_is_not_forgotten(system: System) -> None:
    """The script would empty /etc/ssl/untrusted; that is refused, until files say what is distrusted."""
    system.root.run(["rm", PACKAGED], check=True)
    public = make_root("Public Root")
    system.root.write(PACKAGED, b"Certificate:\n" + public.pem)
    system.certctl("rehash")
    system.certctl("untrust", PACKAGED)
    code, store = system.outcome("add", CERTIFICATE)
    assert (code, store["result"]) == (1, "failed")
    assert public.sha256[:12] in store["detail"]
    assert "/usr/local/etc/ssl/untrusted" in store["detail"]

    system.root.write("/usr/local/etc/ssl/untrusted/public.pem", b"Certificate:\n" + public.pem)
    system.certctl("rehash")
    assert system.outcome("add", CERTIFICATE)[1]["result"] == "added"
    assert system.trusts()
    assert not system.trusts(PACKAGED)


@only["script"]
def test_what_lies_among_the_links_by_hand_is_not_dropped(system: System) -> None:
    """The script would empty /etc/ssl/certs: the error names what no file feeds, and nothing is changed."""
    stranger = make_root("Stranger")
    system.root.write(f"{freebsd.HASHED}/0a0b0c0d.0", stranger.pem)
    system.root.freeze()
    code, store = system.outcome("add", CERTIFICATE)
    assert (code, store["result"]) == (1, "failed")
    assert stranger.sha256[:12] in store["detail"]
    assert system.root.changes(ignore=IGNORED) == {}


@only["program"]
def test_what_certctl_trust_has_copied_is_taken_out(system: System) -> None:
    """The program keeps its copy for ever: another program's is left, and goes when it is named in full."""
    system.certctl("trust", CERTIFICATE)
    assert system.trusts()
    assert system.outcome("remove", CERTIFICATE)[1]["result"] == "foreign"
    assert system.trusts()
    assert system.outcome("remove", "--not-ours", "--sha256", CORP.sha256)[1]["result"] == "removed"
    assert not system.trusts()
    assert CORP.pem.splitlines()[3] not in system.root.read(freebsd.BUNDLE)


def test_a_file_that_was_deleted_by_hand_is_mended(system: System) -> None:
    """Where nothing feeds it any more, `remove` ends the trust, too."""
    assert system.outcome("add", CERTIFICATE)[1]["result"] == "added"
    system.root.run(["rm", "-r", "/usr/local/share/certs"], check=True)
    assert system.outcome("remove", CERTIFICATE)[1]["result"] == "removed"
    assert not system.trusts()
    assert system.root.changes(ignore=IGNORED) == {}


@only["program"]
def test_what_a_killed_add_had_copied_is_taken_out(system: System) -> None:
    """Killed when certctl had done its work, `add` leaves nothing that the next command does not undo."""
    kept = system.root.read(freebsd.COMMAND)
    system.root.write(freebsd.COMMAND, kept + b"\nimport os\nos.kill(os.getppid(), 9)\n")
    killed = system.root.run([*freebsd.PROGRAM, "add", "--store", "freebsd", CERTIFICATE])
    assert killed.returncode == -9
    assert system.trusts()
    system.root.write(freebsd.COMMAND, kept)
    assert system.outcome("remove", CERTIFICATE)[0] == 0
    assert not system.trusts()
    assert system.root.changes(ignore=IGNORED) == {}
