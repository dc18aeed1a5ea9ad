"""The walk through whole trees: who is asked about which files, and who gets what is found."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_host import link, make, write
from tests.support.fake_store import Shelf
from trustinstall import catalog
from trustinstall.engine import discovery
from trustinstall.engine.walk import Failed, Recognised, walk
from trustinstall.host import Account
from trustinstall.stores.backend import Candidates
from trustinstall.stores.store import DiscoveryOptions, Store

if TYPE_CHECKING:
    from pathlib import Path

    from trustinstall.host import ActingHost, Host

HOME = "/home/tester"
EVERYWHERE = DiscoveryOptions(through=True)


class Recogniser(Shelf):
    """A backend that recognises files by their names, and notes which it was asked about."""

    def __init__(self, name: str, candidates: str, *, but: str = "") -> None:
        """Take all files of these names for stores, but those in a directory of this name."""
        super().__init__()
        self.name = name
        self.candidates = Candidates(re.compile(candidates), ("",))
        self.asked: list[str] = []
        self._but = but

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:  # noqa: ARG002  the base class names it
        """Find nothing without a walk."""
        return []

    def recognise(self, _host: Host, path: str) -> Store | None:
        """Take the file for a store."""
        self.asked.append(path)
        if path.endswith("/broken/roots"):
            raise PermissionError(errno.EACCES, "Permission denied")
        if self._but and f"/{self._but}/" in path:
            return None
        return Store(self.name, path, 0, f"{self.name}:{path}", "a program")


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """An empty machine."""
    return make(tmp_path, "tester", HOME)


_CANDIDATES = [one.candidates for one in catalog.every() if one.candidates is not None]


_NAMED = st.sampled_from(_CANDIDATES).flatmap(
    lambda one: st.tuples(st.just(one), st.from_regex(re.compile(one.names.pattern, one.names.flags), fullmatch=True))
)


@given(_NAMED)
def test_every_candidate_holds_a_piece(candidate: tuple[Candidates, str]) -> None:
    """The quick look at all names of a directory passes by no name that a backend wants to be asked about."""
    candidates, name = candidate
    assert any(piece in f"\n{name}\n".lower() for piece in candidates.pieces)


def test_each_file_is_handed_to_those_that_know_its_name(host: ActingHost) -> None:
    """A home, /opt, /usr/local and /srv are walked once for all; the first backend that recognises a file has it."""
    special, general = Recogniser("special", "roots", but="odd"), Recogniser("general", r"roots|.*\.pem")
    paths = [f"{top}/a/b/{name}" for top in (HOME, "/opt", "/usr/local", "/srv") for name in ("roots", "x.pem", "y")]
    odd = write(host, "/opt/odd/roots", b"")
    for path in paths:
        write(host, path, b"")
    found = {
        (one.backend.name, one.path)
        for one in walk(host, (special, general), EVERYWHERE)
        if isinstance(one, Recognised)
    }
    assert found == {
        *(("special", path) for path in paths if path.endswith("roots")),
        *(("general", path) for path in (*paths, odd) if path.endswith("pem") or path == odd),
    }
    assert sorted(special.asked) == sorted(path for path in (*paths, odd) if path.endswith("roots"))


def test_no_link_is_followed(host: ActingHost) -> None:
    """A directory that is reached by a link alone is not entered; a file that is a link is one candidate."""
    backend = Recogniser("any", "roots")
    write(host, "/data/roots", b"")
    link(host, f"{HOME}/elsewhere", "/data")
    link(host, f"{HOME}/circle", HOME)
    link(host, f"{HOME}/roots", "/data/roots")
    list(walk(host, (backend,), EVERYWHERE))
    assert backend.asked == [f"{HOME}/roots"]


def test_names_with_line_breaks_are_asked_about_as_they_are_matched(host: ActingHost) -> None:
    """A line break in a name makes no candidate elsewhere."""
    backend = Recogniser("any", "roots")
    write(host, f"{HOME}/x\nroots", b"")
    list(walk(host, (backend,), EVERYWHERE))
    assert backend.asked == []


def test_one_file_that_cannot_be_looked_at_stops_nothing(host: ActingHost) -> None:
    """The backend's failure is told, and the walk goes on."""
    backend = Recogniser("any", "roots")
    write(host, f"{HOME}/broken/roots", b"")
    path = write(host, f"{HOME}/good/roots", b"")
    seen = list(walk(host, (backend,), EVERYWHERE))
    assert [one.path for one in seen if isinstance(one, Recognised)] == [path]
    assert [one.error.strerror for one in seen if isinstance(one, Failed)] == ["Permission denied"]
    found = discovery.discover(host, (backend,), EVERYWHERE)
    assert (found.failures, found.known) == ({"any": "Permission denied"}, [path])


def test_known_files_are_asked_about_again(host: ActingHost) -> None:
    """Without a walk only the files of the last one are asked about, and stores keep the catalogue's order."""
    first, second = Recogniser("first", "a"), Recogniser("second", "b")
    places = DiscoveryOptions(known=(f"{HOME}/x/b", f"{HOME}/x/a", f"{HOME}/x/c"))
    write(host, "/opt/a", b"")
    found = discovery.discover(host, (first, second), places)
    assert list(found.stores) == [f"first:{HOME}/x/a", f"second:{HOME}/x/b"]
    assert found.known == [f"{HOME}/x/b", f"{HOME}/x/a"]
    scanned = replace(places, searches=("/opt",), through=True, scanned=True)
    assert list(discovery.discover(host, (first, second), scanned).stores) == list(found.stores)


def test_what_another_account_owns_is_handed_over(host: ActingHost) -> None:
    """Root does not look into directories of others: those below `--search` are handed to their owners' workers."""
    root = replace(host, account=Account(0, 0, "root", "/root"))
    write(host, "/data/bob/roots", b"")
    mine = write(host, "/data/roots", b"")
    os.chown(host.where("/data/bob"), 1001, 1001)
    backend = Recogniser("any", "roots")
    found = discovery.discover(root, (backend,), DiscoveryOptions(searches=("/data",)))
    assert (found.handoffs, backend.asked) == ({1001: ["/data/bob"]}, [mine])
    assert discovery.discover(root, (backend,), EVERYWHERE).handoffs == {}
