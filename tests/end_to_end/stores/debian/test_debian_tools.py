"""The Debian store against the real update-ca-certificates, openssl, dpkg and keytool, in throw-away roots."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.support.pki import Root, make_root
from tests.support.throwaway import NOISE, Throwaway

PYTHON = "/opt/trustinstall/bin/python"
TOOL = "/usr/sbin/update-ca-certificates"
LOCAL = "/usr/local/share/ca-certificates"
LINKS = "/etc/ssl/certs"
BUNDLE = f"{LINKS}/ca-certificates.crt"
KEYSTORE = f"{LINKS}/java/cacerts"
HOOK = "/etc/ca-certificates/update.d/jks-keystore"
LOCK = "/var/lib/dpkg/lock-frontend"
#: What dpkg and the engine note about themselves, and the keystore, which is compared entry by entry.
IGNORED = (*NOISE, "/root", "/srv", "/var/cache", "/var/lib/dpkg", "/var/lib/trustinstall", KEYSTORE)

#: Brings the system's store to what is wanted with the engine's own steps, and says what it saw.
DRIVER = """
import json, sys
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.task import StoreTask
from trustinstall.engine.transaction import StoreTransaction
from trustinstall.errors import TrustInstallError
from trustinstall.host import ActingHost
from trustinstall.state.directory import State, prepare
from trustinstall.state.journal import Journal
from trustinstall.stores.desired import Desired, Placement
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.linux.debian import SystemStore

asked = json.load(sys.stdin)
host, system, java = ActingHost.current(), SystemStore(), Java()
state = State("/var/lib/trustinstall", 0, machine=True)
prepare(host, state)
(store,) = system.discover(host, DiscoveryOptions())
said = {"unwritable": store.why_blocked, "error": None, "changed": False, "placed": {}, "foreign": []}
wanted = tuple(
    Desired(Certificate(bytes.fromhex(der)), key == "add") for key in ("add", "remove") for der in asked.get(key, ())
)
record = {
    sha256: Placement(sha256, "debian", tuple(entries), tuple(directories))
    for sha256, (entries, directories) in asked.get("record", {}).items()
}
try:
    if wanted:
        journal = Journal(host, state, "test")
        task = StoreTask(system, store, wanted, record, take_foreign=asked.get("foreign", False))
        done = StoreTransaction(host, task, journal).run()
        journal.close()
        said["changed"] = not done.plan.empty
        said["foreign"] = sorted(done.change.foreign)
        said["placed"] = {one.sha256: [one.entries, done.plan.made] for one in done.plan.placed}
except TrustInstallError as error:
    said["error"] = str(error)
seen = system.observe(host, store, frozenset())
said["anchors"] = {sha256: state.value for sha256, state in seen.anchors.items()}
said["problems"] = seen.problems
said["java"] = said["pending"] = None
for one in java.discover(host, DiscoveryOptions()):
    seen = java.observe(host, one, frozenset())
    said["java"], said["pending"] = sorted(seen.anchors), seen.pending
json.dump(said, sys.stdout)
"""


class Machine:
    """A throw-away Debian and the driver in it."""

    def __init__(self, root: Throwaway) -> None:
        """Wrap a root."""
        self.root = root

    def do(
        self,
        *,
        add: Sequence[Root] = (),
        remove: Sequence[Root] = (),
        foreign: bool = False,
        record: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Ask the driver; `record` is what it said to be `placed` before."""
        request = {
            "add": [root.der.hex() for root in add],
            "remove": [root.der.hex() for root in remove],
            "foreign": foreign,
            "record": record or {},
        }
        command = [PYTHON, "-I", "-c", DRIVER]
        done = self.root.run(command, input=json.dumps(request), timeout=100, check=True)
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def shell(self, script: str) -> str:
        """Run a few lines of shell that must succeed."""
        return self.root.run(["sh", "-ec", script], timeout=100, check=True).stdout

    def openssl_trusts(self, root: Root) -> bool:
        """Ask OpenSSL about a server of this root, by way of the hash links alone."""
        self.root.write("/srv/leaf.pem", root.issue("corp.test").pem)
        lookup = ["-no-CAfile", "-no-CAstore", "-CApath", LINKS]
        done = self.root.run(["openssl", "verify", *lookup, "/srv/leaf.pem"])
        return done.returncode == 0

    def keytool(self) -> str:
        """List Java's keystore: alias, date and fingerprint of each entry, sorted."""
        listing = self.shell(f"keytool -list -keystore {KEYSTORE} -storepass changeit 2>/dev/null")
        entries = listing.replace(", \nCertificate", ", Certificate").splitlines()
        return "\n".join(sorted(line for line in entries if "trustedCertEntry" in line))

    def changes(self) -> set[str]:
        """Name what differs from a fresh Debian."""
        return set(self.root.changes(ignore=IGNORED))

    def replace_tool(self, script: str) -> None:
        """Put a script in the tool's place; the real one is then `TOOL.real`."""
        self.shell(f"cp {TOOL} {TOOL}.real")
        self.root.write(TOOL, f"#!/bin/sh\n{script}\n", mode=0o755)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A fresh Debian with Java."""
    with Throwaway() as root:
        yield Machine(root)


@pytest.fixture
def whole() -> Iterator[Machine]:
    """A fresh Debian with Java and all public roots, in the short form, too."""
    with Throwaway(every_root=True) as root:
        yield Machine(root)


@pytest.fixture
def plain() -> Iterator[Machine]:
    """A fresh Debian without Java: its tools are three times as fast."""
    with Throwaway(java=False) as root:
        yield Machine(root)


@pytest.fixture(scope="module")
def corp() -> Root:
    """The company's root."""
    return make_root("Corp Root (G2), x")


@pytest.fixture(scope="module")
def twin() -> Root:
    """Another root of the same name, and so of the same subject hash."""
    return make_root("Corp Root (G2), x")


def test_add_reaches_bundle_links_and_java(whole: Machine, corp: Root) -> None:
    """Every kind of client sees it, the public roots stay, and a second add changes nothing."""
    before = whole.do()
    assert not whole.openssl_trusts(corp)
    said = whole.do(add=[corp])

    assert said["error"] is None
    assert said["anchors"] == {**before["anchors"], corp.sha256: "trusted"}
    assert said["problems"] == []
    assert whole.openssl_trusts(corp)
    assert f"debian:corp-root-g2-x-{corp.sha256[:12]}.pem" in whole.keytool()
    assert said["java"] == sorted([*before["java"], corp.sha256])
    assert not whole.do(add=[corp], record=said["placed"])["changed"]


def test_remove_leaves_no_trace(whole: Machine, corp: Root) -> None:
    """Files and links are byte for byte as before, and Java's keystore has the same entries."""
    roots = [corp, make_root("Another Root")]
    before = whole.keytool()
    record = whole.do(add=roots)["placed"]
    assert whole.changes()
    said = whole.do(remove=roots, record=record)

    assert said["error"] is None
    assert not {root.sha256 for root in roots} & {*said["anchors"], *said["java"]}
    assert whole.changes() == set()
    assert whole.keytool() == before


def test_without_java_and_without_the_directory(plain: Machine, corp: Root) -> None:
    """No hook, no keystore, no /usr/local/share/ca-certificates: none of them is there after."""
    plain.shell(f"rmdir {LOCAL}")
    said = plain.do(add=[corp])
    assert (said["error"], said["java"]) == (None, None)
    assert plain.openssl_trusts(corp)

    assert plain.do(remove=[corp], record=said["placed"])["error"] is None
    assert plain.changes() == {LOCAL}


def test_the_other_of_two_with_one_subject_stays_trusted(plain: Machine, corp: Root, twin: Root) -> None:
    """HASH.0 and HASH.1: when the first goes, the other's link works."""
    plain.do(add=[corp])
    plain.do(add=[twin])
    assert plain.openssl_trusts(corp)
    assert plain.openssl_trusts(twin)

    assert plain.do(remove=[corp])["error"] is None
    assert not plain.openssl_trusts(corp)
    assert plain.openssl_trusts(twin)
    assert plain.do(remove=[twin])["error"] is None
    assert not plain.openssl_trusts(twin)
    assert plain.changes() == set()


def test_a_leftover_of_a_killed_run_is_not_appended_to(plain: Machine, corp: Root) -> None:
    """The tool appends to a file of a fixed name with any content; a doubled bundle is mended."""
    plain.shell(f"cp {BUNDLE} {BUNDLE}.new; cat {BUNDLE}.new >>{BUNDLE}; echo junk >>{BUNDLE}.new")
    assert len(plain.do()["problems"]) == 2
    said = plain.do(add=[corp])

    assert (said["error"], said["problems"]) == (None, [])
    assert b"junk" not in plain.root.read(BUNDLE)
    count = plain.root.read(BUNDLE).count(b"BEGIN CERTIFICATE")
    assert count == list(said["anchors"].values()).count("trusted")


HOLDER = f"""
import fcntl, sys, time
file = open("{LOCK}", "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[1]))
print(time.time())
"""


def hold_dpkgs_lock(machine: Machine, seconds: float) -> subprocess.Popen[str]:
    """Do as apt does for a while; returns when the lock is held."""
    holder = machine.root.popen(["/usr/bin/python3", "-c", HOLDER, str(seconds)])
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_dpkgs_lock_is_waited_for(machine: Machine, corp: Root) -> None:
    """While apt works we wait; then Java's hook, which calls dpkg, works under our lock."""
    with hold_dpkgs_lock(machine, 3) as holder:
        said = machine.do(add=[corp])
        ended = time.time()
        released = float(holder.communicate(timeout=60)[0])

    assert said["error"] is None
    assert ended > released
    assert corp.sha256 in said["java"]


def test_the_wait_for_dpkgs_lock_has_an_end(plain: Machine) -> None:
    """A process that does not end is named."""
    script = f"""
from trustinstall.errors import Busy
from trustinstall.host import ActingHost
from trustinstall.host.commands import Guard
try:
    with ActingHost.current().guarded(Guard("{LOCK}", seconds=0.5)):
        print("taken")
except Busy as busy:
    print(busy)
"""
    with hold_dpkgs_lock(plain, 60) as holder:
        done = plain.root.run([PYTHON, "-I", "-c", script], check=True)
        holder.kill()

    assert f"process {holder.pid} " in done.stdout


def test_a_packages_own_script_does_not_deadlock(machine: Machine, corp: Root) -> None:
    """A package whose postinst adds its root: dpkg holds the lock, and brings Java up to date."""
    machine.root.write("/srv/p/driver.py", DRIVER)
    machine.root.write("/srv/p/ask", json.dumps({"add": [corp.der.hex()]}))
    control = "Package: corp-ca\nVersion: 1\nArchitecture: all\nMaintainer: C <c@c.test>\n"
    machine.root.write("/srv/p/deb/DEBIAN/control", f"{control}Description: its root\n")
    script = f"#!/bin/sh\nset -e\n{PYTHON} -I /srv/p/driver.py </srv/p/ask >/srv/p/answer\n"
    machine.root.write("/srv/p/deb/DEBIAN/postinst", script, mode=0o755)
    machine.shell("dpkg-deb --build /srv/p/deb /srv/p/corp.deb")
    machine.root.run(["dpkg", "-i", "/srv/p/corp.deb"], timeout=100, check=True)
    said = json.loads(machine.root.read("/srv/p/answer"))

    assert said["error"] is None
    assert said["anchors"][corp.sha256] == "trusted"
    assert corp.sha256 not in said["java"]
    assert "dpkg" in said["pending"]
    after = machine.do()
    assert corp.sha256 in after["java"]
    assert after["pending"] is None


def test_a_failing_hook_is_javas_trouble_alone(machine: Machine, corp: Root) -> None:
    """The tool ends with 0 even if its hooks fail; Java's store tells the truth."""
    machine.root.write(HOOK, "#!/bin/sh\nexit 7\n", mode=0o755)
    said = machine.do(add=[corp])
    assert said["error"] is None
    assert corp.sha256 not in said["java"]

    assert machine.do(remove=[corp])["error"] is None
    assert machine.changes() == {HOOK}


def test_a_missing_tool_is_named(plain: Machine) -> None:
    """The store says which package brings it."""
    plain.shell(f"rm {TOOL}")

    assert "apt-get install ca-certificates" in plain.do()["unwritable"]


ONCE = "test -e /srv/once || { touch /srv/once; %s; }"
BAD_TOOLS = {
    "fails": "exit 3",
    "lies": "exit 0",
    "is killed half-way once": ONCE % f"head -c 5000 {BUNDLE} >{BUNDLE}.new; kill -9 $$",
    "fails once after having worked": f"{TOOL}.real; {ONCE % 'exit 3'}",
    "loses public roots once": f"{TOOL}.real; {ONCE % f': >{BUNDLE}'}",
}


@pytest.mark.parametrize("kind", BAD_TOOLS)
def test_a_bad_tool_leaves_the_store_as_it_was(plain: Machine, corp: Root, kind: str) -> None:
    """Adding with it is an error, or is mended; clients see what they saw, or what they should."""
    before = plain.do()["anchors"]
    plain.replace_tool(BAD_TOOLS[kind])
    changes = plain.changes()
    said = plain.do(add=[corp])

    if kind == "loses public roots once":
        assert (said["error"], said["anchors"]) == (None, {**before, corp.sha256: "trusted"})
    else:
        assert said["error"]
        assert said["anchors"] == before
        assert plain.changes() == changes


@pytest.mark.parametrize("kind", ["fails", "lies", "fails once after having worked"])
def test_a_bad_tool_leaves_what_should_be_removed(machine: Machine, corp: Root, kind: str) -> None:
    """Removing that failed leaves the certificate with every client, Java included."""
    machine.do(add=[corp])
    machine.replace_tool(BAD_TOOLS[kind])
    changes = machine.changes()
    said = machine.do(remove=[corp])

    assert said["error"]
    assert said["anchors"][corp.sha256] == "trusted"
    assert corp.sha256 in said["java"]
    assert machine.changes() == changes


def test_ours_that_was_deleted_by_hand_is_taken_back(machine: Machine, corp: Root) -> None:
    """The bundle, the links and Java still show it: the tool is run again, and no trace is left."""
    before = machine.keytool()
    record = machine.do(add=[corp])["placed"]
    machine.shell(f"rm {LOCAL}/corp-root-*.crt")
    said = machine.do(remove=[corp], record=record)

    assert (said["error"], said["foreign"]) == (None, [])
    assert corp.sha256 not in {*said["anchors"], *said["java"]}
    assert machine.changes() == set()
    assert machine.keytool() == before


def test_a_missing_hash_link_is_mended(plain: Machine, corp: Root) -> None:
    """The tool by itself does not notice a hash link that is gone."""
    plain.do(add=[corp])
    plain.shell(f"rm $(find {LINKS} -lname 'corp-root*')")
    assert plain.do()["anchors"][corp.sha256] == "half-installed"

    assert plain.do(add=[corp])["anchors"][corp.sha256] == "trusted"
    assert plain.openssl_trusts(corp)


def test_a_copy_by_hand_is_left_and_taken_out_when_asked(machine: Machine, corp: Root) -> None:
    """Odd names and several in one file: all clients follow, and the neighbour stays."""
    other = make_root("Neighbour")
    machine.root.write(f"{LOCAL}/Our Root (A), x.crt", corp.pem)
    machine.root.write(f"{LOCAL}/two.crt", corp.pem + other.pem)
    machine.shell("update-ca-certificates")
    assert "debian:our_root_=a=__x.pem" in machine.keytool()
    assert machine.do(remove=[corp])["foreign"] == [corp.sha256]
    said = machine.do(remove=[corp], foreign=True)

    assert said["error"] is None
    assert corp.sha256 not in {*said["anchors"], *said["java"]}
    assert said["anchors"][other.sha256] == "trusted"
    assert other.sha256 in said["java"]
    assert len(machine.changes()) == 4  # its file, its link, its hash link, and the bundle
    assert "our_root" not in machine.keytool()


SHIPPED = "/usr/share/ca-certificates"


@pytest.fixture
def brought(plain: Machine, corp: Root) -> Machine:
    """A machine to whose store we have added a root that a package has then brought, too."""
    plain.root.write("/srv/corp.crt", corp.pem)
    plain.root.trustinstall("add", "/srv/corp.crt", "--store", "debian", check=True)
    plain.root.write(f"{SHIPPED}/corp/corp.crt", corp.pem)
    plain.shell("echo corp/corp.crt >>/etc/ca-certificates.conf; update-ca-certificates")
    return plain


def outcome(machine: Machine, *arguments: str) -> dict[str, Any]:
    """What the program says of the store."""
    done = machine.root.trustinstall(*arguments, "--store", "debian", "--json", check=True)
    (store,) = json.loads(done.stdout)["stores"]
    return {**store, "changed": json.loads(done.stdout)["changed"]}


def test_a_package_brings_it_after_us(brought: Machine, corp: Root) -> None:
    """The managed root goes, not called removed while curl trusts; asked for in full, the package's is deselected."""
    left = outcome(brought, "remove", corp.sha256)
    assert (left["result"], left["foreign"]) == ("foreign", [corp.sha256])
    assert f"{SHIPPED}/corp/corp.crt" in left["detail"]
    assert list(brought.root.path(LOCAL).iterdir()) == []
    assert brought.openssl_trusts(corp)
    assert corp.pem.splitlines()[3] in brought.root.read(BUNDLE)
    assert outcome(brought, "remove", corp.sha256)["result"] == "foreign"

    assert outcome(brought, "remove", "--not-ours", "--sha256", corp.sha256)["result"] == "removed"
    assert not brought.openssl_trusts(corp)
    assert corp.pem.splitlines()[3] not in brought.root.read(BUNDLE)
    assert b"\n!corp/corp.crt\n" in brought.root.read("/etc/ca-certificates.conf")
    assert brought.changes() == {f"{SHIPPED}/corp", f"{SHIPPED}/corp/corp.crt", "/etc/ca-certificates.conf"}


def test_a_file_that_openssl_has_not_read_yet_is_left(plain: Machine, corp: Root) -> None:
    """A file beside the links without a hash: the rehash that takes the managed root out makes OpenSSL read it."""
    plain.root.write("/srv/corp.crt", corp.pem)
    plain.root.trustinstall("add", "/srv/corp.crt", "--store", "debian", check=True)
    plain.root.write(f"{LINKS}/by-hand.pem", corp.pem)

    assert outcome(plain, "remove", corp.sha256)["result"] == "foreign"
    assert plain.openssl_trusts(corp)
    assert outcome(plain, "remove", "--not-ours", "--sha256", corp.sha256)["result"] == "removed"
    assert not plain.openssl_trusts(corp)
    assert plain.changes() == set()


def test_a_file_of_ours_that_was_renamed_is_left(plain: Machine, corp: Root) -> None:
    """Without our mark it is the administrator's; nothing of the old name stays."""
    plain.root.write("/srv/corp.crt", corp.pem)
    plain.root.trustinstall("add", "/srv/corp.crt", "--store", "debian", check=True)
    plain.shell(f"cd {LOCAL}; mv corp-root-*.crt renamed.crt; update-ca-certificates")

    assert outcome(plain, "remove", corp.sha256)["result"] == "foreign"
    assert plain.openssl_trusts(corp)
    names = {path.rpartition("/")[2] for path in plain.changes() if path.startswith(LINKS)}
    assert {name for name in names if name.endswith(".pem")} == {"renamed.pem"}


def test_a_packages_root_is_deselected_everywhere(machine: Machine) -> None:
    """The way that Debian documents: a mark in ca-certificates.conf; the package's file stays."""
    name = "mozilla/ISRG_Root_X1.crt"
    path = f"{SHIPPED}/{name}"
    pem = machine.root.read(path).decode()
    request = {"remove": [ssl.PEM_cert_to_DER_cert(pem).hex()], "foreign": True}
    done = machine.root.run([PYTHON, "-I", "-c", DRIVER], input=json.dumps(request), timeout=100, check=True)

    assert json.loads(done.stdout)["error"] is None
    assert f"\n!{name}\n".encode() in machine.root.read("/etc/ca-certificates.conf")
    assert "debian:isrg_root_x1.pem" not in machine.keytool()
    assert machine.root.path(path).exists()
