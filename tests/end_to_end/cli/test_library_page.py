"""The page about the library: each of its examples runs as it is printed, in a throw-away Debian."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.end_to_end.clients.table import REFUSES, TRUSTS, Janus
from tests.support.fresh import copy_in, downloads
from tests.support.inspecting import inspecting
from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway
from tests.support.tls import Server

CORP = make_root("Corp Root")
_PAGE = Path(__file__).parents[3] / "docs/reference/library.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INTRANET = "https://intranet.example"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def block(part: str) -> str:
    """The one example with a part, with the fingerprint of the test's own root."""
    found = [text for text in _BLOCK.findall(_PAGE.read_text()) if part in text]
    assert len(found) == 1
    return _FINGERPRINT.sub(CORP.sha256, found[0])


def test_the_first_example_adds_and_removes(fresh: Throwaway) -> None:
    """It says how many stores would change, changes them, finds them complete, and leaves its records alone behind."""
    fresh.write("/srv/corp.crt", CORP.pem)
    fresh.write("/srv/example.py", block("TrustInstallError"))
    before = fresh.changes()
    done = fresh.run([*PROGRAM[:2], "example.py"], cwd="/srv", check=True)
    planned, verdict = done.stdout.splitlines()
    number, of = re.findall(r"\d+", planned)
    assert (0 < int(number) <= int(of), verdict, done.stderr) == (True, "True True 2", "")
    assert {path for path in fresh.changes() if not path.startswith("/var/lib/trustinstall")} == set(before)


def test_its_error_is_a_stable_word_and_a_sentence(fresh: Throwaway) -> None:
    """A file of another fingerprint is refused before anything is looked at."""
    fresh.write("/srv/corp.crt", make_root("Another Root").pem)
    fresh.write("/srv/example.py", block("TrustInstallError"))
    done = fresh.run([*PROGRAM[:2], "example.py"], cwd="/srv")
    assert (done.returncode, done.stderr.startswith("certificate-refused: corp.crt: Another Root")) == (1, True)


def run_example(root: Throwaway, first: str) -> tuple[str, str]:
    """The output and the errors of an example of the page, run beside the corporate root's file."""
    root.write("/srv/corp.crt", CORP.pem)
    root.write("/srv/example.py", block(first))
    done = root.run([*PROGRAM[:2], "example.py"], cwd="/srv", check=True)
    return done.stdout, done.stderr


def test_the_log_tells_what_was_done(fresh: Throwaway) -> None:
    """The command with the full fingerprint, its end, and nothing on standard output."""
    out, log = run_example(fresh, "import logging")
    first, last = log.splitlines()
    assert (out, first) == ("", f"INFO add: Corp Root, SHA-256 {CORP.sha256}, scope: machine")
    assert re.fullmatch(r"INFO add ended: \d+ stores, 0 failed", last)


def test_an_asyncio_program_adds_in_a_thread(fresh: Throwaway) -> None:
    """The event loop's thread is not the one that works."""
    assert run_example(fresh, "await asyncio.to_thread") == ("True\n", "")


_THREADS = """
import os, signal, threading
from concurrent.futures import ThreadPoolExecutor
from trustinstall import Installer, load_certificates

def state():
    umask = os.umask(0o077)
    os.umask(umask)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    return umask, os.getcwd(), dict(os.environ), handlers

def added(path):
    return Installer().add(load_certificates(path), scope="machine", stores="system").ok

before, forked = state(), []
os.register_at_fork(before=lambda: forked.append(1))
with ThreadPoolExecutor(2) as pool:
    print(*pool.map(added, ["corp.crt", "second.crt"]))
print(sorted(one.name for one in Installer().list() if one.complete), state() == before, forked)
"""


def test_two_threads_add_as_one_after_the_other(fresh: Throwaway) -> None:
    """Both roots are trusted at the end; no state of the process has changed, and nothing was forked."""
    fresh.write("/srv/corp.crt", CORP.pem)
    fresh.write("/srv/second.crt", make_root("Second Root").pem)
    done = fresh.run([*PROGRAM[:2], "-c", _THREADS], cwd="/srv", check=True)
    assert done.stdout.splitlines() == ["True True", "['Corp Root', 'Second Root'] True []"]


#: The clients of the page, and each package that one of them needs.
CLIENTS = ("urllib", "urllib3", "requests", "httpx", "aiohttp")
_PACKAGES = ("requests", "httpx", "aiohttp", "urllib3")


#: Runs an example, and each of its requests by itself: what it prints, or that it was refused.
_EACH = """
import ast, sys
sys.path.append("/srv/clients")
scope = {}
source = open("/srv/clients.py").read()
for node in ast.parse(source).body:
    text = ast.get_source_segment(source, node)
    try:
        exec(text, scope)
    except Exception as error:
        if "certificate verify failed" not in str(error):
            raise
        print(text.partition('"')[2].partition('"')[0] or "aiohttp", "refused")
"""


def install_clients(root: Throwaway) -> None:
    """Put the packages where the example finds them."""
    copy_in(root, downloads(*_PACKAGES), "/opt/wheels")
    pip = ("pip3", "install", "--quiet", "--no-index", "--find-links=/opt/wheels", "--target=/srv/clients")
    root.run([*pip, *_PACKAGES], check=True)


@pytest.mark.timeout(300)
def test_each_client_trusts_what_was_added(fresh: Throwaway) -> None:
    """Root's and alice's each refuse the server before its root is added for the machine, and once it is removed."""
    install_clients(fresh)
    fresh.write("/srv/corp.crt", CORP.pem)

    def asked() -> list[str]:
        found = [fresh.run([*PROGRAM[:2], "-c", _EACH], user=user, check=True).stdout for user in ("root", "alice")]
        assert found[0] == found[1]
        return found[0].splitlines()

    with Server(CORP.issue("localhost")) as server:
        fresh.write("/srv/clients.py", block("import aiohttp").replace(_INTRANET, server.url))
        refused = [f"{name} refused" for name in CLIENTS]
        assert asked() == refused
        fresh.trustinstall("add", "/srv/corp.crt", check=True)
        assert asked() == [f"{name} 200" for name in CLIENTS]
        fresh.trustinstall("remove", "/srv/corp.crt", check=True)
        assert asked() == refused


def test_a_pinned_root_is_an_example_that_runs(fresh: Throwaway) -> None:
    """Its function lets the company's own root through, and says why another is refused."""
    fresh.write("/srv/corp.crt", CORP.pem)
    ask = "import urllib.request\nprint(urllib.request.urlopen('URL', context=context).status)\n"
    with Server(CORP.issue("localhost")) as server:
        example = block("PINNED") + ask.replace("URL", server.url)
        for name, text in (("own", example), ("other", example.replace(CORP.sha256, "0" * 64))):
            fresh.write(f"/srv/{name}.py", text)
        assert fresh.run([*PROGRAM[:2], "own.py"], cwd="/srv", check=True).stdout == "200\n"
        assert "localhost is not of the company's own root" in fresh.run([*PROGRAM[:2], "other.py"], cwd="/srv").stderr


#: The error of each client as the page's third example prints it: the library, and how it asks a server.
_EXPLAINED = """
import asyncio, sys, urllib.request
sys.path.append("/srv/clients")
import aiohttp, httpx, requests, urllib3
from trustinstall import explain

async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url):
        pass

asks = {
    "urllib": urllib.request.urlopen,
    "urllib3": lambda url: urllib3.PoolManager().request("GET", url),
    "requests": requests.get,
    "httpx": httpx.get,
    "aiohttp": lambda url: asyncio.run(with_aiohttp(url)),
}
for name, ask in asks.items():
    try:
        ask(sys.argv[1])
    except Exception as error:
        why = explain(error)
        print(name, why.server, why.layer, why.reason.code, why.decided_by, sep="; ")
"""


@pytest.mark.timeout(300)
def test_the_error_of_each_client_is_explained(fresh: Throwaway) -> None:
    """Each leads to the server and the reason, and names what decided which roots were asked."""
    install_clients(fresh)
    ssl, own = "the default of Python's ssl", "the default of {}".format
    decided = {"urllib": ssl, "urllib3": ssl, "requests": own("requests"), "httpx": own("httpx"), "aiohttp": ssl}
    with Server(CORP.issue("localhost")) as server:
        said = fresh.run([*PROGRAM[:2], "-c", _EXPLAINED, server.url], user="alice", check=True, timeout=120).stdout
        at = f"localhost:{server.port}"
        assert said.splitlines() == [f"{name}; {at}; certificate; unknown-issuer; {by}" for name, by in decided.items()]
        example = "import sys\nsys.path.append('/srv/clients')\n" + block(
            "import requests\n\nfrom trustinstall import explain"
        )
        fresh.write("/srv/why.py", example.replace(_INTRANET, server.url))
        first, line = fresh.run([*PROGRAM[:2], "/srv/why.py"], user="alice", check=True).stdout.splitlines()
        assert first == f"{at} certificate unknown-issuer the default of requests"
        assert line.startswith(f"{at}: certificate failure: ")


EVENTS = "https://events.example/janus"


@pytest.mark.timeout(300)
def test_janus_behind_an_inspecting_proxy_is_explained_and_mended(fresh: Throwaway) -> None:
    """Its log names no root; the example does, and the command that it prints makes the gateway's events arrive."""
    proxy_root = make_root("Inspecting Proxy Root")
    fresh.write("/srv/root.pem", proxy_root.pem)
    fresh.write("/srv/why.py", block("EVENTS"))
    with inspecting(proxy_root) as proxy:
        server = proxy.server_of("events.example")
        janus = Janus(events=EVENTS.replace("/janus", "/events"), proxy=proxy.url)
        assert janus.ask(fresh, server) == REFUSES
        fresh.run(["cp", f"/srv/janus-{server.port}/log", "/srv/janus.log"], check=True)

        def explained() -> str:
            env = {"https_proxy": proxy.url}
            return fresh.run([*PROGRAM[:2], "why.py"], cwd="/srv", env=env, check=True).stdout

        through = proxy.url.removeprefix("http://")
        assert explained().startswith(f"events.example:443 through the proxy {through}: certificate failure: ")
        assert "refused here by debian, " in explained()
        assert "Inspecting Proxy Root is not trusted" in explained()
        fresh.trustinstall("add", "/srv/root.pem", "--sha256", proxy_root.sha256, check=True)
        assert janus.ask(fresh, server) == TRUSTS
        assert "refused here by Node.js: " in explained()  # its variable is for new sessions; curl and others accept
        fresh.trustinstall("remove", proxy_root.sha256, check=True)
        assert janus.ask(fresh, server) == REFUSES
