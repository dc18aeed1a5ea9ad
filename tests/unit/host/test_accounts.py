"""Which accounts are people on a Mac, and where a Mac keeps what an account notes."""

from __future__ import annotations

import pwd

import pytest

from trustinstall.host import Account, accounts, state_paths


def test_a_mac_counts_its_people_from_501_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below are macOS' own accounts; elsewhere people begin at 1000."""
    entries = [
        pwd.struct_passwd((name, "x", uid, 20, "", f"/Users/{name}", shell))
        for name, uid, shell in (
            ("root", 0, "/bin/sh"),
            ("_www", 70, "/usr/bin/false"),
            ("alice", 501, "/bin/zsh"),
            ("builder", 502, "/usr/bin/false"),
            ("carol", 1001, "/bin/zsh"),
            ("nobody", 4294967294, "/bin/zsh"),
        )
    ]
    monkeypatch.setattr(pwd, "getpwall", lambda: entries)
    assert [one.name for one in accounts.people("darwin")] == ["alice", "carol"]
    assert [one.name for one in accounts.people("linux")] == ["carol"]


def test_a_macs_ledger_is_where_macs_keep_such_things() -> None:
    """With any environment: root who works for alice finds the ledger that she finds."""
    alice = Account(501, 20, "alice", "/Users/alice")
    assert state_paths.state("darwin", alice) == "/Users/alice/Library/Application Support/trustinstall"
    assert state_paths.state("darwin", Account(0, 0, "root", "/var/root")) == state_paths.MACHINE["darwin"]
