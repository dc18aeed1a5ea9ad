"""`self uninstall`: which installation this is, and what is deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import fake_host
from tests.support.fake_store import ROOTS
from trustinstall.errors import StateError, UsageProblem
from trustinstall.host import installation
from trustinstall.installer import uninstalling
from trustinstall.state import audit_log, ledger_file, removal, scopes
from trustinstall.state.directory import prepare
from trustinstall.state.ledger import Covered, Ledger


def test_each_installer_is_known_by_its_own_file(tmp_path: Path) -> None:
    """pipx, uv and pip have commands that uninstall; only environments of scripts/trustinstall are deleted here."""
    for receipt, word in (("pipx_metadata.json", "pipx"), ("uv-receipt.toml", "uv tool"), ("other", "pip")):
        prefix = tmp_path / word
        prefix.mkdir()
        (prefix / receipt).touch()
        found = installation.find(str(prefix))
        assert found.directory == ""
        assert f"{word} uninstall trustinstall" in found.command
    assert installation.find(installation.PACKAGE).command.startswith("apt-get")


def test_the_launchers_directory_loses_environments_and_nothing_else(tmp_path: Path) -> None:
    """An account's own bundle has the same directory: programs may still name it."""
    base, link = tmp_path / "trustinstall", tmp_path / "link"
    for name in ("env-1", "env-2", "new-x", "bin"):
        (base / name).mkdir(parents=True)
    (base / "bin" / "trustinstall").symlink_to("../env-1/bin/trustinstall")
    (base / "lock").touch()
    (base / "bundle.pem").touch()
    link.symlink_to(base / "bin" / "trustinstall")
    found = installation.find(str(base / "env-1"), str(link))
    assert (found.directory, found.link) == (str(base), str(link))
    installation.delete(found)
    assert [one.name for one in base.iterdir()] == ["bundle.pem"]
    assert not link.is_symlink()


def test_nothing_is_deleted_while_a_certificate_is_recorded(tmp_path: Path) -> None:
    """Without the ledger no account could take the certificate back: the command refuses, or keeps the ledger."""
    host = fake_host.make(tmp_path)
    state = scopes.state_of(host, host.account.uid)
    prepare(host, state)
    ledger = Ledger()
    root = ROOTS[0]
    ledger.claim(root, "alice", "2026-01-01")
    ledger.cover(root.sha256, [Covered("bob", 4711)])
    ledger_file.save(host, state, Ledger(), ledger)
    with pytest.raises(UsageProblem, match="remove --all first"):
        uninstalling.plan(host, keep_trust=False)
    with pytest.raises(StateError, match="remove --all"):
        removal.delete_empty(host, state)
    kept = uninstalling.plan(host, keep_trust=True)
    assert kept.kept[0][0] == state.base
    fake_host.write(host, state.memory, "{}")
    assert uninstalling.delete_records(host, kept)
    assert ledger_file.load(host, state).claims
    assert host.status(state.memory) is None  # it serves no later command


def test_records_without_certificates_are_deleted(tmp_path: Path) -> None:
    """Ledger, log and lock go; another program's file in the directory stays, and that is said."""
    host = fake_host.make(tmp_path)
    state = scopes.state_of(host, host.account.uid)
    for mine in ("", "notes"):
        prepare(host, state)
        ledger_file.save(host, state, Ledger(), Ledger(transaction="1"))
        fake_host.write(host, state.memory, "{}")
        if mine:
            fake_host.write(host, f"{state.base}/{mine}", "")
        plan = uninstalling.plan(host, keep_trust=False)
        assert uninstalling.delete_records(host, plan) is (not mine)
    assert host.names(state.base) == ["notes"]


def test_records_go_where_the_private_directory_is_missing(tmp_path: Path) -> None:
    """Ledger and logs go as well, and a recorded certificate keeps them as well."""
    host = fake_host.make(tmp_path)
    state = scopes.state_of(host, host.account.uid)
    prepare(host, state)
    ledger = Ledger(transaction="1")
    ledger_file.save(host, state, Ledger(), ledger)
    audit_log.append(host, state, "{}")
    host.remove_directory(state.private)
    assert removal.delete_empty(host, state)
    assert removal.delete_empty(host, state)
    prepare(host, state)
    ledger.claim(ROOTS[0], "alice", "2026-01-01")
    ledger_file.save(host, state, Ledger(), ledger)
    host.remove_directory(state.private)
    with pytest.raises(StateError, match="remove --all"):
        removal.delete_empty(host, state)
    assert ledger_file.load(host, state).claims
