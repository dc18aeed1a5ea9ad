"""A machine full of Python environments: all in one command, in little memory, killed at any point, and taken back."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import pytest

from tests.end_to_end.cli.machine import (
    CERT,
    DEBIAN,
    FULL,
    LEDGER,
    OTHER,
    ROOT,
    bundle,
    deliver,
    holds,
    result,
    snapshot,
    told,
)
from tests.support.throwaway import PROGRAM, Throwaway

STATE = "/var/lib/trustinstall"
ONLY = ("--store", "certifi")
CACHE = "/srv/cache/archive-v0/abc/certifi/cacert.pem"
#: Runs the command behind it, and prints the most memory that it had, in KiB.
_MEMORY = (
    "import resource, subprocess, sys\n"
    "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    "sys.exit(done.returncode)\n"
)


def environments(root: Throwaway, count: int, *, kinds: int = 1, linked: bool = False) -> list[str]:
    """Bundles of so many environments, of some different contents, or all of them hard links to one in a cache."""
    public = root.read(DEBIAN)
    root.write("/srv/cache/CACHEDIR.TAG", "")
    root.write(CACHE, public)
    made: list[str] = []
    for number in range(count):
        path = f"/srv/envs/{number:04}/lib/python3.11/site-packages/certifi/cacert.pem"
        real = root.path(path)
        real.parent.mkdir(parents=True)
        if linked:
            os.link(root.path(CACHE), real)
        else:
            real.write_bytes(public + b"# kind %d\n" % (number % kinds))
        made.append(path)
    return made


def test_a_thousand_in_one_command(fresh: Throwaway) -> None:
    """All hold it, below 150 MB, what they are linked from is untouched, and `remove` gives all bytes back."""
    deliver(fresh)
    paths = environments(fresh, 1000, linked=True)
    public = fresh.read(CACHE)
    words = [*PROGRAM, "add", "--search", "/srv", *ONLY, CERT]
    done = fresh.run([PROGRAM[0], "-c", _MEMORY, *words], timeout=110, check=True)
    assert int(done.stdout) < 150 * 1000
    assert all(holds(fresh, path) for path in paths)
    assert fresh.read(CACHE) == public
    assert fresh.path(CACHE).stat().st_nlink == 1
    found = told(fresh.trustinstall("remove", "--json", *ONLY, ROOT.sha256, timeout=110))
    assert sum(one["result"] == "removed" for one in found["stores"] if one["location"] in paths) == 1000
    assert all(fresh.read(path) == public for path in paths)
    assert fresh.read(CACHE) == public
    assert not list(fresh.path("/srv/envs").rglob(".trustinstall-*"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [1000 if FULL else 100])
def test_as_many_contents(fresh: Throwaway, count: int) -> None:
    """Where no two bundles are alike, a thousand take less than 150 MB, too, and come back to the byte."""
    deliver(fresh)
    paths = environments(fresh, count, kinds=count)
    old = [fresh.read(path) for path in paths]
    words = [*PROGRAM, "add", "--search", "/srv", *ONLY, CERT]
    done = fresh.run([PROGRAM[0], "-c", _MEMORY, *words], timeout=300, check=True)
    assert int(done.stdout) < 150 * 1000
    assert all(holds(fresh, path) for path in paths)
    fresh.trustinstall("remove", *ONLY, ROOT.sha256, timeout=300, check=True)
    assert [fresh.read(path) for path in paths] == old


def test_killed_at_any_point_in_a_batch(fresh: Throwaway) -> None:
    """Each bundle is the old one or the new one, and the next command brings all of them to one state."""
    deliver(fresh)
    paths = environments(fresh, 150, kinds=3)
    old = {path: fresh.read(path) for path in paths}
    words = [*PROGRAM, "add", "--search", "/srv", *ONLY, CERT]
    started = time.monotonic()
    fresh.run(words, check=True)
    took = time.monotonic() - started
    new = {path: fresh.read(path) for path in paths}
    assert all(old[path] != new[path] for path in paths)
    fresh.trustinstall("remove", *ONLY, ROOT.sha256, check=True)
    journal = fresh.path(f"{STATE}/private/journal")
    for _ in range(60 if FULL else 8):
        process = fresh.popen(words)
        while not journal.exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.3) * took)  # noqa: S311  when it is killed is no secret
        process.kill()
        process.communicate()
        now = {path: fresh.read(path) for path in paths}
        assert all(now[path] in {old[path], new[path]} for path in paths)
        fresh.trustinstall("remove", "--search", "/srv", *ONLY, CERT, check=True)
        assert {path: fresh.read(path) for path in paths} == old
        assert not list(fresh.path("/srv/envs").rglob(".trustinstall-*"))
    assert not journal.exists()


def test_a_full_disk_fails_one_store(fresh: Throwaway) -> None:
    """The environment on it is as it was, the report says what to do, and all others are done."""
    deliver(fresh)
    paths = environments(fresh, 20)
    small = "/srv/small"
    fresh.run(["mkdir", small], check=True)
    fresh.run(
        ["mount", "-t", "tmpfs", "-o", f"size={(len(fresh.read(paths[0])) >> 10) + 60}k", "none", small], check=True
    )
    fresh.run(["cp", "-r", "/srv/envs/0000/lib", f"{small}/"], check=True)
    lost = f"{small}{paths[0].removeprefix('/srv/envs/0000')}"
    found = told(fresh.trustinstall("add", "--json", "--search", "/srv", "--search", small, *ONLY, CERT))
    assert (found["exit_code"], result(found, f"certifi:{lost}")) == (3, "failed")
    assert all(result(found, f"certifi:{path}") == "added" for path in paths)
    content = fresh.run(["cat", lost], check=True).stdout
    assert content == fresh.read(paths[0]).decode().partition("# trustinstall")[0]
    assert fresh.run(["sh", "-c", f"ls -A {Path(lost).parent}"], check=True).stdout == "cacert.pem\n"


def test_an_upgrade_is_noticed_and_put_right(fresh: Throwaway) -> None:
    """A fresh bundle in the place of the changed one is "missing" in `list`, and `add` adds the root again."""
    deliver(fresh, "alice")
    path = bundle("/home/alice")
    public = fresh.read(path)
    fresh.trustinstall("add", *ONLY, CERT, user="alice", check=True)
    fresh.write(path, public + b"# the next release\n", user="alice")
    listed = told(fresh.trustinstall("list", "--json", user="alice"))
    (held,) = [one for one in listed["certificates"][0]["stores"] if one["id"] == f"certifi:{path}"]
    assert held["state"] == "missing"
    ledger = json.loads(fresh.read("/home/alice/.local/state/trustinstall/ledger.json"))
    assert b"".join(ROOT.pem.splitlines()[1:-1]).decode() in ledger["certificates"][ROOT.sha256].replace("\n", "")
    assert [one["store"] for one in ledger["placements"]] == [f"certifi:{path}"]
    fresh.trustinstall("add", *ONLY, CERT, user="alice", check=True)
    assert holds(fresh, path)
    fresh.trustinstall("remove", ROOT.sha256, user="alice", check=True)
    assert fresh.read(path) == public + b"# the next release\n"


def test_homes_are_walked_by_their_owners(fresh: Throwaway) -> None:
    """A project's environment is found without an option, again from memory, and a new one with --refresh."""
    deliver(fresh)
    first, second = (bundle(f"/home/alice/src/{name}/.venv").replace("/.local", "") for name in ("one", "two"))
    fresh.write(first, fresh.read(DEBIAN), user="alice")
    before = snapshot(fresh)
    assert "certifi" in fresh.trustinstall("stores", user="alice", check=True).stdout
    fresh.trustinstall("add", "--dry-run", *ONLY, CERT, user="alice", check=True)
    assert snapshot(fresh) == before
    fresh.trustinstall("add", "--user", "alice", *ONLY, CERT, check=True)
    assert holds(fresh, first)
    fresh.write(second, fresh.read(DEBIAN), user="alice")
    words = ("add", "--user", "alice", *ONLY, CERT)
    fresh.trustinstall(*words, check=True)
    assert not holds(fresh, second)
    fresh.trustinstall(*words, "--refresh", check=True)
    assert holds(fresh, second)
    state = fresh.path("/home/alice/.local/state/trustinstall/private/places.json").stat()
    assert (state.st_uid, state.st_mode & 0o777) == (fresh.user("alice").uid, 0o600)


def test_a_home_that_is_a_trap_is_walked_to_its_end(fresh: Throwaway) -> None:
    """Circles of links, depth, FIFOs and a hundred thousand files: what is a bundle is found, and nothing hangs."""
    deliver(fresh)
    path = bundle("/home/alice/deep/.venv").replace("/.local", "")
    fresh.write(path, fresh.read(DEBIAN), user="alice")
    site = str(Path(path).parent.parent)
    script = (
        f"cd {site}; mkfifo roots.pem ca-bundle.crt; ln -s / root; ln -s . loop; ln -s /dev/zero zero.pem\n"
        "mkdir -p x; cd x\n"
        "for each in $(seq 200); do mkdir d; cd d; done\n"
        "cd /home/alice; mkdir many; cd many; seq 100000 | xargs touch\n"
    )
    fresh.run(["sh", "-ec", script], user="alice", check=True)
    started = time.monotonic()
    found = told(fresh.trustinstall("add", "--json", *ONLY, CERT, user="alice", timeout=60))
    assert time.monotonic() - started < 60
    own = [one["location"] for one in found["stores"] if one["location"].startswith("/home/alice")]
    assert own == [path]
    assert holds(fresh, path)
    assert not holds(fresh, path, OTHER)


@pytest.mark.parametrize("planted", ["link", "owner"])
def test_hints_of_somebody_elses_are_not_read(fresh: Throwaway, planted: str) -> None:
    """Root uses remembered places only if no other account could have written the file."""
    deliver(fresh)
    (path,) = environments(fresh, 1)
    fresh.trustinstall("add", "--search", "/srv", *ONLY, CERT, check=True)
    hints = f"{STATE}/private/places.json"
    if planted == "link":
        fresh.run(["sh", "-c", f"mv {hints} /tmp/hints; ln -s /tmp/hints {hints}"], check=True)
    else:
        fresh.run(["chown", "alice", hints], check=True)
    other = fresh.write("/opt/new/lib/python3.11/site-packages/certifi/cacert.pem", fresh.read(DEBIAN))
    found = told(fresh.trustinstall("add", "--json", *ONLY, CERT))
    assert result(found, f"certifi:{other}") == "added"
    assert result(found, f"certifi:{path}") == "present"
    assert fresh.path(LEDGER).exists()
