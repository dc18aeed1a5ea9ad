"""What a store gets once for all certificates: the ledger notes it with each, and the last one takes it away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.fake_store import ROOTS, account, wish
from trustinstall.engine import classify
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.engine.task import StoreTask
from trustinstall.engine.transaction import StoreResult
from trustinstall.host import ActingHost, Host
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.desired import Change, Desired, Placement
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ABSENT, Edit, RemoveDirectory, digest
from trustinstall.stores.store import DiscoveryOptions, Store

LIST = "/etc/list/roots"
STORE = Store("list", LIST, account().uid, "list", "the tests")


@dataclass(frozen=True)
class Lines:
    """A change of the list: lines that come, and lines that go."""

    added: tuple[str, ...]
    removed: tuple[str, ...]

    def apply(self, old: bytes) -> bytes:
        """Return the new list."""
        lines = [line for line in old.decode().split() if line not in self.removed]
        return "".join(f"{line}\n" for line in (*lines, *self.added)).encode()


class Listed(Backend):
    """A store that is one file, which need not be there: a line for each certificate."""

    name = "list"

    def discover(self, _host: Host, _places: DiscoveryOptions) -> list[Store]:
        """It is always there."""
        return [STORE]

    def at(self, _host: Host, _location: str) -> Store:
        """It is always there."""
        return STORE

    def observe(self, host: Host, _store: Store, names: frozenset[str]) -> Observation:
        """The lines."""
        lines = (host.read_or_none(LIST) or b"").decode().split()
        copies = tuple(Copy(one, f"line:{one}") for one in lines if one in names)
        return Observation(dict.fromkeys(lines, State.TRUSTED), copies=copies)

    def anchors(self, _host: Host, _store: Store) -> Iterator[bytes]:
        """None that could be shown."""
        return iter(())

    def plan(self, host: Host, _store: Store, _seen: Observation, change: Change) -> Plan:
        """One edit."""
        old = host.read_or_none(LIST)
        lines = Lines(tuple(one.sha256 for one in change.add), tuple(one.sha256 for one in change.remove))
        placed = tuple(Placed(one.sha256, (f"line:{one.sha256}",)) for one in change.add)
        return Plan((Edit(LIST, lines, ABSENT if old is None else digest(old)),), placed=placed)


class Elsewhere(Listed):
    """The same, on another machine."""

    capabilities = frozenset({Capability.OTHER_MACHINE})


def change(host: ActingHost, *numbers: int, trusted: bool) -> None:
    """Add or remove roots."""
    Engine(host, [Listed()], lambda _doing: None).change(
        wish(*numbers, trusted=trusted), DiscoveryOptions(), Selection()
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_created_file_goes_with_whichever_root_is_the_last(tmp_path: Path, order: tuple[int, int]) -> None:
    """The root that came second takes the created file and its directories along, too."""
    (tmp_path / "etc").mkdir()
    host = ActingHost("linux", str(tmp_path), {}, account())
    for number in (0, 1):
        change(host, number, trusted=True)
    change(host, order[0], trusted=False)
    assert host.read(LIST).decode().split() == [ROOTS[order[1]].sha256]
    change(host, order[1], trusted=False)
    assert not (tmp_path / "etc/list").exists()


@pytest.mark.parametrize("backend", [Listed(), Elsewhere()])
def test_directories_of_another_machine_are_none_of_this_one(tmp_path: Path, backend: Backend) -> None:
    """A directory that an older ledger notes for another machine's store is not removed here."""
    (tmp_path / "etc/list").mkdir(parents=True)
    (tmp_path / "etc/list/roots").write_text(f"{ROOTS[0].sha256}\n")
    host = ActingHost("linux", str(tmp_path), {}, account())
    record = {ROOTS[0].sha256: Placement(ROOTS[0].sha256, "list", (f"line:{ROOTS[0].sha256}",), ("/etc/list",))}
    task = StoreTask(backend, STORE, (Desired(ROOTS[0], trusted=False),), record)
    seen = task.observe(host)
    plan = task.plan(host, seen, task.decide(seen))
    removed = [step.path for step in plan.steps if isinstance(step, RemoveDirectory)]
    assert removed == ([] if isinstance(backend, Elsewhere) else ["/etc/list"])


def _result(*, foreign: bool, after: Observation) -> StoreResult:
    sha256 = ROOTS[0].sha256
    before = Observation({sha256: State.TRUSTED}, copies=(Copy(sha256, marked=True), Copy(sha256)))
    return StoreResult(Change(foreign=frozenset({sha256} if foreign else ())), Plan(detaches=True), before, after)


def test_a_foreign_copy_that_is_no_longer_read_is_not_named() -> None:
    """Where clients no longer read the artefact, no command is printed that would take a foreign copy out of it."""
    task = StoreTask(Listed(), STORE, (Desired(ROOTS[0], trusted=False),), {})
    gone = classify.changed(task, _result(foreign=True, after=Observation({})), dry_run=False, adopt=False)
    assert (gone.result, gone.foreign) == (Result.REMOVED, ())
    seen = Observation({}, copies=(Copy(ROOTS[0].sha256),))
    stays = classify.changed(task, _result(foreign=True, after=seen), dry_run=False, adopt=False)
    assert (stays.result, stays.foreign) == (Result.REMOVED, (ROOTS[0].sha256,))


@pytest.mark.parametrize(("trusted", "result"), [(True, Result.FOLLOWS), (False, Result.ABSENT)])
def test_a_setting_that_says_nothing_has_no_copy(trusted: bool, result: Result) -> None:  # noqa: FBT001
    """A store that shows what all accounts have follows it, and has nothing to take out of it."""
    store = replace(STORE, unset=True)
    seen = Observation({ROOTS[0].sha256: State.TRUSTED})
    task = StoreTask(Listed(), store, (Desired(ROOTS[0], trusted=trusted),), {})
    outcome = classify.changed(task, StoreResult(task.decide(seen), Plan(), seen, seen), dry_run=False, adopt=False)
    assert (outcome.result, outcome.foreign) == (result, ())


def test_many_certificates_are_not_compared_with_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To note the certificates of a store compares none with another: a thousand would be a million comparisons."""
    compared: list[object] = []

    def is_same(one: object, other: object) -> bool:
        compared.append(other)
        return one is other

    monkeypatch.setattr(Desired, "__eq__", is_same)
    (tmp_path / "etc").mkdir()
    host = ActingHost("linux", str(tmp_path), {}, account())
    change(host, 0, 1, 2, trusted=True)
    assert sorted(host.read(LIST).decode().split()) == sorted(one.sha256 for one in ROOTS)
    assert not compared
