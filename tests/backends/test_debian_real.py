"""The Debian store against the real update-ca-certificates, openssl, dpkg and keytool, in throw-away roots."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway

PYTHON = "/opt/trustinstall/bin/python"
TOOL = "/usr/sbin/update-ca-certificates"
LOCAL = "/usr/local/share/ca-certificates"
LINKS = "/etc/ssl/certs"
BUNDLE = f"{LINKS}/ca-certificates.crt"
KEYSTORE = f"{LINKS}/java/cacerts"
LOCK = "/var/lib/dpkg/lock-frontend"
#: What dpkg and the engine note about themselves, and the keystore, which is compared entry by entry.
NOISE = ("/var/lib/dpkg", "/var/log", "/var/cache", "/var/lib/trustinstall", "/root", "/tmp", KEYSTORE)

#: Brings the system's store to what is wanted with the engine's own steps, and says what it saw.
DRIVER = """
import json, sys
from trustinstall import recovery, work
from trustinstall.backend import Places, Placement, Wanted
from trustinstall.certificate import Certificate
from trustinstall.errors import TrustInstallError
from trustinstall.host import Host
from trustinstall.journal import Journal
from trustinstall.state import State, prepare
from trustinstall_platforms.java import Java
from trustinstall_platforms.linux import SystemStore

asked = json.load(sys.stdin)
host, system, java = Host.current(), SystemStore(), Java()
state = State("/var/lib/trustinstall", 0)
prepare(host, state)
(store,) = system.discover(host, Places())
said = {"unwritable": store.unwritable, "error": None, "changed": False, "placed": {}, "foreign": []}
wanted = [
    Wanted(Certificate(bytes.fromhex(der)), key == "add", asked.get("foreign", False))
    for key in ("add", "remove") for der in asked.get(key, ())
]
record = {
    sha256: Placement(sha256, "debian", tuple(entries), tuple(directories))
    for sha256, (entries, directories) in asked.get("record", {}).items()
}
try:
    if wanted:
        journal = Journal(host, state, "test")
        done = work.bring(host, system, store, wanted, record, journal)
        journal.close()
        said["changed"] = not done.plan.empty
        said["foreign"] = sorted(done.plan.foreign)
        said["placed"] = {one.sha256: [one.entries, one.directories] for one in done.plan.placed}
except TrustInstallError as error:
    said["error"] = str(error)
seen = system.observe(host, store)
said["anchors"] = {sha256: state.value for sha256, state in seen.anchors.items()}
said["problems"] = seen.problems
said["java"] = said["unsettled"] = None
for one in java.discover(host, Places()):
    seen = java.observe(host, one)
    said["java"], said["unsettled"] = sorted(seen.anchors), seen.unsettled
json.dump(said, sys.stdout)
"""


class Machine:
    """A throw-away Debian and the driver in it."""

    def __init__(self, root: Throwaway) -> None:
        """Wrap a root."""
        self.root = root

    def do(self, *, env: dict[str, str] | None = None, timeout: float = 60, **asked: Any) -> Any:
        """Ask the driver; certificates are named by `add=` and `remove=`."""
        request = {
            key: [root.der.hex() for root in value] if key in {"add", "remove"} else value
            for key, value in asked.items()
        }
        command = [PYTHON, "-I", "-c", DRIVER]
        done = self.root.run(command, input=json.dumps(request), env=env, timeout=timeout, check=True)
        return json.loads(done.stdout)

    def shell(self, script: str) -> str:
        """Run a few lines of shell that must succeed."""
        return self.root.run(["sh", "-ec", script], timeout=60, check=True).stdout

    def openssl_trusts(self, root: Root) -> bool:
        """Ask OpenSSL about a server of this root, by way of the hash links alone."""
        self.root.write("/tmp/leaf.pem", root.issue("corp.test").pem)
        lookup = ["-no-CAfile", "-no-CAstore", "-CApath", LINKS]
        done = self.root.run(["openssl", "verify", *lookup, "/tmp/leaf.pem"])
        return done.returncode == 0

    def keytool(self) -> str:
        """List Java's keystore: alias, date and fingerprint of each entry, sorted."""
        listing = self.shell(f"keytool -list -keystore {KEYSTORE} -storepass changeit 2>/dev/null")
        entries = listing.replace(", \nCertificate", ", Certificate").splitlines()
        return "\n".join(sorted(line for line in entries if "trustedCertEntry" in line))

    def changes(self) -> set[str]:
        """Name what differs from a fresh Debian."""
        return set(self.root.changes(ignore=NOISE))

    def replace_tool(self, script: str) -> None:
        """Put a script in the tool's place; the real one is then `TOOL.real`."""
        self.shell(f"cp {TOOL} {TOOL}.real")
        self.root.write(TOOL, f"#!/bin/sh\n{script}\n", mode=0o755)


@pytest.fixture(scope="module")
def debian() -> Iterator[Throwaway]:
    """A Debian with Java."""
    with Throwaway() as root:
        yield root


@pytest.fixture
def machine(debian: Throwaway) -> Iterator[Machine]:
    """A fresh Debian with Java."""
    yield Machine(debian)
    debian.reset()


@pytest.fixture(scope="module")
def corp() -> Root:
    """The company's root."""
    return make_root("Corp Root (G2), x")


@pytest.fixture(scope="module")
def twin() -> Root:
    """Another root of the same name, and so of the same subject hash."""
    return make_root("Corp Root (G2), x")


def test_add_reaches_bundle_links_and_java(machine: Machine, corp: Root) -> None:
    """Every kind of client sees it, the public roots stay, and a second add changes nothing."""
    before = machine.do()
    assert not machine.openssl_trusts(corp)
    said = machine.do(add=[corp])

    assert said["error"] is None
    assert said["anchors"] == {**before["anchors"], corp.sha256: "trusted"}
    assert said["problems"] == []
    assert machine.openssl_trusts(corp)
    assert f"debian:corp-root-g2-x-{corp.sha256[:12]}.pem" in machine.keytool()
    assert said["java"] == sorted([*before["java"], corp.sha256])
    assert not machine.do(add=[corp], record=said["placed"])["changed"]


@pytest.mark.parametrize("count", [1, 3])
def test_remove_leaves_no_trace(machine: Machine, corp: Root, count: int) -> None:
    """Files and links are byte for byte as before, and Java's keystore has the same entries."""
    roots = [corp, *(make_root(f"Root {number}") for number in range(count - 1))]
    before = machine.keytool()
    record = machine.do(add=roots)["placed"]
    assert machine.changes()
    said = machine.do(remove=roots, record=record)

    assert said["error"] is None
    assert not {root.sha256 for root in roots} & {*said["anchors"], *said["java"]}
    assert machine.changes() == set()
    assert machine.keytool() == before


def test_a_directory_that_was_missing_goes_again(machine: Machine, corp: Root) -> None:
    """Where no /usr/local/share/ca-certificates was, none is left."""
    machine.shell(f"rmdir {LOCAL}")
    machine.root.freeze()
    record = machine.do(add=[corp])["placed"]
    assert machine.do(remove=[corp], record=record)["error"] is None

    assert machine.changes() == set()


def test_the_other_of_two_with_one_subject_stays_trusted(machine: Machine, corp: Root, twin: Root) -> None:
    """HASH.0 and HASH.1: whichever goes, the other's link works."""
    first = machine.do(add=[corp])["placed"]
    second = machine.do(add=[twin])["placed"]
    assert machine.openssl_trusts(corp)
    assert machine.openssl_trusts(twin)

    assert machine.do(remove=[corp], record=first)["error"] is None
    assert not machine.openssl_trusts(corp)
    assert machine.openssl_trusts(twin)
    assert machine.do(remove=[twin], record=second)["error"] is None
    assert not machine.openssl_trusts(twin)
    assert machine.changes() == set()


def test_a_leftover_of_a_killed_run_is_not_appended_to(machine: Machine, corp: Root) -> None:
    """The tool appends to a file of a fixed name, whatever is in it; a doubled bundle is mended."""
    machine.shell(f"cp {BUNDLE} {BUNDLE}.new; cat {BUNDLE}.new >>{BUNDLE}; echo rubbish >>{BUNDLE}.new")
    assert len(machine.do()["problems"]) == 2
    said = machine.do(add=[corp])

    assert (said["error"], said["problems"]) == (None, [])
    assert b"rubbish" not in machine.root.read(BUNDLE)
    assert machine.root.read(BUNDLE).count(b"BEGIN") == len(said["anchors"])


def test_dpkgs_lock_is_waited_for(machine: Machine, corp: Root) -> None:
    """While apt works we wait; then Java's hook, which calls dpkg, works under the lock that we hold."""
    holder = machine.root.popen(
        [
            *("/usr/bin/python3", "-c"),
            f"import fcntl, time; f = open('{LOCK}', 'r+'); fcntl.lockf(f, fcntl.LOCK_EX); "
            "print('held', flush=True); time.sleep(4); print(time.time())",
        ]
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    said = machine.do(add=[corp])
    ended = time.time()
    released = float(holder.communicate(timeout=30)[0])

    assert said["error"] is None
    assert ended > released
    assert corp.sha256 in said["java"]


def test_the_wait_for_dpkgs_lock_has_an_end(machine: Machine) -> None:
    """Somebody who never ends is named, and nothing is touched."""
    script = f"""
import fcntl, os
from trustinstall.errors import Busy
from trustinstall.host import Host
from trustinstall.plan import Guard
file = open("{LOCK}", "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
if os.fork() == 0:
    if os.fork() == 0:  # nobody's child: the holder is no ancestor of ours
        while os.getppid() == os.getpgrp():
            pass
    try:
        with Host.current().guarded(Guard("{LOCK}", seconds=0.5)):
            os._exit(1)
    except Busy as busy:
        print(busy, flush=True)
        os._exit(0)
os.wait()
"""
    done = machine.root.run([PYTHON, "-I", "-c", script], timeout=30)
    assert done.returncode == 0


def test_a_packages_own_script_does_not_deadlock(machine: Machine, corp: Root) -> None:
    """A package whose postinst adds its root: dpkg holds the lock, and brings Java up to date itself."""
    machine.root.write("/tmp/p/driver.py", DRIVER)
    machine.root.write("/tmp/p/ask", json.dumps({"add": [corp.der.hex()]}))
    control = "Package: corp-ca\nVersion: 1\nArchitecture: all\nMaintainer: C <c@corp.test>\nDescription: c\n"
    machine.root.write("/tmp/p/deb/DEBIAN/control", control)
    script = f"#!/bin/sh\nset -e\n{PYTHON} -I /tmp/p/driver.py </tmp/p/ask >/tmp/p/answer\n"
    machine.root.write("/tmp/p/deb/DEBIAN/postinst", script, mode=0o755)
    machine.shell("dpkg-deb --build /tmp/p/deb /tmp/p/corp.deb")
    machine.root.run(["dpkg", "-i", "/tmp/p/corp.deb"], timeout=60, check=True)
    said = json.loads(machine.root.read("/tmp/p/answer"))

    assert said["error"] is None
    assert said["anchors"][corp.sha256] == "trusted"
    assert corp.sha256 not in said["java"]
    assert "dpkg" in said["unsettled"]
    after = machine.do()
    assert corp.sha256 in after["java"]
    assert after["unsettled"] is None


def test_without_java(corp: Root) -> None:
    """No hook, no keystore: added and removed without a trace."""
    with Throwaway(java=False) as root:
        machine = Machine(root)
        said = machine.do(add=[corp])
        assert (said["error"], said["java"]) == (None, None)
        assert machine.openssl_trusts(corp)
        assert machine.do(remove=[corp], record=said["placed"])["error"] is None
        assert machine.changes() == set()


def test_a_failing_hook_is_javas_trouble_alone(machine: Machine, corp: Root) -> None:
    """The tool ends with 0 whatever its hooks do; the bundle holds, and Java's store tells the truth."""
    machine.root.write("/etc/ca-certificates/update.d/jks-keystore", "#!/bin/sh\nexit 7\n", mode=0o755)
    said = machine.do(add=[corp])
    assert said["error"] is None
    assert corp.sha256 not in said["java"]

    assert machine.do(remove=[corp], record=said["placed"])["error"] is None
    assert machine.changes() == {"/etc/ca-certificates/update.d/jks-keystore"}


def test_a_missing_tool_is_named(machine: Machine) -> None:
    """The store says which package brings it."""
    machine.shell(f"rm {TOOL}")

    assert "apt-get install ca-certificates" in machine.do()["unwritable"]


BAD_TOOLS = {
    "fails": "exit 3",
    "lies": "exit 0",
    "is killed half-way": f"head -c 5000 {BUNDLE} >{BUNDLE}.new; kill -9 $$",
    "fails once after having worked": f"{TOOL}.real; test -e /tmp/once || {{ touch /tmp/once; exit 3; }}",
    "loses public roots once": f"{TOOL}.real; test -e /tmp/once || {{ touch /tmp/once; : >{BUNDLE}; }}",
}


@pytest.mark.parametrize("kind", BAD_TOOLS)
def test_a_bad_tool_leaves_the_store_as_it_was(machine: Machine, corp: Root, kind: str) -> None:
    """Adding with a tool that is no good is an error (or is mended), and clients see what they saw."""
    before, keystore = machine.do()["anchors"], machine.keytool()
    machine.replace_tool(BAD_TOOLS[kind])
    machine.root.freeze()
    said = machine.do(add=[corp])

    if kind == "loses public roots once":
        assert (said["error"], said["anchors"]) == (None, {**before, corp.sha256: "trusted"})
    else:
        assert said["error"]
        assert said["anchors"] == before
        assert machine.changes() == set()
        assert machine.keytool() == keystore


@pytest.mark.parametrize("kind", ["fails", "lies", "fails once after having worked"])
def test_a_bad_tool_leaves_what_should_be_removed(machine: Machine, corp: Root, kind: str) -> None:
    """Removing that failed leaves the certificate with every client, Java included."""
    record = machine.do(add=[corp])["placed"]
    machine.replace_tool(BAD_TOOLS[kind])
    machine.root.freeze()
    said = machine.do(remove=[corp], record=record)

    assert said["error"]
    assert said["anchors"][corp.sha256] == "trusted"
    assert corp.sha256 in said["java"]
    assert machine.changes() == set()


def test_a_missing_hash_link_is_mended(machine: Machine, corp: Root) -> None:
    """The tool by itself does not notice a hash link that is gone."""
    record = machine.do(add=[corp])["placed"]
    machine.shell(f"rm $(find {LINKS} -lname 'corp-root*')")
    assert machine.do()["anchors"][corp.sha256] == "half-installed"

    assert machine.do(add=[corp], record=record)["anchors"][corp.sha256] == "trusted"
    assert machine.openssl_trusts(corp)


def test_a_copy_by_hand_is_left_and_taken_out_when_asked(machine: Machine, corp: Root) -> None:
    """Odd names and several in one file: links, bundle and Java follow, and the neighbour stays."""
    other = make_root("Neighbour")
    before = machine.keytool()
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
    machine.shell(f"rm {LOCAL}/two.crt; update-ca-certificates --fresh")
    assert machine.changes() == set()
    left = set(machine.keytool().splitlines()) - set(before.splitlines())
    assert [line.split(",")[0] for line in left] == ["debian:two.pem"]  # its own tools never take it out


def test_a_packages_root_is_deselected_everywhere(machine: Machine) -> None:
    """The way that Debian documents: a mark in ca-certificates.conf; the package's file stays."""
    name = "mozilla/ISRG_Root_X1.crt"
    path = f"/usr/share/ca-certificates/{name}"
    der = machine.root.run(["sh", "-c", f"openssl x509 -in {path} -outform DER | xxd -p | tr -d '\\n'"])
    request = json.dumps({"remove": [der.stdout], "foreign": True})
    done = machine.root.run([PYTHON, "-I", "-c", DRIVER], input=request, check=True)

    assert json.loads(done.stdout)["error"] is None
    assert f"\n!{name}\n".encode() in machine.root.read("/etc/ca-certificates.conf")
    assert "debian:isrg_root_x1.pem" not in machine.keytool()
    assert machine.root.path(path).exists()
