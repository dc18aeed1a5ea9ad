"""The audit log: who changed what, when and from where, for each scope; and what becomes of it on a bad day."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.end_to_end.cli.machine import CERT, DEBIAN, ROOT, deliver, holds, sudo
from tests.support.later import later
from tests.support.throwaway import Throwaway
from trustinstall.reporting import log_report

LOG = "/var/lib/trustinstall/log.jsonl"
_SCHEMA = json.loads(Path(log_report.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))


def entries(root: Throwaway, *options: str, user: str = "root") -> list[dict[str, Any]]:
    """What `log --json` says, valid by its schema."""
    found = json.loads(root.trustinstall("log", "--json", *options, user=user, check=True).stdout)
    validator: Any = Draft202012Validator(_SCHEMA)
    validator.validate(found)
    listed: list[dict[str, Any]] = found["entries"]
    return listed


def test_every_change_has_its_line(fresh: Throwaway) -> None:
    """Additions, ends, repairs and removals stand in the log with account, origin and stores; a look does not."""
    deliver(fresh, "alice")
    env = {**sudo(fresh), "SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22"}
    day = f"{datetime.now(timezone.utc) + timedelta(days=7):%Y-%m-%d}"
    fresh.trustinstall("add", CERT, "--until", day, "--yes", env=env, check=True)
    fresh.trustinstall("add", CERT, "--until", day, "--yes", env=env, check=True)
    fresh.trustinstall("list", check=True)
    fresh.write(DEBIAN, fresh.read(DEBIAN).replace(ROOT.pem, b""))
    fresh.trustinstall("repair", check=True)
    later(fresh, 8, "list")
    found = entries(fresh)
    assert [(one["command"], one["scope"]) for one in found] == [
        ("add", "machine"),
        ("add", "alice"),
        ("repair", "machine"),
        ("end", "machine"),
        ("end", "alice"),
    ]
    assert found[0]["by"] == "alice"
    assert found[0]["from"]["ssh"] == "192.0.2.7"
    assert {"id": "debian", "result": "added"} in found[0]["stores"]
    assert all(one["result"] == "done" for one in found)
    assert fresh.path(LOG).stat().st_mode & 0o777 == 0o600
    own = entries(fresh, user="alice")
    assert [one["command"] for one in own] == ["add", "end"]
    assert "Corp Root G2" in fresh.trustinstall("log").stdout


def test_entries_since_a_time(fresh: Throwaway) -> None:
    """`--since` takes a day or a span; nonsense is a mistake of the command line."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, check=True)
    assert len(entries(fresh, "--since", "1h")) == len(entries(fresh, "--since", "2020-01-01")) == 1
    assert entries(fresh, "--since", "2999-01-01") == []
    assert (
        fresh.trustinstall("log", "--since", "2999-01-01").stdout
        == "The log has no entry since 2999-01-01 00:00 UTC.\n"
    )
    assert len(entries(fresh, "--since", "999999w")) == 1  # of before the first year
    assert fresh.trustinstall("log", "--since", "\x1b[31m").returncode == 2
    done = fresh.trustinstall("log", "--since", "")  # of a script's empty variable
    assert (done.returncode, "is not a time" in done.stderr) == (2, True), done


@pytest.mark.parametrize("bad", ["mkdir {0}", "ln -s /etc/passwd {0}", ": >{0}; chmod 666 {0}"])
def test_a_log_that_cannot_be_written_loses_its_line_and_not_the_change(fresh: Throwaway, bad: str) -> None:
    """The change stays, the ledger knows it, and standard error says that the line is missing."""
    deliver(fresh)
    fresh.run(["sh", "-ec", f"mkdir /var/lib/trustinstall; {bad.format(LOG)}"], check=True)
    before = fresh.read("/etc/passwd")
    done = fresh.trustinstall("add", CERT)
    assert done.returncode == 0
    assert "its line is missing in" in done.stderr
    assert holds(fresh, DEBIAN)
    assert fresh.read("/etc/passwd") == before
    assert "Corp Root G2" in fresh.trustinstall("list").stdout


def test_an_account_cannot_read_the_machines_log(fresh: Throwaway) -> None:
    """It holds addresses of administrators: an account sees its own alone."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, check=True)
    assert entries(fresh, user="alice") == []
    assert fresh.run(["cat", LOG], user="alice").returncode != 0
