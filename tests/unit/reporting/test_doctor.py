"""The exit code of `doctor URL`, and when it names a command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.reporting import cases
from trustinstall.installer.diagnosis import Diagnosis
from trustinstall.reporting import doctor

ACCEPTED = cases.ACCEPTED
UNVERIFIED = replace(ACCEPTED, clients=(cases.REFUSED.clients[0], cases.REFUSED.clients[2]))


@pytest.mark.parametrize(
    ("found", "code"), [(ACCEPTED, 0), (UNVERIFIED, 10), (cases.REFUSED, 10), (cases.UNREACHED, 10)]
)
def test_only_a_server_that_all_accept_ends_with_0(found: Diagnosis, code: int) -> None:
    """One refusal, client that does not verify, or failed handshake among servers is 10, where the caller asked."""
    assert doctor.exit_code([ACCEPTED, found], asked=True) == code
    assert doctor.exit_code([ACCEPTED, found], asked=False) == 0


def test_a_command_is_named_only_where_a_root_would_help() -> None:
    """No root mends a failed handshake, or a server that is accepted."""
    words = ("/opt/ti", "add", "ROOT.pem", "--sha256", cases.CORP.sha256)
    assert cases.REFUSED.remedy(["/opt/ti"]) == words
    assert not ACCEPTED.remedy(["/opt/ti"])
    assert not cases.UNREACHED.remedy(["/opt/ti"])
