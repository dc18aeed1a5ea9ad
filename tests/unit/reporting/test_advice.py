"""The notes below a report of `add`."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.reporting.results import CORP, NPM, PROGRAM, USER, done, report
from trustinstall.engine.outcome import Result
from trustinstall.host import Account, ActingHost
from trustinstall.reporting.advice import advise

HOST = ActingHost("linux", "/", {"TRUSTINSTALL_LAUNCHER": PROGRAM}, Account(1000, 1000, "alice", "/home/alice"))
WHY = "cron (PAM); a setting of ours would hide /home/alice/x.pem"


def test_sessions_that_are_not_reached_are_named_once() -> None:
    """Programs with the same reason share a sentence, and the report is not a failure."""
    npm = replace(done(NPM, Result.FOLLOWS), partly=WHY)
    yarn = replace(npm, store=replace(NPM, label="yarn"))
    found = report("add", USER, npm, yarn, done(replace(NPM, label="pip"), Result.ADDED))
    notes = advise(found, HOST, ["corp.crt"]).notes
    assert notes == (f"{NPM.label} and yarn: not trusted in these sessions: {WHY}.",)
    assert (found.ok, found.covered) == (True, (3, 3))
    assert CORP in found.certificates
