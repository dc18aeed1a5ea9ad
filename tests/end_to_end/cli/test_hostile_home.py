"""Homes that were prepared for root: nothing outside of them is touched, others are served, the report names them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

from tests.end_to_end.cli.machine import (
    ALICE,
    BOB,
    CERT,
    DEBIAN,
    FULL,
    ROOT,
    deliver,
    holds,
    ledger,
    quick,
    result,
    snapshot,
    told,
)
from tests.support.throwaway import Throwaway

STATE, SITE = "/home/alice/.local/state/trustinstall", str(PurePosixPath(ALICE).parent)
#: What root's own work changes outside of homes.
#: What `add` changes for tools of the machine's and of root's own.
SETTINGS = {"/etc/pip.conf", "/root", "/root/.npmrc"}
OURS = ("/etc/ssl/certs", "/usr/local/share", "/var/lib", "/home/alice", "/home/bob", "/tmp/input", "/usr/sbin")


def link(root: Throwaway, path: str, target: str) -> None:
    """Have alice replace a file or directory by a link."""
    root.run(["sh", "-c", 'mkdir -p "$(dirname "$1")"; rm -rf "$1"; ln -s "$2" "$1"', "sh", path, target], check=True)
    root.run(["chown", "-hR", "alice:alice", "/home/alice"], check=True)


def hers(script: str) -> Callable[[Throwaway], object]:
    """What has alice run a script."""
    return lambda root: root.run(["sh", "-c", script], user="alice", check=True)


def journal(root: Throwaway) -> None:
    """A journal that would have root write to /etc, had root read it."""
    steps = [
        {
            "kind": "Edit",
            "path": "/etc/cron.d/evil",
            "expect": "any",
            "mode": 0o644,
            "owner": [0, 0],
            "content": "ZXZpbA==",
        },
        {"kind": "Delete", "path": "/etc/passwd", "expect": "any"},
        {"kind": "Link", "path": "/etc/evil", "target": "/etc/shadow", "expect": "absent"},
    ]
    entry = {"version": 1, "transaction": "x", "backend": "certifi", "location": ALICE, "inverse": steps, "token": "x"}
    root.write(f"{STATE}/private/journal", json.dumps(entry) + "\n", mode=0o600, user="alice")
    root.path(f"{STATE}/private").chmod(0o700)
    root.path(STATE).chmod(0o700)


PLANTED: dict[str, tuple[Callable[[Throwaway], object], str]] = {
    "state is a link to /etc": (lambda root: link(root, STATE, "/etc"), "alice"),
    "the directory above state is a link to /etc": (
        lambda root: link(root, "/home/alice/.local/state", "/etc"),
        "alice",
    ),
    "the ledger is a link": (lambda root: link(root, ledger("/home/alice"), "/etc/shadow"), "alice"),
    "the ledger is a fifo": (
        lambda root: (
            root.write(f"{STATE}/x", "", user="alice"),
            root.run(["mkfifo", ledger("/home/alice")], user="alice", check=True),
        ),
        "alice",
    ),
    "the journal tells root to write to /etc": (journal, ALICE),
    "the bundle is a link to /etc/shadow": (lambda root: link(root, ALICE, "/etc/shadow"), ""),
    "the bundle's directory is a link to /etc": (
        lambda root: link(root, SITE, "/etc/ssl"),
        "",
    ),
    "the bundle is a fifo": (
        hers(f"rm {ALICE}; mkfifo {ALICE}"),
        ALICE,
    ),
    "the bundle is a directory": (
        hers(f"rm {ALICE}; mkdir {ALICE}"),
        ALICE,
    ),
    "the bundle's directory has no rights": (
        hers(f"chmod 0 {SITE}"),
        "",
    ),
    "the bundle may be written by all": (
        hers(f"chmod 0666 {ALICE}"),
        ALICE,
    ),
    "a hundred thousand names beside the bundle": (
        hers(f"cd {SITE}; seq 100000 | xargs touch; cd ..; seq 1000 | xargs mkdir"),
        "",
    ),
    "deep directories and links in circles": (
        hers(
            "cd ~; for one in $(seq 300); do mkdir d; ln -s .. d/up; ln -s d loop; cd d; done; "
            f"cd {SITE}; ln -s . again; ln -s ../../.. top; ln -s two one; ln -s one two"
        ),
        "",
    ),
    "the bundle's name is a terminal escape": (
        lambda root: root.write(
            "/home/alice/.local/lib/python3.11/site-packages/\x1b]0;evil\x07\n/cacert.pem",
            root.read(DEBIAN),
            user="alice",
        ),
        "",
    ),
}


@pytest.mark.parametrize("planted", [one for one in PLANTED if FULL or not one.startswith("a hundred thousand")])
def test_root_works_for_a_hostile_account(fresh: Throwaway, planted: str) -> None:
    """The machine and bob are done; of alice's plants none leads out of her home, and what failed is named."""
    deliver(fresh, "alice", "bob")
    quick(fresh)
    plant, named = PLANTED[planted]
    plant(fresh)
    before = snapshot(fresh)
    done = fresh.trustinstall("add", "--json", "--variables", "none", "--user", "alice", "--user", "bob", CERT)
    found = told(done)
    assert "Traceback" not in done.stderr
    assert (result(found, "debian"), result(found, f"certifi:{BOB}")) == ("added", "added")
    assert (holds(fresh, DEBIAN), holds(fresh, BOB)) == (True, True)
    after = snapshot(fresh)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    above = {"/etc", "/usr/local", "/var", "/home", "/"}
    assert {path for path in changed if not path.startswith(OURS)} <= above | SETTINGS
    if named:
        assert found["exit_code"] == 3
        failed = [one["location"] for one in found["stores"] if one["result"] == "failed"]
        assert named in [*failed, *(one["scope"] for one in found["problems"])]
    assert fresh.trustinstall("remove", "--user", "bob", ROOT.sha256).returncode in {0, 3}
    assert (holds(fresh, DEBIAN), holds(fresh, BOB)) == (False, False)


def test_alice_cannot_make_herself_a_way_to_other_files(fresh: Throwaway) -> None:
    """Without root, links that she planted herself end in one sentence, too."""
    deliver(fresh, "alice")
    link(fresh, STATE, "/home/bob")
    before = snapshot(fresh)
    done = fresh.trustinstall("add", CERT, user="alice")
    assert (done.returncode, STATE in done.stderr, done.stderr.count("\n")) == (1, True, 1)
    assert snapshot(fresh) == before


def test_a_store_where_nobody_can_look(fresh: Throwaway) -> None:
    """It is not said that there is none of that name: what is wrong with that home is."""
    deliver(fresh, "alice")
    journal(fresh)
    fresh.run(["mkfifo", ledger("/home/alice")], user="alice", check=True)
    found = told(fresh.trustinstall("add", "--json", "--user", "alice", "--store", f"certifi:{ALICE}", CERT))
    assert (found["exit_code"], [one["scope"] for one in found["problems"]]) == (1, ["alice"])


def test_a_machines_file_that_leads_into_a_home_is_unknown(fresh: Throwaway) -> None:
    """Login shells read it, and root does not: no variable is said to hold there, and file and remedy are named."""
    deliver(fresh, "alice")
    fresh.write("/home/alice/own.pem", fresh.read(DEBIAN), user="alice")
    fresh.write("/home/alice/x.sh", "export NODE_EXTRA_CA_CERTS=/home/alice/own.pem\n", user="alice")
    fresh.run(["ln", "-s", "/home/alice/x.sh", "/etc/profile.d/zz.sh"], check=True)
    done = told(fresh.trustinstall("add", CERT, "--yes", "--json"))
    (failed,) = (one for one in done["stores"] if one["result"] == "failed")
    assert done["exit_code"] == 3
    assert failed["label"] == "variables in /etc/profile.d/zz.sh"
    assert "are unknown, because another account may change it; make it a file of root's" in failed["detail"]
    assert "/home/alice/own.pem" not in str(done)
