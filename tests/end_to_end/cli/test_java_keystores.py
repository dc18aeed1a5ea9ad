"""Keystores of Java on the command line: whose they are, their passwords, and what cannot be written."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.contract.machines import jks_entries
from tests.end_to_end.cli.machine import (
    CERT,
    LEDGER,
    ROOT,
    deliver,
    quick,
    result,
    snapshot,
    sudo,
    told,
)
from tests.support.jks import jks
from tests.support.keytool import KEYTOOL
from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway

OTHER = make_root("Other Root")
KEYSTORE = "/etc/ssl/certs/java/cacerts"
OPT = "/opt/jdk-21/lib/security/cacerts"
HERS = "/home/alice/.sdkman/candidates/java/21-tem/lib/security/cacerts"
HIS = "/home/bob/.jdks/temurin-21/lib/security/cacerts"
SECRET = "a-word-that-nobody-shows"  # noqa: S105  a test's
WORD = "/srv/word"
PLAIN, LOCKED = jks(("other", OTHER.der)), jks(("other", OTHER.der), password=SECRET)


def trusts(root: Throwaway, keystore: str) -> bool:
    """Whether a JKS keystore holds the root that is added."""
    return ROOT.der in root.read(keystore)


def signed(content: bytes, password: str) -> bool:
    """Whether a JKS keystore is under a password."""
    secret = password.encode("utf-16-be") + b"Mighty Aphrodite"
    return hashlib.sha1(secret + content[:-20], usedforsecurity=False).digest() == content[-20:]


def test_sudo_and_other_users(fresh: Throwaway) -> None:
    """Root changes the machine's Java, an account its own; owner and mode stay; remove leaves every byte."""
    deliver(fresh)
    quick(fresh)
    for path, user in ((OPT, "root"), (HERS, "alice"), (HIS, "bob")):
        fresh.write(path, PLAIN, user=user, mode=0o600)
    before = {path: fresh.path(path).stat() for path in (OPT, HERS, HIS)}
    found = told(fresh.trustinstall("add", "--json", CERT, env=sudo(fresh)))
    assert [result(found, f"java:{path}") for path in (OPT, HERS)] == ["added", "added"]
    assert [trusts(fresh, path) for path in before] == [True, True, False]
    users = ("--user", "alice", "--user", "bob")
    found = told(fresh.trustinstall("add", "--json", *users, CERT))
    assert [result(found, f"java:{path}") for path in before] == ["present", "present", "added"]
    for path, old in before.items():
        new = fresh.path(path).stat()
        assert (new.st_uid, new.st_gid, new.st_mode) == (old.st_uid, old.st_gid, old.st_mode)
    assert told(fresh.trustinstall("remove", "--json", *users, "--all"))["exit_code"] == 0
    assert {fresh.read(path) for path in before} == {PLAIN}


def test_another_password(fresh: Throwaway) -> None:
    """One sentence for the store, others are done; with the file it is added under that password, and removed."""
    deliver(fresh)
    quick(fresh)
    fresh.write(OPT, LOCKED)
    fresh.write("/opt/jdk-17/lib/security/cacerts", PLAIN)
    fresh.write(WORD, f"{SECRET}\n", mode=0o600)
    before = fresh.read(OPT)
    words = ("--store", "java", "--json", CERT)
    found = told(fresh.trustinstall("add", *words))
    assert (found["exit_code"], result(found, f"java:{OPT}")) == (3, "locked")
    (failed,) = (one for one in found["stores"] if one["result"] == "locked")
    assert "--java-storepass-file" in failed["detail"]
    assert trusts(fresh, "/opt/jdk-17/lib/security/cacerts")
    assert fresh.read(OPT) == before
    done = fresh.trustinstall("add", "--java-storepass-file", WORD, *words)
    assert (result(told(done), f"java:{OPT}"), trusts(fresh, OPT)) == ("added", True)
    assert signed(fresh.read(OPT), SECRET)
    shown = [done.stdout, done.stderr, fresh.read(LEDGER).decode()]
    shown += [fresh.trustinstall("remove", "--java-storepass-file", WORD, "--dry-run", "--all").stdout]
    assert "nothing changed yet" in " ".join(shown[-1].split())
    listed = fresh.trustinstall("list", "--files", "--java-storepass-file", WORD)
    assert f"trustinstall-{ROOT.sha256}" in listed.stdout
    assert not any(SECRET in text for text in (*shown, listed.stdout))
    assert told(fresh.trustinstall("remove", "--java-storepass-file", WORD, "--json", "--all"))["exit_code"] == 0
    assert fresh.read(OPT) == before


def test_a_secret_stays_on_no_disk(fresh: Throwaway) -> None:
    """Killed with the journal still there, nothing that we wrote holds the password; the next run puts it right."""
    deliver(fresh)
    fresh.write(OPT, LOCKED)
    fresh.write(WORD, SECRET, mode=0o600)
    command = [*PROGRAM, "add", "--store", "java", "--java-storepass-file", WORD, CERT]
    watch = (
        'while ! [ -e /var/lib/trustinstall/private/journal ]; do :; done; kill -9 "$1" && '
        "cp /var/lib/trustinstall/private/journal /srv/kept"
    )
    for _ in range(10):  # on a busy machine the journal may have come and gone unseen
        running = fresh.popen(command)
        caught = fresh.run(["timeout", "5", "sh", "-c", watch, "sh", str(running.pid)]).returncode == 0
        running.communicate()
        if caught:
            break
        fresh.trustinstall("remove", *command[len(PROGRAM) + 1 :], check=True)
    assert fresh.run(["grep", "-rlF", SECRET, "/var/lib", "/opt", "/srv/kept"]).stdout == ""
    assert b"BEGIN" not in fresh.read("/srv/kept")
    assert fresh.trustinstall(*command[len(PROGRAM) :]).returncode == 0
    assert trusts(fresh, OPT)


@pytest.mark.parametrize("content", [None, "", "\n\n"])
def test_a_password_file_that_is_none(fresh: Throwaway, content: str | None) -> None:
    """Wrong usage, before anything is touched."""
    deliver(fresh)
    fresh.write(OPT, PLAIN)
    if content is not None:
        fresh.write(WORD, content)
    before = snapshot(fresh)
    done = fresh.trustinstall("add", "--java-storepass-file", WORD, CERT)
    assert (done.returncode, done.stderr.count("\n"), WORD in done.stderr) == (2, 1, True)
    assert snapshot(fresh) == before


def test_what_root_alone_may_read_is_not_told_to_others(fresh: Throwaway) -> None:
    """The acting account reads the password: alice's Java stays locked by root's file, and is opened by one of hers."""
    deliver(fresh)
    fresh.write(HERS, LOCKED, user="alice")
    words = ("add", "--json", "--scope", "user", "--user", "alice", "--store", "java", CERT)
    for user, mode, ended in (("root", 0o600, "locked"), ("alice", 0o600, "added")):
        fresh.write(WORD, SECRET, mode=mode, user=user)
        found = told(fresh.trustinstall(*words, "--java-storepass-file", WORD))
        assert result(found, f"java:{HERS}") == ended, user


def test_a_program_that_its_owner_alone_may_read(fresh: Throwaway) -> None:
    """What opens an encrypted keystore of alice's was loaded before the process that works for her became hers."""
    deliver(fresh)
    certificates = [pkcs12.PKCS12Certificate(OTHER.certificate, b"other")]
    encryption = serialization.BestAvailableEncryption(b"changeit")
    fresh.write(HERS, pkcs12.serialize_java_truststore(certificates, encryption), user="alice")
    fresh.path("/opt/trustinstall").chmod(0o700)
    words = ("add", "--json", "--user", "alice", "--store", "java", CERT)
    assert result(told(fresh.trustinstall(*words)), f"java:{HERS}") == "added"
    assert b"Corp Root G2" in fresh.read(HERS)  # the added certificate is not encrypted: it is not a secret


def test_at_a_terminal_it_is_asked_for(fresh: Throwaway) -> None:
    """After all others were done, without echo; nothing leaves it; wrong is said once; --no-input does not ask."""
    deliver(fresh)
    fresh.write(HERS, LOCKED, user="alice")
    fresh.write("/home/alice/.jdks/17/lib/security/cacerts", PLAIN, user="alice")
    question = f"Password of java:{HERS}"

    def typed(answer: str, *words: str) -> tuple[int | None, str]:
        """Answers the password's question when it has come: what is typed before it is thrown away."""
        command = shlex.join([*PROGRAM, "add", "--yes" if "--no-input" in words else "--no-color", *words, CERT])
        with fresh.popen(["script", "-qec", command, "/dev/null"], user="alice", stdin=subprocess.PIPE) as process:
            assert process.stdin
            assert process.stdout
            output = ""
            for asked, said in (("Trust it?", "y"), ("leave it): ", answer)):
                while asked not in output and (letter := process.stdout.read(1)):
                    output += letter
                if asked in output:
                    process.stdin.write(f"{said}\n")
                    process.stdin.flush()
            output += process.stdout.read()
        assert "Traceback" not in output
        return process.returncode, output

    assert question not in typed("", "--no-input")[1]
    assert (typed("\x04")[0], trusts(fresh, HERS)) == (3, False)
    code, output = typed("")
    assert (code, output.count(question)) == (3, 1)
    code, output = typed("wrong")
    assert (code, output.count(question), trusts(fresh, HERS)) == (3, 1, False)
    code, output = typed(SECRET)
    assert (code, output.count(question), trusts(fresh, HERS)) == (0, 1, True), output
    assert SECRET not in output.partition(question)[2]
    assert signed(fresh.read(HERS), SECRET)


def test_a_keystore_that_an_update_replaced(fresh: Throwaway) -> None:
    """`list` says that it is missing; the ledger keeps certificate and alias; `add` puts it back; remove then works."""
    deliver(fresh)
    fresh.write(OPT, PLAIN)
    fresh.trustinstall("add", "--store", "java", CERT, check=True)
    fresh.write(OPT, PLAIN)
    listed = told(fresh.trustinstall("list", "--json"))
    (one,) = listed["certificates"]
    assert [(held["id"], held["state"]) for held in one["stores"]] == [(f"java:{OPT}", "missing")]
    (placed,) = json.loads(fresh.read(LEDGER))["placements"]
    assert placed["entries"] == [f"trustinstall-{ROOT.sha256}"]
    assert result(told(fresh.trustinstall("add", "--store", "java", "--json", CERT)), f"java:{OPT}") == "added"
    fresh.trustinstall("remove", "--all", check=True)
    assert fresh.read(OPT) == PLAIN


def test_sealed_ones_are_named(fresh: Throwaway) -> None:
    """A snap's Java is listed with the way that works; add says so and writes nothing there, other Javas are done."""
    deliver(fresh)
    sealed = "/snap/studio/42/jbr/lib/security/cacerts"
    fresh.write(sealed, PLAIN)
    fresh.run(["ln", "-s", "42", "/snap/studio/current"], check=True)
    fresh.write(OPT, PLAIN)
    found = told(fresh.trustinstall("add", "--store", "java", "--json", CERT))
    assert (result(found, f"java:{sealed}"), result(found, f"java:{OPT}")) == ("read-only", "added")
    assert found["exit_code"] == 0
    assert "trustinstall run --java" in next(one["detail"] for one in found["stores"] if one["result"] == "read-only")
    assert fresh.read(sealed) == PLAIN
    assert "a snap cannot be changed" in fresh.trustinstall("stores").stdout


PLANTS = {
    "a link to root's file": "ln -s /etc/shadow $k",
    "a link to root's Java": f"ln -s {OPT} $k",
    "a fifo": "mkfifo $k",
    "a directory": "mkdir $k",
    "garbage": "head -c 100000 /dev/urandom > $k",
    "a keystore that claims to be huge": "printf '\\376\\355\\376\\355\\0\\0\\0\\002\\377\\377\\377\\377' > $k",
    "a sparse file of 100 GB": "truncate -s 100G $k",
    "a keystore of 100 MB": "{ cat /srv/plain; head -c 100000000 /dev/zero; } > $k",
    "its directory is a link": f"rm -r ${{k%/*}}; ln -s {OPT.rpartition('/')[0]} ${{k%/*}}",
    "a hundred thousand names": 'cd /home/alice/.jdks; seq 100000 | xargs mkdir; rm -rf "${k%/*}"',
    "links in circles": 'rm -r "${k%/*}"; ln -s security "${k%/*}"',
    "a name that is an escape": (
        'd=$(printf "/home/alice/.jdks/\033]0;evil\007\nx"); '
        'mkdir -p "$d/lib/security"; cp /srv/plain "$d/lib/security/cacerts"'
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_hostile_home(fresh: Throwaway, plant: str) -> None:
    """Root's Java and bob's are done; what alice has planted changes nothing outside, and shows nothing raw."""
    deliver(fresh)
    hers = "/home/alice/.jdks/x/lib/security/cacerts"
    fresh.write(OPT, PLAIN)
    fresh.write(HIS, PLAIN, user="bob")
    fresh.write("/srv/plain", PLAIN)
    fresh.run(["sh", "-c", f"mkdir -p {hers.rpartition('/')[0]}; k={hers}; {PLANTS[plant]}"], user="alice", check=True)
    before = snapshot(fresh, "/home/alice", "/home/bob")
    done = fresh.trustinstall("add", "--json", "--store", "java", "--scope", "all-users", CERT)
    found = told(done)
    assert [result(found, f"java:{path}") for path in (OPT, HIS)] == ["added", "added"]
    after = snapshot(fresh, "/home/alice", "/home/bob")
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert {path for path in changed if not path.startswith(("/var/lib", "/opt/jdk-21"))} <= {"/var", "/opt", "/home"}
    assert "Traceback" not in done.stderr
    if plant == "a hundred thousand names":
        assert "holds more names" in done.stdout
    shown = fresh.trustinstall("stores", "--scope", "all-users")
    assert "\x1b" not in shown.stdout + shown.stderr
    fresh.trustinstall("remove", "--json", "--scope", "all-users", "--all")
    assert (fresh.read(OPT), fresh.read(HIS)) == (PLAIN, PLAIN)


def test_no_space_left(fresh: Throwaway) -> None:
    """In alice's home: her keystore is as it was, with the reason, and nothing lies beside it; bob's Java is done."""
    deliver(fresh)
    fresh.write(HIS, PLAIN, user="bob")
    fresh.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,uid=alice,gid=alice,mode=755", "full", "/home/alice"], check=True
    )
    fresh.write(HERS, PLAIN, user="alice")
    fresh.run(["mkdir", "-p", "/home/alice/.local/state"], user="alice", check=True)
    fresh.run(["sh", "-c", "cat /dev/zero > /home/alice/filler"], user="alice")
    found = told(fresh.trustinstall("add", "--json", "--scope", "all-users", "--store", "java", CERT))
    said = [
        one.get("detail") or one["message"] for one in (*found["stores"], *found["problems"]) if one["scope"] == "alice"
    ]
    assert any("No space left" in one for one in said)
    assert (result(found, f"java:{HIS}"), fresh.read(HERS)) == ("added", PLAIN)
    assert [path.name for path in fresh.path(HERS).parent.iterdir()] == ["cacerts"]


def test_a_java_alias_whose_file_is_gone_goes_when_it_is_named() -> None:
    """A person deleted the file by hand and ran the tool, which never tells Java; --not-ours takes the alias out."""
    with Throwaway(java=True) as root:
        deliver(root)
        by_hand = root.write("/usr/local/share/ca-certificates/byhand.crt", ROOT.pem)
        root.run(["update-ca-certificates"], check=True)
        root.run(["rm", by_hand], check=True)
        root.run(["update-ca-certificates"], check=True)
        listing = [*KEYTOOL, "-list", "-keystore", "/etc/ssl/certs/java/cacerts", "-storepass", "changeit"]
        assert "byhand" in root.run(listing, check=True).stdout
        done = root.trustinstall("remove", "--not-ours", "--sha256", ROOT.sha256)
        assert done.returncode == 0, done
        assert "byhand" not in root.run(listing, check=True).stdout


def test_a_java_alias_of_an_earlier_installation_stays_until_it_is_named() -> None:
    """Beside the managed one: every `remove` leaves and names it; --not-ours takes it out."""
    with Throwaway(java=True) as root:
        deliver(root)
        by_hand = root.write("/usr/local/share/ca-certificates/byhand.crt", ROOT.pem)
        root.run(["update-ca-certificates"], check=True)
        root.run(["rm", by_hand], check=True)
        root.run(["update-ca-certificates"], check=True)
        listing = [*KEYTOOL, "-list", "-keystore", KEYSTORE, "-storepass", "changeit"]
        before = sorted(root.run(listing, check=True).stdout.splitlines())
        roots = len(jks_entries(root.read(KEYSTORE)))
        added = root.trustinstall("add", "--json", "--store", "debian", "--store", f"java:{KEYSTORE}", CERT)
        assert added.returncode == 0, added
        for _ in range(2):
            done = root.trustinstall("remove", "--json", CERT)
            assert (done.returncode, result(told(done), f"java:{KEYSTORE}")) == (0, "foreign"), done
            assert sorted(root.run(listing, check=True).stdout.splitlines()) == before
        done = root.trustinstall("remove", "--not-ours", "--sha256", ROOT.sha256)
        assert done.returncode == 0, done
        assert len(jks_entries(root.read(KEYSTORE))) == roots - 1
        assert "byhand" not in root.run(listing, check=True).stdout
