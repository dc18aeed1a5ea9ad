"""Files that carry variables on systems that are not at hand, and files that trustinstall must not change."""

from __future__ import annotations

import plistlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import fake_host
from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.engine.outcome import Result
from trustinstall.host import ActingHost
from trustinstall.installer import environment
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle

CORP, OTHER, PUBLIC = make_root("Corp Root"), make_root("Other Root"), make_root("Public Root")
AGENT = "/Users/alice/Library/LaunchAgents/trustinstall.environment.plist"
OWN = "/Users/alice/Library/Application Support/trustinstall"


@pytest.fixture
def mac() -> Iterator[ActingHost]:
    """A Mac with its bundle of roots and a home of alice's; root plays her while it lasts."""
    with played("/Users/alice", platform="darwin") as host:
        write(host, "/etc/ssl/cert.pem", PUBLIC.pem)
        program(host, "/bin/zsh", "")
        write(host, "/Users/alice/.zshenv")
        yield host


def change(host: ActingHost, *, trusted: bool, mode: str = "") -> dict[str, Result]:
    """Run the engine to add or remove the root; results by the store's location."""
    wish = fake_host.wish(CORP.der, trusted=trusted)
    found = fake_host.change(host, (OwnBundle(), Environment(mode)), wish)
    return {one.store.location: one.result for one in found}


def test_what_a_macs_desktop_starts_is_told_by_an_agent(mac: ActingHost) -> None:
    """A managed launchd agent sets the variables that add, as property lists are read, and goes with the last root."""
    assert change(mac, trusted=True)[AGENT] is Result.ADDED
    agent = plistlib.loads(mac.read(AGENT))
    assert (agent["Label"], agent["RunAtLoad"]) == ("trustinstall.environment", True)
    assert agent["ProgramArguments"][:2] == ["/bin/sh", "-c"]
    said = agent["ProgramArguments"][2]
    assert f"/bin/launchctl setenv NODE_EXTRA_CA_CERTS '{OWN}/anchors.pem'; " in said
    assert "SSL_CERT_FILE" not in said
    assert b"NODE_EXTRA_CA_CERTS" in mac.read("/Users/alice/.zshenv")
    assert change(mac, trusted=False)[AGENT] is Result.REMOVED
    assert (mac.status(AGENT), mac.read("/Users/alice/.zshenv")) == (None, b"")
    assert mac.status("/Users/alice/Library/LaunchAgents") is None


def test_an_agent_that_is_somebody_elses_is_left(mac: ActingHost) -> None:
    """A file of that name that we have not made is named and left, and the other places are done."""
    write(mac, AGENT, "<plist/>")
    found = change(mac, trusted=True)
    assert (found[AGENT], found["/Users/alice/.zshenv"]) == (Result.FAILED, Result.ADDED)
    assert mac.read(AGENT) == b"<plist/>"


def test_another_mode_writes_the_agent_anew(mac: ActingHost) -> None:
    """With --variables replace the agent also names our whole bundle; with --variables add it is as before."""
    change(mac, trusted=True)
    before = mac.read(AGENT)
    change(mac, trusted=True, mode="replace")
    assert f"SSL_CERT_FILE '{OWN}/bundle.pem'" in plistlib.loads(mac.read(AGENT))["ProgramArguments"][2]
    change(mac, trusted=True, mode="add")
    assert mac.read(AGENT) == before


PROFILE = "/home/alice/.profile"
DATA = "/home/alice/.local/share/trustinstall"


@pytest.fixture
def linux() -> Iterator[ActingHost]:
    """A Linux with the system's roots, a shell, and alice's ~/.profile; root plays her while it lasts."""
    with played() as host:
        write(host, "/etc/ssl/certs/ca-certificates.crt", PUBLIC.pem)
        program(host, "/bin/sh", "")
        write(host, PROFILE, "# mine")
        yield host


@pytest.mark.parametrize("ledger", [True, False], ids=["the ledger knows", "the ledger is lost"])
def test_a_line_of_others_in_our_section_stays(linux: ActingHost, *, ledger: bool) -> None:
    """A line that the account wrote between our marks stays when our lines go, and counts while they are there."""
    change(linux, trusted=True)
    before = linux.read(PROFILE)
    mine = b"export PIP_CERT=/home/alice/company.pem\n"
    write(linux, PROFILE, before.replace(b"# <<< trustinstall", mine + b"\n# why\n# <<< trustinstall"))
    if not ledger:
        Path(linux.where("/home/alice/.local/state/trustinstall/ledger.json")).unlink()
    assert change(linux, trusted=False)[PROFILE] is Result.REMOVED
    assert linux.read(PROFILE) == mine + b"\n# why\n# mine"


def test_a_line_of_others_stays_in_another_mode(linux: ActingHost) -> None:
    """When our lines are written in another mode, another author's line stays, and its variable is left to it."""
    change(linux, trusted=True, mode="add")
    mine = b"export PIP_CERT=/home/alice/company.pem\n"
    write(linux, PROFILE, linux.read(PROFILE).replace(b"# <<< trustinstall", mine + b"# <<< trustinstall"))
    assert change(linux, trusted=True, mode="replace")[PROFILE] is Result.ADDED
    text = linux.read(PROFILE)
    assert (text.count(b"PIP_CERT"), text.count(b">>> trustinstall"), b"SSL_CERT_FILE" in text) == (1, 1, True)
    assert change(linux, trusted=True, mode="replace")[PROFILE] is Result.ALREADY
    assert change(linux, trusted=False)[PROFILE] is Result.REMOVED
    assert linux.read(PROFILE) == mine + b"# mine"


def test_a_section_of_a_home_that_was_moved(linux: ActingHost) -> None:
    """A section that names our files in the old home is written again by `add`, and goes with `remove`."""
    change(linux, trusted=True)
    write(linux, PROFILE, linux.read(PROFILE).replace(b"/home/alice/", b"/home/old/"))
    assert change(linux, trusted=True)[PROFILE] is Result.ADDED
    assert (b"/home/old/" in linux.read(PROFILE), DATA.encode() in linux.read(PROFILE)) == (False, True)
    write(linux, PROFILE, linux.read(PROFILE).replace(b"/home/alice/", b"/home/old/"))
    Path(linux.where("/home/alice/.local/state/trustinstall/ledger.json")).unlink()
    assert change(linux, trusted=False)[PROFILE] is Result.REMOVED
    assert linux.read(PROFILE) == b"# mine"


DART = "DART_VM_OPTIONS"


def test_options_that_are_set_before_are_kept(linux: ActingHost) -> None:
    """Our option is joined to those of the machine, and the machine's file says nothing that cannot be reached."""
    write(linux, "/etc/profile", f"export {DART}=--enable-asserts\n")
    found = fake_host.change(linux, (OwnBundle(), Environment()), fake_host.wish(CORP.der))
    (profile,) = [one for one in found if one.store.location == PROFILE]
    assert (profile.result, DART in profile.store.clients) == (Result.ADDED, False)
    assert f"${DART},}}--root-certs-file={DATA}/bundle.pem".encode() in linux.read(PROFILE)
    assert {one.result for one in found} == {Result.ADDED}


def test_options_that_a_later_line_sets(linux: ActingHost) -> None:
    """Where the account's own line takes our option back, the store says for which variable it does not count."""
    write(linux, PROFILE, f"export {DART}=--enable-asserts\n")
    found = fake_host.change(linux, (OwnBundle(), Environment()), fake_host.wish(CORP.der))
    (profile,) = [one for one in found if one.store.location == PROFILE]
    assert profile.store.clients.endswith(f", but for what reads {DART}")
    assert change(linux, trusted=False)[PROFILE] is Result.REMOVED


def test_options_that_are_set_unless_they_are(linux: ActingHost) -> None:
    """Our option is left out where the account's own would not be set any more."""
    mine = f"export {DART}=${{{DART}:---enable-asserts}}\n"
    write(linux, PROFILE, mine)
    assert change(linux, trusted=True)[PROFILE] is Result.ADDED
    assert linux.read(PROFILE).count(DART.encode()) == mine.count(DART)


def test_the_roots_that_an_option_names(linux: ActingHost) -> None:
    """A bundle of the account that its option names gets the root, and no other is named beside it."""
    write(linux, "/home/alice/mine.pem", PUBLIC.pem)
    mine = f"export {DART}=--enable-asserts,--root-certs-file=/home/alice/mine.pem\n"
    write(linux, PROFILE, mine)
    found = change(linux, trusted=True)
    assert found["/home/alice/mine.pem"] is Result.ADDED
    assert CORP.pem.split()[5] in linux.read("/home/alice/mine.pem")


@pytest.mark.parametrize(
    ("callers", "said"),
    [
        ("", "{ours}"),
        ("--enable-asserts", "--enable-asserts,{ours}"),
        ("--root-certs-cache=/etc/ssl/certs", None),
        ("$(id)", None),
    ],
)
def test_what_env_says_of_options(linux: ActingHost, callers: str, said: str | None) -> None:
    """`env` keeps the caller's own options, and leaves the variable where they name roots or cannot be quoted."""
    change(linux, trusted=True)
    ours = f"--root-certs-file={DATA}/bundle.pem"
    values = environment.values(replace(linux, environ={DART: callers}), replacing=True)
    assert values.get(DART) == (said.format(ours=ours) if said is not None else None)


def test_a_second_root_and_a_shell_line_without_its_end(linux: ActingHost) -> None:
    """What was put in for the first root goes with the second one, to the byte."""
    write(linux, PROFILE, "#!/bin/sh")
    change(linux, trusted=True)
    fake_host.change(linux, (OwnBundle(), Environment()), fake_host.wish(OTHER.der))
    change(linux, trusted=False)
    fake_host.change(linux, (OwnBundle(), Environment()), fake_host.wish(OTHER.der, trusted=False))
    assert linux.read(PROFILE) == b"#!/bin/sh"
