"""The ledger on disk, and every kind of damage to it."""

from __future__ import annotations

import json
import os
import string
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_store import ROOTS, World
from tests.unit.state.made import OTHER, instead, seen, state_of
from trustinstall.errors import StateError
from trustinstall.host import ActingHost
from trustinstall.state import ledger_file
from trustinstall.state.directory import State
from trustinstall.state.ledger import Claim, Covered, Ledger
from trustinstall.stores.desired import Placement

words = st.text(max_size=30)
stamps = st.sampled_from(["2026-11-23T20:00:00Z", ""])
placements = st.builds(
    Placement,
    st.sampled_from([one.sha256 for one in ROOTS]),
    words,
    st.lists(words, max_size=3).map(tuple),
    st.lists(words, max_size=3).map(tuple),
    stamps,
    words,
    st.booleans(),
)
covered = st.builds(Covered, words, st.integers(-1, 2**32))
claims = st.builds(
    Claim, st.sampled_from([one.sha256 for one in ROOTS]), words, stamps, st.lists(covered, max_size=3).map(tuple)
)


# The ledger


@given(st.lists(placements, max_size=4), st.lists(claims, max_size=3), st.text(alphabet=string.hexdigits, max_size=16))
def test_a_ledger_is_read_as_it_was_written(held: list[Placement], wanted: list[Claim], transaction: str) -> None:
    """What `dump` writes is what `load` gives, with any words in it."""
    known = {one.sha256: one for one in ROOTS}
    ledger = Ledger(
        known,
        {one.sha256: one for one in wanted},
        {(one.store, one.sha256): one for one in held},
        transaction,
        ActingHost.current().account.home or "",
    )

    with tempfile.TemporaryDirectory() as name:
        host, state = (
            ActingHost("linux", name, {}, ActingHost.current().account),
            State("/state", os.geteuid(), machine=False),
        )
        (Path(name) / "state").mkdir()
        ledger_file.save(host, state, Ledger(), ledger)
        found = ledger_file.load(host, state)
    assert found == ledger
    assert ledger_file.dump(found) == ledger_file.dump(ledger)


def _json(change: Callable[[dict[str, object]], object]) -> Callable[[Path], object]:
    """A damage to the parsed ledger."""

    def damage(path: Path) -> None:
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return damage


def _first(key: str, **changes: object) -> Callable[[Path], object]:
    """A damage to the first claim or placement."""

    def change(data: dict[str, Any]) -> None:
        data[key][0].update(changes)

    return _json(change)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "no json": lambda path: path.write_bytes(b"\0\xff\x1b[31m"),
    "a list": lambda path: path.write_text("[]"),
    "nested beyond reason": lambda path: path.write_text("[" * 200_000),
    "a number beyond reason": lambda path: path.write_text('{"version": ' + "9" * 5000 + "}"),
    "older version": _json(lambda data: data.update(version=0)),
    "newer version": _json(lambda data: data.update(version=4)),
    "no version": _json(lambda data: data.pop("version")),
    "version in words": _json(lambda data: data.update(version="\x1b[31mone")),
    "no claims": _json(lambda data: data.pop("claims")),
    "no transaction": _json(lambda data: data.pop("transaction")),
    "claims of another type": _json(lambda data: data.update(claims="x")),
    "placements of another type": _json(lambda data: data.update(placements=7)),
    "certificates of another type": _json(lambda data: data.update(certificates=[])),
    "a placement without store": _json(lambda data: data.update(placements=[{"sha256": ROOTS[0].sha256}])),
    "entries of another type": _first("placements", entries="/etc/passwd"),
    "an entry of another type": _first("placements", entries=[1]),
    "a flag of another type": _first("placements", adopted="no"),
    "a claim for nothing that is kept": _first("claims", sha256="b" * 64),
    "a placement of nothing that is kept": _first("placements", sha256="b" * 64),
    "a certificate that is another one": _json(
        lambda data: data.update(certificates={ROOTS[0].sha256: ROOTS[1].pem.decode()})
    ),
    "a certificate that is none": _json(lambda data: data.update(certificates={ROOTS[0].sha256: "PEM"})),
    "a certificate of another type": _json(lambda data: data.update(certificates={ROOTS[0].sha256: None})),
    "a certificate with strange letters": _json(lambda data: data.update(certificates={ROOTS[0].sha256: "é"})),
    "another owner": lambda path: os.chown(path, OTHER, OTHER),
    "writable by the group": lambda path: path.chmod(0o664),
    "writable by all": lambda path: path.chmod(0o646),
    "a link": instead(lambda path: path.symlink_to(path.with_suffix(".moved"))),
    "a link to nowhere": instead(lambda path: path.symlink_to("/nowhere")),
    "a fifo": instead(os.mkfifo),
    "a directory": instead(lambda path: path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_ledger_stops_every_command(world: World, damage: str) -> None:
    """One sentence that names the file, and nothing is changed, the damaged ledger included."""
    world.change()
    path = world.root / state_of(world).ledger[1:]
    DAMAGE[damage](path)
    before = seen(world)
    for trusted in (True, False):
        with pytest.raises(StateError) as caught:
            world.change(1, trusted=trusted)
        sentence = str(caught.value)
        assert state_of(world).ledger in sentence
        assert sentence.isprintable(), sentence
        assert len(sentence) < 600
    assert seen(world) == before


def test_the_ledger_says_the_same_twice(world: World) -> None:
    """Its order is set: what was added in another order is written alike."""
    one, two = Ledger(), Ledger()
    for ledger, order in ((one, (0, 1, 2)), (two, (2, 0, 1))):
        for number in order:
            ledger.claim(ROOTS[number], "alice", "2026-11-23T20:00:00Z")
            ledger.cover(ROOTS[number].sha256, [Covered("bob", 1001)])
            ledger.placements["debian", ROOTS[number].sha256] = Placement(ROOTS[number].sha256, "debian", ())
    assert ledger_file.dump(one) == ledger_file.dump(two)
    assert world.root.exists()


def test_a_second_claim_keeps_the_first_ones_date() -> None:
    """Who asked first stays; accounts add up, each once, and go one by one."""
    ledger, sha256 = Ledger(), ROOTS[0].sha256
    ledger.claim(ROOTS[0], "alice", "2026-01-01T00:00:00Z")
    bob, dave = Covered("bob", 1001), Covered("dave", 1002)
    ledger.cover(sha256, [Covered("bob")])  # as an older ledger names it
    ledger.claim(ROOTS[0], "carol", "2026-02-02T00:00:00Z")
    ledger.cover(sha256, [bob, dave])
    assert ledger.claims[sha256] == Claim(sha256, "alice", "2026-01-01T00:00:00Z", (bob, dave))
    robert, eve = Covered("robert", 1001), Covered("eve", 1001)
    ledger.cover(sha256, [robert], [bob])  # renamed
    ledger.cover(sha256, [eve])  # a new account with a deleted one's uid
    assert ledger.claims[sha256].accounts == (dave, Covered("robert"), eve)
    ledger.uncover(sha256, [eve])
    ledger.uncover(sha256, [Covered("robert")])
    ledger.uncover(ROOTS[1].sha256, [bob])
    assert ledger.claims[sha256].accounts == (dave,)
