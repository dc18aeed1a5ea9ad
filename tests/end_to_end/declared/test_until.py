"""Trust that ends: `add --until`, and the first command after the end."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from cryptography import x509

from tests.end_to_end.cli.machine import ALICE, CERT, DEBIAN, LEDGER, ROOT, deliver, holds, sudo, told
from tests.support.later import later
from tests.support.throwaway import NOISE, Throwaway

STATE = ("/var/lib/trustinstall", "/home/alice/.local/state")


def test_trust_is_shown_with_its_end_and_goes_with_the_next_command(fresh: Throwaway) -> None:
    """`list` shows the end; after it, any command takes the root out of all accounts' stores."""
    deliver(fresh, "alice")
    before = fresh.changes(ignore=(*NOISE, *STATE))
    fresh.trustinstall("add", CERT, "--until", "7d", "--yes", "--user", "alice", check=True)
    shown = told(fresh.trustinstall("list", "--json", "--user", "alice"))["certificates"]
    assert {one["scope"] for one in shown} == {"machine", "alice"}
    assert all(one["until"] and not one["expires_soon"] for one in shown)
    assert "trusted until 20" in fresh.trustinstall("list").stdout
    assert later(fresh, 6, "list").returncode == 0
    assert holds(fresh, DEBIAN)
    assert holds(fresh, ALICE)
    done = later(fresh, 8, "list")
    assert "Ended: the trust of Corp Root G2" in done.stdout, done
    assert "has added no certificate" in done.stdout
    assert not holds(fresh, DEBIAN)
    assert not holds(fresh, ALICE)
    after = fresh.changes(ignore=(*NOISE, *STATE))
    assert after == before


@pytest.mark.parametrize("command", ["tools", "log", "export", "stores"])
def test_each_command_that_may_change_something_takes_it_out(fresh: Throwaway, command: str) -> None:
    """Those that only report, too, before they do: `export` does not name it, and the log has its removal."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, "--until", "2d", "--yes", check=True)
    done = later(fresh, 3, command)
    assert done.returncode == 0, done
    assert not holds(fresh, DEBIAN)
    assert command != "export" or ROOT.sha256 not in done.stdout
    assert told(fresh.trustinstall("log", "--json"))["entries"][-1]["command"] == "end"


def test_what_expires_by_itself_is_shown(fresh: Throwaway) -> None:
    """`list` says within 90 days of a certificate's own end that it expires, and not before."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, check=True)
    left = (x509.load_der_x509_certificate(ROOT.der).not_valid_after_utc - datetime.now(timezone.utc)).days
    for days, soon in ((left - 91, False), (left - 89, True)):
        (shown,) = told(later(fresh, days, "list", "--json"))["certificates"]
        assert shown["expires_soon"] is soon
        assert ("expires" in later(fresh, days, "list").stdout) is soon


def test_check_says_what_is_trusted_beyond_its_end(fresh: Throwaway) -> None:
    """It changes nothing, and it is not `ok` that stores still trust a root whose end has come; repair mends that."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, "--until", "2d", check=True)
    assert later(fresh, 1, "check").stdout.startswith("ok: ")
    done = later(fresh, 3, "check", "--json")
    found = told(done)
    assert (done.returncode, found["certificates_over"]) == (10, [ROOT.sha256])
    assert found["message"].startswith("over: the trust of 1 of 1 certificate has ended")
    assert holds(fresh, DEBIAN)
    later(fresh, 3, "repair")
    assert later(fresh, 3, "check").returncode == 0
    assert not holds(fresh, DEBIAN)


def test_an_account_takes_its_own_out(fresh: Throwaway) -> None:
    """An account without root ends its own trust, by any command."""
    deliver(fresh, "alice")
    fresh.trustinstall("add", CERT, "--until", "2w", user="alice", check=True)
    assert later(fresh, 13, "stores", user="alice").returncode == 0
    assert holds(fresh, ALICE)
    assert later(fresh, 15, "stores", user="alice").returncode == 0
    assert not holds(fresh, ALICE)


def test_the_wish_of_an_account_outlives_the_end_of_the_machine(fresh: Throwaway) -> None:
    """What alice has added herself, without an end, stays hers when the administrator's trust ends."""
    deliver(fresh, "alice")
    fresh.trustinstall("add", CERT, user="alice", check=True)
    fresh.trustinstall("add", CERT, "--until", "7d", "--user", "alice", check=True)
    later(fresh, 8, "list")
    assert not holds(fresh, DEBIAN)
    assert holds(fresh, ALICE)


def test_a_clock_that_is_behind_ends_nothing(fresh: Throwaway) -> None:
    """With a clock before the ledger's last entry nothing ends; a later `add` without an end lifts it."""
    deliver(fresh)
    assert later(fresh, 30, "add", CERT, "--until", "1h").returncode == 0
    assert later(fresh, 29, "list").returncode == 0
    assert holds(fresh, DEBIAN)
    data = json.loads(fresh.read(LEDGER))
    data["claims"][0]["terms"]["until"] = "2020-01-01T00:00:00Z"
    fresh.write(LEDGER, json.dumps(data))
    fresh.trustinstall("list", check=True)
    assert holds(fresh, DEBIAN)
    assert later(fresh, 31, "add", CERT).returncode == 0
    assert later(fresh, 400, "list").returncode == 0
    assert holds(fresh, DEBIAN)


def test_a_ledger_with_terms_stops_an_older_program(fresh: Throwaway) -> None:
    """A program that does not know the ledger's version changes nothing, and says which program does."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, "--until", "7d", check=True)
    data = json.loads(fresh.read(LEDGER))
    fresh.write(LEDGER, json.dumps({**data, "version": data["version"] + 1}))
    done = fresh.trustinstall("remove", "--all")
    assert done.returncode == 1
    assert "use the trustinstall that wrote it" in done.stderr
    assert holds(fresh, DEBIAN)


@pytest.mark.parametrize("word", ["yesterday", "2020-01-01", "0d", "2027-02-30", "9" * 30 + "d", ""])
def test_an_end_that_is_none_is_refused(fresh: Throwaway, word: str) -> None:
    """An end in the past, and words that name none (a script's empty variable), are a mistake of the command line."""
    deliver(fresh)
    done = fresh.trustinstall("add", CERT, "--until", word)
    assert (done.returncode, "2027-01-31" in done.stderr or "is over" in done.stderr) == (2, True), done
    assert not holds(fresh, DEBIAN)


def test_sudo_ends_what_it_has_added_for_the_invoker(fresh: Throwaway) -> None:
    """The stores of the account behind sudo are part of it."""
    deliver(fresh, "alice")
    fresh.trustinstall("add", CERT, "--until", "7d", "--yes", env=sudo(fresh), check=True)
    assert holds(fresh, ALICE)
    later(fresh, 8, "env")
    assert not holds(fresh, ALICE)
    assert not holds(fresh, DEBIAN)


def test_another_end_of_a_trusted_root_is_said_and_logged(fresh: Throwaway) -> None:
    """`add --until` for a root that every store holds: the report, JSON, `list` and the log have the new end."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, check=True)
    planned = told(fresh.trustinstall("add", CERT, "--until", "2030-01-31", "--dry-run", "--json"))
    assert (planned["changed"], planned["would_change"]) == (False, True)
    assert planned["ends"] == [{"sha256": ROOT.sha256, "until": "2030-02-01T00:00:00Z"}]
    asked = fresh.trustinstall("add", CERT, "--until", "2030-01-31", "--dry-run", "--exit-code")
    assert (asked.returncode, "would end on 2030-02-01 00:00 UTC" in asked.stdout) == (10, True), asked
    said = fresh.trustinstall("add", CERT, "--until", "2030-01-31", check=True).stdout
    assert "already." in said
    assert "The trust of Corp Root G2 ends on 2030-02-01 00:00 UTC now." in said
    logged = told(fresh.trustinstall("log", "--json"))["entries"]
    assert [one.get("ends") for one in logged] == [None, planned["ends"]]
    assert "ends on 2030-02-01 00:00 UTC" in " ".join(fresh.trustinstall("log").stdout.split())
    again = told(fresh.trustinstall("add", CERT, "--until", "2030-01-31", "--json"))
    assert (again["changed"], "ends" in again) == (False, False)
    assert "has no end now" in fresh.trustinstall("add", CERT, check=True).stdout
    assert len(told(fresh.trustinstall("log", "--json"))["entries"]) == 3
