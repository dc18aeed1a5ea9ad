"""The exit code of `doctor URL`, and when it names a command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.reporting import diagnoses, results
from tests.unit.reporting.test_json import HOST
from trustinstall.installer.diagnosis import Diagnosis
from trustinstall.reporting import doctor, doctor_json
from trustinstall.reporting.doctor_page import doctor_page
from trustinstall.reporting.layout import Page

ACCEPTED = diagnoses.ACCEPTED
UNVERIFIED = replace(ACCEPTED, clients=(diagnoses.REFUSED.clients[0], diagnoses.REFUSED.clients[2]))


@pytest.mark.parametrize(
    ("found", "code"), [(ACCEPTED, 0), (UNVERIFIED, 10), (diagnoses.REFUSED, 10), (diagnoses.UNREACHED, 10)]
)
def test_only_a_server_that_all_accept_ends_with_0(found: Diagnosis, code: int) -> None:
    """One refusal, client that does not verify, or failed handshake among servers is 10, where the caller asked."""
    assert doctor.exit_code([ACCEPTED, found], asked=True) == code
    assert doctor.exit_code([ACCEPTED, found], asked=False) == 0


def test_a_command_is_named_only_where_a_root_would_help() -> None:
    """No root mends a failed handshake, or a server that is accepted."""
    words = ("/opt/ti", "add", "ROOT.pem", "--sha256", results.CORP.sha256)
    assert diagnoses.REFUSED.remedy(["/opt/ti"]) == words
    assert not ACCEPTED.remedy(["/opt/ti"])
    assert not diagnoses.UNREACHED.remedy(["/opt/ti"])


def test_rules_of_documents_are_told() -> None:
    """The screen, the page and JSON do not take what a vendor writes for what a program was seen to do."""
    said = " ".join(doctor.doctor_lines(Page(80), [diagnoses.BY_DOCUMENTS], ["trustinstall"]))
    assert "Judged by the rules in documents, which no test holds against the program: Schannel." in " ".join(
        said.split()
    )
    assert "documents" not in " ".join(doctor.doctor_lines(Page(80), [diagnoses.REFUSED], ["trustinstall"]))
    views = doctor_json.server(diagnoses.BY_DOCUMENTS, ["trustinstall"])["clients"]
    assert [one["tested"] for one in views] == [False, False]
    assert doctor_json.server(diagnoses.REFUSED, ["trustinstall"])["clients"][1]["tested"] is True
    assert '<td data-head="Judged as">Schannel, by documents</td>' in doctor_page(HOST, [diagnoses.BY_DOCUMENTS])
