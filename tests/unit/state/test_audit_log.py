"""The files of the audit log: bounded, append-only, and readable after every kind of damage."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fake_store import ROOTS
from trustinstall.engine import audit
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.request import Request
from trustinstall.errors import StateError
from trustinstall.host import Account, ActingHost, system_log
from trustinstall.host.windows import api, event_log
from trustinstall.state import audit_log
from trustinstall.state.directory import State, prepare
from trustinstall.stores.store import Store

BASE = "/home/bob/.local/state/trustinstall"


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A host of an account whose home is there."""
    (tmp_path / "home/bob").mkdir(parents=True)
    return ActingHost("linux", str(tmp_path), {}, Account(os.geteuid(), os.getegid(), "bob", "/home/bob"))


@pytest.fixture
def state(host: ActingHost) -> State:
    """Where its state is, ready to be written."""
    state = State(BASE, host.account.uid, machine=False)
    prepare(host, state)
    return state


def line(number: int, padding: int = 0) -> str:
    """One line."""
    return json.dumps({"v": 1, "time": f"2026-11-29T00:00:{number:02}Z", "number": number, "x": "x" * padding})


def numbers(host: ActingHost, state: State) -> list[int]:
    """The entries that are there."""
    return [int(one["number"]) for one in audit_log.entries(host, state)[0]]


def test_it_is_bounded(host: ActingHost, state: State) -> None:
    """The oldest entries go; what there is never takes more than its files, and the latest are always there."""
    size = audit_log.SIZE // 3
    for number in range(30):
        audit_log.append(host, state, line(number, size))
    found = numbers(host, state)
    assert found == list(range(found[0], 30))
    assert len(found) >= 9
    sizes = [status.size for age in range(9) if (status := host.status(audit_log.path(state, age)))]
    assert len(sizes) == audit_log.OLDER + 1
    assert max(sizes) < 2 * audit_log.SIZE


@dataclass(frozen=True)
class Killed(ActingHost):
    """A host on which a command is killed after so many moves of files."""

    moves: list[None] = field(default_factory=list[None])

    def move(self, path: str, to: str) -> None:
        """Move, or be killed."""
        if not self.moves:
            raise KeyboardInterrupt
        self.moves.pop()
        super().move(path, to)


@pytest.mark.parametrize("moves", range(audit_log.OLDER))
def test_a_kill_in_a_rotation_loses_nothing(host: ActingHost, state: State, moves: int) -> None:
    """Wherever it is killed, no entry is there twice, and only the oldest file goes, once."""
    size = audit_log.SIZE
    for number in range(audit_log.OLDER + 1):
        audit_log.append(host, state, line(number, size))
    killed = Killed(host.platform, host.root, {}, host.account, moves=[None] * moves)
    with pytest.raises(KeyboardInterrupt):
        audit_log.append(killed, state, line(9))
    assert numbers(host, state) == ([0, 1, 2, 3] if moves == 0 else [1, 2, 3])
    audit_log.append(host, state, line(4, size))
    assert numbers(host, state) == [1, 2, 3, 4]


def test_a_file_that_is_moved_while_it_is_read_counts_once(host: ActingHost, state: State) -> None:
    """The same content under two names is one file, and entries of one text are as many as were written."""
    for _ in range(2):
        audit_log.append(host, state, line(1))
    content = host.read(audit_log.path(state))
    assert numbers(host, state) == [1, 1]
    host.write(audit_log.path(state, 1), content, 0o600, None, host.token())
    assert numbers(host, state) == [1, 1]


@pytest.mark.parametrize("age", [0, 1])
def test_a_link_is_never_followed(host: ActingHost, state: State, age: int) -> None:
    """Neither a line nor a rotation reaches the file that a link leads to, and what stands there is not read."""
    victim = Path(host.where("/home/bob/notes"))
    victim.write_text(line(7))
    victim.chmod(0o600)
    Path(host.where(audit_log.path(state, age))).symlink_to(victim)
    with pytest.raises(StateError):
        audit_log.entries(host, state)
    if age == 0:
        with pytest.raises(StateError):
            audit_log.append(host, state, line(1))
    for number in range(2 * (age > 0)):
        audit_log.append(host, state, line(number, audit_log.SIZE))
    assert victim.read_text() == line(7)


@given(st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_what_a_power_loss_has_left_is_skipped(host: ActingHost, state: State, torn: bytes) -> None:
    """With any text at the end of the file, lines after it and before it are read."""
    path = Path(host.where(audit_log.path(state)))
    path.write_bytes(line(1).encode() + b"\n" + torn)
    path.chmod(0o600)
    audit_log.append(host, state, line(2))
    assert [one for one in numbers_of(host, state) if one in {1, 2}] == [1, 2]


def numbers_of(host: ActingHost, state: State) -> list[object]:
    """As `numbers`, of entries that may be anything."""
    return [one.get("number") for one in audit_log.entries(host, state)[0]]


def test_a_log_of_somebody_else_is_not_believed(host: ActingHost, state: State) -> None:
    """A file that others may write is neither read nor appended to."""
    path = Path(host.where(audit_log.path(state)))
    path.write_text(line(1))
    path.chmod(0o666)
    with pytest.raises(StateError):
        audit_log.entries(host, state)
    with pytest.raises(StateError):
        audit_log.append(host, state, line(2))
    assert path.read_text() == line(1)


@dataclass(frozen=True)
class Full(ActingHost):
    """A host whose disk is full."""

    def append(self, path: str, content: bytes, mode: int) -> None:
        """No space."""
        del content, mode
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def test_a_full_disk_is_told(host: ActingHost, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    """The line is lost, the sentence says where and why, and nothing is raised."""
    full = Full(host.platform, host.root, {}, host.account)
    store = Store("debian", "/x", 0, "debian", "all")
    request = Request((ROOTS[0],), trusted=True, by="bob")
    audit.record(full, state, request, "bob", [Outcome(store, Result.ADDED, touched=True)])
    said = capsys.readouterr().err
    assert "No space left on device" in said
    assert "the change was made" in said
    audit.record(full, state, request, "bob", [Outcome(store, Result.ALREADY)])
    assert capsys.readouterr().err == ""


def test_the_journal_of_the_system_gets_an_entry(tmp_path: Path) -> None:
    """The datagram is what systemd's journal takes; without a journal nothing happens."""
    import socket

    path = str(tmp_path / "socket")
    system_log.tell("nobody listens", "{}", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(path)
        system_log.tell("add Corp Root", '{"v": 1}', path)
        fields = dict(one.split("=", 1) for one in journal.recv(4096).decode().splitlines())
    assert fields["MESSAGE"] == "add Corp Root"
    assert fields["SYSLOG_IDENTIFIER"] == "trustinstall"
    assert json.loads(fields["TRUSTINSTALL"]) == {"v": 1}


@dataclass
class Advapi32:
    """A stand-in for Windows' library: what it was asked, and what it answers (0 refuses).

    Source: Microsoft's reference pages of RegisterEventSourceW, ReportEventW and DeregisterEventSource.
    """

    answers: dict[str, int]
    reports: list[list[str]] = field(default_factory=list[list[str]])
    open: int = 0

    def function(self, library: str, name: str, *_types: object) -> Callable[..., int]:
        """As `api.function`."""
        assert library == "advapi32"
        if name not in self.answers:
            raise AttributeError(name)

        def called(*words: Any) -> int:  # noqa: ANN401 - ctypes' types have no common one
            answer = self.answers[name]
            self.open += (name == "RegisterEventSourceW" and answer != 0) - (name == "DeregisterEventSource")
            if name == "ReportEventW":
                assert words[5] == len(words[7])
                self.reports.append(list(words[7]))
            return answer

        return called


_WHOLE = {"RegisterEventSourceW": 7, "ReportEventW": 1, "DeregisterEventSource": 1}


@pytest.mark.parametrize(
    ("answers", "reports"),
    [
        (_WHOLE, [["add 100% 1", '{"name": "\\u00251"}'], ["add"]]),
        ({**_WHOLE, "ReportEventW": 0}, [["add 100% 1", '{"name": "\\u00251"}'], ["add"]]),
        ({**_WHOLE, "RegisterEventSourceW": 0}, []),
        ({}, []),
    ],
    ids=["taken", "refused", "no source", "no function"],
)
def test_windows_event_log_gets_an_entry(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, int], reports: list[list[str]]
) -> None:
    """An entry has a sentence and its JSON, which no viewer changes; a refusal is silent, and no handle stays open."""
    library = Advapi32(answers)
    monkeypatch.setattr(api, "function", library.function)
    event_log.report("add 100%1", '{"name": "%1"}')
    event_log.report("add", "")
    assert library.reports == reports
    assert library.open == 0
