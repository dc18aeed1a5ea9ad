"""The notes below a report of `add`."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.reporting.results import BASH, CORP, NPM, PROGRAM, ROOT, USER, done, report
from trustinstall.engine.outcome import Result
from trustinstall.host import Account, ActingHost
from trustinstall.reporting.advice import advise

HOST = ActingHost("linux", "/", {"TRUSTINSTALL_LAUNCHER": PROGRAM}, Account(1000, 1000, "alice", "/home/alice"))
WHY = "not trusted in cron (PAM): a setting of ours would hide /home/alice/x.pem"


def test_sessions_that_are_not_reached_are_named_once() -> None:
    """Programs with the same reason share a sentence, and the report is not a failure."""
    npm = replace(done(NPM, Result.FOLLOWS), partly=WHY)
    yarn = replace(npm, store=replace(NPM, label="yarn"))
    found = report("add", USER, npm, yarn, done(replace(NPM, label="pip"), Result.ADDED))
    notes = advise(found, HOST, ["corp.crt"]).notes
    assert notes == (f"{NPM.label} and yarn: {WHY}.",)
    assert (found.ok, found.covered) == (True, (3, 3))
    assert CORP in found.certificates


def test_variables_that_replace_are_a_warning() -> None:
    """The machine's hide what accounts and environments set themselves, which root does not read; the doctor does."""
    found = {
        one.kind: advise(replace(report("add", one, done(BASH, Result.ADDED)), replaces=True), HOST, ["corp.crt"]).notes
        for one in (ROOT, USER)
    }
    assert "hide what accounts and Python environments set themselves" in found["root"][0]
    assert "doctor names each for its account" in found["root"][0]
    assert "SSL_CERT_FILE and REQUESTS_CA_BUNDLE replace the roots of programs" in found["user"][0]
