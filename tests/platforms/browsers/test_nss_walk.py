"""NSS databases that a walk comes upon: which a program reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_host import make, program, write
from trustinstall.engine import discovery
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.browsers.nss import Nss

if TYPE_CHECKING:
    from pathlib import Path

    from trustinstall.host import ActingHost

HOME = "/home/tester"
FILES = ("cert9.db", "key4.db", "pkcs11.txt")
PROFILES = b"[Profile0]\nName=default\nIsRelative=1\nPath=Profiles/x.default\n"


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """An empty machine."""
    return make(tmp_path, "tester", HOME)


def database(host: ActingHost, directory: str, files: tuple[str, ...] = FILES) -> str:
    """Make files that are called as those of a database; returns the directory."""
    for name in files:
        write(host, f"{directory}/{name}")
    return directory


def found(host: ActingHost, places: DiscoveryOptions | None = None) -> list[tuple[str, str]]:
    """Location and label of what is found."""
    asked = places or DiscoveryOptions(through=True)
    stores = discovery.discover(host, (Nss(),), asked).stores.values()
    return [(one.location, one.label) for _, one in stores]


def test_a_profile_that_a_program_names(host: ActingHost) -> None:
    """A relative of Firefox in no table: the profile that its `profiles.ini` names, and no other directory."""
    path = database(host, f"{HOME}/.floorp/Profiles/x.default")
    database(host, f"{HOME}/.floorp/Profiles/former")
    assert found(host) == []
    write(host, f"{HOME}/.floorp/profiles.ini", PROFILES)
    assert found(host) == [(path, "floorp: x.default")]
    known = DiscoveryOptions(known=(f"{path}/cert9.db",))
    assert found(host, known) == [(path, "floorp: x.default")]


def test_a_database_of_chromiums_kind_and_a_programs_own(host: ActingHost) -> None:
    """Chromium's name for it anywhere, and what lies in a program's own directory."""
    shared = database(host, f"{HOME}/.config/Example/pki/nssdb")
    program(host, f"{HOME}/apps/client/bin/client")
    own = database(host, f"{HOME}/apps/client/db")
    assert set(found(host)) == {(shared, "pki"), (own, "client")}


@pytest.mark.parametrize(
    ("directory", "files"),
    [
        (f"{HOME}/server/keys", FILES),
        (f"{HOME}/.config/Example/pki/nssdb", ("cert9.db",)),
        (f"{HOME}/backup/.pki/nssdb", FILES),
        (f"{HOME}/.local/share/torbrowser/tbb/x86_64/tor-browser/Browser/TorBrowser/Data/Browser/nssdb", FILES),
    ],
)
def test_what_no_browser_of_the_account_reads_is_left(host: ActingHost, directory: str, files: tuple[str, ...]) -> None:
    """A service's keys, half a database, a backup, and browsers whose connections no company inspects."""
    database(host, directory, files)
    assert found(host) == []


def test_a_profile_that_a_table_names_is_found_once(host: ActingHost) -> None:
    """The table knows what the program is called."""
    write(host, f"{HOME}/.mozilla/firefox/profiles.ini", PROFILES)
    path = database(host, f"{HOME}/.mozilla/firefox/Profiles/x.default")
    mine = replace(host, account=replace(host.account, uid=1000))
    assert found(mine) == [(path, "Firefox: x.default")]
