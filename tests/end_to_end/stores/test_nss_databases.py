"""NSS databases: which there are, and what is told apart in them; with the real certutil, in a throw-away root."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.end_to_end.cli.machine import sudo
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway

CORP, OTHER = make_root("Corp Root"), make_root("Corp Root")
SHA256 = hashlib.sha256(CORP.der).hexdigest()
CERTIFICATE, HOME = "/srv/corp.crt", "/home/alice"
PROFILE = f"{HOME}/.mozilla/firefox/x.default"


@dataclass(frozen=True)
class Desk:
    """Alice's home, and what happens in it."""

    root: Throwaway

    def profile(self, path: str, named: str = "", *, relative: bool = True) -> str:
        """A profile with an empty database, named in profiles.ini of the directory above it (or of another one)."""
        top, name = path.rsplit("/", 1)
        ini = f"[Profile0]\nName=x\nIsRelative={int(relative)}\nPath={name if relative else path}\n"
        self.root.write(f"{named or top}/profiles.ini", ini, user="alice")
        self.root.run(["mkdir", "-p", path], user="alice", check=True)
        self.certutil(path, "-N", "--empty-password")
        return path

    def certutil(self, database: str, *words: str, stdin: bytes = b"") -> str:
        """Run it for real."""
        command = ["certutil", *words, "-d", f"sql:{database}"]
        return self.root.run(command, user="alice", input=stdin, check=True).stdout

    def imported(self, nickname: str, trust: str, database: str = PROFILE, der: bytes = CORP.der) -> None:
        """An account imports a root."""
        self.certutil(database, "-A", "-n", nickname, "-t", trust, stdin=der)

    def stores(self) -> list[str]:
        """The databases that are found, below the home."""
        told = json.loads(self.root.trustinstall("stores", "--json", user="alice", check=True).stdout)
        return [one["location"].removeprefix(f"{HOME}/") for one in told["stores"] if one["backend"] == "nss"]

    def change(self, command: str, *options: str) -> tuple[str, str]:
        """How the profile's database ends, and what is said of it."""
        words = [command, "--json", "--store", f"nss:{PROFILE}", *options]
        told = json.loads(self.root.trustinstall(*words, user="alice").stdout)
        (one,) = (one for one in told["stores"] if one["id"] == f"nss:{PROFILE}")
        return one["result"], one["detail"]

    def listed(self, database: str = PROFILE) -> dict[str, str]:
        """What certutil lists: trust by nickname."""
        lines = [line.rsplit(maxsplit=1) for line in self.certutil(database, "-L").splitlines()[3:]]
        return {line[0]: line[1] for line in lines if line}

    def sql(self, statement: str, *values: bytes) -> list[tuple[object, ...]]:
        """Read the profile's database, or change it, without NSS."""
        path = f"{PROFILE}/cert9.db"
        with tempfile.NamedTemporaryFile() as copy:
            copy.write(self.root.read(path))
            copy.flush()
            database = sqlite3.connect(copy.name)
            found = database.execute(statement, values).fetchall()
            database.commit()
            database.close()
            copy.seek(0)
            self.root.write(path, copy.read(), mode=0o600, user="alice")
            return found


@pytest.fixture(scope="module")
def machine() -> Iterator[Throwaway]:
    """A machine without a browser, where Alice has one profile of Firefox."""
    with Throwaway(java=False) as root:
        root.write(CERTIFICATE, CORP.pem)
        Desk(root).profile(PROFILE)
        root.freeze()
        yield root


@pytest.fixture
def desk(machine: Throwaway) -> Desk:
    """As it was."""
    machine.reset()
    return Desk(machine)


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
