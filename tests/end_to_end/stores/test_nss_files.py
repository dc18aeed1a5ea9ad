"""The files of NSS databases: those that trustinstall has made go with its last root; old formats are left alone."""

from __future__ import annotations

import pytest

from tests.end_to_end.stores.desk import CERTIFICATE, CORP, OTHER, PROFILE, SHA256, Desk

FILES = ("cert9.db", "key4.db", "pkcs11.txt")


def databases(desk: Desk) -> list[str]:
    """Which files of a database are in the profile."""
    return [name for name in FILES if desk.root.path(f"{PROFILE}/{name}").exists()]


@pytest.mark.parametrize("beside", [False, True])
def test_a_database_of_ours(desk: Desk, *, beside: bool) -> None:
    """A database that trustinstall created goes with its last root; other files of the profile stay."""
    desk.root.run(["sh", "-c", f"rm -rf {PROFILE}/*"], check=True)
    if beside:
        desk.root.write(f"{PROFILE}/prefs.js", "// hers\n", user="alice")
    before = desk.root.changes()
    desk.root.write("/srv/other.crt", OTHER.pem)
    assert desk.change("add", CERTIFICATE)[0] == "added"
    assert desk.change("add", "/srv/other.crt")[0] == "added"
    assert desk.change("remove", SHA256)[0] == "removed"
    assert databases(desk) == [*FILES]
    assert desk.change("remove", "/srv/other.crt")[0] == "removed"
    assert databases(desk) == []
    changed = {path for path, entry in desk.root.changes().items() if before.get(path) != entry}
    assert not [path for path in changed | before.keys() - desk.root.changes().keys() if path.startswith(PROFILE)]


def test_a_database_of_ours_in_use(desk: Desk) -> None:
    """A database that a browser has open stays: a key that it writes would be lost."""
    desk.root.run(["sh", "-c", f"rm -rf {PROFILE}/*"], check=True)
    assert desk.change("add", CERTIFICATE)[0] == "added"
    command = ["sh", "-c", f"exec 3<{PROFILE}/key4.db; echo ready; read -r line"]
    with desk.root.popen(command, user="alice", stdin=-1) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        assert desk.change("remove", SHA256)[0] == "removed"
        holder.kill()
    assert databases(desk) == [*FILES]


@pytest.mark.parametrize("what", ["certificate", "distrust", "key", "password", "module", "unfinished"])
def test_a_database_of_ours_that_others_use(desk: Desk, what: str) -> None:
    """It stays where it holds anything else: a root, a word on trust, a key, a password, or another module."""
    desk.root.run(["sh", "-c", f"rm -rf {PROFILE}/*"], check=True)
    assert desk.change("add", CERTIFICATE)[0] == "added"
    desk.root.write("/tmp/none", "\n")
    desk.root.write("/tmp/password", "secret\n")
    if what in {"certificate", "distrust"}:
        desk.imported("Hers", ",," if what == "certificate" else "p,,", der=OTHER.der)
    elif what == "key":
        words = ("-S", "-n", "Hers", "-s", "CN=Hers", "-x", "-t", "u,,", "-z", "/tmp/none", "-f", "/tmp/none")
        desk.certutil(PROFILE, *words)
        desk.certutil(PROFILE, "-D", "-n", "Hers")
        desk.sql("DELETE FROM nssPublic WHERE a0 = ?", bytes.fromhex("00000002"))  # its public half
    elif what == "password":
        desk.certutil(PROFILE, "-W", "-f", "/tmp/none", "-@", "/tmp/password")
    elif what == "module":
        text = desk.root.read(f"{PROFILE}/pkcs11.txt").decode()
        text += "library=/usr/lib/opensc-pkcs11.so\nname=Smart card\n\n"
        desk.root.write(f"{PROFILE}/pkcs11.txt", text, mode=0o600, user="alice")
    else:
        desk.root.write(f"{PROFILE}/key4.db-journal", "", mode=0o600, user="alice")
    assert desk.change("remove", SHA256)[0] == "removed"
    assert databases(desk) == [*FILES]
    assert SHA256 not in str(desk.listed())


def old_database(desk: Desk, der: bytes) -> None:
    """The profile has a database of the old format alone, in which a person has imported a root."""
    desk.root.run(["sh", "-c", f"rm {PROFILE}/*.db {PROFILE}/pkcs11.txt; printf '\\n\\n' >/tmp/empty"], check=True)
    old = ["-d", f"dbm:{PROFILE}"]
    desk.root.run(["certutil", "-N", "--empty-password", *old], user="alice", check=True)
    desk.root.run(["certutil", "-A", "-n", "mine", "-t", "C,,", *old], user="alice", input=der, check=True)


def converted(desk: Desk) -> None:
    """Its program converts it: NSS's own function, which certutil calls with another directory for the result."""
    new = "/tmp/new"
    desk.root.run(["mkdir", new], user="alice", check=True)
    desk.certutil(new, "-N", "--empty-password")
    words = ["--upgrade-merge", "--source-dir", PROFILE, "--upgrade-id", "x", "--upgrade-token-name", "x"]
    desk.certutil(new, *words, "-f", "/tmp/empty", "-@", "/tmp/empty")
    desk.root.run(["sh", "-c", f"mv {new}/* {PROFILE}"], user="alice", check=True)


def test_an_old_database_is_left_to_its_program(desk: Desk) -> None:
    """Until its program has converted it, nothing is made beside it: NSS would not convert it any more."""
    old_database(desk, OTHER.der)
    files = {one.name: one.read_bytes() for one in desk.root.path(PROFILE).iterdir()}
    result, why = desk.change("add", CERTIFICATE)
    assert (result, "cert8.db" in why, "start Firefox once" in why) == ("read-only", True, True), why
    assert desk.change("remove", CERTIFICATE)[0] == "absent"
    assert {one.name: one.read_bytes() for one in desk.root.path(PROFILE).iterdir()} == files
    converted(desk)
    assert desk.listed() == {"mine": "C,,"}
    assert desk.change("add", CERTIFICATE)[0] == "added"
    assert set(desk.listed()) == {"mine", f"trustinstall-{SHA256}"}
    assert desk.change("add", CERTIFICATE)[0] == "present"
    assert desk.change("remove", CERTIFICATE)[0] == "removed"
    assert desk.listed() == {"mine": "C,,"}


def test_a_copy_that_an_old_database_had_is_foreign(desk: Desk) -> None:
    """A root that a person imported before the conversion stays, and is named."""
    old_database(desk, CORP.der)
    converted(desk)
    assert desk.change("add", CERTIFICATE)[0] == "present"
    assert desk.change("remove", CERTIFICATE) == ("foreign", f"in {PROFILE}: mine")
    assert desk.change("remove", "--not-ours", "--sha256", SHA256)[0] == "removed"
    assert desk.listed() == {}
