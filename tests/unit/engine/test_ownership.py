"""The one rule of ownership, for every combination of copies, ledger and wishes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_store import ROOTS
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.ownership import decide, holds, managed, overruled
from trustinstall.stores.desired import Desired, Placement
from trustinstall.stores.observation import Copy, Observation, State

NAMES = [one.sha256 for one in ROOTS]
ENTRIES = ["", "/a", "/b", "alias"]
copies = st.builds(Copy, st.sampled_from(NAMES), st.sampled_from(ENTRIES), st.booleans())
refusals = st.builds(Copy, st.sampled_from(NAMES), removable=st.just(False), trusts=st.just(False))  # noqa: FBT003
placements = st.builds(
    Placement,
    st.sampled_from(NAMES),
    st.just("store"),
    st.lists(st.sampled_from(ENTRIES[1:]), max_size=2).map(tuple),
    adopted=st.booleans(),
)
records = st.lists(placements, max_size=3).map(lambda found: {one.sha256: one for one in found})
observations = st.builds(
    Observation,
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(State), max_size=3),
    copies=st.lists(copies | refusals, max_size=6).map(tuple),
    outdated=st.booleans(),
).map(
    lambda seen: Observation(
        seen.anchors,
        frozenset(one.sha256 for one in seen.copies if one.marked),
        copies=seen.copies,
        outdated=seen.outdated,
    )
)
desires = st.lists(st.sampled_from(ROOTS), min_size=1, max_size=3, unique=True)


def wanted(roots: list[Certificate], *, trusted: bool) -> list[Desired]:
    """What is desired of these roots."""
    return [Desired(one, trusted) for one in ROOTS if one in roots]


@given(observations, desires, records)
def test_add_puts_in_exactly_what_is_missing_or_outdated(
    seen: Observation, roots: list[Certificate], record: dict[str, Placement]
) -> None:
    """A certificate that is trusted already is added again only where a managed copy is outdated."""
    desired = wanted(roots, trusted=True)
    change = decide(seen, desired, record)
    added = {one.sha256 for one in change.add}
    for one in desired:
        own = any(managed(copy, record.get(one.sha256)) for copy in seen.copies_of(one.sha256))
        assert (one.sha256 in added) == (not holds(seen, one) or (own and seen.outdated))
        assert (one.sha256 in change.kept) == own
        assert (one.sha256 in change.foreign) == (holds(seen, one) and not own)
    assert not change.remove
    assert not change.drop
    assert not change.last


@given(observations, desires, records)
def test_remove_takes_managed_copies_and_names_every_other(
    seen: Observation, roots: list[Certificate], record: dict[str, Placement]
) -> None:
    """No foreign copy goes, none that trusts is passed over in silence, and no managed copy stays."""
    change = decide(seen, wanted(roots, trusted=False), record)
    for one in wanted(roots, trusted=False):
        for copy in seen.copies_of(one.sha256):
            if managed(copy, record.get(one.sha256)):
                assert copy in change.remove
            else:
                assert copy not in change.remove
                assert one.sha256 in change.foreign or not copy.trusts
    assert not change.add


@given(observations, desires, records)
def test_foreign_copies_go_when_the_caller_asks_for_them(
    seen: Observation, roots: list[Certificate], record: dict[str, Placement]
) -> None:
    """With the full fingerprint every copy goes, and nothing is left to be named."""
    desired = wanted(roots, trusted=False)
    change = decide(seen, desired, record, take_foreign=True)
    for one in desired:
        found = seen.copies_of(one.sha256)
        assert {copy for copy in change.remove if copy.sha256 == one.sha256} == set(
            [copy for copy in found if copy.removable] or found
        )
    assert not change.foreign


@given(seen=observations, roots=desires, record=records, trusted=st.booleans())
def test_nothing_is_decided_about_other_certificates(
    seen: Observation, roots: list[Certificate], record: dict[str, Placement], *, trusted: bool
) -> None:
    """Only certificates that were named come into a change, and what is noted of others is handed on as it is."""
    desired = wanted(roots, trusted=trusted)
    change, names = decide(seen, desired, record), {one.sha256 for one in desired}
    touched = {one.sha256 for one in change.add} | {one.sha256 for one in change.remove} | change.leaving
    assert touched | change.foreign <= names
    assert change.noted == {sha256: one.entries for sha256, one in record.items()}


@given(observations, desires, records)
def test_the_last_one_is_known(seen: Observation, roots: list[Certificate], record: dict[str, Placement]) -> None:
    """It is the last one if neither the ledger nor a mark knows of another that stays."""
    change = decide(seen, wanted(roots, trusted=False), record)
    staying = (record.keys() | seen.marked) - change.leaving
    assert change.last == (bool(change.drop) and not staying)


@given(observations, desires, records)
def test_the_decision_is_stable(seen: Observation, roots: list[Certificate], record: dict[str, Placement]) -> None:
    """What is decided depends on the arguments alone, and not on the order of the copies."""
    desired = wanted(roots, trusted=False)
    reversed_copies = Observation(seen.anchors, seen.marked, copies=seen.copies[::-1], outdated=seen.outdated)
    one, two = decide(seen, desired, record), decide(reversed_copies, desired, record)
    assert (set(one.remove), one.drop, one.foreign, one.last) == (set(two.remove), two.drop, two.foreign, two.last)


def test_an_unmarked_copy_in_a_place_without_a_name_is_foreign() -> None:
    """An empty entry matches no placement, with any ledger."""
    copy = Copy(NAMES[0], "")
    assert not managed(copy, Placement(NAMES[0], "store", ("", "/a")))
    assert managed(copy, Placement(NAMES[0], "store", (), adopted=True))


def test_adopted_are_the_copies_that_were_there() -> None:
    """A copy with another name was put there since, and is foreign; one without a name cannot be told from others."""
    known = Placement(NAMES[0], "store", ("/a",), adopted=True)
    assert managed(Copy(NAMES[0], "/a"), known)
    assert not managed(Copy(NAMES[0], "/b"), known)
    assert managed(Copy(NAMES[0]), Placement(NAMES[0], "store", (), adopted=True))


@given(observations, st.sampled_from(ROOTS), records, st.sampled_from([(), ("corp.example",)]))
def test_only_a_decision_of_others_overrules(
    seen: Observation, root: Certificate, record: dict[str, Placement], domains: tuple[str, ...]
) -> None:
    """Trust that was taken away is a decision; other trust is one if a foreign copy could be the reason."""
    one, placement = Desired(root, trusted=True, domains=domains), record.get(root.sha256)
    state = overruled(seen, one, placement)
    assert state in {None, seen.anchors.get(one.sha256)}
    assert state is None or not holds(seen, one)
    assert state is not State.PARTIAL
    if seen.anchors.get(one.sha256) in {State.DISTRUSTED, State.WITHDRAWN}:
        assert state is not None
    elif all(managed(copy, placement) for copy in seen.copies_of(one.sha256)):
        assert state is None


def test_what_is_distrusted_is_removed_already() -> None:
    """It holds what a removal wants, and nothing of it is named; an unexplained anchor is."""
    gone = [Desired(ROOTS[0], trusted=False)]
    for state in (State.DISTRUSTED, State.WITHDRAWN):
        seen = Observation({NAMES[0]: state})
        assert holds(seen, gone[0])
        assert decide(seen, gone, {}).empty
        assert not decide(seen, gone, {}).foreign
    assert decide(Observation({NAMES[0]: State.TRUSTED}), gone, {}).foreign == {NAMES[0]}
