"""Whose stores: sudo, other accounts, no root; and remove, which knows from the ledgers what is whose."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from tests.end_to_end.cli.machine import (
    ALICE,
    ALICES,
    BOB,
    CERT,
    COMMAND,
    DEBIAN,
    LEDGER,
    OTHER,
    ROOT,
    deliver,
    holds,
    ledger,
    quick,
    result,
    sudo,
    told,
    venv,
)
from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway


def owners(root: Throwaway, top: str) -> set[int]:
    """The owners of everything below a directory."""
    return {path.lstat().st_uid for path in [root.path(top), *root.path(top).rglob("*")]}


def test_sudo(fresh: Throwaway) -> None:
    """The machine and the invoker's home; hers stays hers; both ledgers know; a plain remove by root takes both out."""
    deliver(fresh, "alice", "bob")
    quick(fresh)
    alice, before = fresh.user("alice").uid, {path: fresh.read(path) for path in (ALICE, BOB, DEBIAN)}
    done = fresh.trustinstall("add", CERT, env=sudo(fresh))
    assert done.returncode == 0, done
    assert "of this machine and alice's account" in " ".join(done.stdout.split())
    assert f"Undo: sudo {COMMAND} remove {ROOT.sha256[:12]}" in done.stdout
    assert [holds(fresh, path) for path in (DEBIAN, ALICE, BOB)] == [True, True, False]
    assert owners(fresh, "/home/alice") == {alice}
    assert owners(fresh, "/var/lib/trustinstall") == {0}
    assert json.loads(fresh.read(LEDGER))["claims"][0]["accounts"] == [["alice", alice]]
    (hers,) = json.loads(fresh.read(ledger("/home/alice")))["claims"]
    assert (hers["by"], hers["accounts"]) == ("alice", [])
    found = told(fresh.trustinstall("remove", "--json", ROOT.sha256[:12]))
    assert (result(found, "debian"), result(found, ALICES)) == ("removed", "removed")
    assert {path: fresh.read(path) for path in before} == before
    assert owners(fresh, "/home/alice") == {alice}


def test_all_users_and_one_user(fresh: Throwaway) -> None:
    """--user bob is bob alone; --all-users adds every login account; each home has its own ledger."""
    deliver(fresh, "alice", "bob")
    quick(fresh)
    words = ("--json", "--scope", "user", CERT)
    one = told(fresh.trustinstall("add", "--user", "bob", *words))
    assert (result(one, f"certifi:{BOB}"), holds(fresh, ALICE), holds(fresh, DEBIAN)) == ("added", False, False)
    every = told(fresh.trustinstall("add", "--all-users", *words))
    assert {one["scope"] for one in every["stores"]} >= {"alice", "bob"}
    assert (result(every, f"certifi:{BOB}"), result(every, ALICES)) == ("present", "added")
    assert not holds(fresh, DEBIAN)
    listed = told(fresh.trustinstall("list", "--json", "--scope", "all-users"))
    assert {one["scope"] for one in listed["certificates"]} >= {"alice", "bob"}
    seen = told(fresh.trustinstall("stores", "--json", "--user", "alice"))
    assert ALICES in {one["id"] for one in seen["stores"]}
    gone = told(fresh.trustinstall("remove", "--json", "--scope", "all-users", "--all"))
    assert (result(gone, f"certifi:{BOB}"), result(gone, ALICES)) == ("removed", "removed")
    assert (holds(fresh, ALICE), holds(fresh, BOB)) == (False, False)


def test_a_home_that_is_not_there_is_skipped(fresh: Throwaway) -> None:
    """It is no failure, is named with its reason, and is still known when it is back; --strict counts it."""
    deliver(fresh, "alice", "bob")
    quick(fresh)
    words = ("--json", "--scope", "all-users", CERT)
    assert told(fresh.trustinstall("add", *words))["exit_code"] == 0
    fresh.run(["mv", "/home/bob", "/home/.away"], check=True)
    gone = told(fresh.trustinstall("remove", *words))
    assert (gone["exit_code"], gone["problems"]) == (0, [])
    assert ["is not there" in one["message"] for one in gone["skipped"] if one["scope"] == "bob"] == [True]
    assert (holds(fresh, DEBIAN), holds(fresh, ALICE)) == (False, False)
    assert told(fresh.trustinstall("add", "--strict", *words))["exit_code"] == 3
    fresh.run(["mv", "/home/.away", "/home/bob"], check=True)
    assert holds(fresh, BOB)
    assert told(fresh.trustinstall("remove", "--json", ROOT.sha256))["exit_code"] == 0
    assert not holds(fresh, BOB)


def test_without_root(fresh: Throwaway) -> None:
    """Her own stores; the administrator's command, with absolute paths and quoting; the second add changes nothing."""
    deliver(fresh, "alice")
    fresh.write("/home/alice/my certs/it's.crt", ROOT.pem, user="alice")
    done = fresh.run(
        ["/opt/trustinstall/bin/python", "-I", "-m", "trustinstall", "add", "../alice/my certs/it's.crt"],
        user="alice",
        cwd="/home/alice",
        check=True,
    )
    quoted = "'/home/alice/my certs/it'\"'\"'s.crt'"
    assert f"An administrator can add them:\n    sudo {COMMAND} add {quoted} --sha256 {ROOT.sha256}\n" in done.stdout
    assert f"Undo: {COMMAND} remove {ROOT.sha256[:12]}" in done.stdout
    assert (holds(fresh, ALICE), holds(fresh, DEBIAN)) == (True, False)
    before = fresh.changes(mtimes=True)
    again = fresh.trustinstall("add", CERT, user="alice")
    assert (again.returncode, "Undo:" in again.stdout) == (0, False)
    assert fresh.changes(mtimes=True) == before
    assert fresh.trustinstall("remove", "--all", user="alice").returncode == 0
    assert fresh.read(ALICE) == fresh.read(DEBIAN)


def test_variables_of_another_account_mean_nothing(fresh: Throwaway) -> None:
    """An account says that she is bob under sudo, with a HOME of her choice: her own home, and nothing else."""
    deliver(fresh, "alice", "bob")
    done = fresh.trustinstall("add", CERT, user="alice", env={**sudo(fresh, "bob"), "HOME": "/home/bob"})
    assert done.returncode == 0, done
    assert (holds(fresh, ALICE), holds(fresh, BOB)) == (True, False)


def test_no_home_in_the_environment(fresh: Throwaway) -> None:
    """A service has no HOME: the account's is what the account database says."""
    deliver(fresh, "alice")
    words = ("env", "-i", "/opt/trustinstall/bin/python", "-I", "-m", "trustinstall")
    for user, code in (("alice", 0), ("root", 2)):  # all that root has of this kind is fed by debian
        assert fresh.run([*words, "add", "--store", "certifi", CERT], user=user).returncode == code
        assert fresh.run([*words, "stores"], user=user).returncode == 0
    assert holds(fresh, ALICE)


@pytest.mark.parametrize("form", ["file", "der", "prefix", "colons", "subject", "all"])
def test_remove_by(fresh: Throwaway, form: str) -> None:
    """Every way to name a certificate removes exactly that one."""
    deliver(fresh, "alice")
    before = fresh.read(ALICE)
    fresh.write("/tmp/input/corp.der", ROOT.der)
    fresh.write("/tmp/input/other.crt", OTHER.pem)
    extra = () if form == "all" else ("/tmp/input/other.crt",)
    assert fresh.trustinstall("add", CERT, *extra, user="alice").returncode == 0
    digits = ROOT.sha256
    words = {
        "file": CERT,
        "der": "/tmp/input/corp.der",
        "prefix": digits[:8].upper(),
        "colons": ":".join(digits[at : at + 2] for at in range(0, 64, 2)),
        "subject": "corp root g2",
        "all": "--all",
    }
    found = told(fresh.trustinstall("remove", "--json", words[form], user="alice"))
    assert (result(found, ALICES), [one["sha256"] for one in found["certificates"]]) == ("removed", [digits])
    assert (holds(fresh, ALICE), holds(fresh, ALICE, OTHER)) == (False, form != "all")
    assert fresh.trustinstall("remove", "--all", user="alice").returncode == 0
    assert fresh.read(ALICE) == before


def test_remove_by_an_expired_file(fresh: Throwaway) -> None:
    """What was forced in, or expired since, can be removed by its file without any force."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    old = make_root("Old Root", not_before=now - timedelta(days=800), not_after=now - timedelta(days=1))
    deliver(fresh, "alice", made=old)
    assert fresh.trustinstall("add", CERT, user="alice").returncode == 4
    assert fresh.trustinstall("add", "--force", CERT, user="alice").returncode == 0
    assert holds(fresh, ALICE, old)
    assert fresh.trustinstall("remove", CERT, user="alice").returncode == 0
    assert not holds(fresh, ALICE, old)


def test_a_strangers_copy(fresh: Throwaway) -> None:
    """Left by remove, which prints the command that takes it out; after --adopt, remove takes it out."""
    deliver(fresh, "alice")
    clean = fresh.read(ALICE)
    by_hand = clean + b"\n# put here by hand\n" + ROOT.pem
    fresh.write(ALICE, by_hand, user="alice")
    plain = told(fresh.trustinstall("add", "--json", "--skip", "settings", "--variables", "none", CERT, user="alice"))
    assert (result(plain, ALICES), plain["changed"]) == ("present", False)
    done = fresh.trustinstall("remove", CERT, user="alice")
    command = f"{COMMAND} remove --not-ours --sha256 {ROOT.sha256}"
    assert (done.returncode, command in done.stdout, fresh.read(ALICE)) == (0, True, by_hand)
    assert fresh.trustinstall(*command.removeprefix(COMMAND).split(), "--dry-run", user="alice").returncode == 0
    assert fresh.read(ALICE) == by_hand
    assert fresh.trustinstall(*command.removeprefix(COMMAND).split(), user="alice").returncode == 0
    assert not holds(fresh, ALICE)
    fresh.write(ALICE, by_hand, user="alice")
    assert fresh.trustinstall("add", "--adopt", CERT, user="alice").returncode == 0
    (held,) = [
        held
        for one in told(fresh.trustinstall("list", "--json", user="alice"))["certificates"]
        for held in one["stores"]
        if held["id"] == ALICES
    ]
    assert held["adopted"] is True
    removed = told(fresh.trustinstall("remove", "--json", CERT, user="alice"))
    assert (result(removed, ALICES), holds(fresh, ALICE)) == ("removed", False)


def test_the_command_for_a_foreign_copy_looks_where_remove_looked(fresh: Throwaway) -> None:
    """A bundle that only an option names is found by the command that takes the foreign copy out of it."""
    deliver(fresh, "alice")
    bundle, before = "/home/alice/my app/roots.pem", fresh.read(DEBIAN)
    fresh.run(["mkdir", "/home/alice/my app"], user="alice", check=True)
    fresh.write(bundle, before + ROOT.pem, user="alice")
    found = told(
        fresh.trustinstall(
            "remove",
            "--json",
            "--search",
            "my app/roots.pem",
            "--store",
            f"bundle:{bundle}",
            "--scope",
            "user",
            CERT,
            user="alice",
        )
    )
    (command,) = found["remove_foreign"]
    options = ["--scope", "user", "--store", f"bundle:{bundle}", "--search", bundle]
    assert command == [*PROGRAM, "remove", *options, "--not-ours", "--sha256", ROOT.sha256]
    fresh.write(ALICE, fresh.read(ALICE) + ROOT.pem, user="alice")
    assert fresh.run(command, user="alice").returncode == 0
    assert fresh.read(bundle) == before
    assert holds(fresh, ALICE)


def test_a_store_that_was_deleted_is_forgotten(fresh: Throwaway) -> None:
    """An environment that is gone does not make remove fail."""
    deliver(fresh, "alice")
    path = venv(fresh, "/home/alice/app", "alice")
    assert fresh.trustinstall("add", "--search", "/home/alice/app", CERT, user="alice").returncode == 0
    assert holds(fresh, path)
    fresh.run(["rm", "-r", "/home/alice/app"], user="alice", check=True)
    found = told(fresh.trustinstall("remove", "--json", CERT, user="alice"))
    assert (found["exit_code"], result(found, f"certifi:{path}"), result(found, ALICES)) == (0, "gone", "removed")


def test_root_hands_another_accounts_environment_to_that_account(fresh: Throwaway) -> None:
    """--search over a home: the work is done with that account's rights, and undone from its ledger."""
    deliver(fresh)
    path = venv(fresh, "/home/bob/work/app", "bob")
    before = fresh.read(path)
    found = told(fresh.trustinstall("add", "--json", "--store", "certifi", "--search", "/home/bob/work", CERT))
    assert result(found, f"certifi:{path}") == "added"
    assert owners(fresh, "/home/bob") == {fresh.user("bob").uid}
    assert ROOT.sha256 in json.loads(fresh.read(ledger("/home/bob")))["certificates"]
    assert fresh.trustinstall("remove", "--all", user="bob").returncode == 0
    assert fresh.read(path) == before


def test_an_account_is_not_forgotten_before_it_is_undone(fresh: Throwaway) -> None:
    """A damaged ledger of bob's stops the first remove; when it is repaired, the next one still knows of bob."""
    deliver(fresh)
    fresh.write(BOB, old := fresh.read(DEBIAN), user="bob")
    assert fresh.trustinstall("add", "--user", "bob", CERT).returncode == 0
    good = fresh.read(ledger("/home/bob"))
    fresh.write(ledger("/home/bob"), b"{", user="bob", mode=0o600)
    failed = fresh.trustinstall("remove", ROOT.sha256)
    assert failed.returncode == 3, failed
    assert "ledger.json is damaged" in failed.stdout + failed.stderr
    fresh.write(ledger("/home/bob"), good, user="bob", mode=0o600)
    assert fresh.trustinstall("remove", ROOT.sha256).returncode == 0
    assert fresh.read(BOB) == old


def test_a_uid_without_an_account_is_said_to_be_left(fresh: Throwaway) -> None:
    """An environment that belongs to no account cannot be worked for: that is no success."""
    deliver(fresh)
    fresh.write("/srv/app/pyvenv.cfg", "home = /usr/bin\n")
    fresh.write("/srv/app/lib/python3.11/site-packages/certifi/cacert.pem", ROOT.pem)
    fresh.run(["chown", "-R", "5000:5000", "/srv/app"], check=True)
    done = fresh.trustinstall("add", "--search", "/srv/app", CERT)
    assert done.returncode == 3, done
    assert "uid 5000" in done.stdout
