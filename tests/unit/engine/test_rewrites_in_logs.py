"""What the logs say of settings files that `doctor --fix` has rewritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import fake_host
from trustinstall.engine import audit
from trustinstall.engine.rewriting import Rewrite
from trustinstall.host import ActingHost
from trustinstall.state import audit_log
from trustinstall.state.directory import State, prepare


def test_the_systems_log_gets_no_text_of_a_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit log keeps the text that was cut, for an undo; other accounts may read the system's log."""
    told: list[str] = []

    def tell_system(_host: ActingHost, _message: str, line: str) -> None:
        told.append(line)

    monkeypatch.setattr(ActingHost, "tell_system", tell_system)
    host = fake_host.make(tmp_path)
    fake_host.write(host, "/home/alice/.bashrc")
    state = State(host.state_base(), host.account.uid, machine=False)
    prepare(host, state)
    cut = {"path": "/home/alice/.bashrc", "text": "export TOKEN=secret NODE_TLS_REJECT_UNAUTHORIZED=0"}
    audit.record_rewritten(host, state, "alice", "alice", [(Rewrite("/home/alice/.bashrc", b"", b"", [cut]), "")])
    assert "secret" in host.read(audit_log.path(state)).decode()
    (line,) = told
    assert "secret" not in line
    assert json.loads(line)["removed"] == [{"path": "/home/alice/.bashrc"}]
