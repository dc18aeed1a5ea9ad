"""Settings of developer tools come with the files that they name, and go with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.platforms.tools.settings.home import (
    ANCHORS,
    BUNDLE,
    CLAUDE,
    CORP,
    NPMRC,
    OTHER,
    OWN,
    PUBLIC,
    SYSTEM,
    change,
    results,
    tree,
)
from tests.support.fake_host import write
from tests.support.fake_store import Fuse, Killed, Mortal
from trustinstall.engine.outcome import Result
from trustinstall.host import ActingHost, Replacement


def parsed(content: bytes) -> Any:  # noqa: ANN401  any value of a YAML file
    """YAML, as its own parser reads it."""
    reader: Any = YAML(typ="safe")
    return reader.load(content)


def test_settings_and_files_come_and_go_together(host: ActingHost) -> None:
    """`add` makes both files and names them, and `remove` of the last root leaves every byte as before."""
    before = tree(host)
    added = results(change(host))
    assert added == dict.fromkeys((BUNDLE, NPMRC, CLAUDE), Result.ADDED)
    assert host.read(NPMRC) == b"; mine\r\nfund=false\r\ncafile=" + BUNDLE.encode()
    assert CORP.pem in host.read(ANCHORS)
    assert PUBLIC.pem not in host.read(ANCHORS)
    assert PUBLIC.pem in host.read(BUNDLE)
    removed = results(change(host, trusted=False))
    assert removed == dict.fromkeys((BUNDLE, NPMRC, CLAUDE), Result.REMOVED)
    assert tree(host) == before


LIMA = "/home/alice/.lima/_config/override.yaml"


@pytest.mark.parametrize("before", [None, b"cpus: 4\nmounts:\n- location: ~\n"], ids=["no file", "hers"])
def test_virtual_machines_are_told_which_file_to_add(host: ActingHost, before: bytes | None) -> None:
    """Lima's override names our roots alone, as a YAML parser reads it, and is as before after `remove`."""
    Path(host.where("/home/alice/.lima")).mkdir()
    if before is not None:
        write(host, LIMA, before)
    whole = tree(host)
    assert results(change(host))[LIMA] is Result.ADDED
    said = parsed(host.read(LIMA))
    assert said["caCerts"] == {"files": [ANCHORS]}
    assert {key: value for key, value in said.items() if key != "caCerts"} == parsed(before or b"{}")
    assert results(change(host, trusted=False))[LIMA] is Result.REMOVED
    assert tree(host) == whole


def test_a_list_that_somebody_has_begun_is_not_guessed_at(host: ActingHost) -> None:
    """Where the override has certificates of its own the sentence says which file to add to which list."""
    mine = b"caCerts:\n  removeDefaults: false\n"
    write(host, LIMA, mine)
    outcome = change(host)[LIMA]
    assert (outcome.result, host.read(LIMA)) == (Result.FAILED, mine)
    assert f"add {ANCHORS} to caCerts.files" in outcome.detail


def test_a_second_root_only_changes_the_files(host: ActingHost) -> None:
    """Settings that were made stay while any root is left, and go with the last, in any order."""
    before = tree(host)
    change(host, 0)
    npmrc = host.read(NPMRC)
    second = results(change(host, 1))
    assert (second[BUNDLE], second[NPMRC]) == (Result.ADDED, Result.FOLLOWS)
    first = results(change(host, 0, trusted=False))
    assert (first[BUNDLE], first[NPMRC]) == (Result.REMOVED, Result.FOLLOWS)
    assert host.read(NPMRC) == npmrc
    assert CORP.pem not in host.read(BUNDLE)
    assert OTHER.pem in host.read(BUNDLE)
    change(host, 1, trusted=False)
    assert tree(host) == before


@pytest.mark.parametrize("trusted", [True, False])
def test_killed_anywhere_no_setting_names_what_is_not_there(host: ActingHost, *, trusted: bool) -> None:
    """Killed at any change of the machine, what a setting names is there; the next command completes."""
    before = tree(host)
    for how in ("before", "torn", "after"):
        for moment in range(1, 60):
            if not trusted:
                change(host)
            mortal = Mortal(**{name: getattr(host, name) for name in host.__dataclass_fields__}, fuse=Fuse(moment, how))
            try:
                change(mortal, trusted=trusted)
            except Killed:
                ended = False
            else:
                ended = True
            if BUNDLE.encode() in host.read(NPMRC):
                assert CORP.pem in host.read(BUNDLE)
            change(host, trusted=trusted)
            change(host, trusted=False)
            assert tree(host) == before
            if ended:
                break
        else:
            pytest.fail("it never ended")


def test_a_dry_run_says_both(host: ActingHost) -> None:
    """Files and settings would change, and nothing does, the second time neither."""
    before = tree(host)
    dry = change(host, dry_run=True)
    assert set(results(dry).values()) == {Result.PLANNED}
    assert any("bundle.pem" in step.target for step in dry[BUNDLE].steps)
    assert tree(host) == before
    change(host, 0)
    assert results(change(host, 1, dry_run=True))[NPMRC] is Result.FOLLOWS
    assert results(change(host, 0, dry_run=True, trusted=False))[NPMRC] is Result.PLANNED


def test_where_the_file_fails_no_setting_names_it(host: ActingHost) -> None:
    """Without public roots there is no bundle; what would name it is left, and says so."""
    Path(host.where(SYSTEM)).unlink()
    before = host.read(NPMRC)
    done = change(host)
    assert set(results(done).values()) == {Result.FAILED}
    assert "own-bundle" in done[NPMRC].detail
    assert host.read(NPMRC) == before


@dataclass(frozen=True)
class Refusing(ActingHost):
    """A host on which no settings file can be written any more when it comes to it."""

    def replace(self, one: Replacement) -> None:
        """Our own files and state can be."""
        if one.path in {NPMRC, CLAUDE}:
            raise OSError(28, "No space left on device", one.path)
        super().replace(one)


def test_a_file_that_no_setting_came_to_name_goes_again(host: ActingHost) -> None:
    """Where every setting fails in the making, our own files do not stay behind."""
    before = tree(host)
    refusing = Refusing(**{name: getattr(host, name) for name in host.__dataclass_fields__})
    assert results(change(refusing)) == {NPMRC: Result.FAILED, CLAUDE: Result.FAILED}
    assert tree(host) == before
    assert results(change(host))[NPMRC] is Result.ADDED


def test_a_setting_that_cannot_be_taken_back_keeps_its_file(host: ActingHost) -> None:
    """Where a person has damaged the settings, the file that they name stays, and both say why."""
    change(host)
    write(host, CLAUDE, host.read(CLAUDE) + b"}")
    done = change(host, trusted=False)
    assert (done[CLAUDE].result, done[BUNDLE].result) == (Result.FAILED, Result.FAILED)
    assert "line" in done[CLAUDE].detail
    assert CLAUDE in done[BUNDLE].detail
    assert CORP.pem in host.read(ANCHORS)
    write(host, CLAUDE, host.read(CLAUDE)[:-1])
    assert results(change(host, trusted=False))[BUNDLE] is Result.REMOVED
    assert host.status(OWN) is None


def test_only_one_tool(host: ActingHost) -> None:
    """`--store settings:npm` brings the file that npm needs, and takes it back when no other setting names it."""
    before = tree(host)
    assert set(change(host, store=("settings:npm",))) == {NPMRC, BUNDLE}
    change(host, trusted=False, store=("settings:npm",))
    assert tree(host) == before


def test_a_file_that_another_setting_names_stays(host: ActingHost) -> None:
    """Taking back one tool's setting leaves the file to the others."""
    write(host, "/home/alice/.condarc", b"channels: [x]\n")
    change(host)
    change(host, trusted=False, store=("settings:npm",))
    assert b"cafile" not in host.read(NPMRC)
    assert CORP.pem in host.read(BUNDLE)
    assert results(change(host, trusted=False))[BUNDLE] is Result.REMOVED
