"""NSS databases: which there are, and what is told apart in them; with the real certutil, in a throw-away root."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.end_to_end.cli.machine import sudo
from tests.end_to_end.stores.desk import CERTIFICATE, CORP, HOME, OTHER, PROFILE, SHA256, Desk


def test_places(desk: Desk) -> None:
    """Classic, XDG, snap, flatpak, relatives and custom places; old and new databases of Chromium; each once."""
    below = [
        ".config/mozilla/firefox/x",
        "snap/firefox/common/.mozilla/firefox/x",
        ".var/app/org.mozilla.firefox/.mozilla/firefox/x",
        ".thunderbird/x",
        ".librewolf/x",
        ".zen/x",
    ]
    for path in below:
        desk.profile(f"{HOME}/{path}")
    desk.profile(f"{HOME}/elsewhere/custom", f"{HOME}/.waterfox", relative=False)
    desk.root.write(f"{HOME}/.zen/installs.ini", "[4F96D1932A9F858E]\nDefault=x\nLocked=1\n", user="alice")
    for path in (".pki/nssdb", ".local/share/pki/nssdb"):
        desk.root.run(["mkdir", "-p", f"{HOME}/{path}"], user="alice", check=True)
    expected = {".mozilla/firefox/x.default", *below, "elsewhere/custom", ".pki/nssdb", ".local/share/pki/nssdb"}
    assert len(desk.stores()) == len(expected)
    assert set(desk.stores()) == expected


def test_no_chromium_no_database(desk: Desk) -> None:
    """Where no browser of that family is, no database is made for one."""
    assert desk.stores() == [".mozilla/firefox/x.default"]


def test_confined_chromiums(desk: Desk) -> None:
    """A snap or flatpak that was never started gets the new database; beside an old one none is made."""
    script = (
        "mkdir -p snap/chromium/7 .var/app/org.chromium.Chromium .var/app/com.brave.Browser/.pki/nssdb; "
        "ln -s 7 snap/chromium/current; certutil -N --empty-password -d sql:.var/app/com.brave.Browser/.pki/nssdb"
    )
    desk.root.run(["sh", "-ec", script], user="alice", cwd=HOME, check=True)
    made = ["snap/chromium/7/.local/share/pki/nssdb", ".var/app/org.chromium.Chromium/data/pki/nssdb"]
    databases = [*made, ".var/app/com.brave.Browser/.pki/nssdb"]
    assert desk.stores() == [*databases, ".mozilla/firefox/x.default"]
    for command, there in (("add", databases), ("remove", databases[2:])):
        desk.root.trustinstall(command, CERTIFICATE, user="alice", check=True)
        found = [path for path in databases if desk.root.path(f"{HOME}/{path}/cert9.db").exists()]
        assert found == there
        assert all((CORP.sha256 in str(desk.listed(f"{HOME}/{path}"))) == (command == "add") for path in there)
    assert not desk.root.path(f"{HOME}/snap/chromium/7/.local").exists()


def test_hostile_profiles(desk: Desk) -> None:
    """A FIFO for a profiles.ini, one that names what is others', and links out change nothing there."""
    desk.root.run(["sh", "-c", "mkdir -p .zen .librewolf; mkfifo .zen/profiles.ini"], user="alice", check=True)
    names = ["/etc", "../../../../etc/ssl", "link", "\x1b[31mred", "/dev/fd/0"]
    ini = "".join(f"[Profile{number}]\nPath={name}\n" for number, name in enumerate(names))
    desk.root.write(f"{HOME}/.librewolf/profiles.ini", ini, user="alice")
    desk.root.run(["ln", "-s", "/var/lib", f"{HOME}/.librewolf/link"], check=True)
    before = desk.root.changes()
    done = desk.root.trustinstall("add", CERTIFICATE, "--json", user="alice")
    failed = {one["location"] for one in json.loads(done.stdout)["stores"] if one["result"] == "failed"}
    assert failed == {"/etc", "/etc/ssl", "/var/lib"}
    assert "\x1b" not in done.stdout + done.stderr
    changed = {path for path, entry in desk.root.changes().items() if before.get(path) != entry}
    assert all(path.startswith(HOME) for path in changed)


def test_only_tls_servers(desk: Desk) -> None:
    """Our copy bears its fingerprint, and is good for TLS servers alone."""
    assert desk.change("add", CERTIFICATE) == ("added", "")
    assert desk.listed() == {f"trustinstall-{SHA256}": "C,,"}


def test_primary_password(desk: Desk) -> None:
    """A root that certutil stores without trust, because it lacks the password, is taken out again."""
    desk.root.write("/tmp/none", "\n")
    desk.root.write("/tmp/password", "secret\n")
    desk.certutil(PROFILE, "-W", "-f", "/tmp/none", "-@", "/tmp/password")
    result, detail = desk.change("add", CERTIFICATE)
    assert result == "failed"
    assert "primary password" in detail
    assert desk.listed() == {}


def test_locked(desk: Desk) -> None:
    """A browser in the middle of a write is waited for a little, and named."""
    script = (
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "d.execute('begin immediate'); print('held', flush=True); sys.stdin.read()"
    )
    command = ["python3", "-c", script, f"{PROFILE}/cert9.db"]
    with desk.root.popen(command, user="alice", stdin=-1) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result, detail = desk.change("add", CERTIFICATE)
        holder.kill()
    assert result == "failed"
    assert "keeps the database locked" in detail
    assert desk.listed() == {}


def test_read_only(desk: Desk) -> None:
    """A database that is read-only."""
    desk.root.run(["chmod", "0444", f"{PROFILE}/cert9.db"], check=True)
    result, detail = desk.change("add", CERTIFICATE)
    assert result == "failed"
    assert "read-only" in detail


@pytest.mark.parametrize("content", [b"", b"no database at all, " * 100])
def test_corrupt(desk: Desk, content: bytes) -> None:
    """A database that is none is said to be damaged, and stays as it is; an empty file is one without tables."""
    desk.root.write(f"{PROFILE}/cert9.db", content, mode=0o600, user="alice")
    result, detail = desk.change("add", CERTIFICATE)
    if content:
        assert result == "failed"
        assert "damaged" in detail
        assert desk.root.read(f"{PROFILE}/cert9.db") == content
    else:
        assert result == "added"


def test_no_certutil(desk: Desk) -> None:
    """Without the tool the error names the package that brings it."""
    desk.root.run(["rm", "/usr/bin/certutil"], check=True)
    result, detail = desk.change("add", CERTIFICATE)
    assert result == "failed"
    assert "libnss3-tools" in detail


@pytest.mark.parametrize("nickname", ["Corp Root", "with: colon", "-n", "é ü"])
def test_somebody_elses(desk: Desk, nickname: str) -> None:
    """A copy under any other nickname is foreign and left; it goes when that is asked for."""
    desk.imported(nickname, "CT,C,")
    assert desk.change("add", CERTIFICATE)[0] == "present"
    assert desk.change("remove", SHA256)[0] == "foreign"
    assert list(desk.listed().values()) == ["CT,C,"]
    assert desk.change("remove", "--not-ours", "--sha256", SHA256)[0] == "removed"
    assert desk.listed() == {}


@pytest.mark.parametrize(("trust", "word"), [(",,", "without trust"), ("p,,", "distrusts")])
def test_somebody_elses_without_trust(desk: Desk, trust: str, word: str) -> None:
    """A root that another program has left without trust, or distrusts, does not become trusted."""
    desk.imported("Corp Root", trust)
    result, detail = desk.change("add", CERTIFICATE)
    assert result == "failed"
    assert word in detail
    assert desk.listed() == {"Corp Root": trust}


@pytest.mark.parametrize("trust", [",,", "c,c,c"])
def test_trust_that_was_taken_away_since(desk: Desk, trust: str) -> None:
    """The account has unchecked it in the browser: `repair` leaves that and names it, `add` sets it, `remove` works."""
    assert desk.change("add", CERTIFICATE)[0] == "added"
    (name,) = desk.listed()
    desk.certutil(PROFILE, "-M", "-n", name, "-t", trust)
    done = desk.root.trustinstall("repair", user="alice", check=True)
    assert "was left without trust there" in done.stdout
    assert desk.listed() == {name: trust}
    assert desk.change("add", CERTIFICATE)[0] == "added"
    desk.certutil(PROFILE, "-M", "-n", name, "-t", trust)
    assert desk.change("remove", SHA256)[0] == "removed"
    assert desk.listed() == {}


def test_namesakes(desk: Desk) -> None:
    """Another root of the same subject neither gets in the way nor goes along."""
    desk.imported("theirs", "C,,", der=OTHER.der)
    assert desk.change("add", CERTIFICATE)[0] == "added"
    assert desk.change("remove", SHA256)[0] == "removed"
    assert desk.listed() == {"theirs": "C,,"}


def test_trust_of_the_newer_kind(desk: Desk) -> None:
    """What Firefox notes beside our copy, in a way that this NSS does not know, goes along with it."""
    assert desk.change("add", CERTIFICATE)[0] == "added"
    for column in ("a62c", "a635"):
        desk.sql(f"ALTER TABLE nssPublic ADD COLUMN {column}")
    kind, anchor = bytes.fromhex("0000000b"), bytes.fromhex("00000002")
    statement = "INSERT INTO nssPublic (id, a0, a62c, a635) VALUES (7, ?, ?, ?)"
    desk.sql(statement, kind, anchor, bytes.fromhex(SHA256))
    other = hashlib.sha256(OTHER.der).digest()
    desk.sql(statement.replace("7", "8"), kind, anchor, other)
    assert desk.change("remove", SHA256)[0] == "removed"
    assert desk.sql("SELECT id, a635 FROM nssPublic") == [(8, other)]


def test_a_renamed_entry(desk: Desk) -> None:
    """A root that has lost the nickname of trustinstall is left and named; `--not-ours` takes it out."""
    assert desk.change("add", CERTIFICATE)[0] == "added"
    desk.certutil(PROFILE, "--rename", "-n", f"trustinstall-{SHA256}", "--new-n", "Renamed")
    assert desk.listed() == {"Renamed": "C,,"}
    assert desk.change("remove", SHA256)[0] == "foreign"
    assert desk.change("remove", SHA256)[0] == "foreign"
    assert desk.listed() == {"Renamed": "C,,"}
    assert desk.change("remove", "--not-ours", "--sha256", SHA256)[0] == "removed"
    assert desk.listed() == {}


def test_an_adopted_entry(desk: Desk) -> None:
    """It is adopted once, is there already when added again, and goes with a plain `remove`."""
    desk.imported("Hers", "CT,C,")
    assert desk.change("add", "--adopt", CERTIFICATE)[0] == "present"
    assert desk.change("add", CERTIFICATE)[0] == "present"
    assert desk.change("remove", SHA256)[0] == "removed"
    assert desk.listed() == {}


def test_roots_own(desk: Desk) -> None:
    """Root's profiles are the machine's; none is made, none in another's hands is touched, no variable counts."""
    roots, home = "/root/.mozilla/firefox/x", "/root/.mozilla/firefox/profiles.ini"
    desk.root.write(home, f"[Profile0]\nIsRelative=1\nPath=x\n[Profile1]\nIsRelative=0\nPath={PROFILE}\n")
    desk.root.run(["sh", "-ec", f"mkdir {roots}; certutil -N --empty-password -d sql:{roots}"], check=True)
    desk.root.write("/usr/bin/chromium", "", mode=0o755)
    env = {"XDG_CONFIG_HOME": f"{HOME}/.config", "XDG_DATA_HOME": f"{HOME}/.local/share"}
    for command, result in (("add", "added"), ("remove", "removed")):
        words = (command, "--json", "--scope", "machine", "--store", "nss", CERTIFICATE)
        told = json.loads(desk.root.trustinstall(*words, env=env, check=True).stdout)
        stores = {one["id"]: (one["scope"], one["result"]) for one in told["stores"] if one["backend"] == "nss"}
        assert stores == {f"nss:{roots}": ("machine", result)}
        listed = desk.root.run(["certutil", "-L", "-d", f"sql:{roots}"], check=True).stdout
        assert ("trustinstall-" in listed) == (command == "add")
    desk.root.path(f"{roots}/pkcs11.txt").chmod(0o666)
    assert "others may change pkcs11.txt" in desk.root.trustinstall("add", *words[1:], env=env).stdout
    assert desk.listed() == {}
    assert not desk.root.path("/root/.local/share/pki").exists()


def test_a_policy_that_everybody_may_write(desk: Desk) -> None:
    """The machine's policy is left, with the danger and the chmod; the account's databases hold the root instead."""
    managed = "/etc/opt/chrome/policies/managed"
    desk.root.write("/opt/google/chrome/chrome", "#!/bin/sh\n", mode=0o755)
    desk.root.run(["mkdir", "-p", "-m", "777", managed], check=True)
    done = desk.root.trustinstall("add", CERTIFICATE, "--sha256", SHA256, "--json", env=sudo(desk.root))
    found = {one["id"]: (one["result"], one["detail"]) for one in json.loads(done.stdout)["stores"]}
    result, detail = found[f"chromium-policy:{managed}"]
    assert (done.returncode, result) == (3, "failed")
    assert f"have every browser here trust a root of theirs; chmod go-w {managed}" in detail
    assert found[f"nss:{HOME}/.local/share/pki/nssdb"][0] == "added"
    assert found[f"nss:{PROFILE}"][0] == "added"
    assert desk.listed(f"{HOME}/.local/share/pki/nssdb") == desk.listed()
    assert desk.root.trustinstall("remove", SHA256, env=sudo(desk.root)).returncode == 0
    assert desk.listed() == {}
