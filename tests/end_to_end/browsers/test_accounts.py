"""Real browsers on an account's own databases: a root that it adds without root holds for this account only."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.end_to_end.browsers.conftest import CERTIFICATE, Scene

pytestmark = pytest.mark.timeout(300)

MOZILLA = ".config/mozilla/firefox"  # where Firefox 153 makes profiles
DATABASE = ("cert9.db", "key4.db", "pkcs11.txt")
NEW, OLD = ".local/share/pki/nssdb", ".pki/nssdb"


def profile(scene: Scene, user: str, name: str) -> str:
    """A profile that profiles.ini names, never started."""
    home = scene.root.user(user).home
    top = f"{home}/{MOZILLA}"
    if not scene.root.path(f"{top}/profiles.ini").exists():
        scene.root.write(f"{top}/profiles.ini", "", user=user)
        scene.root.run(["chown", "-R", f"{user}:", f"{home}/.config"], check=True)
    ini = scene.root.read(f"{top}/profiles.ini").decode()
    entry = f"[Profile{ini.count('[')}]\nName={name}\nIsRelative=1\nPath={name}\n"
    scene.root.write(f"{top}/profiles.ini", ini + entry, user=user)
    scene.root.run(["mkdir", "-p", f"{top}/{name}"], user=user, check=True)
    return f"{top}/{name}"


def test_chromium_that_was_never_started(scene: Scene) -> None:
    """The database is made where Chromium looks, it trusts, and the old place stays empty; another account refuses."""
    scene.root.trustinstall("add", CERTIFICATE, user="alice", check=True)
    assert scene.root.path(f"/home/alice/{NEW}/cert9.db").exists()
    assert not scene.root.path("/home/alice/.pki").exists()
    assert scene.chromium(scene.corporate, profile="old")
    assert not scene.chromium(scene.unknown)
    assert not scene.chromium(scene.corporate, "bob")
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert not scene.root.path("/home/alice/.local/share/pki").exists()
    assert not scene.chromium(scene.corporate, profile="old")


@pytest.mark.parametrize("place", [OLD, NEW])
def test_chromium_with_a_database(scene: Scene, place: str) -> None:
    """The database that is there, of either name, is used and stays, and no other one is made."""
    where = f"/home/alice/{place}"
    scene.root.run(["mkdir", "-p", where], user="alice", check=True)
    scene.root.run(["certutil", "-N", "-d", f"sql:{where}", "--empty-password"], user="alice", check=True)
    assert not scene.chromium(scene.corporate)
    scene.root.trustinstall("add", CERTIFICATE, user="alice", check=True)
    assert scene.chromium(scene.corporate)
    other = NEW if place == OLD else OLD
    assert not scene.root.path(f"/home/alice/{other}").exists()
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert not scene.chromium(scene.corporate)


def test_firefox_for_two_accounts(scene: Scene) -> None:
    """Bob's profiles trust it, started or not, Alice's do not; only a database that trustinstall made goes again."""
    started, new = profile(scene, "bob", "started"), profile(scene, "bob", "new")
    alices = profile(scene, "alice", "hers")
    assert not scene.firefox(scene.corporate, "bob", started)
    scene.root.trustinstall("add", "--scope", "user", "--user", "bob", CERTIFICATE, check=True)
    assert scene.firefox(scene.corporate, "bob", started)
    assert scene.firefox(scene.corporate, "bob", new)
    assert not scene.firefox(scene.unknown, "bob", started)
    assert not scene.firefox(scene.corporate, "alice", alices)
    owners = {path.lstat().st_uid for path in scene.root.path(f"/home/bob/{MOZILLA}").rglob("*")}
    assert owners == {scene.root.user("bob").uid}
    scene.root.trustinstall("remove", CERTIFICATE, "--scope", "user", "--user", "bob", check=True)
    assert [scene.root.path(f"{started}/{name}").exists() for name in DATABASE] == [True] * 3
    assert [scene.root.path(f"{new}/{name}").exists() for name in DATABASE] == [False] * 3
    assert scene.root.path(f"{new}/prefs.js").exists()
    assert not scene.firefox(scene.corporate, "bob", started)
    assert not scene.firefox(scene.corporate, "bob", new)


def test_a_running_firefox(scene: Scene) -> None:
    """What is added and removed while Firefox runs holds at its next start."""
    where = profile(scene, "alice", "running")
    for command, trusted in (("add", True), ("remove", False)):
        page = f"{scene.unknown.url}/"  # refused: Firefox shows why, and stays
        refused = scene.unknown.refusals
        process = scene.root.popen(
            ["firefox-esr", "--headless", "--no-remote", "--profile", where, "--screenshot", f"{where}/x.png", page],
            user="alice",
        )
        try:
            while scene.unknown.refusals == refused:
                time.sleep(0.05)
            scene.root.trustinstall(command, CERTIFICATE, user="alice", check=True)
            assert process.poll() is None
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=60)
        assert scene.firefox(scene.corporate, "alice", where) is trusted
