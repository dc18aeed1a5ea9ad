"""Every exit code, and the report in JSON that goes with it, produced for real on a throw-away Debian."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.end_to_end.cli.machine import (
    ALICE,
    ALICES,
    CERT,
    DEBIAN,
    LEDGER,
    OTHER,
    ROOT,
    TOOL,
    deliver,
    holds,
    ledger,
    quick,
    result,
    snapshot,
    sudo,
    told,
    venv,
)
from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error."""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def test_0_the_round_trip(fresh: Throwaway) -> None:
    """add, add again, list, stores, remove, remove again: each is 0, says so in JSON, and changes what it says."""
    deliver(fresh)
    quick(fresh)
    before = fresh.changes()
    dry = told(fresh.trustinstall("add", "--json", "--dry-run", CERT))
    assert (dry["dry_run"], dry["changed"], result(dry, "debian")) == (True, False, "planned")
    assert fresh.changes() == before
    added = told(fresh.trustinstall("add", "--json", CERT))
    assert (added["changed"], result(added, "debian"), added["situation"]["kind"]) == (True, "added", "root")
    assert added["certificates"][0]["sha256"] == ROOT.sha256
    assert holds(fresh, DEBIAN)
    again = told(fresh.trustinstall("add", "--json", CERT))
    assert (again["changed"], result(again, "debian"), again["undo"]) == (False, "present", [])
    listed = told(fresh.trustinstall("list", "--json", "--all"))
    assert [one["sha256"] for one in listed["certificates"]] == [ROOT.sha256]
    assert {one["sha256"] for one in listed["anchors"] if one["added"]} == {ROOT.sha256}
    stores = told(fresh.trustinstall("stores", "--json"))
    assert [one["added"] for one in stores["stores"] if one["id"] == "debian"] == [1]
    removed = told(fresh.trustinstall("remove", "--json", ROOT.sha256))
    assert (removed["changed"], result(removed, "debian")) == (True, "removed")
    absent = told(fresh.trustinstall("remove", "--json", CERT))
    assert (absent["changed"], result(absent, "debian")) == (False, "absent")
    assert told(fresh.trustinstall("list", "--json"))["certificates"] == []
    left = {path for path in fresh.changes() if path not in before}
    assert {path for path in left if not path.startswith("/var/lib/trustinstall")} <= {"/usr/local/share", "/var/lib"}


def test_1_nothing_could_be_done(fresh: Throwaway) -> None:
    """The package is missing: 1, and the sentence names what to install."""
    deliver(fresh)
    fresh.path(TOOL).unlink()
    before = snapshot(fresh, "/var/lib/trustinstall", "/var/lib")
    done = fresh.trustinstall("add", "--json", "--skip", "settings", "--variables", "none", CERT)
    found = told(done)
    assert (done.returncode, found["changed"], result(found, "debian")) == (1, False, "failed")
    detail = next(one["detail"] for one in found["stores"] if one["id"] == "debian")
    assert detail == "the package ca-certificates is missing; install it: apt-get install ca-certificates"
    quiet = fresh.trustinstall("add", "--quiet", "--skip", "settings", "--variables", "none", CERT)
    assert (quiet.returncode, quiet.stdout) == (1, "")
    assert quiet.stderr.startswith(f"error: debian: {detail}\n")
    assert snapshot(fresh, "/var/lib/trustinstall", "/var/lib") == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("remove",),
        ("remove", "--all", "x"),
        ("remove", "--not-ours", "--sha256", "abcd"),
        ("remove", "nonsense"),
        ("add", "--user", "mallory", CERT),
        ("add", "--scope", "user", CERT),
        ("add", "--scope", "galaxy", CERT),
        ("add", "--store", "nonsense", CERT),
        ("list", "--user", "mallory"),
        ("stores", "--search", "/nonexistent"),
    ],
    ids=" ".join,
)
def test_2_wrong_usage(debian: Throwaway, arguments: tuple[str, ...]) -> None:
    """One sentence, the same in JSON, and nothing is touched: not even the directory of our own state is made."""
    deliver(debian)
    before = snapshot(debian)
    done = debian.trustinstall(*arguments)
    assert done.returncode == 2, done
    found = told(debian.trustinstall(*arguments, "--json"))
    assert (found["error"]["code"], found["command"]) == ("usage", arguments[0])
    assert sentence(done) == f"error: {found['error']['message']}"
    assert snapshot(debian) == before


def test_2_under_sudo_before_anything_is_changed(fresh: Throwaway) -> None:
    """An unknown store is reported before the known ones are changed."""
    deliver(fresh, "alice")
    quick(fresh)
    for words in (("--store", "nonsense"), ("--store", "debian", "--store", "nonsense"), ("--skip", "nonsense")):
        done = fresh.trustinstall("add", *words, CERT, env=sudo(fresh))
        assert (done.returncode, "nonsense" in done.stderr) == (2, True), done
        assert not holds(fresh, DEBIAN), words
        assert not holds(fresh, ALICE), words


def test_3_some_done_and_some_not(fresh: Throwaway) -> None:
    """Two environments, one of which cannot be written: 3; the other one is done; the report says which and why."""
    deliver(fresh)
    good, bad = venv(fresh, "/home/alice/good", "alice"), venv(fresh, "/home/alice/bad", "alice")
    fresh.path(bad).parent.chmod(0o555)
    words = ("--search", "/home/alice/good", "--search", "/home/alice/bad", CERT)
    found = told(fresh.trustinstall("add", "--json", *words, user="alice"))
    assert (found["exit_code"], found["changed"]) == (3, True)
    assert (result(found, f"certifi:{good}"), result(found, f"certifi:{bad}")) == ("added", "failed")
    assert (holds(fresh, good), holds(fresh, bad)) == (True, False)
    done = fresh.trustinstall("add", "--quiet", *words, user="alice")
    assert (done.returncode, done.stdout) == (3, "")
    assert sentence(done) == f"error: certifi:{bad}: its directory is not writable"
    people = fresh.trustinstall("add", *words, user="alice")
    assert people.returncode == 3
    assert "/home/alice/bad (certifi): its directory is not" in people.stdout


def test_4_refused(debian: Throwaway) -> None:
    """An expired root: 4, and --allow-expired is named; nothing is touched."""
    old = make_root("Old Root", not_before=_long_ago(2), not_after=_long_ago(1))
    debian.write("/tmp/input/old.crt", old.pem)
    before = snapshot(debian)
    done = debian.trustinstall("add", "--quiet", "/tmp/input/old.crt")
    assert (done.returncode, done.stdout) == (4, "")
    assert "--allow-expired" in sentence(done)
    found = told(debian.trustinstall("add", "--json", "/tmp/input/old.crt"))
    assert found["error"]["code"] == "certificate-refused"
    assert snapshot(debian) == before


def _long_ago(years: int) -> Any:  # noqa: ANN401  a datetime
    from datetime import datetime, timedelta, timezone

    return datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=365 * years)


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "--scope", "machine", CERT),
        ("add", "--scope", "all-users", CERT),
        ("add", "--user", "bob", CERT),
        ("remove", "--all", "--scope", "all-users"),
        ("list", "--scope", "all-users"),
        ("stores", "--user", "bob"),
    ],
    ids=" ".join,
)
def test_5_other_scopes_need_root(debian: Throwaway, arguments: tuple[str, ...]) -> None:
    """What is not hers, asked for by alice: 5, in one sentence, before anything is done."""
    deliver(debian, "alice")
    before = snapshot(debian)
    done = debian.trustinstall(*arguments, user="alice")
    assert done.returncode == 5, done
    assert "need root" in sentence(done)
    assert told(debian.trustinstall(*arguments, "--json", user="alice"))["error"]["code"] == "no-rights"
    assert snapshot(debian) == before


def test_5_an_account_without_any_store(fresh: Throwaway) -> None:
    """Where bob has no environment, and the machine no tool: 5, and the command for an administrator."""
    deliver(fresh)
    fresh.run(["sh", "-c", "rm -f /usr/bin/pip* /usr/bin/npm /usr/bin/wget /usr/bin/hg /usr/bin/svn"], check=True)
    found = told(fresh.trustinstall("add", "--json", "--variables", "none", CERT, user="bob"))
    assert (found["exit_code"], found["changed"]) == (5, False)
    assert found["administrator"] == ["sudo", *PROGRAM, "add", CERT, "--sha256", ROOT.sha256]
    quiet = fresh.trustinstall("add", "--quiet", "--variables", "none", CERT, user="bob")
    assert (quiet.returncode, quiet.stdout) == (5, "")
    assert "not in scope" in sentence(quiet)


def test_0_a_user_removes_what_is_the_machines(fresh: Throwaway) -> None:
    """Her own scope is clean: 0, and the first words say that the machine still trusts it, and who can change that."""
    deliver(fresh, "alice")
    quick(fresh)
    assert fresh.trustinstall("add", CERT, "--store", "debian").returncode == 0
    for word in (CERT, ROOT.sha256[:8], "corp root"):
        done = fresh.trustinstall("remove", word, user="alice")
        assert (done.returncode, "sudo /" in done.stdout) == (0, True), done
        assert "STILL TRUSTED by the machine" in done.stdout
    assert holds(fresh, DEBIAN)


def test_strict(fresh: Throwaway) -> None:
    """A store outside the scope, or a stranger's copy, counts as not done with --strict, and with it alone."""
    deliver(fresh, "alice")
    assert fresh.trustinstall("add", CERT, user="alice").returncode == 0
    assert told(fresh.trustinstall("add", "--json", "--strict", CERT, user="alice"))["exit_code"] == 3
    fresh.write(ALICE, fresh.read(ALICE) + OTHER.pem, user="alice")
    words = ("remove", "--json", "--store", ALICES, OTHER.sha256)
    assert told(fresh.trustinstall(*words, user="alice"))["exit_code"] == 0
    assert told(fresh.trustinstall(*words, "--strict", user="alice"))["exit_code"] == 3
    assert (
        told(fresh.trustinstall("add", "--json", "--strict", "--store", ALICES, CERT, user="alice"))["exit_code"] == 0
    )


def test_strict_under_sudo_when_everything_is_covered(fresh: Throwaway) -> None:
    """Machine and home both done: no store counts as not covered because the other process did it."""
    deliver(fresh, "alice")
    quick(fresh)
    done = fresh.trustinstall("add", "--json", "--strict", CERT, env=sudo(fresh))
    found = told(done)
    assert [one["id"] for one in found["stores"] if one["result"] == "not-in-scope"] == []
    assert found["exit_code"] == 0
    people = fresh.trustinstall("add", CERT, env=sudo(fresh))
    assert "of another scope" not in people.stdout
    assert (holds(fresh, DEBIAN), holds(fresh, ALICE)) == (True, True)


@pytest.mark.parametrize("where", ["machine", "alice"])
def test_a_damaged_ledger_is_1_and_names_it(fresh: Throwaway, where: str) -> None:
    """No command goes on as if there were none; each says which file it is."""
    deliver(fresh, "alice")
    path, user = (LEDGER, "root") if where == "machine" else (ledger("/home/alice"), "alice")
    fresh.write(path, '{"version": 99}', user=user)
    fresh.path(path).parent.chmod(0o755)
    before = snapshot(fresh, f"{path.removesuffix('ledger.json')}private")  # the lock
    for words in (("add", CERT), ("remove", "--all"), ("list",), ("stores",)):
        done = fresh.trustinstall(*words, user=user)
        assert (done.returncode, path in sentence(done)) == (1, True), done
        assert told(fresh.trustinstall(*words, "--json", user=user))["error"]["code"] == "state"
    assert snapshot(fresh, f"{path.removesuffix('ledger.json')}private") == before


def test_quiet_says_nothing_when_all_is_well(fresh: Throwaway) -> None:
    """Nothing on either stream."""
    deliver(fresh, "alice")
    for words in (("add", CERT), ("list",), ("stores",), ("remove", "--all")):
        done = fresh.trustinstall(*words, "--quiet", user="alice")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), words
    assert json.loads(fresh.read(ledger("/home/alice")))["placements"] == []
