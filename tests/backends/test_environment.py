"""Files that carry variables on systems that are not at hand, and files that are not ours to change."""

from __future__ import annotations

import os
import plistlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Selection, Wish
from trustinstall.engine.scope import Engine
from trustinstall.host import Account, ActingHost
from trustinstall.stores.store import Places
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle

CORP, PUBLIC = make_root("Corp Root"), make_root("Public Root")
AGENT = "/Users/alice/Library/LaunchAgents/trustinstall.environment.plist"
OWN = "/Users/alice/Library/Application Support/trustinstall"


@pytest.fixture
def mac() -> Iterator[ActingHost]:
    """A Mac with its bundle of roots and a home of alice's; root plays her while it lasts."""
    uid, root = os.geteuid() or 1000, os.geteuid() == 0
    with tempfile.TemporaryDirectory() as top:
        os.chown(top, uid, -1)
        os.seteuid(uid)
        try:
            host = ActingHost("darwin", top, {}, Account(uid, os.getegid(), "alice", "/Users/alice"))
            for path, content in (("/etc/ssl/cert.pem", PUBLIC.pem), ("/bin/zsh", b""), ("/Users/alice/.zshenv", b"")):
                real = Path(host.where(path))
                real.parent.mkdir(parents=True, exist_ok=True)
                real.write_bytes(content)
            Path(host.where("/bin/zsh")).chmod(0o755)
            yield host
        finally:
            os.seteuid(0 if root else uid)


def change(host: ActingHost, *, trusted: bool, mode: str = "") -> dict[str, Result]:
    """Run the engine to add or remove the root; results by the store's location."""
    wish = Wish((Certificate(CORP.der),), trusted, by="alice")
    scope = Engine(host, (OwnBundle(), Environment(mode)), lambda _doing: None).change(wish, Places(), Selection())
    return {one.store.location: one.result for one in scope.outcomes}


def test_what_a_macs_desktop_starts_is_told_by_an_agent(mac: ActingHost) -> None:
    """A launchd agent of ours alone sets what adds, as property lists are read, and goes with the last root."""
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
    real = Path(mac.where(AGENT))
    real.parent.mkdir(parents=True)
    real.write_text("<plist/>", encoding="utf-8")
    found = change(mac, trusted=True)
    assert (found[AGENT], found["/Users/alice/.zshenv"]) == (Result.FAILED, Result.ADDED)
    assert mac.read(AGENT) == b"<plist/>"


def test_another_mode_writes_the_agent_anew(mac: ActingHost) -> None:
    """With --env replace the agent also names our whole bundle; with --env add it is as before."""
    change(mac, trusted=True)
    before = mac.read(AGENT)
    change(mac, trusted=True, mode="replace")
    assert f"SSL_CERT_FILE '{OWN}/bundle.pem'" in plistlib.loads(mac.read(AGENT))["ProgramArguments"][2]
    change(mac, trusted=True, mode="add")
    assert mac.read(AGENT) == before
