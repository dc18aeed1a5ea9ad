"""`list`, `stores` and `check` for one scope, some stores or some certificates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.pki import make_root
from tests.unit.installer.test_library import lay_out
from trustinstall.cli.main import run
from trustinstall.engine.request import Selection
from trustinstall.errors import UsageProblem
from trustinstall.installer.narrowing import narrowed
from trustinstall.installer.views import Anchor, Held, Listed, StoreView, View

ONE, TWO = "a" * 64, "b" * 64


def _store(scope: str, name: str, label: str = "") -> StoreView:
    backend, _, location = name.partition(":")
    return StoreView(scope, name, backend, location, label, "", "", True, 1, 1, "")  # noqa: FBT003


def _listed(scope: str, sha256: str, *stores: str) -> Listed:
    held = tuple(Held(name, "npm" if "npmrc" in name else name, "trusted") for name in stores)
    return Listed(scope, sha256, "CN=Corp", "Corp", "2030-01-01", "", "", held)


VIEW = View(
    (_listed("machine", ONE, "debian", "certifi:/gone.pem"), _listed("alice", TWO, "settings:/home/alice/.npmrc")),
    (Anchor("debian", ONE, "CN=Corp", ours=True), Anchor("settings:/home/alice/.npmrc", TWO, "", ours=True)),
    (_store("machine", "debian"), _store("alice", "settings:/home/alice/.npmrc", "npm")),
)


def test_one_scope() -> None:
    """The machine's part, or that of accounts; without a choice both."""
    assert narrowed(VIEW) == VIEW
    machine, user = narrowed(VIEW, scope="machine"), narrowed(VIEW, scope="user")
    assert [one.store for one in machine.stores] == [one.store for one in machine.anchors] == ["debian"]
    assert [one.scope for one in user.stores] == [one.scope for one in user.certificates] == ["alice"]
    assert [one.sha256 for one in user.anchors] == [TWO]


def test_some_stores() -> None:
    """Groups, printed names and ids are known as in `add`; a store that is gone is named by its id, too."""
    assert [one.store for one in narrowed(VIEW, selection=Selection(("node",))).stores] == [VIEW.stores[1].store]
    assert [one.sha256 for one in narrowed(VIEW, selection=Selection(("npm",))).certificates] == [TWO]
    (left,) = narrowed(VIEW, selection=Selection(skip=("npm", "debian"))).certificates
    assert [held.store for held in left.stores] == ["certifi:/gone.pem"]
    with pytest.raises(UsageProblem, match="unknown store nonsense"):
        narrowed(VIEW, selection=Selection(("nonsense",)))


def test_some_certificates() -> None:
    """Certificates and anchors of other fingerprints are left out."""
    found = narrowed(VIEW, certificates=[TWO])
    assert [one.sha256 for one in found.certificates] == [one.sha256 for one in found.anchors] == [TWO]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`list` takes names of certificates, `stores` names of stores, and all three --store and --scope."""
    lay_out(tmp_path / "image")
    (tmp_path / "corp.pem").write_bytes(make_root(common_name="Corp Root").pem)
    there, corp = ["--sysroot", str(tmp_path / "image")], str(tmp_path / "corp.pem")

    def told(*words: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert run([*words, *there, "--json"]) == code
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    assert told("add", corp)["changed"] is True
    for words in ((corp,), ("Corp Root",), ("--scope", "machine"), ("--store", "system")):
        assert len(told("list", *words)["certificates"]) == 1
    assert told("list", "--scope", "user")["certificates"] == []
    assert told("list", "0" * 12, "--exit-code", code=10)["certificates"] == []
    assert len(told("stores", "debian")["stores"]) == 1
    assert told("stores", "--scope", "user")["stores"] == []
    assert told("check", "--store", "debian")["ok"] is True
    assert told("check", "--scope", "user", corp, code=10)["ok"] is False
    told("stores", "nonsense", code=2)
