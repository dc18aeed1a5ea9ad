"""The ledger's records of stores that a link leads to now."""

from __future__ import annotations

from pathlib import Path

from tests.support.fake_host import link, make, write
from trustinstall.engine import relinked
from trustinstall.state.ledger import Ledger
from trustinstall.stores.desired import Placement

OLD, NEW = "settings:/home/alice/.npmrc", "settings:/disk/alice/.npmrc"


def ledger(*, adopted: bool = False) -> Ledger:
    """A ledger with one placement in alice's home."""
    entries = ("text", "/home/alice/.npmrc", "/home/alicex")
    one = Placement("aa", OLD, entries, ("/home/alice/.config",), adopted=adopted)
    return Ledger(placements={(OLD, "aa"): one}, retired={(OLD, "bb"): one})


def test_a_record_follows_the_link_above_its_file(tmp_path: Path) -> None:
    """Its store, its paths and its directories have the new path; texts and other paths stay."""
    host, found = make(tmp_path), ledger()
    write(host, "/disk/alice/.npmrc")
    link(host, "/home/alice", "/disk/alice")
    relinked.follow(host, found, {OLD: NEW})
    for records, sha256 in ((found.placements, "aa"), (found.retired, "bb")):
        assert list(records) == [(NEW, sha256)]
        assert records[NEW, sha256].store == NEW
        assert records[NEW, sha256].entries == ("text", "/disk/alice/.npmrc", "/home/alicex")
        assert records[NEW, sha256].directories == ("/disk/alice/.config",)


def test_a_record_that_is_there_already_counts(tmp_path: Path) -> None:
    """The store got a placement under its new path before: that is the later one."""
    host, found = make(tmp_path), ledger()
    write(host, "/disk/alice/.npmrc")
    link(host, "/home/alice", "/disk/alice")
    later = found.placements[NEW, "aa"] = Placement("aa", NEW, ("later",))
    relinked.follow(host, found, {OLD: NEW})
    assert found.placements == {(NEW, "aa"): later}


def test_an_adopted_bundle_that_is_a_link_now_keeps_its_record(tmp_path: Path) -> None:
    """The link may lead to another bundle, of which nothing was adopted; a moved home takes the bundle with it."""
    host, found = make(tmp_path), ledger(adopted=True)
    write(host, "/disk/alice/.npmrc")
    link(host, "/home/alice/.npmrc", "/disk/alice/.npmrc")
    relinked.follow(host, found, {OLD: NEW})
    assert list(found.placements) == [(OLD, "aa")]
    Path(host.where("/home/alice/.npmrc")).unlink()
    Path(host.where("/home/alice")).rmdir()
    link(host, "/home/alice", "/disk/alice")
    relinked.follow(host, found, {OLD: NEW})
    assert list(found.placements) == [(NEW, "aa")]
