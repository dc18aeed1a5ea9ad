"""The journal and the directory of the state on disk, and every kind of damage to them."""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fake_store import World
from tests.unit.state.made import OTHER, instead, seen, state_of
from trustinstall.errors import StateError
from trustinstall.host import ActingHost
from trustinstall.state import journal as journals
from trustinstall.state import ledger_file
from trustinstall.state.directory import State, prepare
from trustinstall.state.journal import Entry, Journal, unfinished
from trustinstall.state.ledger import Ledger
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, MakeDirectory, digest

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
    "a link": instead(lambda path: path.symlink_to(path.with_suffix(".moved"))),
    "a fifo": instead(os.mkfifo),
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
