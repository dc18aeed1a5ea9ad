"""Settings of developer tools that an account or a machine has made by itself, or that were lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.platforms.tools.settings.home import (
    ANCHORS,
    BUNDLE,
    CLAUDE,
    CORP,
    KINDS,
    NEWER,
    NPMRC,
    OWN,
    PUBLIC,
    ROOTS,
    SYSTEM,
    change,
    results,
    tree,
)
from tests.support.fake_host import write
from trustinstall import catalog
from trustinstall.engine.discovery import discover, observe
from trustinstall.engine.outcome import Result
from trustinstall.host import ActingHost
from trustinstall.installer import tool_views
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.tools.table import TOOLS
from trustinstall_platforms.tools.table_without_files import FOLLOWS, OTHERS

STATE = "/home/alice/.local/state/trustinstall"
THEIRS = "/home/alice/company.pem"


def _names(value: str) -> bytes:
    return f"cafile={value}\n".encode()


def test_a_bundle_of_the_accounts_own_gets_our_root(host: ActingHost) -> None:
    """What names another bundle of alice's is left as it is: our root goes into that bundle, and out again."""
    write(host, THEIRS, PUBLIC.pem)
    write(host, NPMRC, _names(THEIRS))
    before = tree(host)
    assert results(change(host))[NPMRC] is Result.ADDED
    assert host.read(NPMRC) == _names(THEIRS)
    assert CORP.pem in host.read(THEIRS)
    assert results(change(host, trusted=False))[NPMRC] is Result.REMOVED
    assert tree(host) == before


def _missing(host: ActingHost) -> None:
    write(host, NPMRC, _names("/home/alice/nowhere.pem"))


def _dangling(host: ActingHost) -> None:
    Path(host.where(NPMRC)).unlink()
    Path(host.where(NPMRC)).symlink_to("dotfiles/npmrc")


def _damaged(host: ActingHost) -> None:
    write(host, NPMRC, b"\0\0")


def _odd_home(host: ActingHost) -> None:
    write(host, CLAUDE, b'{"env": [1]}')


@pytest.mark.parametrize(
    ("spoil", "where", "word"),
    [
        (_missing, NPMRC, "nowhere.pem, which is no bundle"),
        (_dangling, "/home/alice/dotfiles/npmrc", "link that leads nowhere"),
        (_damaged, NPMRC, "no text in UTF-8"),
        (_odd_home, CLAUDE, "env is not what the tool expects"),
    ],
)
def test_what_cannot_be_changed_is_said(
    host: ActingHost, spoil: Callable[[ActingHost], None], where: str, word: str
) -> None:
    """A setting that is a person's decision, or cannot be read, is a sentence; nothing is made that only it needs."""
    spoil(host)
    before = tree(host)
    done = change(host, store=("settings:npm" if where != CLAUDE else "settings:claude",))
    assert (done[where].result, set(done)) == (Result.FAILED, {where})
    assert word in done[where].detail
    assert tree(host) == before


def test_a_link_into_ones_own_dotfiles_is_followed(host: ActingHost) -> None:
    """Settings that are a link to another file of the account's are changed there; the link stays."""
    write(host, "/home/alice/dotfiles/npmrc", host.read(NPMRC))
    Path(host.where(NPMRC)).unlink()
    Path(host.where(NPMRC)).symlink_to("dotfiles/npmrc")
    before = tree(host)
    done = change(host)
    assert done["/home/alice/dotfiles/npmrc"].result is Result.ADDED
    assert host.link_target(NPMRC) == "dotfiles/npmrc"
    change(host, trusted=False)
    assert tree(host) == before


def test_a_setting_that_names_the_systems_bundle_follows(host: ActingHost) -> None:
    """Nothing is written where the system's own bundle is named."""
    write(host, NPMRC, _names(SYSTEM))
    found = discover(host, KINDS, DiscoveryOptions()).stores
    assert found[f"settings:{NPMRC}"][1].fed_by == SYSTEM


def test_the_machines_setting_counts_for_an_account(host: ActingHost) -> None:
    """What the file for all accounts names, pip of an account reads as well: its own file is not made for that."""
    write(host, "/home/alice/.config/pip/keep", b"")
    write(host, "/opt/machine.pem", PUBLIC.pem + CORP.pem)
    write(host, SYSTEM, PUBLIC.pem + CORP.pem)
    write(host, "/etc/pip.conf", b"[global]\ncert = /opt/machine.pem\n")
    done = change(host, 0, store=("settings:pip",))
    assert results(done) == {"/home/alice/.config/pip/pip.conf": Result.FOLLOWS}
    gone = change(host, 0, trusted=False, store=("settings:pip",))
    assert results(gone) == {"/home/alice/.config/pip/pip.conf": Result.ABSENT}
    assert results(change(host, 1, store=("settings:pip",)))["/home/alice/.config/pip/pip.conf"] is Result.ADDED


def test_the_bundle_shows_that_the_systems_has_changed(host: ActingHost) -> None:
    """After the system's roots have changed it is stale, and says so; adding again makes it anew."""
    change(host)
    store = discover(host, KINDS, DiscoveryOptions()).stores[f"own-bundle:{BUNDLE}"][1]
    fresh = observe(host, KINDS[0], store)
    assert not isinstance(fresh, str)
    assert fresh.problems == ()
    write(host, SYSTEM, PUBLIC.pem + NEWER.pem + CORP.pem)
    stale = observe(host, KINDS[0], store)
    assert not isinstance(stale, str)
    assert [word for word in stale.problems if "have changed" in word]
    change(host)
    assert NEWER.pem in host.read(BUNDLE)
    assert host.read(BUNDLE).count(CORP.pem) == 1
    write(host, SYSTEM, PUBLIC.pem)
    change(host, 1)
    assert NEWER.pem not in host.read(BUNDLE)


def test_the_table_is_whole() -> None:
    """Every row says where its knowledge is from and how good it is, and no two share a name or a file.

    A tool that follows the system has a second row where an account without root sets its file.
    """
    names = [*(one.name for one in TOOLS if not one.follows), *(one.name for one in OTHERS)]
    assert len(set(names)) == len(names)
    assert {one.name for one in TOOLS if one.follows} <= {one.name for one in OTHERS if one.mode == FOLLOWS}
    files = [path for one in TOOLS for path in (*one.files, one.machine) if path]
    assert len(set(files)) == len(files)
    sources = [(one.source, one.known) for one in TOOLS] + [(one.source, one.known) for one in OTHERS]
    assert all(source and known.split(":")[0] in {"real", "documented"} for source, known in sources)
    assert all(one.programs or one.places or one.kept for one in TOOLS)
    assert {kind.name for kind in KINDS} <= {one.name for one in catalog.every()}


def test_simulators_and_emulators_are_named_where_the_account_has_any(host: ActingHost) -> None:
    """A person reaches a simulator with its own command, a store an emulator; nothing is named without them."""
    names = {"ios-simulator", "android-emulator"}
    assert not names & tool_views.names(host)
    for name in ("Library/Developer/CoreSimulator/Devices", ".android/avd"):
        Path(host.where(f"/home/alice/{name}")).mkdir(parents=True)
    found = {one.tool: (one.mode, one.file, one.effective) for one in tool_views.look(host) if one.tool in names}
    assert found == {"ios-simulator": ("by hand", "", ""), "android-emulator": ("store", "", "")}


# --- whose a reference is ---


def test_a_reference_to_a_missing_file_of_ours_goes(host: ActingHost) -> None:
    """Where the ledger and our files are lost, `remove` still takes back the settings that name them."""
    change(host)
    for path in (BUNDLE, ANCHORS, f"{STATE}/ledger.json"):
        Path(host.where(path)).unlink()
    gone = results(change(host, trusted=False))
    assert (gone[NPMRC], gone[CLAUDE]) == (Result.REMOVED, Result.REMOVED)
    assert host.read(NPMRC) == b"; mine\r\nfund=false\r\n"  # the ledger had the added line break, too


def test_a_home_that_was_moved(host: ActingHost) -> None:
    """A setting that names a missing managed file in the old home is managed: `add` renews it, `remove` undoes it."""
    old = "/home/old/.local/share/trustinstall/bundle.pem"
    write(host, NPMRC, b"fund=false\ncafile=" + old.encode() + b"\n")
    assert results(change(host))[NPMRC] is Result.ADDED
    assert host.read(NPMRC) == b"fund=false\ncafile=" + BUNDLE.encode() + b"\n"
    assert results(change(host, trusted=False))[NPMRC] is Result.REMOVED
    assert host.read(NPMRC) == b"fund=false\n"
    write(host, NPMRC, b"cafile=" + old.encode() + b"\n")
    assert results(change(host, trusted=False))[NPMRC] is Result.REMOVED
    assert host.read(NPMRC) == b""


def test_a_root_that_the_system_has_stays_with_the_systems(host: ActingHost) -> None:
    """Our copy goes, the system's stays in the bundle, and no store says that the root was removed."""
    write(host, SYSTEM, PUBLIC.pem + CORP.pem)
    change(host, 0)
    change(host, 1)
    gone = change(host, 0, trusted=False)
    assert (gone[BUNDLE].result, gone[NPMRC].result) == (Result.FOREIGN, Result.FOREIGN)
    assert gone[CLAUDE].result is Result.ABSENT  # the file that it adds to its own roots holds managed roots only
    assert gone[BUNDLE].foreign == gone[NPMRC].foreign == (ROOTS[0].sha256,)
    assert (host.read(BUNDLE).count(CORP.pem), CORP.pem in host.read(ANCHORS)) == (1, False)
    last = change(host, 1, trusted=False)
    assert results(last)[NPMRC] is Result.REMOVED
    assert host.status(OWN) is None


@pytest.mark.parametrize("store", [("settings:npm",), ("settings",)], ids=["one that replaces", "all"])
def test_both_scopes_in_either_order(host: ActingHost, store: tuple[str, ...]) -> None:
    """A root that the account adds while the system has it is managed in both files; it outlasts the system's."""
    write(host, SYSTEM, PUBLIC.pem + CORP.pem)
    change(host, 1, store=store)
    assert results(change(host, 0, store=store))[BUNDLE] is Result.ADDED
    assert CORP.pem in host.read(ANCHORS)
    write(host, SYSTEM, PUBLIC.pem)
    assert CORP.pem in host.read(BUNDLE)
    assert results(change(host, 0, trusted=False, store=store))[BUNDLE] is Result.REMOVED
    assert CORP.pem not in host.read(BUNDLE)


def test_one_of_the_files_was_deleted(host: ActingHost) -> None:
    """Both files count: where one is missing, `add` writes it again, and `remove` takes the other one away."""
    before = tree(host)
    for path in (ANCHORS, BUNDLE):
        change(host)
        Path(host.where(path)).unlink()
        assert results(change(host))[BUNDLE] is Result.ADDED
        assert CORP.pem in host.read(path)
        Path(host.where(path)).unlink()
        change(host, trusted=False)
        assert tree(host) == before


def test_a_mark_that_was_lost(host: ActingHost) -> None:
    """Where our marks in the account's own bundle are gone, the certificate is another author's: left, and named."""
    write(host, THEIRS, PUBLIC.pem)
    write(host, NPMRC, _names(THEIRS))
    change(host, store=("settings:npm",))
    write(host, THEIRS, PUBLIC.pem + CORP.pem)
    gone = change(host, trusted=False, store=("settings:npm",))[NPMRC]
    assert (gone.result, gone.foreign) == (Result.FOREIGN, (ROOTS[0].sha256,))
    assert host.read(THEIRS) == PUBLIC.pem + CORP.pem


def test_the_last_root_knows_what_the_first_one_wrote(host: ActingHost) -> None:
    """The ledger notes with each root the file that was created and the text that was put in."""
    before = tree(host)
    for number in (0, 1):
        change(host, number)
    for number in (0, 1):
        change(host, number, trusted=False)
    assert tree(host) == before
