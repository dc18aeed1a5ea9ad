"""Settings of projects: git reads `.git/config`, Cargo `.cargo/config.toml`; variables would hide them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.end_to_end.clients.asking import Asking
from tests.end_to_end.clients.fetched import install_cargo
from tests.end_to_end.clients.programs import CARGO, FAILED, NODE_REFUSES, sh
from tests.end_to_end.clients.table import REFUSES, TRUSTS
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(600)

HOME, CERTIFICATE = "/home/alice", "/srv/corp.crt"
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
UNREACHED = 3  # git in other directories
LOGIN = ("bash", "-l", "-c", 'exec "$@"', "bash")


class Kind(NamedTuple):
    """A client that is started in a project, the project's settings, and the variable that would hide them."""

    client: Asking
    path: str
    text: str
    hiding: str = ""


KINDS = (
    Kind(
        Asking("git", sh("cd src/git && git ls-remote $1"), "server certificate verification failed"),
        ".git/config",
        "[http]\n\tsslCAInfo = ~/c/git.pem\n",
        "GIT_SSL_CAINFO",
    ),
    Kind(
        Asking("cargo", sh(f"cd src/cargo && {CARGO}"), "certificate verification failed|SSL certificate is invalid"),
        ".cargo/config.toml",
        f'[http]\ncainfo = "{HOME}/c/cargo.pem"\n',
        "CARGO_HTTP_CAINFO",
    ),
    Kind(Asking("hg", sh("cd src/hg && hg identify $1"), FAILED), ".hg/hgrc", f"[web]\ncacerts = {HOME}/c/hg.pem\n"),
    Kind(
        Asking("npm", sh("cd src/npm && npm ping --fetch-retries=0 --registry=$1/"), NODE_REFUSES),
        ".npmrc",
        f"cafile={HOME}/c/npm.pem\n",
    ),
)
_SETUP = """
set -e
mkdir -p ~/src/cargo ~/src/npm
git init -q ~/src/git
hg init ~/src/hg
echo '{"name": "x", "version": "1.0.0"}' > ~/src/npm/package.json
"""


class Scene(NamedTuple):
    """A home with a project for each client, and the two servers."""

    root: Throwaway
    private: Server
    ours: Server

    def ask(self) -> dict[str, tuple[str, str]]:
        """What each client in its project does with the servers under the private and the added root."""
        both = self.private, self.ours
        return {one.client.name: _both(one.client.ask(self.root, server, LOGIN) for server in both) for one in KINDS}

    def run(self, *words: str) -> str:
        """Run the program as alice, and return what it says."""
        done = self.root.trustinstall(*words, user="alice", check=True)
        return " ".join((done.stdout + done.stderr).split())

    def home(self) -> list[str]:
        """Return every file of the home but our own state and the clients' caches, with its digest."""
        listed = "find . -type f | grep -Ev '/[.](local/state|cache|npm|config/configstore)/|cargo-|dirstate' | sort"
        return self.root.run(["sh", "-c", f"{listed} | xargs sha256sum"], user="alice", check=True).stdout.splitlines()


def _both(answers: Iterator[str]) -> tuple[str, str]:
    first, second = answers
    return first, second


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Every project names a bundle of its own with a private root."""
    private, ours = make_root("Private Root"), make_root("Corp Root")
    with (
        Server(private.issue("localhost")) as theirs,
        Server(ours.issue("localhost")) as known,
        Throwaway(java=False) as root,
    ):
        install_cargo(root)
        root.run(["sh", "-c", _SETUP], user="alice", check=True)
        root.write(CERTIFICATE, ours.pem)
        bundle = root.read(SYSTEM) + private.pem
        for kind in KINDS:
            name = kind.client.name
            root.write(f"{HOME}/c/{name}.pem", bundle, user="alice")
            settings = f"{HOME}/src/{name}/{kind.path}"
            there = root.read(settings) if root.path(settings).exists() else b""
            root.write(settings, there + kind.text.encode(), user="alice")
        yield Scene(root, theirs, known)


def test_the_private_root_of_a_project_stays_trusted(scene: Scene) -> None:
    """Each project's bundle gets the root, no variable hides its file, and `remove` puts every byte back."""
    names = [one.client.name for one in KINDS]
    assert scene.ask() == dict.fromkeys(names, (TRUSTS, REFUSES))
    before = scene.home()
    done = scene.root.trustinstall("add", CERTIFICATE, "-v", user="alice")
    told = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == UNREACHED, told
    assert f"GIT_SSL_CAINFO is not set: it would hide {HOME}/src/git/.git/config line" in told
    assert scene.ask() == dict.fromkeys(names, (TRUSTS, TRUSTS))
    profile = scene.root.read(f"{HOME}/.profile").decode()
    assert not [one.hiding for one in KINDS if one.hiding and f"{one.hiding}=" in profile]
    assert "nothing was changed" in scene.run("repair")
    scene.run("remove", CERTIFICATE)
    assert scene.home() == before
    assert scene.ask() == dict.fromkeys(names, (TRUSTS, REFUSES))


def test_a_private_root_that_the_account_trusts_is_hidden_by_no_variable(scene: Scene) -> None:
    """With it, the account's bundle has every root of a project's: the variables are set, and git trusts everywhere."""
    scene.root.write("/srv/private.pem", scene.root.read(f"{HOME}/c/git.pem")[len(scene.root.read(SYSTEM)) :])
    scene.root.trustinstall("add", "/srv/private.pem", user="alice")
    scene.run("add", CERTIFICATE)
    assert {one.hiding for one in KINDS if f"{one.hiding}=" in scene.root.read(f"{HOME}/.profile").decode()} > {""}
    elsewhere = Asking("git", ("git", "ls-remote", "{url}"), KINDS[0].client.refusal)
    assert [elsewhere.ask(scene.root, one, LOGIN) for one in (scene.private, scene.ours)] == [TRUSTS, TRUSTS]
    assert scene.ask() == dict.fromkeys((one.client.name for one in KINDS), (TRUSTS, TRUSTS))
