"""What a `repair` reads when nothing has changed, and what it leaves for the next one."""

from __future__ import annotations

import json
import os
import re
import time

import pytest

from tests.end_to_end.cli.machine import ALICE, CERT, LEDGER, ROOT, deliver, holds
from tests.end_to_end.declared.events import JRE, environment, new_jre, repaired, results, sh
from tests.support.throwaway import PROGRAM, Throwaway

MEMORY = "/var/lib/trustinstall/private/memory.json"
HERS = "/home/alice/.local/state/trustinstall/private/memory.json"
_MARGIN = 3.2  # seconds: a file that was changed within them is not remembered
_TRACE = "/tmp/trace"
_STRACE = ("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=openat")
_OPENED = re.compile(r'openat\([^,]+, "(/(?:opt|home)/[^"]*)"')
_OURS = ("/opt/trustinstall", "/home/alice/.local/state/trustinstall")


def opened(root: Throwaway, user: str = "root") -> set[str]:
    """The files and directories below /opt and /home that a repair opens, without those of the program."""
    words = [*_STRACE, "-e", "status=successful", "-o", _TRACE, *PROGRAM, "repair"]
    root.run(words, user=user, timeout=120, check=True)
    found = set(_OPENED.findall(root.read(_TRACE).decode(errors="replace")))
    root.run(["rm", "-f", _TRACE], check=True)
    return {one for one in found if not one.startswith(_OURS)}


@pytest.fixture(scope="module")
def place(debian: Throwaway) -> str:
    """Two environments and a Java, and an environment of alice's, that have the root since a while; one's bundle."""
    deliver(debian, "alice")
    place = environment(debian, "/opt/app")
    environment(debian, "/opt/second")
    new_jre(debian)
    debian.trustinstall("add", CERT, "--user", "alice", "--skip", "tools", check=True)
    debian.freeze()
    time.sleep(_MARGIN)
    return place


def test_what_is_unchanged_is_not_opened_again(fresh: Throwaway, place: str) -> None:
    """The second repair opens no bundle, keystore or directory of programs, and writes nothing; an edit is seen."""
    assert {place, "/opt/app", JRE} <= opened(fresh)
    before = fresh.changes(mtimes=True)
    again = opened(fresh)
    assert not {one for one in again if one.startswith("/opt")}
    assert ALICE not in again
    assert fresh.changes(mtimes=True) == before
    path = fresh.path(place)
    old, content = path.stat(), path.read_bytes()
    assert ROOT.pem in content
    path.write_bytes(content.replace(ROOT.pem, b"\n" * len(ROOT.pem)))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    new = path.stat()
    assert (new.st_size, new.st_ino, new.st_mtime_ns) == (old.st_size, old.st_ino, old.st_mtime_ns)
    made = environment(fresh, "/opt/third")
    assert set(results(repaired(fresh))) == {f"certifi:{place}", f"certifi:{made}"}
    assert holds(fresh, place)
    assert holds(fresh, made)


@pytest.mark.usefixtures("place")
def test_each_account_has_its_own(fresh: Throwaway) -> None:
    """Root's is root's and names nothing of alice's; hers is hers, and is made with her rights."""
    repaired(fresh)
    for path, user, of in ((MEMORY, "root", "/opt/app"), (HERS, "alice", "/home/alice/.local")):
        stat = fresh.run(["stat", "-c", "%U %a", path], check=True).stdout
        assert stat == f"{user} 600\n"
        assert of.encode() in fresh.read(path)
    assert b"/home/alice" not in fresh.read(MEMORY)


@pytest.mark.usefixtures("place")
def test_nothing_remains(fresh: Throwaway) -> None:
    """A dry run leaves nothing, `remove` of the last certificate takes it away, and a later repair makes none."""
    repaired(fresh, "--dry-run")
    assert not fresh.path(MEMORY).exists()
    repaired(fresh)
    assert fresh.path(MEMORY).exists()
    assert fresh.path(HERS).exists()
    fresh.trustinstall("remove", "--all", check=True)
    repaired(fresh)
    assert fresh.path(LEDGER).exists()
    assert not fresh.path(MEMORY).exists()
    assert not fresh.path(HERS).exists()


def test_a_forged_memory_of_another_is_not_believed(fresh: Throwaway, place: str) -> None:
    """A file of another account, and a damaged one, are not believed: everything is read, and kept anew."""
    repaired(fresh)
    good = fresh.read(MEMORY)
    sh(fresh, f"chown alice {MEMORY}")
    assert place in opened(fresh)
    assert fresh.run(["stat", "-c", "%U", MEMORY]).stdout == "root\n"
    fresh.write(MEMORY, good.replace(b'"program"', b'"Program"'), mode=0o600)
    assert place in opened(fresh)
    fresh.write(MEMORY, b'{"version": 1', mode=0o600)
    assert place in opened(fresh)
    assert place not in opened(fresh)


@pytest.mark.parametrize("fault", ["signal=KILL", "error=ENOSPC", "error=EIO"])
def test_a_write_that_fails_costs_time_alone(fresh: Throwaway, place: str, fault: str) -> None:
    """Killed at each call that writes it, or with a full disk: the next repair works, and nothing lies about."""
    private = "/var/lib/trustinstall/private"
    for call in ("write", "fsync", "renameat2"):  # the first of each is that of the memory
        trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        run = fresh.run([*trace, "-e", f"inject={call}:{fault}:when=1", *PROGRAM, "repair"], timeout=120)
        assert run.returncode in {0, -9, 137}, run
        assert place in opened(fresh)
        assert fresh.path(MEMORY).exists()
        assert set(fresh.run(["ls", "-A", private]).stdout.split()) <= {"lock", "places.json", "memory.json"}
        sh(fresh, f"rm {MEMORY}")


@pytest.mark.usefixtures("place")
def test_without_a_place_to_write_everything_is_read(fresh: Throwaway) -> None:
    """An account that may not write its state any more repairs as before."""
    sh(fresh, "chmod 0500 /home/alice/.local/state/trustinstall/private", user="alice")
    for _ in range(2):
        assert ALICE in opened(fresh, "alice")
    assert not fresh.path(HERS).exists()


def test_what_is_mounted_over_a_program_is_seen(fresh: Throwaway, place: str) -> None:
    """Another directory over a known one: its bundle counts, and the old one when it is unmounted."""
    other = environment(fresh, "/media/image/app")
    repaired(fresh)
    sh(fresh, "mount --bind /media/image/app /opt/app")
    try:
        assert set(results(repaired(fresh))) == {f"certifi:{place}"}
        assert holds(fresh, place)
    finally:
        sh(fresh, "umount /opt/app")
    assert holds(fresh, other)
    assert repaired(fresh)["stores"] == []


def test_add_and_check_read_everything(fresh: Throwaway, place: str) -> None:
    """A memory that lies misleads no other command: what they say of a store is what they have read."""
    repaired(fresh)
    fresh.write(place, fresh.read("/etc/ssl/certs/ca-certificates.crt").split(b"-----BEGIN", 2)[0] + b"")
    environment(fresh, "/opt/app")
    status = fresh.path(place).stat()
    head, _, text = fresh.read(MEMORY).partition(b"\n")
    said = json.loads(text)
    said["answers"] = [
        [key, [_status(status)] if key[1:] == [place] and key[0].startswith("bundle") else statuses, index]
        for key, statuses, index in said["answers"]
    ]
    from trustinstall.stores.steps import digest

    text = json.dumps(said).encode()
    fresh.write(MEMORY, digest(text).encode() + b"\n" + text, mode=0o600)
    assert head
    assert fresh.trustinstall("check").returncode != 0
    assert "added" in str(json.loads(fresh.trustinstall("add", CERT, "--json").stdout))
    assert holds(fresh, place)


def _status(found: object) -> str:
    names = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns", "st_mode", "st_uid", "st_gid")
    return " ".join(str(getattr(found, name)) for name in names)
