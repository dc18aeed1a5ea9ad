"""Mono's store of an account: made for the first root, gone with the last, and no copy of others is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.support import fake_host
from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.host import ActingHost
from trustinstall.stores.desired import Change
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import Edit
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.programs.mono import Mono

HOME = "/home/alice"
PLACE = f"{HOME}/.config/.mono/new-certs/Trust"
THEIRS = f"{PLACE}/5f241b44.0"
#: Two of one name, as when a company renews its root.
OLD, NEW = (Certificate(make_root("Corp Root", key=rsa.generate_private_key(65537, 2048)).der) for _ in range(2))
OTHER = Certificate(make_root("Other Root").der)


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with Mono, and alice, who has never used it."""
    with played() as host:
        program(host, "/usr/bin/mono")
        Path(host.where(HOME)).mkdir(parents=True)
        yield host


def change(host: ActingHost, *certificates: Certificate, trusted: bool = True, adopt: bool = False) -> Outcome:
    """Run the engine for her store."""
    wish = replace(fake_host.wish(*(one.der for one in certificates), trusted=trusted), adopt=adopt)
    (outcome,) = fake_host.change(host, [Mono()], wish)
    return outcome


def files(host: ActingHost) -> list[str]:
    """Everything in her home, but the state of trustinstall."""
    top = Path(host.where(HOME))
    found = sorted(str(path.relative_to(top)) for path in top.rglob("*"))
    return [one for one in found if not one.startswith(".local")]


def marked(host: ActingHost) -> frozenset[str]:
    """The certificates that carry marker lines."""
    (store,) = Mono().discover(host, DiscoveryOptions())
    return Mono().observe(host, store, frozenset()).marked


def test_nothing_to_change_is_an_empty_plan(host: ActingHost) -> None:
    """Neither a file nor a directory is touched where no copy is to go."""
    (store,) = Mono().discover(host, DiscoveryOptions())
    change = Change(drop=(OLD,))
    assert Mono().plan(host, store, Mono().observe(host, store, frozenset()), change) == Plan()


def test_it_comes_and_goes_without_a_trace(host: ActingHost) -> None:
    """The directories are made with the first root, and go with the last."""
    assert change(host, OLD).result is Result.ADDED
    assert len(files(host)) == 5
    assert change(host, OLD, trusted=False).result is Result.REMOVED
    assert files(host) == []


def test_two_roots_of_one_name_are_in_one_file(host: ActingHost) -> None:
    """A renewed root takes no number of its own, so that no gap is left when the other one goes."""
    change(host, OLD, NEW, OTHER)
    assert [name.endswith(".0") for name in host.names(PLACE)] == [True, True]
    assert change(host, OLD, trusted=False).result is Result.REMOVED
    assert marked(host) == {NEW.sha256, OTHER.sha256}
    assert len(host.names(PLACE)) == 2


def test_a_copy_of_others_stays(host: ActingHost) -> None:
    """A root from cert-sync is trusted already, is left by `remove`, and goes with `--foreign`."""
    write(host, THEIRS, OLD.pem)
    added = change(host, OLD)
    assert (added.result, added.foreign) == (Result.ALREADY, (OLD.sha256,))
    removed = change(host, OLD, trusted=False)
    assert (removed.result, removed.foreign) == (Result.FOREIGN, (OLD.sha256,))
    assert change(host, OLD, trusted=False, adopt=True).result is Result.REMOVED
    assert host.names(PLACE) == []


@pytest.mark.parametrize("again", [False, True])
def test_lost_marker_lines(host: ActingHost, *, again: bool) -> None:
    """A copy without its marker lines is foreign, although the ledger names its file, and stays."""
    change(host, OLD)
    (name,) = host.names(PLACE)
    write(host, f"{PLACE}/{name}", OLD.pem)
    if again:
        assert change(host, OLD).foreign == (OLD.sha256,)
    removed = change(host, OLD, trusted=False)
    assert (removed.result, removed.changed, removed.foreign) == (Result.FOREIGN, (), (OLD.sha256,))
    assert Path(host.where(f"{PLACE}/{name}")).read_bytes() == OLD.pem


def test_the_same_root_in_another_file(host: ActingHost) -> None:
    """`remove` takes the block of trustinstall alone, and does not say `removed`."""
    change(host, OLD)
    write(host, THEIRS, OLD.pem)
    assert change(host, OLD, trusted=False).result is Result.FOREIGN
    assert host.names(PLACE) == ["5f241b44.0"]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_everything_else_in_a_file_stays(before: bytes, after: bytes) -> None:
    """Adding and removing a root leaves every other byte of a file that others wrote."""
    text = before + b"\n" + OTHER.pem + after
    with played() as host:
        write(host, f"{PLACE}/{Mono().file_name(OLD)}", text)
        (store,) = Mono().discover(host, DiscoveryOptions())
        added = Mono().step(store, "", text, [OLD], ())
        assert isinstance(added, Edit)
        whole = added.transform.apply(text)
        copies = [one for one in Mono().copies("", whole) if one.sha256 == OLD.sha256]
        removed = Mono().step(store, "", whole, (), copies)
        assert isinstance(removed, Edit)
        assert removed.transform.apply(whole) == text
