"""What Firefox has imported by policy goes with the policy, out of every profile that did not hold it before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.end_to_end.browsers.conftest import CERTIFICATE, PAGE, Scene
from tests.end_to_end.browsers.test_accounts import profile
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def whole(scene: Scene) -> Iterator[Server]:
    """A server of the corporate root that sends the root along: trust alone, without the certificate, would do."""
    leaf = scene.corporate_root.issue("localhost")
    with Server(replace(leaf, parents=(scene.corporate_root,) * 2), {PAGE: b"x"}) as server:
        yield server


def nicknames(scene: Scene, user: str, where: str) -> set[str]:
    """What certutil lists of a profile; nothing where it has no database, because trustinstall had made it."""
    if not scene.root.path(f"{where}/cert9.db").exists():
        return set()
    listed = scene.root.run(["certutil", "-L", "-d", f"sql:{where}"], user=user, check=True).stdout.splitlines()[3:]
    return {line.rsplit(maxsplit=1)[0] for line in listed if line.strip()}


@pytest.mark.parametrize("caller", ["root", "sudo"])
def test_imports_go_with_the_policy(scene: Scene, whole: Server, caller: str) -> None:
    """Profiles started in between, of two accounts and root, old and new; what was held before stays."""
    bobs, alices, held = (
        profile(scene, "bob", "started"),
        profile(scene, "alice", "old"),
        profile(scene, "alice", "held"),
    )
    imported = ["certutil", "-A", "-d", f"sql:{held}", "-n", "by hand", "-t", "C,,", "-i", CERTIFICATE]
    scene.root.run(imported, user="alice", check=True)
    uid = scene.root.user("alice").uid
    env = {"SUDO_UID": str(uid), "SUDO_USER": "alice"} if caller == "sudo" else {}
    scene.root.trustinstall("add", CERTIFICATE, env=env, check=True)
    made, roots = profile(scene, "alice", "made-later"), profile(scene, "root", "made-later")
    profiles = {bobs: "bob", alices: "alice", made: "alice", roots: "root", held: "alice"}
    assert all(scene.firefox(scene.corporate, user, where) for where, user in profiles.items())
    assert nicknames(scene, "bob", bobs) == {"Corp Root"}
    removed = scene.root.trustinstall("remove", CERTIFICATE, "--json", env=env, check=True)
    assert not [one for one in json.loads(removed.stdout)["stores"] if one["result"] == "failed"]
    for where, user in profiles.items():
        assert nicknames(scene, user, where) == ({"by hand"} if where == held else set())
    assert scene.firefox(whole, "alice", held)
    for where in (bobs, alices, made, roots):
        assert not scene.firefox(whole, profiles[where], where)
    ledger = json.loads(scene.root.read("/var/lib/trustinstall/ledger.json"))
    assert (ledger["claims"], ledger["placements"]) == ([], [])


def test_what_could_not_be_taken_out_goes_next_time(scene: Scene) -> None:
    """A profile that is locked when the policy goes is named, and the next `remove` knows what to do."""
    where = profile(scene, "alice", "locked")
    scene.root.trustinstall("add", "--scope", "machine", CERTIFICATE, check=True)
    imported = ["certutil", "-A", "-d", f"sql:{where}", "-n", "Corp Root", "-t", "CT,CT,", "-i", CERTIFICATE]
    scene.root.run(imported, user="alice", check=True)  # as Firefox does it
    script = (
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "d.execute('begin exclusive'); print('held', flush=True); sys.stdin.read()"
    )
    with scene.root.popen(["python3", "-c", script, f"{where}/cert9.db"], user="alice", stdin=-1) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        removed = scene.root.trustinstall("remove", scene.corporate_root.sha256, "--json")
        holder.kill()
    failed = [one for one in json.loads(removed.stdout)["stores"] if one["result"] == "failed"]
    assert removed.returncode == 3
    assert [one["location"] for one in failed] == [where]
    assert "locked" in failed[0]["detail"]
    assert not scene.root.path("/etc/firefox").exists()
    scene.root.trustinstall("remove", scene.corporate_root.sha256, check=True)
    assert nicknames(scene, "alice", where) == set()
    ledger = json.loads(scene.root.read("/var/lib/trustinstall/ledger.json"))
    assert (ledger["claims"], ledger["placements"]) == ([], [])


def test_part_of_a_remove_leaves_imports_alone(scene: Scene) -> None:
    """While the policy stays, its imports stay; they go with the policy, and with no other store."""
    where = profile(scene, "alice", "one")
    scene.root.trustinstall("add", "--scope", "machine", CERTIFICATE, check=True)
    imported = ["certutil", "-A", "-d", f"sql:{where}", "-n", "Corp Root", "-t", "CT,CT,", "-i", CERTIFICATE]
    scene.root.run(imported, user="alice", check=True)
    scene.root.trustinstall("remove", CERTIFICATE, "--store", "chromium-policy", check=True)
    assert nicknames(scene, "alice", where) == {"Corp Root"}
    scene.root.trustinstall("remove", CERTIFICATE, "--store", "firefox-policy", check=True)
    assert nicknames(scene, "alice", where) == set()
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    ledger = json.loads(scene.root.read("/var/lib/trustinstall/ledger.json"))
    assert (ledger["claims"], ledger["placements"]) == ([], [])


def test_trust_alone_is_enough(scene: Scene, whole: Server) -> None:
    """After a bare `certutil -D`, Firefox still trusts the root of a server that sends it: the trouble is real."""
    where = profile(scene, "alice", "bare")
    scene.root.trustinstall("add", "--store", "firefox-policy", CERTIFICATE, check=True)
    assert scene.firefox(scene.corporate, "alice", where)
    scene.root.run(["rm", "-r", "/etc/firefox"], check=True)
    scene.root.run(["certutil", "-D", "-d", f"sql:{where}", "-n", "Corp Root"], user="alice", check=True)
    assert nicknames(scene, "alice", where) == set()
    assert not scene.firefox(scene.corporate, "alice", where)
    assert scene.firefox(whole, "alice", where)
    scene.root.trustinstall("remove", scene.corporate_root.sha256, check=True)
    assert not scene.firefox(whole, "alice", where)
