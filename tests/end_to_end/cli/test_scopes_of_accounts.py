"""Accounts that are renamed, gone or new, and a root that an account and the machine have added."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.cli.machine import (
    ALICE,
    BOB,
    CERT,
    DEBIAN,
    LEDGER,
    ROOT,
    deliver,
    holds,
    quick,
    sudo,
    told,
)
from tests.support.throwaway import PROGRAM, Throwaway

# Accounts that change


def rename(fresh: Throwaway, old: str, new: str) -> None:
    """An administrator renames an account and moves its home."""
    fresh.run(["usermod", "--login", new, "--home", f"/home/{new}", "--move-home", old], check=True)


def references(fresh: Throwaway, home: str) -> list[str]:
    """The files of a home that name the files of trustinstall, in this home or in another."""
    found = fresh.run(["grep", "-rlI", "share/trustinstall", home, "--include=.*", "--include=*.conf"])
    return [line for line in found.stdout.splitlines() if "/state/" not in line]


def test_a_renamed_account_is_found_by_its_uid(fresh: Throwaway) -> None:
    """After usermod --login and a moved home, root's remove takes everything out of the home as it is called now."""
    deliver(fresh, "bob")
    quick(fresh)
    fresh.write("/home/bob/.npmrc", b"fund=false\n", user="bob")
    before = fresh.read("/home/bob/.npmrc")
    assert told(fresh.trustinstall("add", "--json", "--user", "bob", CERT))["exit_code"] == 0
    assert references(fresh, "/home/bob") != []
    rename(fresh, "bob", "robert")
    gone = told(fresh.trustinstall("remove", "--json", CERT))
    assert gone["exit_code"] == 0, gone
    assert not holds(fresh, BOB.replace("/bob/", "/robert/"))
    assert references(fresh, "/home/robert") == []
    assert fresh.read("/home/robert/.npmrc") == before
    assert not fresh.path("/home/robert/.local/share/trustinstall").exists()
    assert json.loads(fresh.read(LEDGER))["claims"] == []


def test_add_renews_what_names_a_home_that_was_moved(fresh: Throwaway) -> None:
    """The account itself, in its new home: settings name the files there, and remove leaves nothing."""
    deliver(fresh, "bob")
    quick(fresh)
    fresh.write("/home/bob/.npmrc", b"fund=false\n", user="bob")
    assert told(fresh.trustinstall("add", "--json", CERT, user="bob"))["exit_code"] == 0
    assert b"/home/bob/" in fresh.read("/home/bob/.npmrc")
    fresh.run(["usermod", "--home", "/home/elsewhere", "--move-home", "bob"], check=True)
    again = told(fresh.trustinstall("add", "--json", CERT, user="bob"))
    assert again["exit_code"] == 0, again
    assert b"/home/elsewhere/" in fresh.read("/home/elsewhere/.npmrc")
    assert b"/home/bob/" not in fresh.read("/home/elsewhere/.npmrc")
    gone = told(fresh.trustinstall("remove", "--json", CERT, user="bob"))
    assert gone["exit_code"] == 0, gone
    assert fresh.read("/home/elsewhere/.npmrc") == b"fund=false\n"
    assert references(fresh, "/home/elsewhere") == []


def test_an_account_that_is_gone_is_a_problem_until_that_is_said(fresh: Throwaway) -> None:
    """Root's remove ends with 3 and names it, each time; with --account-gone it is forgotten."""
    deliver(fresh, "bob")
    quick(fresh)
    assert told(fresh.trustinstall("add", "--json", "--user", "bob", CERT))["exit_code"] == 0
    fresh.run(["userdel", "bob"], check=True)
    first = fresh.trustinstall("remove", CERT)
    assert first.returncode == 3, first
    assert "--account-gone bob" in first.stdout + first.stderr
    again = told(fresh.trustinstall("remove", "--json", ROOT.sha256))
    assert again["exit_code"] in {1, 3}, again
    said = told(fresh.trustinstall("remove", "--json", "--account-gone", "bob", ROOT.sha256))
    assert said["exit_code"] == 0, said
    assert json.loads(fresh.read(LEDGER))["claims"] == []


def test_an_account_with_the_uid_of_a_deleted_one_is_another_account(fresh: Throwaway) -> None:
    """A new account got the uid: the old one is missing, and named, and what is in its home is not forgotten."""
    deliver(fresh, "bob")
    quick(fresh)
    fresh.write("/home/bob/.npmrc", b"fund=false\n", user="bob")
    assert told(fresh.trustinstall("add", "--json", "--user", "bob", CERT))["exit_code"] == 0
    uid = str(fresh.user("bob").uid)
    fresh.run(["userdel", "bob"], check=True)
    fresh.run(["mv", "/home/bob", "/home/old"], check=True)
    fresh.run(["useradd", "--create-home", "--uid", uid, "carol"], check=True)
    gone = fresh.trustinstall("remove", CERT)
    assert gone.returncode == 3, gone
    assert "--account-gone bob" in gone.stdout + gone.stderr
    assert references(fresh, "/home/old") != []
    assert json.loads(fresh.read(LEDGER))["claims"] != []
    fresh.write("/home/carol/.npmrc", b"fund=false\n", user="carol")
    assert fresh.trustinstall("add", "--user", "carol", "--yes", CERT).returncode == 0
    assert references(fresh, "/home/carol") != []
    for _ in range(2):  # what is done for the new account does not forget the old one
        gone = fresh.trustinstall("remove", CERT)
        assert (gone.returncode, "--account-gone bob" in gone.stdout + gone.stderr) == (3, True), gone
        assert references(fresh, "/home/carol") == []


def test_an_account_with_the_name_of_a_deleted_one_is_another_account(fresh: Throwaway) -> None:
    """A new account got the name, and another uid: the old one is missing until that is said, also beside it."""
    deliver(fresh, "bob")
    quick(fresh)
    fresh.write("/home/bob/.npmrc", b"fund=false\n", user="bob")
    assert told(fresh.trustinstall("add", "--json", "--user", "bob", CERT))["exit_code"] == 0
    old = fresh.user("bob").uid
    fresh.run(["userdel", "bob"], check=True)
    fresh.run(["mv", "/home/bob", "/home/old"], check=True)
    fresh.run(["useradd", "--create-home", "--uid", str(old + 1234), "bob"], check=True)
    fresh.write("/home/bob/.npmrc", b"fund=false\n", user="bob")
    for _ in range(2):
        gone = fresh.trustinstall("remove", CERT)
        assert gone.returncode == 3, gone
        assert f"no account bob (uid {old})" in gone.stderr.replace("\n", " "), gone
        assert references(fresh, "/home/old") != []
        assert fresh.trustinstall("add", "--user", "bob", "--yes", CERT).returncode == 0
        assert references(fresh, "/home/bob") != []
    said = told(fresh.trustinstall("remove", "--json", "--account-gone", "bob", CERT))
    assert said["exit_code"] == 0, said
    assert references(fresh, "/home/bob") == []
    assert json.loads(fresh.read(LEDGER))["claims"] == []


@pytest.mark.parametrize("first", ["alice", "root"])
def test_both_scopes_are_taken_away_in_either_order(fresh: Throwaway, first: str) -> None:
    """The same root was added by an account and for the machine: each takes its own away, and both end with 0."""
    deliver(fresh, "alice")
    quick(fresh)
    before = {path: fresh.read(path) for path in (ALICE, DEBIAN)}
    assert told(fresh.trustinstall("add", "--json", CERT, user="alice"))["exit_code"] == 0
    assert told(fresh.trustinstall("add", "--json", "--scope", "machine", CERT))["exit_code"] == 0
    for who in (first, "root" if first == "alice" else "alice"):
        gone = told(fresh.trustinstall("remove", "--json", ROOT.sha256, user=who))
        assert gone["exit_code"] == 0, (who, gone)
    assert {path: fresh.read(path) for path in before} == before
    assert told(fresh.trustinstall("remove", "--json", CERT, user="alice"))["exit_code"] == 0


def test_an_account_cannot_write_the_machines_stores(fresh: Throwaway) -> None:
    """`stores` calls a store writable for its owner alone."""
    for user, writable in (("alice", False), ("root", True)):
        done = fresh.trustinstall("stores", "--json", user=user)
        found = {one["id"]: one["writable"] for one in told(done)["stores"]}
        assert found["debian"] is writable


def test_an_account_that_was_first(fresh: Throwaway) -> None:
    """Alice adds, then sudo: none of her files counts as gone, and her remove says first that the machine trusts."""
    deliver(fresh, "alice")
    fresh.trustinstall("add", CERT, user="alice", check=True)
    done = fresh.trustinstall("add", CERT, env=sudo(fresh), check=True)
    assert "gone" not in done.stdout
    assert "no longer on this machine" not in done.stdout
    removed = fresh.trustinstall("remove", CERT, user="alice")
    assert removed.returncode == 0, removed
    assert removed.stdout.startswith("! Corp Root G2 is STILL TRUSTED by the machine")
    assert "no longer trusted" not in removed.stdout
    assert holds(fresh, DEBIAN)


def test_an_accounts_remove_names_what_the_administrator_has_added(fresh: Throwaway) -> None:
    """It does not say that the root is no longer trusted, and the command that it prints takes exactly that out."""
    deliver(fresh, "alice")
    fresh.write("/usr/local/share/ca-certificates/corp.crt", ROOT.pem)
    fresh.run(["update-ca-certificates"], check=True)
    fresh.trustinstall("add", CERT, user="alice", check=True)
    removed = fresh.trustinstall("remove", ROOT.sha256, user="alice", check=True)
    assert removed.stdout.startswith("! Corp Root G2 is STILL TRUSTED by the machine")
    assert "no longer trusted" not in removed.stdout
    (words,) = told(fresh.trustinstall("remove", "--json", ROOT.sha256, user="alice"))["remove_foreign"]
    assert words == ["sudo", *PROGRAM, "remove", "--not-ours", "--sha256", ROOT.sha256]
    assert " ".join(words) in removed.stdout
    fresh.run(words[1:], check=True)
    assert not holds(fresh, DEBIAN)
    assert "Nothing to remove" in fresh.trustinstall("remove", ROOT.sha256, user="alice").stdout


#: What an administrator has set for all accounts, with the program that reads it.
OF_MACHINE = {
    "npm": ("/usr/etc/npmrc", "cafile=/etc/ssl/own.pem\n"),
    "pip": ("/etc/pip.conf", "[global]\ncert=/etc/ssl/own.pem\n"),
    "git": ("/etc/gitconfig", "[http]\n\tsslCAInfo=/etc/ssl/own.pem\n"),
    "wget": ("/etc/wgetrc", "ca_certificate=/etc/ssl/own.pem\n"),
    "programs that read SSL_CERT_FILE": ("/etc/profile.d/corp.sh", "export SSL_CERT_FILE=/etc/ssl/own.pem\n"),
}


@pytest.mark.parametrize("program", OF_MACHINE)
def test_an_accounts_remove_names_what_a_setting_of_the_machine_trusts(fresh: Throwaway, program: str) -> None:
    """It is told with the program, and the printed command takes the root out of the bundle that the setting names."""
    deliver(fresh, "alice")
    quick(fresh)
    fresh.write("/etc/ssl/own.pem", fresh.read(DEBIAN) + ROOT.pem)
    fresh.write(*OF_MACHINE[program])
    fresh.trustinstall("add", CERT, user="alice", check=True)
    for _ in range(2):
        removed = fresh.trustinstall("remove", ROOT.sha256, user="alice", check=True)
        assert f"STILL TRUSTED by {program}" in removed.stdout.replace("\n ", ""), removed
        assert "no longer trusted" not in removed.stdout
    (words,) = told(fresh.trustinstall("remove", "--json", ROOT.sha256, user="alice"))["remove_foreign"]
    assert words == ["sudo", *PROGRAM, "remove", "--not-ours", "--sha256", ROOT.sha256]
    fresh.run(words[1:], check=True)
    assert not holds(fresh, "/etc/ssl/own.pem")
    assert "Nothing to remove" in fresh.trustinstall("remove", ROOT.sha256, user="alice").stdout


@pytest.mark.parametrize("user", ["alice", "root"])
def test_a_setting_that_no_command_changes_is_named(fresh: Throwaway, user: str) -> None:
    """Subversion reads one certificate of each file: the file and line are told, and no command that would fail."""
    deliver(fresh, "alice")
    quick(fresh)
    fresh.write("/etc/ssl/corp.pem", ROOT.pem)
    fresh.write("/etc/subversion/servers", "[global]\nssl-authority-files=/etc/ssl/corp.pem\n")
    fresh.trustinstall("add", CERT, user=user, check=True)
    removed = fresh.trustinstall("remove", ROOT.sha256, user=user, check=True)
    assert "STILL TRUSTED by Subversion" in removed.stdout
    report = told(fresh.trustinstall("remove", "--json", ROOT.sha256, user=user))
    assert report["remove_foreign"] == []
    said = "Subversion still trusts it: /etc/subversion/servers line 2 names /etc/ssl/corp.pem"
    assert report["notes"] == [f"{said}; take it out of that setting."]


@pytest.mark.parametrize("user", ["alice", "root"])
def test_a_bundle_that_several_accounts_may_change_is_named(fresh: Throwaway, user: str) -> None:
    """No command of trustinstall changes it, so none is printed; the program that reads it is told."""
    deliver(fresh, "alice")
    quick(fresh)
    fresh.run(["mkdir", "--mode", "1777", "/srv/shared"], check=True)
    fresh.write("/srv/shared/corp.pem", fresh.read(DEBIAN) + ROOT.pem, user="bob", mode=0o666)
    fresh.write("/etc/gitconfig", "[http]\n\tsslCAInfo=/srv/shared/corp.pem\n")
    fresh.trustinstall("add", "--yes", CERT, user=user)
    report = told(fresh.trustinstall("remove", "--json", CERT, user=user))
    assert report["remove_foreign"] == []
    assert report["notes"] == ["git still trusts it: /etc/gitconfig line 2 names /srv/shared/corp.pem."]
