"""The ledger's file and its log: either way of writing gives the same state, and every earlier version of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_store import ROOTS
from trustinstall.errors import StateError
from trustinstall.host import Account, ActingHost
from trustinstall.state import ledger_file
from trustinstall.state.directory import State, prepare
from trustinstall.state.ledger import Covered, Ledger
from trustinstall.stores.desired import Placement

STAMP = "2026-11-28T20:00:00Z"
HOME = "/home/bob"


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A host of an account whose home is there."""
    uid = os.geteuid()
    (tmp_path / "home/bob").mkdir(parents=True)
    return ActingHost("linux", str(tmp_path), {}, Account(uid, os.getegid(), "bob", HOME))


@pytest.fixture
def state(host: ActingHost) -> State:
    """Where its state is, ready to be written."""
    state = State(f"{HOME}/.local/state/trustinstall", host.account.uid, machine=False)
    prepare(host, state)
    return state


def ledger_of(stores: int) -> Ledger:
    """A ledger with placements in many stores."""
    ledger = Ledger(home=HOME)
    for root in ROOTS:
        ledger.claim(root, "bob", STAMP)
        for number in range(stores):
            store = f"certifi:{HOME}/venv{number}/cacert.pem"
            ledger.placements[store, root.sha256] = Placement(root.sha256, store, (store[8:],), (), STAMP, "bob")
    return ledger


def size(host: ActingHost, path: str) -> int:
    """How large a file is; 0 where there is none."""
    status = host.status(path)
    return status.size if status else 0


@pytest.fixture
def large(host: ActingHost, state: State) -> Ledger:
    """A ledger that is too large to be written whole each time, on disk."""
    ledger = ledger_of(200)
    ledger_file.save(host, state, Ledger(), ledger)
    assert size(host, state.ledger) > ledger_file.SMALL
    return ledger_file.load(host, state)


def test_a_small_change_of_a_large_ledger_costs_a_small_write(host: ActingHost, state: State, large: Ledger) -> None:
    """One placement of 600 appends less than a kilobyte, and the snapshot is not touched."""
    before = host.status(state.ledger)
    after = large.copy()
    key = next(iter(after.placements))
    after.placements[key] = replace(after.placements[key], adopted=True)
    ledger_file.save(host, state, large, after)
    assert host.status(state.ledger) == before
    assert 0 < size(host, state.ledger_log) < 1024
    assert ledger_file.load(host, state) == after


def test_a_log_that_has_grown_is_folded_into_the_snapshot(host: ActingHost, state: State, large: Ledger) -> None:
    """It never becomes much larger than the snapshot, and nothing is lost on the way."""
    ledger, folded = large, 0
    for number in range(8):
        after = ledger.copy()
        for key, one in ledger.placements.items():
            after.placements[key] = replace(one, by=f"number {number}")
        ledger_file.save(host, state, ledger, after)
        folded += size(host, state.ledger_log) == 0
        ledger = ledger_file.load(host, state)
        assert ledger == after
    assert folded > 1


def changes(ledger: Ledger) -> Iterator[Ledger]:
    """Yield the ledger after one change of each kind."""
    removed = ledger.copy()
    removed.placements = dict(list(removed.placements.items())[1:])
    yield removed
    covered = ledger.copy()
    covered.cover(ROOTS[0].sha256, [Covered("eve", 1005)])
    yield covered
    forgotten = ledger.copy()
    forgotten.placements = {key: one for key, one in ledger.placements.items() if key[1] != ROOTS[1].sha256}
    forgotten.drop_unused()
    yield forgotten
    named = ledger.copy()
    named.transaction = "f" * 64
    yield named


def test_every_kind_of_change_is_in_the_log(host: ActingHost, state: State, large: Ledger) -> None:
    """Placements, claims, certificates and the transaction are read back as they were, one change after another."""
    ledger = large
    for after in changes(ledger):
        ledger_file.save(host, state, ledger, after)
        ledger = ledger_file.load(host, state)
        assert ledger == after
    assert size(host, state.ledger_log) > 0


@pytest.mark.parametrize("cut", [1, 2, 20, 100, 300])
def test_a_line_that_was_cut_off_counts_as_not_written(host: ActingHost, state: State, large: Ledger, cut: int) -> None:
    """After a kill or a power loss in the middle of an append the state before it holds, and the next save is whole."""
    first = next(changes(large))
    ledger_file.save(host, state, large, first)
    log = Path(host.where(state.ledger_log))
    whole = log.read_bytes()
    log.write_bytes(whole + whole[: min(cut, len(whole) - 1)])
    assert ledger_file.load(host, state) == first
    second = replace(first.copy(), transaction="e" * 64)
    ledger_file.save(host, state, first, second)
    assert ledger_file.load(host, state) == second


def test_a_kill_between_snapshot_and_log_does_no_harm(host: ActingHost, state: State, large: Ledger) -> None:
    """The log of an earlier snapshot is not applied to a newer one."""
    after = next(changes(large))
    ledger_file.save(host, state, large, after)
    old_log = host.read(state.ledger_log)
    newer = replace(after.copy(), transaction="d" * 64)
    host.write(state.ledger, ledger_file.dump(newer), 0o600, None, host.token())
    Path(host.where(state.ledger_log)).write_bytes(old_log)
    assert ledger_file.load(host, state) == newer


def test_a_log_of_another_account_is_not_believed(host: ActingHost, state: State, large: Ledger) -> None:
    """Nor is one that others may write."""
    ledger_file.save(host, state, large, next(changes(large)))
    Path(host.where(state.ledger_log)).chmod(0o666)
    with pytest.raises(StateError, match="another account"):
        ledger_file.load(host, state)


def test_damage_in_the_middle_of_the_log_changes_nothing(host: ActingHost, state: State, large: Ledger) -> None:
    """A whole line that is no change is damage, not something to guess about."""
    ledger_file.save(host, state, large, next(changes(large)))
    log = Path(host.where(state.ledger_log))
    log.write_bytes(log.read_bytes() + b"nonsense\n")
    with pytest.raises(StateError, match="damaged"):
        ledger_file.load(host, state)


V1 = {
    "version": 1,
    "transaction": "a" * 64,
    "certificates": {ROOTS[0].sha256: ROOTS[0].pem.decode()},
    "claims": [{"sha256": ROOTS[0].sha256, "by": "root", "since": STAMP, "accounts": ["bob"], "held": None}],
    "placements": [
        {
            "sha256": ROOTS[0].sha256,
            "store": "debian",
            "entries": ["/usr/local/share/ca-certificates/x.crt"],
            "directories": [],
            "since": STAMP,
            "by": "root",
            "adopted": False,
        }
    ],
}


def test_a_ledger_of_the_first_version_is_read_and_written_anew(host: ActingHost, state: State) -> None:
    """Everything in it is kept; an account that was noted by its name only stays so until it is added for again."""
    Path(host.where(state.ledger)).write_text(json.dumps(V1, indent=1))
    Path(host.where(state.ledger)).chmod(0o600)
    ledger = ledger_file.load(host, state)
    assert ledger.claims[ROOTS[0].sha256].accounts == (Covered("bob"),)
    assert list(ledger.placements) == [("debian", ROOTS[0].sha256)]
    ledger_file.save(host, state, Ledger(), ledger)
    assert json.loads(host.read(state.ledger))["version"] == ledger_file.VERSION
    assert ledger_file.load(host, state) == ledger


@pytest.mark.parametrize("version", [4, 99, "3", None])
def test_a_newer_ledger_is_an_error_that_changes_nothing(host: ActingHost, state: State, version: object) -> None:
    """The program says which version it knows, and leaves the file alone."""
    path = Path(host.where(state.ledger))
    path.write_text(json.dumps({**V1, "version": version}))
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(StateError, match="this program knows 3; nothing was changed"):
        ledger_file.load(host, state)
    assert path.read_bytes() == before


def test_the_program_of_the_first_version_refuses_this_one(host: ActingHost, state: State, large: Ledger) -> None:
    """It asks the snapshot for its version before anything else, and finds one that it does not know."""
    ledger_file.save(host, state, large, next(changes(large)))
    found = json.loads(host.read(state.ledger))
    assert found["version"] > 1


def test_the_ledger_follows_a_home_that_has_moved() -> None:
    """Stores, entries and directories below the old home are those below the new one."""
    ledger = ledger_of(1)
    for key, one in ledger.placements.items():
        ledger.placements[key] = replace(
            one, directories=(f"{HOME}/venv0",), entries=(f"{HOME}/x", "text", "/homeless")
        )
    moved = ledger.moved("/srv/homes/robert")
    assert {store for store, _ in moved.placements} == {"certifi:/srv/homes/robert/venv0/cacert.pem"}
    one = next(iter(moved.placements.values()))
    assert one.entries == ("/srv/homes/robert/x", "text", "/homeless")
    assert one.directories == ("/srv/homes/robert/venv0",)
    assert ledger.moved(HOME) == ledger


def test_the_ledger_follows_a_home_that_was_a_link() -> None:
    """Stores are named by the real path, and by the path of the account: both follow, also to one new path."""
    ledger = replace(ledger_of(1), real_home="/disk/robert")
    one = next(iter(ledger.placements.values()))
    one = replace(one, store="drop-directory:/disk/robert/certs", entries=(f"{HOME}/x", "/disk/y"))
    ledger.placements = {(one.store, one.sha256): one}
    for home, real in ((HOME, ""), ("/home/new", ""), (HOME, "/disk2/robert")):
        moved = ledger.moved(home, real)
        assert {store for store, _ in moved.placements} == {f"drop-directory:{real or home}/certs"}
        assert next(iter(moved.placements.values())).entries == (f"{home}/x", "/disk/y")
        assert (moved.home, moved.real_home) == (home, real)


def test_the_real_path_of_a_home_is_kept(host: ActingHost, state: State) -> None:
    """It is written where it differs, and an older program, which passes over it, reads the rest."""
    for real in ("", "/disk/robert"):
        ledger = replace(ledger_of(1), real_home=real)
        ledger_file.save(host, state, Ledger(), ledger)
        data = json.loads(host.read(state.ledger))
        assert (data["home"], data.get("real_home", "")) == (HOME, real)
        assert ("real_home" in data) == (real != "")
