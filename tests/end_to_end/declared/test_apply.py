"""`apply` and `export`: what a document says holds, mistakes change nothing, and --prune takes out what it drops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.end_to_end.cli.machine import ALICE, BOB, CERT, DEBIAN, LEDGER, OTHER, ROOT, deliver, holds, told
from tests.end_to_end.declared.events import environment, repaired, sh
from tests.support.later import later
from tests.support.pki import make_root
from tests.support.throwaway import NOISE, Throwaway

TRUST = "/srv/trust.toml"
SITE = "/etc/xdg/trustinstall"
STATE = ("/var/lib/trustinstall", "/home/alice/.local/state", "/home/bob/.local/state", "/srv")


def inline(pem: bytes, more: str = "") -> str:
    """One certificate of a document."""
    return f"\n[[certificate]]\npem = '''\n{pem.decode()}'''\n{more}\n"


def test_a_document_holds_and_an_empty_one_takes_all_back(fresh: Throwaway) -> None:
    """Inline and by file, for machine and accounts; again it changes nothing; pruned, every byte is as before."""
    deliver(fresh, "alice", "bob")
    before = fresh.changes(ignore=(*NOISE, *STATE))
    document = f'version = 1\n[defaults]\naccounts = "all"\n{inline(OTHER.pem)}[[certificate]]\n'
    fresh.write(TRUST, f'{document}file = "../tmp/input/corp.crt"\nsha256 = "{ROOT.sha256}"\naccounts = ["alice"]\n')
    planned = fresh.trustinstall("apply", TRUST, "--dry-run", "--exit-code")
    assert planned.returncode == 10, planned
    assert fresh.changes(ignore=(*NOISE, *STATE)) == before
    fresh.trustinstall("apply", TRUST, check=True)
    assert [holds(fresh, path, OTHER) for path in (DEBIAN, ALICE, BOB)] == [True, True, True]
    assert [holds(fresh, path) for path in (DEBIAN, ALICE, BOB)] == [True, True, False]
    again = fresh.trustinstall("apply", TRUST, "--json", "--prune", check=True)
    assert not json.loads(again.stdout)["changed"]
    fresh.write(TRUST, "version = 1\n")
    fresh.trustinstall("apply", TRUST, check=True)
    assert holds(fresh, DEBIAN)
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert fresh.changes(ignore=(*NOISE, *STATE)) == before


def test_what_a_person_has_added_is_not_pruned(fresh: Throwaway) -> None:
    """A root that was added by hand stays, and so does that of another document."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, check=True)
    for number, root in enumerate((ROOT, OTHER)):
        fresh.write(f"/srv/{number}.toml", "version = 1\n" + inline(root.pem))
        fresh.trustinstall("apply", f"/srv/{number}.toml", check=True)
    fresh.write("/srv/0.toml", "version = 1\n")
    fresh.trustinstall("apply", "/srv/0.toml", "--prune", check=True)
    assert holds(fresh, DEBIAN)
    assert holds(fresh, DEBIAN, OTHER)


def test_a_browsers_policy_keeps_no_root_from_being_pruned(fresh: Throwaway) -> None:
    """Where accounts would import the root of a policy, the claim that is noted before is the document's as well."""
    fresh.write("/usr/lib/firefox-esr/firefox-esr", "#!/bin/sh\n", mode=0o755)
    fresh.write(TRUST, "version = 1\n" + inline(ROOT.pem))
    fresh.trustinstall("apply", TRUST, check=True)
    policy = fresh.path("/etc/firefox/policies/policies.json")
    assert policy.exists()
    fresh.write(TRUST, "version = 1\n")
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert not policy.exists()


def test_a_root_is_rotated(fresh: Throwaway) -> None:
    """Old and new stand side by side; the old one goes when the document drops it, after the new one is there."""
    deliver(fresh, "alice")
    new = make_root("Corp Root G3")
    fresh.write(TRUST, "version = 1\n" + inline(ROOT.pem))
    fresh.trustinstall("apply", TRUST, check=True)
    fresh.write(TRUST, "version = 1\n" + inline(ROOT.pem) + inline(new.pem))
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert holds(fresh, DEBIAN)
    assert holds(fresh, DEBIAN, new)
    fresh.write(TRUST, "version = 1\n" + inline(new.pem))
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert not holds(fresh, DEBIAN)
    assert holds(fresh, DEBIAN, new)


def test_a_plan_says_what_comes_changes_and_goes(fresh: Throwaway) -> None:
    """A dry run has a line for each root that a document brings, wants on other terms, or no longer names."""
    deliver(fresh)
    new, name = make_root("Corp Root G3"), f"Corp Root G2 ({ROOT.sha256[:16]})"

    def planned(*parts: str) -> list[str]:
        fresh.write(TRUST, "version = 1\n" + "".join(parts))
        said = fresh.trustinstall("apply", TRUST, "--prune", "--dry-run", check=True).stdout
        return [line for line in said.splitlines() if line[:2] in {"+ ", "~ ", "- "} and "Corp Root" in line]

    assert planned(inline(ROOT.pem)) == [f"+ {name}"]
    fresh.trustinstall("apply", TRUST, check=True)
    assert planned(inline(ROOT.pem)) == []
    terms = 'until = 2030-01-31\nskip = ["java"]\naccounts = ["alice"]'
    until = "until none -> 2030-02-01T00:00:00Z"  # that day is the last one
    assert planned(inline(ROOT.pem, terms)) == [f"~ {name}; {until}; skip none -> java; accounts + alice"]
    assert planned(inline(new.pem)) == [f"+ Corp Root G3 ({new.sha256[:16]})", f"- {name}"]


def test_an_old_root_stays_while_a_store_lacks_the_new_one(fresh: Throwaway) -> None:
    """A store of alice's fails: nothing is pruned, the report says why and ends with 3; mended, it goes."""
    deliver(fresh)
    new = make_root("Corp Root G3")
    places = [environment(fresh, f"/home/alice/{name}", "alice") for name in ("good", "bad")]
    fresh.write(TRUST, 'version = 1\n[defaults]\naccounts = "all"\n' + inline(ROOT.pem))
    fresh.trustinstall("apply", TRUST, check=True)
    fresh.path(places[1]).parent.chmod(0o555)
    fresh.write(TRUST, 'version = 1\n[defaults]\naccounts = "all"\n' + inline(new.pem))
    done = fresh.trustinstall("apply", TRUST, "--prune", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["exit_code"]) == (3, 3), done
    assert [one["message"] for one in found["problems"]] == [
        "not pruned: Corp Root G2; a store failed, and may lack a new root; mend it, and run apply --prune again"
    ]
    assert [holds(fresh, path) for path in (DEBIAN, *places)] == [True, True, True]
    assert [holds(fresh, path, new) for path in (DEBIAN, *places)] == [True, True, False]
    fresh.path(places[1]).parent.chmod(0o755)
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert [holds(fresh, path) for path in (DEBIAN, *places)] == [False, False, False]
    assert [holds(fresh, path, new) for path in (DEBIAN, *places)] == [True, True, True]


def test_a_home_that_is_away_delays_no_rotation(fresh: Throwaway) -> None:
    """The stores of an account that is skipped keep the old root, all others get the new one, and hers follow."""
    deliver(fresh, "alice")
    new = make_root("Corp Root G3")
    fresh.write(TRUST, 'version = 1\n[defaults]\naccounts = ["alice"]\n' + inline(ROOT.pem))
    fresh.trustinstall("apply", TRUST, check=True)
    sh(fresh, "mv /home/alice /srv/alice")
    fresh.write(TRUST, 'version = 1\n[defaults]\naccounts = ["alice"]\n' + inline(new.pem))
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert [holds(fresh, DEBIAN), holds(fresh, DEBIAN, new)] == [False, True]
    sh(fresh, "mv /srv/alice /home/alice")
    assert [holds(fresh, ALICE), holds(fresh, ALICE, new)] == [True, False]
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert [holds(fresh, ALICE), holds(fresh, ALICE, new)] == [False, True]


def test_every_mistake_is_told_before_anything_is_touched(fresh: Throwaway) -> None:
    """Each mistake of each fragment has its file, line and key, and no store was changed."""
    deliver(fresh)
    before = fresh.changes(mtimes=True, ignore=(*NOISE, "/srv"))
    fresh.write("/srv/d/a.toml", 'version = 2\n[defaults]\nuntill = "2027-01-31"\n' + inline(ROOT.pem))
    fresh.write("/srv/d/b.json", '{"version": 1,\n "certificate": [{"file": "x",\n "pem": "y"}]}')
    fresh.write("/srv/d/c.toml", 'version = 1\n[[certificate]]\nurl = "https://corp.example/root.crt"\n')
    done = fresh.trustinstall("apply", "/srv/d")
    assert done.returncode == 2
    for expected in ("a.toml:1: version:", "a.toml:3: defaults.untill:", "b.json:2: certificate.1:", "c.toml:2:"):
        assert f"/srv/d/{expected}" in done.stderr
    assert "must have sha256" in done.stderr
    fresh.write("/srv/e.toml", 'version = 1\n[[certificate]]\nfile = "nothing.crt"\n[[certificate]]\npem = "x"\n')
    done = fresh.trustinstall("apply", "/srv/e.toml")
    assert (done.returncode, "e.toml:3: certificate.1.file:" in done.stderr) == (2, True)
    assert "e.toml:5: certificate.2.pem:" in done.stderr
    assert fresh.changes(mtimes=True, ignore=(*NOISE, "/srv")) == before


def test_words_that_name_no_store_here_are_said(fresh: Throwaway) -> None:
    """A mistyped store is told with file, line and key, and so is a root in no store; another machine may have it."""
    deliver(fresh)
    fresh.write(TRUST, "version = 1\n" + inline(ROOT.pem, 'stores = ["jvaa"]\nskip = ["node", "certifi:/srv/*"]'))
    done = told(fresh.trustinstall("apply", TRUST, "--json", check=True))
    line = fresh.read(TRUST).decode().split("\n").index('stores = ["jvaa"]') + 1
    assert done["notes"] == [
        f"{TRUST}:{line}: certificate.1.stores: unknown store jvaa; did you mean java?",
        f"{TRUST}:3: Corp Root G2 is in no store: jvaa names none here that can hold it",
    ]
    fresh.write(TRUST, "version = 1\n" + inline(ROOT.pem, 'stores = ["system", "certifi:/usr/*"]'))
    assert told(fresh.trustinstall("apply", TRUST, "--json", check=True))["notes"] == []


def test_a_mistyped_store_of_a_new_root_keeps_the_old_one(fresh: Throwaway) -> None:
    """Otherwise one letter would leave a moment, or for ever, in which neither is trusted."""
    deliver(fresh)
    fresh.write(TRUST, "version = 1\n" + inline(ROOT.pem))
    fresh.trustinstall("apply", TRUST, check=True)
    fresh.write(TRUST, "version = 1\n" + inline(OTHER.pem, 'stores = ["sistem"]'))
    for _ in range(2):
        done = fresh.trustinstall("apply", TRUST, "--prune")
        assert (done.returncode, holds(fresh, DEBIAN)) == (1, True), done
        assert "not pruned: Corp Root G2; Other Root is for stores whose names mean none" in " ".join(
            done.stdout.split()
        )
    fresh.write(TRUST, "version = 1\n" + inline(OTHER.pem, 'stores = ["system"]'))
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert (holds(fresh, DEBIAN), holds(fresh, DEBIAN, OTHER)) == (False, True)


def test_mistakes_in_json_are_lines_for_people_too(fresh: Throwaway) -> None:
    """With --json, standard error has one line for each mistake, as without."""
    fresh.write(TRUST, "version = 1\na = 1\nb = 1\n")
    done = fresh.trustinstall("apply", TRUST, "--json")
    assert told(done)["error"]["message"].count("\n") == 2
    assert [line[:7] for line in done.stderr.splitlines()] == ["error: "] * 3, done.stderr


def test_authorities_of_one_name_are_compared(fresh: Throwaway) -> None:
    """Roots that clients could mistake are refused, and nothing changes; a new key of the same name is a note."""
    deliver(fresh)
    before = fresh.changes(mtimes=True, ignore=(*NOISE, "/srv"))
    mistaken = [make_root("Corp", ski=b"x" * 20) for _ in range(2)]
    fresh.write(TRUST, "version = 1\n" + "".join(inline(one.pem) for one in mistaken))
    done = fresh.trustinstall("apply", TRUST)
    assert (done.returncode, f"{TRUST}:3" in done.stderr) == (4, True), done
    assert fresh.changes(mtimes=True, ignore=(*NOISE, "/srv")) == before
    renewed = [make_root("Corp"), make_root("Corp")]
    fresh.write(TRUST, "version = 1\n" + "".join(inline(one.pem) for one in renewed))
    done = fresh.trustinstall("apply", TRUST, check=True)
    assert done.stdout.count(f"Note: {TRUST}:") == 2, done.stdout
    assert all(holds(fresh, DEBIAN, one) for one in renewed)


def test_documents_that_contradict_each_other_are_a_mistake(fresh: Throwaway) -> None:
    """The same root on other terms in two fragments is told with both places; the same terms twice are none."""
    deliver(fresh)
    fresh.write("/srv/d/a.toml", "version = 1\n" + inline(ROOT.pem))
    fresh.write("/srv/d/b.toml", "version = 1\n" + inline(ROOT.pem, 'skip = ["certifi"]'))
    done = fresh.trustinstall("apply", "/srv/d")
    assert done.returncode == 2
    assert "/srv/d/b.toml:3: certificate.1:" in done.stderr
    assert "/srv/d/a.toml:3; keep one of them" in done.stderr
    fresh.write("/srv/d/b.toml", "version = 1\n" + inline(ROOT.pem))
    fresh.trustinstall("apply", "/srv/d", check=True)


@pytest.mark.parametrize(
    "entry",
    ["ln -s /mnt/corp.toml", "mkfifo", "mkdir"],
    ids=["dangling-link", "fifo", "directory"],
)
def test_a_fragment_that_cannot_be_read_is_a_mistake(fresh: Throwaway, entry: str) -> None:
    """It may be one of a disk that is away: what it names is not pruned. Files of editors and backups are none."""
    fresh.write("/srv/d/a.toml", "version = 1\n" + inline(ROOT.pem))
    for name in (".b.toml", "a.toml~", "a.toml.dpkg-old", "#a.toml#"):
        fresh.write(f"/srv/d/{name}", "[[[")
    sh(fresh, "ln -s alice@host.1:2 /srv/d/.#a.toml")  # a lock of Emacs
    fresh.trustinstall("apply", "/srv/d", check=True)
    sh(fresh, f"mv /srv/d/a.toml /srv; {entry} /srv/d/b.toml")
    fresh.write("/srv/d/c.toml", "version = 1\n")
    done = fresh.trustinstall("apply", "/srv/d", "--prune")
    assert (done.returncode, "/srv/d/b.toml:1: " in done.stderr) == (2, True), done
    assert holds(fresh, DEBIAN)


def test_the_default_directory_is_believed_only_if_it_is_roots(fresh: Throwaway) -> None:
    """Without a name the configuration's documents are meant; one that others may write is a mistake."""
    deliver(fresh)
    assert "holds no document" in fresh.trustinstall("apply").stderr
    fresh.write(f"{SITE}/trust.d/corp.toml", "version = 1\n" + inline(ROOT.pem))
    fresh.write(f"{SITE}/trust.toml", "version = 1\n" + inline(OTHER.pem), mode=0o666)
    done = fresh.trustinstall("apply")
    assert (done.returncode, "is not trusted" in done.stderr) == (2, True)
    fresh.path(f"{SITE}/trust.toml").chmod(0o644)
    fresh.trustinstall("apply", check=True)
    assert holds(fresh, DEBIAN)
    assert holds(fresh, DEBIAN, OTHER)


@pytest.mark.parametrize(
    "link",
    [
        f"ln -s /home/alice/d/a.toml {SITE}/trust.d/a.toml",
        f"chown root /home/alice/d/a.toml; ln -s /home/alice/d/a.toml {SITE}/trust.d/a.toml",
        f"rmdir {SITE}/trust.d; chown root /home/alice/d/a.toml; ln -s /home/alice/d {SITE}/trust.d",
        f"chmod 777 /home/alice/d; chown -R root /home/alice/d; ln -s /home/alice/d/a.toml {SITE}/trust.toml",
        f"cp /home/alice/d/a.toml /srv; ln -s /srv/a.toml /home/alice/link; ln -s /home/alice/link {SITE}/trust.toml",
        (
            f"cp -r /home/alice/d /srv; chown -R root /srv/d; ln -s ../../srv/d /home/alice/link; "
            f"rmdir {SITE}/trust.d; ln -s ../../../home/alice/link/. {SITE}/trust.d"
        ),
        f"ln -s b.toml {SITE}/trust.d/a.toml; ln -s a.toml {SITE}/trust.d/b.toml",
    ],
    ids=["file", "roots-file-there", "directory", "writable", "chain", "chain-of-directories", "circle"],
)
def test_a_link_to_another_account_is_not_believed(fresh: Throwaway, link: str) -> None:
    """Who may change what a link of root's leads to would decide which roots the machine trusts."""
    fresh.write("/home/alice/d/a.toml", "version = 1\n" + inline(ROOT.pem), user="alice")
    sh(fresh, f"mkdir -p {SITE}/trust.d; {link}")
    done = fresh.trustinstall("apply")
    assert (done.returncode, "trusted" in done.stderr) == (2, True), done
    assert not holds(fresh, DEBIAN)
    sh(fresh, f"rm -rf {SITE}; mkdir -p {SITE} /srv/roots; cp /home/alice/d/a.toml /srv/roots")
    sh(fresh, f"ln -s /srv/roots/a.toml /srv/roots/link; ln -s ../../../srv/roots/link {SITE}/trust.toml")
    fresh.trustinstall("apply", check=True)
    assert holds(fresh, DEBIAN)


def test_an_account_applies_its_own(fresh: Throwaway) -> None:
    """Without root a document changes the account's stores; accounts in it are a mistake."""
    deliver(fresh, "alice")
    fresh.trustinstall("apply", "-", user="alice", input="version = 1\n" + inline(ROOT.pem), check=True)
    assert holds(fresh, ALICE)
    assert not holds(fresh, DEBIAN)
    done = fresh.trustinstall("apply", "-", user="alice", input="version = 1\n" + inline(ROOT.pem, 'accounts = "all"'))
    assert (done.returncode, "only root works for other accounts" in done.stderr) == (2, True)


def test_terms_of_a_document_hold(fresh: Throwaway) -> None:
    """Stores that are left out stay so, trust ends with its day, and repair keeps both."""
    deliver(fresh)
    place = environment(fresh, "/opt/app")
    fresh.write(TRUST, "version = 1\n" + inline(ROOT.pem, 'skip = ["certifi", "java"]\nuntil = 2030-01-31'))
    fresh.trustinstall("apply", TRUST, check=True)
    assert holds(fresh, DEBIAN)
    assert repaired(fresh)["stores"] == []
    assert not holds(fresh, place)
    later(fresh, 2000, "list")
    assert not holds(fresh, DEBIAN)
    assert later(fresh, 2000, "apply", TRUST).returncode == 0
    assert not holds(fresh, DEBIAN)


def test_an_end_that_a_document_gets_later_holds_for_accounts(fresh: Throwaway) -> None:
    """A document that first named no end takes the root out of accounts' stores, too; one without an end keeps it."""
    deliver(fresh, "alice", "bob")
    for user, ends in (("alice", True), ("bob", False)):
        for more in ("", "until = 2030-01-31", "until = 2030-01-31" if ends else ""):
            fresh.write(TRUST, f'version = 1\n[defaults]\naccounts = ["{user}"]\n' + inline(ROOT.pem, more))
            fresh.trustinstall("apply", TRUST, check=True)
        logged = told(fresh.trustinstall("log", "--json"))["entries"]
        changes = [(one["command"], one["ends"][0]["until"]) for one in logged if "ends" in one]
        assert changes[-1] == ("apply", "2030-02-01T00:00:00Z" if ends else "")
        later(fresh, 2000, "repair")
        assert [holds(fresh, DEBIAN), holds(fresh, ALICE), holds(fresh, BOB)] == [not ends, False, not ends]


@pytest.mark.parametrize("form", ["trust.toml", "trust.json"])
def test_what_is_exported_can_be_applied(fresh: Throwaway, form: str) -> None:
    """The export of one machine, applied to a fresh one, gives the same claims; and nothing changes here."""
    deliver(fresh, "alice")
    options = ("--skip", "certifi:/opt/x", "--until", "2030-01-31", "--variables", "none")
    fresh.trustinstall("add", CERT, "--scope", "all-users", *options, check=True)
    fresh.trustinstall("add", "-", "--domain", "corp.example", input=OTHER.pem)
    text = fresh.trustinstall("export", "--format", form, check=True).stdout
    first = json.loads(fresh.read(LEDGER))["claims"]
    done = fresh.trustinstall("apply", "-", "--json", input=text, check=True)
    assert not json.loads(done.stdout)["changed"]
    fresh.reset()
    deliver(fresh, "alice")
    fresh.trustinstall("apply", "-", input=text, check=True)
    second = json.loads(fresh.read(LEDGER))["claims"]
    assert [_terms(one) for one in second] == [_terms(one) for one in first]


def _terms(claim: dict[str, Any]) -> object:
    terms: dict[str, Any] = claim.get("terms", {})
    return claim["sha256"], claim["accounts"], {key: one for key, one in terms.items() if key != "origin"}


def test_a_bundle_that_is_rewritten_is_mended_by_apply(fresh: Throwaway) -> None:
    """The document's state is restored after any change in between."""
    deliver(fresh)
    place = environment(fresh, "/opt/app")
    fresh.write(TRUST, "version = 1\n" + inline(ROOT.pem))
    fresh.trustinstall("apply", TRUST, check=True)
    environment(fresh, "/opt/app")
    sh(fresh, "rm /usr/local/share/ca-certificates/*; update-ca-certificates --fresh")
    assert not holds(fresh, place)
    fresh.trustinstall("apply", TRUST, check=True)
    assert holds(fresh, place)
    assert holds(fresh, DEBIAN)
