"""Chromium and Firefox agree with the rules of the doctor about a chain of each kind; the tables are printed."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.end_to_end.browsers.conftest import PAGE
from tests.support.chains import CHAINS
from tests.support.throwaway import Throwaway
from tests.support.tls import Server
from tests.support.verdicts import disagreement, judged, table
from trustinstall.doctor.families import FAMILIES

pytestmark = pytest.mark.timeout(300)

_PATIENCE = 90.0  # seconds; on a quiet machine it takes five
#: What a page does with a kind, and the host and port of its server, after a while: a new Firefox loads its first page
#: twice.
_ASK = """fetch(`https://${host}:${port}/`, {mode: "no-cors"}).then(() => "yes", () => "no")
    .then(yes => fetch(`/said/${name}/${yes}`));"""
BROWSERS = {
    "chromium": (
        *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--virtual-time-budget=60000", "--user-data-dir=/tmp/chromium-verifiers"),
        "--host-resolver-rules=MAP *.test 127.0.0.1",
    ),
    "firefox": ("firefox-esr", "--headless", "--no-remote", "--profile", "/tmp/firefox-verifiers"),
}


@pytest.fixture
def machine() -> Iterator[Throwaway]:
    """A machine whose policies make both browsers trust the anchors of every chain."""
    anchors = [one for chain in CHAINS.values() for one in chain.anchors]
    with Throwaway(java=False, browsers=True) as root:
        texts = [base64.b64encode(one.der).decode() for one in anchors]
        root.write("/etc/chromium/policies/managed/anchors.json", json.dumps({"CACertificates": texts}))
        paths = [f"/srv/anchor-{number}.pem" for number in range(len(anchors))]
        for path, one in zip(paths, anchors, strict=True):
            root.write(path, one.pem)
        policies = {"policies": {"Certificates": {"Install": paths}}}
        root.write("/etc/firefox/policies/policies.json", json.dumps(policies))
        root.run(["mkdir", "/tmp/firefox-verifiers"], user="alice", check=True)
        root.write("/tmp/firefox-verifiers/user.js", 'user_pref("network.dns.forceResolve", "127.0.0.1");\n')
        yield root


@pytest.mark.parametrize("word", BROWSERS)
def test_a_browser_agrees_with_its_rules(word: str, machine: Throwaway) -> None:
    """A page asks each server, and says which of them have answered."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(Server(chain.leaf)) for name, chain in CHAINS.items()}
        ports = json.dumps([[name, CHAINS[name].host, server.port] for name, server in servers.items()])
        page = f"<script>setTimeout(() => {{ for (const [name, host, port] of {ports}) {_ASK} }}, 5000)</script>"
        start = stack.enter_context(Server(CHAINS["good"].leaf, {PAGE: page.encode()}))
        process = machine.popen([*BROWSERS[word], f"{start.url}{PAGE}"], user="alice")
        try:
            end = time.monotonic() + _PATIENCE
            while servers.keys() - (said := _said(start)).keys():
                assert time.monotonic() < end, servers.keys() - said.keys()
                time.sleep(0.1)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    predicted = judged(FAMILIES[word])
    print(table(FAMILIES[word].name, said, predicted))
    assert disagreement(said, predicted) == {}


def _said(start: Server) -> dict[str, bool]:
    words = [path.split("/") for path in [*start.asked] if path.startswith("/said/")]
    return {name: yes == "yes" for _, _, name, yes in words}
