"""A throw-away machine with real browsers, and the servers that they are asked to visit."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"
#: What the short form runs: each kind of store once, for both browsers. The full form runs all of it.
SHORT = (
    "test_chromium.py::test_the_machines_policy",
    "test_accounts.py::test_chromium_that_was_never_started",
    "test_accounts.py::test_firefox_for_two_accounts",
    "test_imports.py::test_imports_go_with_the_policy[root]",
    "test_report.py::test_the_page_fits_a_telephone_and_a_desk",
    "test_verifiers.py::test_a_browser_agrees_with_its_rules[chromium]",
    "test_verifiers.py::test_a_browser_agrees_with_its_rules[firefox]",
)

CERTIFICATE = "/srv/corp.crt"
PAGE = "/simple/page/"  # the server says that what lies below /simple is HTML
_TURN = count()
_PATIENCE = 60.0  # seconds; on a quiet machine it takes one or two

_CHROMIUM = (
    "chromium",
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--dump-dom",
)
_FIREFOX = ("firefox-esr", "--headless", "--no-remote", "--screenshot")


@dataclass(frozen=True)
class Scene:
    """The machine, and two servers: of the corporate root, and of a root that is never added.

    The unknown root has the same name, so that a client cannot tell the roots apart by the name.
    """

    root: Throwaway
    corporate: Server
    unknown: Server
    corporate_root: Root
    unknown_root: Root

    def chromium(self, server: Server, user: str = "alice", profile: str = "") -> bool:
        """Whether Chromium shows a server's page, in a profile of that name (or a new one)."""
        where = f"/home/{user}/chromium-{profile or f'new-{next(_TURN)}'}"
        return self._visits([*_CHROMIUM, f"--user-data-dir={where}"], server, user)

    def firefox(self, server: Server, user: str = "alice", profile: str = "") -> bool:
        """Whether Firefox asks a server for a page, in a profile at that path (or a new one)."""
        where = profile or f"/tmp/firefox-{user}-{next(_TURN)}"
        self.root.run(["mkdir", "-p", where], user=user, check=True)
        return self._visits([*_FIREFOX, f"{where}/shot.png", "--profile", where], server, user)

    def _visits(self, command: list[str], server: Server, user: str) -> bool:
        """Whether a request of the browser's comes through before it hangs up in the handshake.

        What it would say or draw is no evidence, and Firefox never ends where it refuses.
        """
        page, refused = f"{PAGE}?{next(_TURN)}", server.refusals
        process = self.root.popen([*command, f"{server.url}{page}"], user=user)
        try:
            end = time.monotonic() + _PATIENCE
            while time.monotonic() < end:
                if page in server.asked:
                    with suppress(Exception):  # so that what it keeps is on disk
                        process.wait(10)
                    return True
                if server.refusals > refused:
                    return False
                time.sleep(0.02)
            raise AssertionError(f"{command[0]} has not so much as begun to talk to the server")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture(scope="module")
def stage() -> Iterator[Scene]:
    """The scene, with the corporate root's certificate at CERTIFICATE and not trusted by any client."""
    corporate, unknown = make_root("Corp Root"), make_root("Corp Root")
    files = {PAGE: b"<p>hello</p>"}
    with (
        Server(corporate.issue("localhost", "127.0.0.1"), files) as known,
        Server(unknown.issue("localhost", "127.0.0.1"), files) as stranger,
        Throwaway(java=False, browsers=True) as root,
    ):
        root.write(CERTIFICATE, corporate.pem)
        root.freeze()
        yield Scene(root, known, stranger, corporate, unknown)


@pytest.fixture
def scene(stage: Scene) -> Scene:
    """The scene as it was set up."""
    stage.root.reset()
    return stage


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose what the short form runs of this directory."""
    here = str(Path(__file__).parent)
    long = [one for one in items if str(one.path).startswith(here) and not one.nodeid.endswith(SHORT)]
    if long and not FULL:
        items[:] = [one for one in items if one not in long]
        config.hook.pytest_deselected(items=long)
