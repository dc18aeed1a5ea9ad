"""The terms of a claim: on disk and back, renewed, narrowed; and the end of trust."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_store import ROOTS
from trustinstall.errors import UsageProblem
from trustinstall.installer.ends import end
from trustinstall.state.ledger import Ledger, moment
from trustinstall.state.terms import Terms

_NOW = datetime(2026, 11, 29, 4, 0, tzinfo=timezone.utc)
_WORDS = st.lists(st.text(max_size=8), max_size=3).map(tuple)
_TERMS = st.builds(
    Terms,
    until=st.sampled_from(["", "2027-01-31T00:00:00Z"]),
    all_users=st.booleans(),
    stores=_WORDS,
    skip=_WORDS,
    domains=_WORDS,
    searches=_WORDS,
    windows_host=st.booleans(),
    variables=st.sampled_from(["", "none"]),
    origin=st.sampled_from(["", "apply"]),
)


@given(_TERMS)
def test_terms_survive_their_way_to_disk(terms: Terms) -> None:
    """What is written is what is read."""
    assert Terms.from_json(json.loads(json.dumps(terms.to_json()))) == terms


@pytest.mark.parametrize("data", [{"untill": "x"}, {"until": 7}, {"stores": "a"}, {"all_users": "yes"}])
def test_unknown_terms_are_refused(data: dict[str, object]) -> None:
    """A word or type that this program does not know is an error, and not left out."""
    with pytest.raises((TypeError, ValueError)):
        Terms.from_json(data)


@given(_TERMS, _TERMS)
def test_renewing_twice_is_renewing_once(old: Terms, new: Terms) -> None:
    """The same command twice leaves the same terms."""
    once = old.renewed(new)
    assert once.renewed(new) == once


def test_stores_are_joined_and_left_out_again() -> None:
    """A second `add --store` joins; one without takes all; `remove --store` leaves that one out."""
    first = Terms(stores=("certifi",))
    assert first.renewed(Terms(stores=("nss",))).stores == ("certifi", "nss")
    assert first.renewed(Terms()).stores == ()
    narrowed = Terms().without(("nss",), ())
    assert narrowed.skip == ("nss",)
    assert narrowed.renewed(Terms(stores=("nss",))) == Terms()


def test_a_document_does_not_shorten_a_persons_trust() -> None:
    """What a person wants for ever, or longer, stays so, and stays that person's."""
    document = Terms(until="2027-01-01T00:00:00Z", origin="apply")
    assert Terms().renewed(document) == Terms()
    assert Terms(until="2028-01-01T00:00:00Z").renewed(document).until == "2028-01-01T00:00:00Z"
    assert document.renewed(Terms()) == Terms()


@given(st.integers(-3000, 3000), st.integers(-3000, 3000))
def test_a_clock_behind_the_last_entry_ends_nothing(ends: int, clock: int) -> None:
    """Trust ends exactly if the clock is past its end, and not before the ledger's last entry."""
    ledger = Ledger()
    stamp = (_NOW + timedelta(hours=ends)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ledger.claim(ROOTS[0], "root", "2026-11-29T04:00:00Z", Terms(until=stamp))
    now = _NOW + timedelta(hours=clock)
    assert bool(ledger.over(now)) == (moment(stamp) <= now and now >= _NOW)


@given(st.text(max_size=12) | st.from_regex(r"\A[0-9]{1,4}-?[0-9]{0,2}-?[0-9]{0,2}[dhw]?\Z"))
def test_an_end_is_in_the_future_or_refused(text: str) -> None:
    """Any input is an end in the future, or a mistake of the command line."""
    try:
        found = end(text, _NOW)
    except UsageProblem:
        return
    assert moment(found) > _NOW


def test_a_day_ends_at_its_end() -> None:
    """A day is part of the trust; a span counts from now."""
    assert end("2027-01-31", _NOW) == "2027-02-01T00:00:00Z"
    assert end("36h", _NOW) == "2026-11-30T16:00:00Z"
