"""`repair` after each kind of event: what was asked for holds again, and what a person decided stays."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.cli.machine import ALICE, BOB, CERT, DEBIAN, LEDGER, OTHER, ROOT, bundle, deliver, holds, told
from tests.end_to_end.declared.events import (
    JRE,
    NPMRC,
    environment,
    new_jre,
    repaired,
    restore_etc,
    results,
    save_etc,
    sh,
)
from tests.support.throwaway import NOISE, Throwaway

STATE = ("/var/lib/trustinstall", "/home/alice/.local/state", "/home/bob/.local/state")


def node(root: Throwaway) -> None:
    """Alice's npm: Debian's own programs are there, and she has used them."""
    root.write(NPMRC, "fund=false\n", user="alice")


def test_nothing_to_do_changes_nothing(fresh: Throwaway) -> None:
    """As long as nothing has happened, only what was read is noted, by root and by an account."""
    deliver(fresh, "alice")
    node(fresh)
    fresh.trustinstall("add", CERT, "--user", "alice", check=True)
    noted = ("/var/lib/trustinstall/private", "/home/alice/.local/state/trustinstall/private")
    before = fresh.changes(ignore=(*NOISE, *noted), mtimes=True)
    found = repaired(fresh)
    assert (found["exit_code"], found["changed"], results(found)) == (0, False, {})
    assert repaired(fresh, user="alice")["stores"] == []
    assert fresh.changes(ignore=(*NOISE, *noted), mtimes=True) == before


def test_a_package_is_upgraded_and_environments_are_made(fresh: Throwaway) -> None:
    """A bundle that was replaced, and one in a new environment, hold the root; a dry run says so first."""
    deliver(fresh, "alice")
    place = environment(fresh, "/opt/app")
    fresh.trustinstall("add", CERT, "--user", "alice", check=True)
    fresh.write(place, fresh.read(DEBIAN).replace(ROOT.pem, b""))
    fresh.write(ALICE, fresh.read(place), user="alice")
    made, hers = environment(fresh, "/opt/new/venv"), environment(fresh, "/home/alice/work/new", "alice")
    planned = repaired(fresh, "--dry-run", "--exit-code")
    assert planned["exit_code"] == 10
    assert set(results(planned)) == {f"certifi:{one}" for one in (place, ALICE, made, hers)}
    assert not holds(fresh, made)
    assert set(results(repaired(fresh)).values()) == {"added"}
    assert all(holds(fresh, one) for one in (place, ALICE, made, hers))
    assert repaired(fresh, "--dry-run", "--exit-code")["exit_code"] == 0
    fresh.trustinstall("remove", "--all", check=True)
    assert not any(holds(fresh, one) for one in (place, ALICE, made, hers))


def test_check_names_stores_that_do_not_trust_it_yet(fresh: Throwaway) -> None:
    """Of an environment made after `add`, check and list --exit-code say 10, and doctor finds it; until repair."""
    deliver(fresh, "alice")
    fresh.trustinstall("add", CERT, user="alice", check=True)
    checked = ("check", "--json")
    assert told(fresh.trustinstall(*checked, user="alice"))["stores_missing"] == []
    made = environment(fresh, "/home/alice/work/new", "alice")
    told_now = told(fresh.trustinstall(*checked, user="alice"))
    assert (told_now["exit_code"], told_now["stores_missing"]) == (10, [f"certifi:{made}"])
    assert told_now["message"] == f"incomplete: 1 store does not trust it yet: certifi:{made}"
    assert fresh.trustinstall("list", "--exit-code", user="alice").returncode == 10
    assert fresh.trustinstall("check", "--skip", "certifi", user="alice").returncode == 0
    assert fresh.trustinstall("check", "--scope", "machine", user="alice").returncode == 0
    found = told(fresh.trustinstall("doctor", "--json", user="alice"))["findings"]
    assert [one["client"] for one in found if one["id"] == "store-lost-root"] == [f"certifi:{made}"]
    repaired(fresh, user="alice")
    for words in (("check",), ("list", "--exit-code")):
        assert fresh.trustinstall(*words, user="alice").returncode == 0


def test_a_vendors_java_is_replaced(fresh: Throwaway) -> None:
    """A keystore that an upgrade has replaced holds the root again, and loses it by remove."""
    deliver(fresh)
    new_jre(fresh)
    fresh.trustinstall("add", CERT, check=True)
    new_jre(fresh)
    delivered = fresh.read(JRE)
    assert ROOT.der not in fresh.read(JRE)
    assert results(repaired(fresh)) == {f"java:{JRE}": "added"}
    assert ROOT.der in fresh.read(JRE)
    fresh.trustinstall("remove", CERT, check=True)
    assert fresh.read(JRE) == delivered


def test_an_omnibus_package_is_upgraded(fresh: Throwaway) -> None:
    """The package's new bundle holds the root again, and so does that of a package which came after `add`."""
    deliver(fresh)
    delivered = fresh.read(DEBIAN).replace(ROOT.pem, b"")
    old, new = (f"/opt/{name}/embedded/ssl/certs/cacert.pem" for name in ("agent", "runner"))
    fresh.write(old, delivered)
    fresh.trustinstall("add", CERT, check=True)
    assert holds(fresh, old)
    upgraded = delivered + OTHER.pem
    fresh.run(["rm", "-r", "/opt/agent"], check=True)  # dpkg replaces each file of a package by renaming
    fresh.write(old, upgraded)
    fresh.write(new, delivered)
    assert results(repaired(fresh)) == {f"embedded:{old}": "added", f"embedded:{new}": "added"}
    assert all(holds(fresh, one) for one in (old, new))
    fresh.trustinstall("remove", "--all", check=True)
    assert [fresh.read(old), fresh.read(new)] == [upgraded, delivered]


def test_an_account_is_made_after_add(fresh: Throwaway) -> None:
    """What is for all users is for tomorrow's accounts, too: bundles, npm's settings, Firefox' profile; and goes."""
    deliver(fresh, "alice")
    fresh.trustinstall("add", CERT, "--scope", "all-users", check=True)
    sh(fresh, "useradd --create-home --shell /bin/bash --user-group carol")
    hers = bundle("/home/carol")
    fresh.write(hers, fresh.read("/etc/ssl/certs/ca-certificates.crt").replace(ROOT.pem, b""), user="carol")
    fresh.write("/home/carol/.npmrc", "fund=false\n", user="carol")
    profile = "/home/carol/.mozilla/firefox/a.default"
    for database in ("/home/carol/.pki/nssdb", profile):
        sh(fresh, f"mkdir -p {database} && certutil -N --empty-password -d sql:{database}", "carol")
    named = "[Profile0]\nName=default\nIsRelative=1\nPath=a.default\n"
    fresh.write("/home/carol/.mozilla/firefox/profiles.ini", named, user="carol")
    delivered = fresh.read(hers), fresh.read("/home/carol/.npmrc")
    found = results(repaired(fresh))
    assert found[f"certifi:{hers}"] == found["settings:/home/carol/.npmrc"] == "added"
    assert found["nss:/home/carol/.pki/nssdb"] == found[f"nss:{profile}"] == "added"
    assert ROOT.sha256 in sh(fresh, f"certutil -L -d sql:{profile}", "carol").stdout
    assert results(repaired(fresh)) == {}
    assert {"alice", "carol"} <= {name for name, _ in _accounts(fresh)}
    fresh.trustinstall("remove", CERT, check=True)
    assert (fresh.read(hers), fresh.read("/home/carol/.npmrc")) == delivered


def _accounts(root: Throwaway) -> list[tuple[str, int]]:
    (claim,) = json.loads(root.read(LEDGER))["claims"]
    return [(str(name), int(uid)) for name, uid in claim["accounts"]]


def test_accounts_that_were_not_meant_are_left(fresh: Throwaway) -> None:
    """A claim for alice reaches no other account, and a claim for accounts alone does not reach the machine."""
    deliver(fresh, "alice", "bob")
    fresh.trustinstall("add", CERT, "--scope", "user", "--user", "alice", check=True)
    assert results(repaired(fresh)) == {}
    assert not holds(fresh, BOB)
    assert not holds(fresh, DEBIAN)


def test_etc_is_restored_from_before_add(fresh: Throwaway) -> None:
    """A backup of before `add` takes the root away from the system and the variables; repair puts both back."""
    deliver(fresh)
    save_etc(fresh)
    fresh.trustinstall("add", CERT, check=True)
    restore_etc(fresh)
    assert not holds(fresh, DEBIAN)
    found = results(repaired(fresh))
    assert found["debian"] == "added"
    assert any(one.startswith("environment:") for one in found)
    assert set(found.values()) == {"added"}
    assert holds(fresh, DEBIAN)
    fresh.trustinstall("remove", CERT, check=True)
    assert not holds(fresh, DEBIAN)


def test_etc_is_restored_from_before_remove(fresh: Throwaway) -> None:
    """What a backup brings back after `remove` is taken out again, to the byte."""
    deliver(fresh)
    delivered = fresh.changes(ignore=(*NOISE, *STATE))
    fresh.trustinstall("add", CERT, check=True)
    save_etc(fresh)
    fresh.trustinstall("remove", CERT, check=True)
    restore_etc(fresh)
    assert holds(fresh, DEBIAN)
    found = repaired(fresh)
    assert set(results(found).values()) == {"removed"}, found
    assert not holds(fresh, DEBIAN)
    fresh.run(["rm", "/srv/etc.tar"], check=True)
    assert fresh.changes(ignore=(*NOISE, *STATE)) == delivered
    assert results(repaired(fresh)) == {}


def test_a_bundle_of_ours_is_gone_or_old(fresh: Throwaway) -> None:
    """A managed file that settings name is written again after it was deleted, and after the system's roots changed."""
    deliver(fresh)
    node(fresh)
    fresh.trustinstall("add", CERT, user="alice", check=True)
    ours = "/home/alice/.local/share/trustinstall/bundle.pem"
    whole = fresh.read(ours)
    sh(fresh, f"rm {ours}", "alice")
    assert repaired(fresh, user="alice")["changed"]
    assert fresh.read(ours) == whole
    sh(fresh, "sed -i 's,^mozilla/ISRG_Root_X1,!&,' /etc/ca-certificates.conf; update-ca-certificates")
    assert repaired(fresh, user="alice")["changed"]
    assert fresh.read(ours) != whole
    assert not repaired(fresh, user="alice")["changed"]


def test_settings_are_lost_with_a_home(fresh: Throwaway) -> None:
    """A settings file that is gone is written again."""
    deliver(fresh)
    node(fresh)
    fresh.trustinstall("add", CERT, user="alice", check=True)
    written = fresh.read(NPMRC)
    sh(fresh, "rm ~/.npmrc", "alice")
    assert results(repaired(fresh, user="alice")) == {f"settings:{NPMRC}": "added"}
    assert b"trustinstall" in fresh.read(NPMRC)
    assert written.endswith(fresh.read(NPMRC))


@pytest.mark.parametrize("wish", ["cafile=/home/alice/own.pem\n", ""])
def test_what_a_person_has_set_since_is_theirs(fresh: Throwaway, wish: str) -> None:
    """Another bundle in the place of the managed one, or its line deleted: every repair leaves it, and says so."""
    deliver(fresh)
    node(fresh)
    fresh.trustinstall("add", CERT, user="alice", check=True)
    fresh.write("/home/alice/own.pem", fresh.read(DEBIAN), user="alice")
    sh(fresh, "sleep 1.1")
    fresh.write(NPMRC, f"fund=false\n{wish}", user="alice")
    for _ in range(2):
        assert results(repaired(fresh, user="alice")) == {f"settings:{NPMRC}": "foreign"}
        assert fresh.read(NPMRC) == f"fund=false\n{wish}".encode()
    assert not holds(fresh, "/home/alice/own.pem")


def test_stores_that_were_left_out_stay_so(fresh: Throwaway) -> None:
    """`--skip`, `--store` and `remove --store` bind repair as well; a later add without them lifts that."""
    deliver(fresh, "alice", "bob")
    fresh.trustinstall("add", CERT, "--skip", "certifi", user="alice", check=True)
    fresh.trustinstall("add", CERT, user="bob", check=True)
    fresh.trustinstall("remove", CERT, "--store", "certifi", user="bob", check=True)
    for user in ("alice", "bob"):
        assert results(repaired(fresh, user=user)) == {}
    assert not holds(fresh, ALICE)
    assert not holds(fresh, BOB)
    fresh.trustinstall("add", CERT, user="bob", check=True)
    fresh.write(BOB, fresh.read(ALICE), user="bob")
    assert results(repaired(fresh, user="bob")) == {f"certifi:{BOB}": "added"}


def test_a_profile_is_made_and_a_database_replaced(fresh: Throwaway) -> None:
    """Databases of NSS that are new or made anew get the root; one in which it is distrusted stays so."""
    deliver(fresh)
    make = "mkdir -p ~/.pki/nssdb && certutil -N --empty-password -d sql:$HOME/.pki/nssdb"
    sh(fresh, make, "alice")
    fresh.trustinstall("add", CERT, user="alice", check=True)
    sh(fresh, f"rm -r ~/.pki/nssdb; {make}", "alice")
    assert results(repaired(fresh, user="alice")) == {"nss:/home/alice/.pki/nssdb": "added"}
    name = f"trustinstall-{ROOT.sha256}"
    sh(fresh, f"certutil -M -n {name} -t p,p,p -d sql:$HOME/.pki/nssdb", "alice")
    assert results(repaired(fresh, user="alice")) == {"nss:/home/alice/.pki/nssdb": "foreign"}


def test_an_account_is_deleted(fresh: Throwaway) -> None:
    """A deleted account does not stop the work for the others."""
    deliver(fresh, "alice", "bob")
    place = environment(fresh, "/opt/app")
    fresh.trustinstall("add", CERT, "--scope", "all-users", check=True)
    sh(fresh, "userdel --remove bob")
    fresh.write(place, fresh.read(DEBIAN).replace(ROOT.pem, b""))
    assert repaired(fresh)["exit_code"] == 0
    assert holds(fresh, place)


def test_a_home_is_restored_from_before_remove(fresh: Throwaway) -> None:
    """A home whose backup has the root and the account's ledger loses both again: the machine knows better."""
    deliver(fresh, "alice")
    fresh.trustinstall("add", CERT, "--scope", "all-users", check=True)
    sh(fresh, "tar -C / -cpf /srv/home.tar home/alice")
    fresh.trustinstall("remove", CERT, check=True)
    fresh.trustinstall("add", "-", "--scope", "all-users", "--yes", input=OTHER.pem, check=True)
    sh(fresh, "rm -r /home/alice; tar -C / -xpf /srv/home.tar")
    assert holds(fresh, ALICE)
    assert repaired(fresh)["changed"]
    assert not holds(fresh, ALICE)
    assert holds(fresh, ALICE, OTHER)


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_another_manager_of_the_same_root(fresh: Throwaway, first: str) -> None:
    """A role's file of the same root beside the managed one: in either order one is removed, and the other stays."""
    deliver(fresh)
    theirs, tool = "/usr/local/share/ca-certificates/role-corp.crt", "update-ca-certificates"
    fresh.write(theirs, ROOT.pem)
    sh(fresh, tool)
    fresh.trustinstall("add", CERT, check=True)
    assert results(repaired(fresh)) == {}
    if first == "ours":
        fresh.trustinstall("remove", CERT, check=True)
        assert results(repaired(fresh)) == {}
        assert fresh.read(theirs) == ROOT.pem
        assert holds(fresh, DEBIAN)
        return
    sh(fresh, f"rm {theirs}; {tool}")
    repaired(fresh)
    assert holds(fresh, DEBIAN)
    fresh.trustinstall("remove", CERT, check=True)
    assert not holds(fresh, DEBIAN)


def test_what_a_person_puts_there_after_remove_stays(fresh: Throwaway) -> None:
    """A file that was adopted and removed, and that its owner put there again, is the owner's."""
    deliver(fresh)
    theirs = "/usr/local/share/ca-certificates/role-corp.crt"
    fresh.write(theirs, ROOT.pem)
    sh(fresh, "update-ca-certificates")
    fresh.trustinstall("add", CERT, "--adopt", check=True)
    fresh.trustinstall("remove", CERT, check=True)
    assert not holds(fresh, DEBIAN)
    fresh.write(theirs, ROOT.pem)
    sh(fresh, "update-ca-certificates")
    assert results(repaired(fresh)) == {}
    assert holds(fresh, DEBIAN)
