"""RHEL's, SUSE's, Arch's and Alpine's store with p11-kit's own engine, real clients and what others do to it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.end_to_end.clients.table import REFUSES, TRUSTS, URLLIB, VERIFY_FAILED, Command
from tests.support.extensions import CLIENT_AUTH
from tests.support.families import COUNT, LAYOUTS, Layout, lay_out
from tests.support.other_families import OTHERS
from tests.support.pki import make_root
from tests.support.throwaway import NOISE, Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)

CERTIFICATE = "/srv/corp.crt"
STORES = {"el9": "rhel", "fedora": "rhel"}  # the others' layouts are called as their stores are
ALL = LAYOUTS | OTHERS
P11_KIT = [name for name, layout in LAYOUTS.items() if layout.shipped]
#: Where these distributions' own builds look; Debian's curl names a file that SUSE does not have.
PLACES = {name: ("--cacert", ALL[name].bundle, "--capath", "/etc/ssl/certs") for name in ("suse", "photon", "clear")}


class System:
    """A throw-away root of one layout, with a corporate root in a file."""

    def __init__(self, root: Throwaway, name: str) -> None:
        """Lay it out."""
        self.root, self.name, self.corp = root, name, make_root("Corp Root")
        self.layout: Layout = lay_out(root, ALL[name])
        root.write(CERTIFICATE, self.corp.pem)

    def tool(self) -> None:
        """Run the distribution's tool, as an administrator does."""
        self.root.run([self.layout.tool, *self.layout.arguments], check=True)

    def outcome(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run the program for this store: its exit code, and what it says of the store."""
        done = self.root.trustinstall(*arguments, "--json", "--store", STORES.get(self.name, self.name))
        (store,) = json.loads(done.stdout)["stores"]
        return done.returncode, store

    def stores(self, *arguments: str) -> list[dict[str, Any]]:
        """Run the program for every store: what it says of each."""
        found: list[dict[str, Any]] = json.loads(self.root.trustinstall(*arguments, "--json").stdout)["stores"]
        return found

    def in_keystore(self, place: Path) -> bool:
        """Whether keytool finds the corporate root in the keystore."""
        (place / "cacerts").write_bytes(self.root.read(self.layout.java))
        keytool = shutil.which("keytool")
        assert keytool, "install default-jdk-headless"
        command = [keytool, "-list", "-v", "-keystore", str(place / "cacerts"), "-storepass", "changeit"]
        listed = subprocess.run(command, env={}, capture_output=True, timeout=60, check=True).stdout.decode()
        return ":".join(re.findall("..", self.corp.sha256.upper())) in listed

    def bundle(self) -> bytes:
        """What clients read, without comments."""
        content = self.root.read(self.layout.bundle)
        return b"\n".join(line for line in content.splitlines() if not line.startswith(b"#"))

    @property
    def shows_it(self) -> bool:
        """Whether the corporate root is in the bundle, by its text."""
        return self.corp.pem.splitlines()[3] in self.bundle()


def shows_it(system: System) -> bool:
    """As its property, for a second look."""
    return system.shows_it


@pytest.fixture
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """A system of the layout that the test names."""
    with Throwaway(java=False) as root:
        yield System(root, request.param)


def layouts(*names: str) -> pytest.MarkDecorator:
    """Run the test on these."""
    return pytest.mark.parametrize("system", names, indirect=True)


@layouts(*ALL)
def test_clients_refuse_trust_and_refuse(system: System) -> None:
    """Python and curl refuse a server of the root before `add`, trust it after, and refuse it after `remove`."""
    curl = ("curl", "--silent", "--show-error", *PLACES.get(system.name, ()), "{url}")
    clients = (
        Command("curl", curl, "SSL certificate problem"),
        Command("urllib", ("/usr/bin/python3", "-c", URLLIB, "{url}"), VERIFY_FAILED),
    )
    with (
        Server(system.corp.issue("localhost")) as corporate,
        Server(make_root("Corp Root").issue("localhost")) as other,
    ):
        seen = [[client.ask(system.root, corporate) for client in clients]]
        for command in ("add", "remove"):
            system.root.trustinstall(command, CERTIFICATE, check=True)
            seen.append([client.ask(system.root, corporate) for client in clients])
            assert [client.ask(system.root, other) for client in clients] == [REFUSES, REFUSES]
    assert seen == [[REFUSES, REFUSES], [TRUSTS, TRUSTS], [REFUSES, REFUSES]]


@layouts(*P11_KIT)
def test_trust_anchor_is_recognised_and_left(system: System) -> None:
    """What `trust anchor` has stored is trusted already and stays; the command that `remove` prints takes it out."""
    compat = f"#!/bin/sh\nexec {system.layout.tool} {' '.join(system.layout.arguments)}\n"
    system.root.write("/usr/libexec/p11-kit/trust-extract-compat", compat, mode=0o755)
    system.root.run(["trust", "anchor", CERTIFICATE], check=True)
    assert system.shows_it

    assert system.outcome("add", CERTIFICATE)[1]["result"] == "present"
    assert system.outcome("remove", CERTIFICATE)[1]["result"] == "foreign"
    (command,) = json.loads(system.root.trustinstall("remove", "--json", system.corp.sha256).stdout)["remove_foreign"]
    system.root.run(command, check=True)
    assert not shows_it(system)
    left = [one.name for one in system.root.path(PurePosixPath(system.layout.anchors).parent).glob("*.p11-kit")]
    assert left == []
    system.root.run(["trust", "anchor", CERTIFICATE], check=True)  # as after its own `trust anchor --remove`
    assert shows_it(system)


@layouts(*P11_KIT)
def test_a_blocklist_is_named_before_anything_is_written(system: System) -> None:
    """The engine drops what is blocked without a word; the error says which file does that."""
    blocked = f"{system.layout.blocklist}/bad.pem"
    system.root.write(blocked, system.corp.pem)
    by_hand = system.root.write(f"{system.layout.anchors}/by-hand.pem", system.corp.pem)
    system.tool()
    assert not system.shows_it
    system.root.path(by_hand).unlink()
    system.root.freeze()

    code, store = system.outcome("add", CERTIFICATE)
    assert (code, store["result"]) == (1, "failed")
    assert blocked in store["detail"]
    assert system.layout.anchors not in "".join(system.root.changes())


@layouts(*P11_KIT)
def test_what_the_engine_left_out_is_a_problem(system: System) -> None:
    """A leaf in the anchors' directory gets no trust; it is named, and does not keep others from being added."""
    leaf = system.corp.issue("leaf.example")
    system.root.write(f"{system.layout.anchors}/leaf.pem", leaf.pem)
    system.tool()

    assert "leaf.pem is not in" in system.root.trustinstall("stores", check=True).stdout.replace("\n     ", "")
    assert system.outcome("add", CERTIFICATE)[1]["result"] == "added"
    assert system.shows_it


@layouts(*(name for name, layout in ALL.items() if layout.java))
def test_javas_keystore_follows(system: System, tmp_path: Path) -> None:
    """The keystore that the same tool writes is shown with what feeds it; keytool finds the root in it, then not."""
    keystore = f"java:{system.layout.java}"
    before = next(one for one in system.stores("stores") if one["id"] == keystore)
    seen = [system.in_keystore(tmp_path)]
    for command in ("add", "remove"):
        done = {one["id"]: one["result"] for one in system.stores(command, CERTIFICATE)}
        assert (command, done[keystore]) == (command, "via-system")
        seen.append(system.in_keystore(tmp_path))
    assert before["follows"] == STORES.get(system.name, system.name)
    assert seen == [False, True, False]


@layouts(*ALL)
def test_a_packages_root_is_recognised_and_left(system: System) -> None:
    """What the distribution brings is trusted already, and is no more removed than taken over; nothing is run."""
    _, _, rest = system.root.read(system.layout.bundle).partition(b"-----BEGIN CERTIFICATE-----")
    pem, end, _ = rest.partition(b"-----END CERTIFICATE-----")
    system.root.write(CERTIFICATE, b"-----BEGIN CERTIFICATE-----" + pem + end + b"\n")
    system.root.freeze()

    for command, result in (("add", "present"), ("remove", "foreign")):
        code, store = system.outcome(command, CERTIFICATE)
        assert (code, store["result"]) == (0, result)
    assert system.root.changes(ignore=(*NOISE, "/var/lib/trustinstall")) == {}


ODD = {
    "no-authority": make_root("Odd Root", ca=False),
    "for-clients": make_root("Odd Root", purposes=(CLIENT_AUTH,)),
}


@pytest.mark.parametrize("odd", ODD)
@layouts(*P11_KIT, "clear")
def test_what_the_engine_drops_is_refused_or_named(system: System, odd: str) -> None:
    """Such a root is refused before anything is written; put there by hand, it is named as not trusted."""
    system.root.write(CERTIFICATE, ODD[odd].pem)
    system.root.freeze()
    done = system.root.trustinstall("add", "--force", CERTIFICATE)
    assert done.returncode == 4, done
    assert system.root.changes(ignore=(*NOISE, "/var/lib/trustinstall")) == {}

    by_hand = f"{system.layout.anchors}/by-hand.pem"
    system.root.write(by_hand, ODD[odd].pem)
    system.tool()
    store = next(one for one in system.stores("stores") if one["id"] == STORES.get(system.name, system.name))
    assert f"{by_hand} is not in" in store["detail"]


@layouts("el9")
def test_a_keystore_that_is_left_behind_is_named(system: System, tmp_path: Path) -> None:
    """A tool that forgets the keystore has done half of its work; the bundle's store is not undone for that."""
    script = system.root.read(system.layout.tool).replace(b"p11-kit extract --format=java-cacerts", b": p11-kit")
    system.root.write(system.layout.tool, script, mode=0o755)
    done = {one["id"]: one for one in system.stores("add", CERTIFICATE)}
    assert done["rhel"]["result"] == "added"
    assert done[f"java:{system.layout.java}"]["result"] == "failed"
    assert "does not show the certificate although rhel was changed" in done[f"java:{system.layout.java}"]["detail"]
    assert not system.in_keystore(tmp_path)


@layouts(*P11_KIT)
def test_p11_kits_own_files_feed_the_bundle(system: System) -> None:
    """Objects without PEM, as p11-kit writes them, are not taken for roots that a refresh would drop."""
    stranger = make_root("Stranger")
    value = "".join(f"%{octet:02X}" for octet in stranger.der)
    source = system.layout.anchors.removesuffix("/anchors")
    text = f'[p11-kit-object-v1]\nclass: certificate\ncertificate-type: x-509\nvalue: "{value}"\ntrusted: true\n'
    system.root.write(f"{source}/stranger.p11-kit", text)
    system.tool()
    assert stranger.pem.splitlines()[3] in system.bundle()

    assert system.outcome("add", CERTIFICATE)[1]["result"] == "added"
    assert stranger.pem.splitlines()[3] in system.bundle()
    system.root.write("/srv/stranger.crt", stranger.pem)
    assert system.outcome("remove", "/srv/stranger.crt")[1]["result"] == "foreign"


@layouts("fedora")
def test_a_lost_race_is_run_again(system: System) -> None:
    """EL10's tool stops half-way with status 1 where another one runs: bundle made, hash links not. Then once more."""
    real = f"{system.layout.tool}.real"
    system.root.write(real, system.root.read(system.layout.tool), mode=0o755)
    links = f"{system.layout.directory}"
    system.root.write(
        system.layout.tool,
        f"#!/bin/sh\nif [ -e /var/tmp/lost ]; then exec {real} extract; fi\ntouch /var/tmp/lost\n"
        f"cp -a {links} /var/tmp/links\n{real} extract\nchmod u+w {links}\nrm -rf {links}\nmv /var/tmp/links {links}\n"
        "exit 1\n",
        mode=0o755,
    )

    assert system.outcome("add", CERTIFICATE)[1]["result"] == "added"
    assert system.root.read(COUNT).count(b"run") == 2
    verified = system.root.run(["openssl", "verify", "-no-CAfile", "-CApath", links, CERTIFICATE])
    assert verified.returncode == 0, verified


@layouts("alpine")
def test_where_only_the_bundle_package_is(system: System) -> None:
    """Alpine's smallest images: listed, not written, and the package that helps is named."""
    system.root.run(["rm", "-r", system.layout.tool, "/usr/share/ca-certificates"], check=True)
    before = system.bundle()

    code, store = system.outcome("add", CERTIFICATE)
    assert (code, store["result"]) == (1, "failed")
    assert "apk add ca-certificates" in store["detail"]
    assert system.bundle() == before


@layouts(*P11_KIT)
def test_a_person_limits_it_by_p11_kit_itself(system: System) -> None:
    """An extension for its key keeps it from TLS servers: no command overrules that, and `remove` names nothing."""
    folder = PurePosixPath(system.layout.anchors).parent
    assert system.outcome("add", CERTIFICATE)[1]["result"] == "added"
    command = ["sh", "-c", f"openssl x509 -in {CERTIFICATE} -pubkey -noout"]
    key = system.root.run(command, check=True).stdout
    head = "[p11-kit-object-v1]\nclass: x-certificate-extension\nobject-id: 2.5.29.37\n"
    value = "%30%13%06%03U%1d%25%04%0c%30%0a%06%08%2b%06%01%05%05%07%03%04"  # for e-mail alone
    system.root.write(f"{folder}/limit.p11-kit", f'{head}value: "{value}"\n{key}')
    system.tool()
    assert not system.shows_it
    own = (*NOISE, "/var/lib/trustinstall")
    before = system.root.changes(ignore=own)
    code, store = system.outcome("add", CERTIFICATE)
    assert (code != 0, store["result"], "limit.p11-kit limits" in store["detail"]) == (True, "failed", True), store
    assert system.root.trustinstall("repair").returncode == 0
    assert system.root.changes(ignore=own) == before
    done = json.loads(system.root.trustinstall("remove", "--json", system.corp.sha256).stdout)
    assert (done["exit_code"], done["remove_foreign"]) == (0, []), done


@layouts("el9")
def test_an_accounts_remove_says_what_to_do_with_a_packages_root(system: System) -> None:
    """No command takes it out: the account is told what the administrator does instead, and that works."""
    system.root.write("/usr/share/pki/ca-trust-source/anchors/corp.pem", system.corp.pem)
    system.tool()
    system.root.trustinstall("add", CERTIFICATE, user="alice", check=True)
    removed = system.root.trustinstall("remove", system.corp.sha256, user="alice", check=True)
    assert "STILL TRUSTED by the machine" in removed.stdout
    report = json.loads(system.root.trustinstall("remove", "--json", system.corp.sha256, user="alice").stdout)
    assert report["remove_foreign"] == []
    (note,) = report["notes"]
    assert "which is not changed; it is a package's root: put a copy of it into" in note
    system.root.run(["cp", "/usr/share/pki/ca-trust-source/anchors/corp.pem", system.layout.blocklist], check=True)
    system.tool()
    assert not system.shows_it
