"""What happens to `apply` from outside: apt's own trigger at the same moment, a full disk, a clock that jumps."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.cli.machine import COMMAND, DEBIAN, OTHER, ROOT, holds
from tests.end_to_end.declared.events import environment, repaired, sh
from tests.support.later import later
from tests.support.throwaway import NOISE, Throwaway

TRUST = "/srv/trust.toml"
STATE = ("/var/lib/trustinstall", "/srv", "/run/mount")
_POST = "#!/bin/sh\nset -e\ndpkg-trigger --no-await update-ca-certificates\n"


@pytest.fixture(scope="module")
def debian() -> Iterator[Throwaway]:
    """One for all tests of this module, with Debian's own tool: dpkg's trigger runs it."""
    with Throwaway(java=False) as root:
        yield root


def document(root: Throwaway, more: str = "") -> None:
    """A document with the company's root."""
    root.write(TRUST, f"version = 1\n[[certificate]]\npem = '''\n{ROOT.pem.decode()}'''\n{more}\n")


def package(root: Throwaway) -> str:
    """A package that brings a root of its own, and sets off the trigger of ca-certificates; returns its file."""
    for script in ("postinst", "postrm"):
        root.write(f"/srv/deb/DEBIAN/{script}", _POST, mode=0o755)
    root.write(
        "/srv/deb/DEBIAN/control",
        "Package: roots\nVersion: 1\nArchitecture: all\nMaintainer: Test <t@corp.test>\nDescription: x\n",
    )
    root.write("/srv/deb/usr/local/share/ca-certificates/package.crt", OTHER.pem)
    sh(root, "dpkg-deb --build /srv/deb /srv/roots.deb")
    return "/srv/roots.deb"


def public(root: Throwaway) -> int:
    """How many roots the system's bundle holds, beside the two of the tests."""
    return root.read(DEBIAN).count(b"BEGIN CERTIFICATE") - holds(root, DEBIAN) - holds(root, DEBIAN, OTHER)


@pytest.mark.parametrize("delay", ["0", "0.3", "1"])
def test_apply_and_the_trigger_of_apt_at_once(fresh: Throwaway, delay: str) -> None:
    """In either order, both roots are trusted, none is lost, dpkg succeeds, and nothing is left to mend."""
    document(fresh)
    file, before, audit = package(fresh), public(fresh), sh(fresh, "dpkg --audit").stdout
    both = "dpkg -i {} >/srv/dpkg.log 2>&1 & sleep {}; {} apply {} --json >/srv/apply.json; echo $? >/srv/code; wait"
    sh(fresh, both.format(file, delay, COMMAND, TRUST))
    assert fresh.read("/srv/code").strip() == b"0", fresh.read("/srv/apply.json")
    assert (holds(fresh, DEBIAN), holds(fresh, DEBIAN, OTHER)) == (True, True)
    assert repaired(fresh)["stores"] == []
    fresh.write(TRUST, "version = 1\n")
    gone = "dpkg --purge roots >/srv/dpkg.log 2>&1 & sleep {}; {} apply {} --prune; wait"
    sh(fresh, gone.format(delay, COMMAND, TRUST))
    assert (holds(fresh, DEBIAN), holds(fresh, DEBIAN, OTHER)) == (False, False)
    assert public(fresh) == before
    assert sh(fresh, "dpkg --audit").stdout == audit


_DPKG = """
import fcntl, os, subprocess, time
with open("/var/lib/dpkg/lock-frontend", "r+") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    os.unlink("/usr/local/share/ca-certificates/package.crt")
    open("/srv/held", "w").close()
    time.sleep(3)
    subprocess.run(["update-ca-certificates"], check=True)
"""


def test_apply_waits_for_dpkg_between_its_files_and_its_trigger(fresh: Throwaway) -> None:
    """A bundle with a root whose file is gone is no reason to fail while dpkg has its lock."""
    document(fresh)
    sh(fresh, f"dpkg -i {package(fresh)} && {COMMAND} apply {TRUST}")
    fresh.write("/srv/dpkg.py", _DPKG)
    fresh.write(TRUST, "version = 1\n")
    until = "while ! [ -e /srv/held ]; do sleep 0.1; done"
    sh(fresh, f"python3 /srv/dpkg.py >/srv/log & {until}; {COMMAND} apply {TRUST} --prune; wait")
    assert (holds(fresh, DEBIAN), holds(fresh, DEBIAN, OTHER)) == (False, False)


def test_a_full_disk_fails_one_store_and_the_next_run_sets_it(fresh: Throwaway) -> None:
    """The bundle on the full disk is as it was, all others have the root, and with room the state is reached."""
    document(fresh)
    bundle = environment(fresh, "/opt/app")
    script = (
        "cp -a /opt/app /srv/app; mount -t tmpfs -o size={3}k none /opt/app; cp -a /srv/app/. /opt/app; "
        "cksum {0} >/srv/before; {1} apply {2} --json >/srv/first.json || echo $? >/srv/code; cksum {0} >/srv/after; "
        "find /opt/app -name '.*' -type f >/srv/left; mount -o remount,size=8m /opt/app; "
        "{1} apply {2} --json >/srv/second.json; cp {0} /srv/bundle; umount /opt/app"
    )
    one_and_a_half = len(fresh.read(bundle)) * 3 // 2048  # of the bundle, in KiB
    sh(fresh, script.format(bundle, COMMAND, TRUST, one_and_a_half))
    first, second = (json.loads(fresh.read(f"/srv/{name}.json")) for name in ("first", "second"))
    failed = [one for one in first["stores"] if one["result"] == "failed"]
    assert [one["id"] for one in failed] == [f"certifi:{bundle}"]
    assert "No space left on device" in failed[0]["detail"]
    assert (fresh.read("/srv/code").strip(), fresh.read("/srv/left")) == (b"3", b"")
    assert fresh.read("/srv/before") == fresh.read("/srv/after")
    assert holds(fresh, DEBIAN)
    assert [one["result"] for one in second["stores"]] == ["added"]
    assert holds(fresh, "/srv/bundle")


def test_a_ledger_without_room_changes_nothing(fresh: Throwaway) -> None:
    """Where the record cannot be written, no store and no proxy is changed, and the reason is said."""
    document(fresh, '[proxies]\nhttp = "http://proxy.corp.example:3128"')
    before = fresh.changes(ignore=(*NOISE, *STATE))
    full = "mkdir -p /var/lib/trustinstall; mount -t tmpfs -o size=4k,mode=755 none /var/lib/trustinstall; "
    full += f"{COMMAND} apply {TRUST} >/srv/said 2>&1 || echo $? >/srv/code; umount /var/lib/trustinstall"
    sh(fresh, full)
    assert b"No space left on device" in fresh.read("/srv/said")
    assert fresh.read("/srv/code").strip() == b"1"
    assert fresh.changes(ignore=(*NOISE, *STATE)) == before


def test_a_clock_that_jumps_ahead_and_back(fresh: Throwaway) -> None:
    """What a wrong clock has ended comes back with the right one: the document's state is reached in the end."""
    document(fresh, "until = 2030-01-31")
    fresh.trustinstall("apply", TRUST, check=True)
    assert later(fresh, 2000, "apply", TRUST).returncode == 0
    assert not holds(fresh, DEBIAN)
    fresh.trustinstall("apply", TRUST, check=True)
    assert holds(fresh, DEBIAN)
    assert later(fresh, -3000, "repair").returncode == 0
    assert holds(fresh, DEBIAN)
    assert repaired(fresh)["stores"] == []
