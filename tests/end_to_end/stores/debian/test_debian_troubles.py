"""The Debian store where dpkg holds its lock, or where the real tools fail, lie or are missing."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from tests.end_to_end.stores.debian.machine import BUNDLE, DRIVER, HOOK, PYTHON, TOOL, Machine
from tests.support.pki import Root

LOCK = "/var/lib/dpkg/lock-frontend"
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
