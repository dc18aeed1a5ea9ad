"""Settings as people have them, and the real clients that read them: the old root still works, and the added one.

The private root is one that the account's own settings, or the administrator's, already trust; the other is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest

from tests.end_to_end.clients.asking import Asking
from tests.end_to_end.clients.programs import APP, BOTOCORE, FAILED, NODE_REFUSES, NPM, PIP, sh
from tests.end_to_end.clients.table import REFUSES, TRUSTS
from tests.end_to_end.clients.ways import WAYS
from tests.support.fresh import copy_in, downloads
from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(600)

CERTIFICATE = "/srv/corp.crt"
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
LENT = (*PROGRAM, "run", "--cert", CERTIFICATE, "--")
LOGIN = next(one for one in WAYS if one.name == "bash -l").before
_SETUP = """
set -e
python3 -m venv --without-pip /srv/many
pip3 --python /srv/many/bin/python install --quiet --no-index --find-links /opt/wheels pip botocore
"""
CLIENTS = (
    Asking("git", ("git", "ls-remote", "{url}"), "server certificate verification failed"),
    Asking("pip", sh(PIP), FAILED),
    Asking("curl", ("curl", "--silent", "--show-error", "{url}"), r"curl: \(60\)"),
    Asking("npm", sh(NPM), NODE_REFUSES),
    Asking("wget", ("wget", "-nv", "--tries=1", "-O", "-", "{url}"), "certificate of .localhost. is not trusted"),
    Asking("hg", ("hg", "identify", "{url}"), FAILED),
    Asking("botocore", (APP, "-c", BOTOCORE, "{url}"), "SSL validation failed"),
)
NAMES = tuple(one.name for one in CLIENTS)
#: The account's own settings: each names a bundle of its own, ~/c/CLIENT.pem, in a way that people have.
OWN = {
    ".gitconfig": "[user]\n\tname = a\n[http]\n\tsslCAInfo = ~/c/git.pem ; mine\n",
    ".pip/pip.conf": "[global]\ntimeout = 9\n[download]\ncert = ~/c/pip.pem\n",
    ".curlrc": "# mine\ncacert = /home/alice/c/curl.pem\n",
    ".npmrc": "; mine\nfund=false\ncafile=${HOME}/c/npm.pem\n",
    ".wgetrc": "CA-Certificate = ~/c/wget.pem\n",
    ".config/hg/hgrc": "[web]\ncacerts = $HOME/c/hg.pem\n",
    ".aws/config": "[profile default]\nregion = eu-west-1\nca_bundle = /home/alice/c/botocore.pem\n",
}
#: The administrator's settings name a bundle of root's.
_CORPORATE = "/etc/corp/bundle.pem"
MACHINES = {
    "/etc/xdg/pip/pip.conf": f"[global]\ncert = {_CORPORATE}\n",
    "/usr/etc/npmrc": f"cafile={_CORPORATE}\n",
}


@dataclass
class Scene:
    """A throw-away root with the clients in it, and servers under the private root and under the added one."""

    root: Throwaway
    private: Server
    ours: Server
    bundle: bytes
    names: Sequence[str] = NAMES

    def ask(self, before: Sequence[str] = LOGIN) -> dict[str, tuple[str, str]]:
        """What each client, started by `before`, does with the server under the private root, and the added one."""
        asked = [one for one in CLIENTS if one.name in self.names]
        with ThreadPoolExecutor(3) as pool:
            private = pool.map(partial(self._ask, self.private, before), asked)
            ours = pool.map(partial(self._ask, self.ours, before), asked)
            return dict(zip(self.names, zip(private, ours, strict=True), strict=True))

    def _ask(self, server: Server, before: Sequence[str], client: Asking) -> str:
        return client.ask(self.root, server, before)

    def home(self) -> dict[str, str]:
        """Every file of alice's home but our own state and what clients leave, by what it holds."""
        command = (
            "find . -type f | grep -Ev '^./(npm|p)-|/[.]local/state/|/[.](cache|npm)/|wget-hsts' | xargs sha256sum"
        )
        listed = self.root.run(["sh", "-c", command], user="alice", check=True).stdout
        return {path: digest for digest, path in (line.split(maxsplit=1) for line in listed.splitlines())}


@pytest.fixture(scope="module")
def clients() -> Iterator[Scene]:
    """All clients, installed, and no settings."""
    private, ours = make_root("Private Root"), make_root("Corp Root")
    with (
        Server(private.issue("localhost")) as theirs,
        Server(ours.issue("localhost")) as known,
        Throwaway(java=False) as root,
    ):
        copy_in(root, downloads("pip==24.1", "botocore"), "/opt/wheels")
        root.run(["sh", "-c", _SETUP], timeout=180, check=True)
        root.write(CERTIFICATE, ours.pem)
        root.freeze()
        yield Scene(root, theirs, known, root.read(SYSTEM) + private.pem)


@pytest.fixture
def scene(clients: Scene) -> Scene:
    """The same, as at the start."""
    clients.root.reset()
    clients.names = NAMES
    return clients


def test_a_root_that_the_accounts_settings_trust_stays_trusted(scene: Scene) -> None:
    """Without root: each client reaches both servers after `add`, and after `remove` every byte is as before."""
    for path, content in OWN.items():
        scene.root.write(f"/home/alice/{path}", content, user="alice")
    for name in NAMES:
        scene.root.write(f"/home/alice/c/{name}.pem", scene.bundle, user="alice")
    assert scene.ask() == dict.fromkeys(NAMES, (TRUSTS, REFUSES))
    before = scene.home()
    # curl and npm read their settings with any variables, and no file of an account is changed for one command
    lent = {name: answer for name, answer in scene.ask(LENT).items() if name not in {"curl", "npm"}}
    assert lent == dict.fromkeys(lent, (TRUSTS, TRUSTS))
    done = scene.root.trustinstall("add", CERTIFICATE, user="alice")
    assert done.returncode == 0, done.stdout + done.stderr
    assert scene.ask() == dict.fromkeys(NAMES, (TRUSTS, TRUSTS))
    assert {path: digest for path, digest in scene.home().items() if path[2:] in OWN} == {
        path: digest for path, digest in before.items() if path[2:] in OWN
    }
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.home() == before


def _administrate(scene: Scene) -> None:
    for path, content in MACHINES.items():
        scene.root.write(path, content)
    scene.root.write(_CORPORATE, scene.bundle)
    scene.names = ("pip", "npm")


def test_what_the_administrator_decided_is_not_hidden(scene: Scene) -> None:
    """Without root: clients that the machine's files decide for go on as before, and the file and line are said."""
    _administrate(scene)
    done = scene.root.trustinstall("add", "--verbose", CERTIFICATE, user="alice")
    said = " ".join(done.stdout.split())
    assert "/etc/xdg/pip/pip.conf line 2 names /etc/corp/bundle.pem" in said
    assert "/usr/etc/npmrc line 1 names /etc/corp/bundle.pem" in said
    answers = scene.ask()
    assert {name: private for name, (private, _) in answers.items()} == dict.fromkeys(scene.names, TRUSTS)


def test_the_administrators_bundle_gets_the_root(scene: Scene) -> None:
    """With root: the bundle that the machine's files name is a store, and clients reach both servers."""
    _administrate(scene)
    before = scene.root.read(_CORPORATE)
    assert scene.ask() == dict.fromkeys(scene.names, (TRUSTS, REFUSES))
    done = scene.root.trustinstall("add", CERTIFICATE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert scene.ask() == dict.fromkeys(scene.names, (TRUSTS, TRUSTS))
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    assert scene.root.read(_CORPORATE) == before
