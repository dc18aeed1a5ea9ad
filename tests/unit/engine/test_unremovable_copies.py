"""Copies that cannot be removed through their store, beside those that can."""

from __future__ import annotations

import pytest

from tests.support.fake_store import ROOTS
from trustinstall.engine.ownership import decide, managed
from trustinstall.stores.desired import Desired, Placement
from trustinstall.stores.observation import Copy, Observation, State

ROOT = ROOTS[0]
POLICY = Copy(ROOT.sha256, "policy", removable=False)
OWN = Copy(ROOT.sha256, "own")
GONE = (Desired(ROOT, trusted=False),)


def seen(*copies: Copy) -> Observation:
    """A store that trusts the root, with these copies of it."""
    return Observation({ROOT.sha256: State.TRUSTED}, copies=copies)


def placement(*entries: str, adopted: bool = False) -> Placement:
    """What the ledger knows."""
    return Placement(ROOT.sha256, "store", entries, adopted=adopted)


@pytest.mark.parametrize("known", [placement("policy"), placement("policy", adopted=True), placement(adopted=True)])
def test_the_ledger_never_makes_it_managed(known: Placement) -> None:
    """A copy that this store cannot remove is foreign, although it was adopted or the ledger names its place."""
    assert not managed(POLICY, known)
    assert managed(Copy(ROOT.sha256, "policy"), known)


def test_removing_an_adopted_certificate_leaves_it() -> None:
    """`remove` takes the adopted copy out, and names the one that a policy brought later."""
    change = decide(seen(OWN, POLICY), GONE, {ROOT.sha256: placement("own", adopted=True)})
    assert (change.remove, set(change.foreign)) == ((OWN,), {ROOT.sha256})


def test_asked_for_by_fingerprint_the_removable_copy_goes_and_the_other_is_named() -> None:
    """`remove --not-ours` does what it can."""
    change = decide(seen(OWN, POLICY), GONE, {}, take_foreign=True)
    assert (change.remove, set(change.foreign)) == ((OWN,), {ROOT.sha256})


def test_where_no_other_copy_exists_the_backend_is_asked_and_says_why_not() -> None:
    """`remove --not-ours` of a policy's copy alone reaches the backend, which refuses it with advice."""
    change = decide(seen(POLICY), GONE, {}, take_foreign=True)
    assert (change.remove, change.foreign) == ((POLICY,), frozenset())
