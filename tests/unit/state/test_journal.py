"""What is on disk about us: the ledger, the journal and their directory, and every kind of damage to them."""

from __future__ import annotations

import json
import os
import resource
import string
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_store import ROOTS, World
from trustinstall.errors import StateError
from trustinstall.host import ActingHost
from trustinstall.state import journal as journals
from trustinstall.state import ledger_file
from trustinstall.state.directory import State, prepare
from trustinstall.state.journal import Entry, Journal, unfinished
from trustinstall.state.ledger import Claim, Covered, Ledger
from trustinstall.stores.desired import Placement
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, MakeDirectory, digest

OTHER = 12345  # a uid that no account has
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


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A host with one shelf."""
    world = World(tmp_path)
    world.shelves("a")
    return world


def state_of(world: World) -> State:
    """The state of the account that runs the test."""
    return State(world.host.state_base(), os.geteuid(), machine=os.geteuid() == 0)


def seen(world: World) -> dict[str, tuple[int, ...]]:
    """Everything on the host, but for when it was last read."""
    found = {str(path): path.lstat() for path in world.root.rglob("*")}
    return {
        path: (one.st_mode, one.st_uid, one.st_gid, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
        for path, one in found.items()
    }


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


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Something else in the ledger's place."""

    def damage(path: Path) -> None:
        path.rename(path.with_suffix(".moved"))
        make(path)

    return damage


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
    "a link": _instead(lambda path: path.symlink_to(path.with_suffix(".moved"))),
    "a link to nowhere": _instead(lambda path: path.symlink_to("/nowhere")),
    "a fifo": _instead(os.mkfifo),
    "a directory": _instead(lambda path: path.mkdir()),
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


# The directory


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
@pytest.mark.parametrize(("owner", "shared"), [(0, 0o755), (OTHER, 0o700)], ids=["machine", "account"])
def test_modes_do_not_depend_on_the_umask(umask: int, owner: int, shared: int) -> None:
    """All accounts may read the machine's ledger; an account's ledger and `private` are for the owner only."""
    state = State("/var/lib/trustinstall", owner, machine=owner == 0)
    with tempfile.TemporaryDirectory() as name:  # where another account gets to, too
        root, host = Path(name), ActingHost("linux", name, {}, ActingHost.current().account)
        root.chmod(0o755)
        os.chown(root, owner, owner)
        old = os.umask(umask)
        os.setresuid(owner, owner, 0)
        try:
            prepare(host, state)
            ledger_file.save(host, state, Ledger(), Ledger())
            Journal(host, state, "t").note(Entry("t", "shelf", "/x", (), "k"))
        finally:
            os.setresuid(0, 0, 0)
            os.umask(old)
        found = {path: (root / path[1:]).stat() for path in (state.base, state.private, state.ledger, state.journal)}
    modes = {path: status.st_mode & 0o7777 for path, status in found.items()}
    journal = modes.pop(state.journal)
    assert modes == {state.base: shared, state.private: 0o700, state.ledger: 0o600 if owner else 0o644}
    assert journal & ~0o600 == 0
    assert {status.st_uid for status in found.values()} == {owner}


def _directory(path: Path, mode: int = 0o755, owner: int = 0) -> None:
    path.mkdir()
    path.chmod(mode)
    os.chown(path, owner, owner)


def _linked(path: Path) -> None:
    path.with_name("x").mkdir()
    path.symlink_to("x")


PLANTED: dict[str, Callable[[Path], object]] = {
    "a link": lambda path: path.symlink_to("/etc"),
    "a link to a directory of theirs": _linked,
    "a file": lambda path: path.write_text("theirs"),
    "a directory of another account": lambda path: _directory(path, owner=OTHER),
    "a directory that all may write": lambda path: _directory(path, 0o777),
    "a directory that the group may write": lambda path: _directory(path, 0o775),
    "a fifo": os.mkfifo,
}


@pytest.mark.parametrize("where", ["base", "private"])
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_directory_is_refused(world: World, where: str, planted: str) -> None:
    """A planted file or directory in the place of the state directory is refused in one sentence and left alone."""
    state = state_of(world)
    path = world.root / getattr(state, where)[1:]
    path.parent.mkdir(parents=True)
    PLANTED[planted](path)
    before = seen(world)
    with pytest.raises(StateError, match="trustinstall"):
        world.change()
    assert seen(world) == before


def test_a_planted_lock_is_not_followed(world: World) -> None:
    """A link in the place of the lock or the journal is an error, and nothing is written through it."""
    state, victim = state_of(world), world.root / "victim"
    victim.write_text("theirs")
    for place in (state.lock, state.journal):
        prepare(world.host, state)
        path = world.root / place[1:]
        path.unlink(missing_ok=True)
        path.symlink_to(victim)
        with pytest.raises((StateError, OSError)):
            world.change()
        path.unlink()
    assert victim.read_text() == "theirs"


# The journal


def entries() -> list[Entry]:
    """Two entries with every kind of content."""
    steps = (
        Edit("/a", Content(b"\0\xff secret"), ABSENT, 0o640, (1, 2)),
        Delete("/b", digest(b"")),
        MakeDirectory("/c"),
    )
    return [Entry("t", "shelf", "/stores/a/bundle", steps, "k1"), Entry("t", "shelf", "/stores/b/bundle", (), "k2")]


@pytest.fixture
def state(world: World) -> State:
    """A state whose directories are there."""
    prepare(world.host, state_of(world))
    return state_of(world)


def test_the_journal_is_read_newest_first(world: World, state: State) -> None:
    """Every entry as it was noted; an ended command leaves none."""
    journal = Journal(world.host, state, "t")
    for entry in entries():
        journal.note(entry)
    assert unfinished(world.host, state) == entries()[::-1]
    assert journal.used
    journal.close()
    assert unfinished(world.host, state) == []
    assert world.host.status(state.journal) is None


def test_a_journal_that_was_never_used_is_not_closed(world: World, state: State) -> None:
    """A command that changed nothing does not touch the journal."""
    journal = Journal(world.host, state, "t")
    assert not journal.used
    journal.close()
    assert world.host.status(state.journal) is None


@pytest.mark.parametrize("lost", [1, 5, 60])
def test_a_partial_last_line_is_left_out(world: World, state: State, lost: int) -> None:
    """Killed while it was written: its steps had not begun, and the lines before it count."""
    journal = Journal(world.host, state, "t")
    for entry in entries():
        journal.note(entry)
    path = world.root / state.journal[1:]
    path.write_bytes(path.read_bytes()[:-lost])
    assert unfinished(world.host, state) == entries()[:1]


JOURNAL_DAMAGE: dict[str, Callable[[Path], object]] = {
    "a line of words": lambda path: path.write_bytes(b"words\n" + path.read_bytes()),
    "a line cut in the middle": lambda path: path.write_bytes(path.read_bytes()[30:]),
    "an empty line": lambda path: path.write_bytes(b"\n" + path.read_bytes()),
    "another version": lambda path: path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": 2')),
    "a step that is none": lambda path: path.write_bytes(path.read_bytes().replace(b'"Delete"', b'"Execute"')),
    "no base64": lambda path: path.write_bytes(path.read_bytes().replace(b'"content": "', b'"content": "*')),
    "a list": lambda path: path.write_bytes(b"[]\n"),
    "nested beyond reason": lambda path: path.write_bytes(b"[" * 200_000 + b"\n"),
    "another owner": lambda path: os.chown(path, OTHER, OTHER),
    "writable by all": lambda path: path.chmod(0o666),
    "a link": _instead(lambda path: path.symlink_to(path.with_suffix(".moved"))),
    "a fifo": _instead(os.mkfifo),
}


@pytest.mark.parametrize("damage", JOURNAL_DAMAGE)
def test_a_damaged_journal_stops_the_command(world: World, state: State, damage: str) -> None:
    """One sentence that names it; the stores and the journal are left as they are."""
    journal = Journal(world.host, state, "t")
    for entry in entries():
        journal.note(entry)
    path = world.root / state.journal[1:]
    (world.root / state.lock[1:]).touch()
    JOURNAL_DAMAGE[damage](path)
    before = seen(world)
    with pytest.raises(StateError) as caught:
        world.change()
    assert state.journal in str(caught.value)
    assert str(caught.value).isprintable()
    assert seen(world) == before


def test_a_note_that_did_not_fit_does_not_spoil_the_next_one(world: World, state: State) -> None:
    """The disk is full in the middle of a line: the notes before and after it can be read."""
    first, second = entries()
    journal = Journal(world.host, state, "t")
    journal.note(first)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((world.root / state.journal[1:]).stat().st_size + 40, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            journal.note(Entry("t", "shelf", "/never", (), "k3"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    journal.note(second)
    assert unfinished(world.host, state) == [second, first]


def test_what_is_kept_stays_when_the_command_ends(world: World, state: State) -> None:
    """Only the entry that could not be put back is left, under a name that no ledger will bear."""
    journal = Journal(world.host, state, "t")
    for entry in entries():
        journal.note(entry)
    journal.keep("k1")
    journal.close()
    (kept,) = unfinished(world.host, state)
    assert (kept.token, kept.inverse) == ("k1", entries()[0].inverse)
    assert kept.transaction != "t"
    journals.forget(world.host, state)
    assert unfinished(world.host, state) == []
