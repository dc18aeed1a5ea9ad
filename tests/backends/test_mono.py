"""Mono's store of an account: made for the first root, gone with the last, and never another's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.perform import perform
from trustinstall.host import Account, ActingHost
from trustinstall.stores.desired import Placement, Record, Wanted
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import Places
from trustinstall_platforms.programs.mono import Mono

HOME = "/home/alice"
#: Two of one name, as when a company renews its root.
OLD, NEW = (Certificate(make_root("Corp Root", key=rsa.generate_private_key(65537, 2048)).der) for _ in range(2))
OTHER = Certificate(make_root("Other Root").der)


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A Linux with Mono, and alice, who has never used it."""
    mono = tmp_path / "usr/bin/mono"
    mono.parent.mkdir(parents=True)
    mono.touch(mode=0o755)
    (tmp_path / "home/alice").mkdir(parents=True)
    return ActingHost("linux", str(tmp_path), {}, Account(os.geteuid() or 1000, os.getegid(), "alice", HOME))


def planned(host: ActingHost, record: Record, *wanted: Wanted) -> Plan:
    """What is planned for her store."""
    (store,) = Mono().discover(host, Places())
    return Mono().plan(host, store, Mono().observe(host, store), wanted, record)


def bring(host: ActingHost, *wanted: Wanted, made: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Carry out a plan; the directories that were made."""
    record = {one.certificate.sha256: Placement(one.certificate.sha256, "", ("x",), made) for one in wanted if made}
    plan = planned(host, record, *wanted)
    for step in plan.steps:
        perform(host, step, host.token())
    return plan.placed[0].directories if plan.placed else ()


def files(host: ActingHost) -> list[str]:
    """Everything in her home."""
    top = Path(host.where(HOME))
    return sorted(str(path.relative_to(top)) for path in top.rglob("*"))


def test_nothing_to_take_out_is_an_empty_plan(host: ActingHost) -> None:
    """Neither a file nor a directory is touched where nothing of ours was ever there."""
    assert planned(host, {}, Wanted(OLD, trusted=False)) == Plan()


def test_it_comes_and_goes_without_a_trace(host: ActingHost) -> None:
    """The directories are made with the first root, and go with the last."""
    made = bring(host, Wanted(OLD, trusted=True))
    assert len(files(host)) == 5
    bring(host, Wanted(OLD, trusted=False), made=made)
    assert files(host) == []


def test_two_roots_of_one_name_are_in_one_file(host: ActingHost) -> None:
    """A renewed root takes no number of its own, so that the other one's going leaves no gap."""
    made = bring(host, Wanted(OLD, trusted=True), Wanted(NEW, trusted=True), Wanted(OTHER, trusted=True))
    (store,) = Mono().discover(host, Places())
    assert [name.endswith(".0") for name in host.names(store.location)] == [True, True]
    bring(host, Wanted(OLD, trusted=False), made=made)
    assert Mono().observe(host, store).ours == {NEW.sha256, OTHER.sha256}
    assert len(host.names(store.location)) == 2


def test_a_strangers_copy_stays(host: ActingHost) -> None:
    """What cert-sync has put there is trusted already, is left by remove, and goes where that is asked for."""
    theirs = f"{HOME}/.config/.mono/new-certs/Trust/5f241b44.0"
    path = Path(host.where(theirs))
    path.parent.mkdir(parents=True)
    path.write_bytes(OLD.pem)
    assert planned(host, {}, Wanted(OLD, trusted=True)) == Plan(foreign=frozenset({OLD.sha256}))
    assert planned(host, {}, Wanted(OLD, trusted=False)) == Plan(foreign=frozenset({OLD.sha256}))
    bring(host, Wanted(OLD, trusted=False, foreign=True))
    assert not path.exists()
