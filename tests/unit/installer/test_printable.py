"""Texts from outside are made fit to print where they enter a report, in every field of it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from trustinstall.engine.outcome import Outcome, Result
from trustinstall.installer.result import ScopeResult
from trustinstall.installer.views import Held, Listed, StoreView, View
from trustinstall.stores.store import Blocked, Relation, Source, Store
from trustinstall.typed_json import encode, made_printable

EVIL = "\x1b]0;owned\x07\nTrusted in 9 of 9 stores.\r\u202e\ud800"
TEXTS = st.text(st.characters(), max_size=20) | st.just(EVIL)
STORES = st.builds(
    Store,
    TEXTS,
    TEXTS,
    st.just(0),
    TEXTS,
    TEXTS,
    TEXTS,
    st.none() | st.builds(Source, TEXTS, st.sampled_from(Relation)),
    st.none() | st.builds(Blocked, TEXTS),
)
OUTCOMES = st.builds(
    Outcome, STORES, st.sampled_from(Result), TEXTS, TEXTS, steps=st.lists(TEXTS, max_size=2).map(tuple)
)
PARTS = st.builds(ScopeResult, TEXTS, st.lists(OUTCOMES, max_size=2).map(tuple), TEXTS, TEXTS)
HELD = st.builds(Held, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, entries=st.lists(TEXTS, max_size=2).map(tuple))
VIEWS = st.builds(
    View,
    st.lists(
        st.builds(Listed, TEXTS, st.just("ab" * 32), TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, st.tuples(HELD)), max_size=2
    ).map(tuple),
    stores=st.lists(
        st.builds(
            StoreView, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, st.booleans(), st.none(), st.just(0), TEXTS
        ),
        max_size=2,
    ).map(tuple),
    notes=st.lists(TEXTS, max_size=2).map(tuple),
)


@given(st.lists(PARTS, max_size=2).map(tuple) | VIEWS)
def test_no_text_of_a_report_can_steer_a_terminal(value: tuple[ScopeResult, ...] | View) -> None:
    """For any names of files and accounts: no control character, no made-up line, and it is done only once."""
    made = made_printable(value)
    assert all(text.isprintable() for text in strings(made))
    assert made_printable(made) == made
    encode(made)


def strings(value: object) -> list[str]:
    """Every text in a value of dataclasses and tuples."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for one in cast("tuple[object, ...]", value) for text in strings(one)]
    if is_dataclass(value):
        return [text for one in fields(value) for text in strings(getattr(value, one.name))]
    return []
