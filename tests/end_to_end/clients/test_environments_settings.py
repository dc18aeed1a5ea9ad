"""Settings of Python environments that are not activated: `.venv/bin/pip` reads `.venv/pip.conf`; variables hide it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.end_to_end.clients.asking import Asking
from tests.end_to_end.clients.programs import FAILED, sh
from tests.end_to_end.clients.table import REFUSES, TRUSTS
from tests.end_to_end.clients.ways import WAYS
from tests.support.fresh import copy_in, downloads
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(600)

HOME, CERTIFICATE = "/home/alice", "/srv/corp.crt"
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
LOGIN = next(one for one in WAYS if one.name == "bash -l").before
_PIP = "{}/bin/python -m pip download --dest=p-$2 --retries=0 --no-deps --index-url=$1 tinything"
_SETUP = """
set -e
for each in one two; do
    python3 -m venv --without-pip ~/$each/.venv
    pip3 --python ~/$each/.venv/bin/python install --quiet --no-index --find-links /opt/wheels pip
done
"""
ONE, TWO = (f"{HOME}/{name}/.venv" for name in ("one", "two"))
#: The variables that pip prefers to the environment's file.
HIDING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")


class Scene(NamedTuple):
    """A home with two environments, and the two servers."""

    root: Throwaway
    bundle: bytes
    private: Server
    ours: Server

    def ask(self, environment: str) -> tuple[str, str]:
        """What an environment's pip, in a login, does with the servers under the private and the added root."""
        client = Asking("pip", sh(_PIP.format(environment)), FAILED)
        return client.ask(self.root, self.private, LOGIN), client.ask(self.root, self.ours, LOGIN)

    def write(self, path: str, content: str | bytes, user: str = "alice") -> None:
        """Write a file of an account."""
        self.root.write(path, content, user=user)

    def add(self) -> str:
        """Add the certificate, without root, and return what is said."""
        done = self.root.trustinstall("add", CERTIFICATE, "-v", user="alice", check=True)
        return " ".join((done.stdout + done.stderr).split())

    def is_set(self) -> set[str]:
        """Return the variables that hide an environment's file, of those that the profile sets."""
        text = self.root.read(f"{HOME}/.profile").decode()
        return {name for name in HIDING if f"{name}=" in text}

    def home(self) -> list[str]:
        """Return every file of the home but our own state and what pip leaves, with its digest."""
        listed = "find . -type f | grep -Ev '^./p-|/[.]local/state/|/[.]cache/|__pycache__' | sort | xargs sha256sum"
        return self.root.run(["sh", "-c", listed], user="alice", check=True).stdout.splitlines()


@pytest.fixture(scope="module")
def home() -> Iterator[Scene]:
    """The home before `add`, with no settings."""
    private, ours = make_root("Private Root"), make_root("Corp Root")
    with (
        Server(private.issue("localhost")) as theirs,
        Server(ours.issue("localhost")) as known,
        Throwaway(java=False) as root,
    ):
        copy_in(root, downloads("pip==24.1"), "/opt/wheels")
        root.run(["sh", "-c", _SETUP], user="alice", timeout=180, check=True)
        root.write(CERTIFICATE, ours.pem)
        bundle = root.read(SYSTEM) + private.pem
        for name in ("one", "two"):
            root.write(f"{HOME}/c/{name}.pem", bundle, user="alice")
        root.freeze()
        yield Scene(root, bundle, theirs, known)


@pytest.fixture
def scene(home: Scene) -> Scene:
    """The same, as at the start."""
    home.root.reset()
    return home


def test_the_private_root_of_an_environment_stays_trusted(scene: Scene) -> None:
    """Each environment's bundle gets the root, no variable hides its file, and `remove` puts every byte back."""
    scene.write(f"{ONE}/pip.conf", "[global]\ncert = ~/c/one.pem\n")
    scene.write(f"{TWO}/pip.conf", f"[global]\ntimeout = 9\n[download]\ncert = {HOME}/c/two.pem\n")
    assert (scene.ask(ONE), scene.ask(TWO)) == ((TRUSTS, REFUSES), (TRUSTS, REFUSES))
    before = scene.home()
    scene.add()
    assert scene.is_set() == set()
    assert (scene.ask(ONE), scene.ask(TWO)) == ((TRUSTS, TRUSTS), (TRUSTS, TRUSTS))
    printed = scene.root.trustinstall("env", user="alice", check=True).stdout
    assert not [name for name in HIDING if f"{name}=" in printed]
    scene.root.trustinstall("repair", user="alice", check=True)
    assert (scene.is_set(), scene.ask(ONE)) == (set(), (TRUSTS, TRUSTS))
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.home() == before
    assert (scene.ask(ONE), scene.ask(TWO)) == ((TRUSTS, REFUSES), (TRUSTS, REFUSES))


def test_a_file_that_is_written_after_add(scene: Scene) -> None:
    """`repair` takes back the variables that hide it, and its bundle gets the root; a second one changes nothing."""
    profile = scene.root.read(f"{HOME}/.profile")
    scene.add()
    scene.write(f"{ONE}/pip.conf", "[global]\ncert = ~/c/one.pem\n")
    assert scene.ask(ONE) == (REFUSES, TRUSTS)
    scene.root.trustinstall("repair", user="alice", check=True)
    assert scene.ask(ONE) == (TRUSTS, TRUSTS)
    assert "nothing was changed" in scene.root.trustinstall("repair", user="alice", check=True).stdout
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.root.read(f"{HOME}/c/one.pem") == scene.bundle
    assert scene.root.read(f"{HOME}/.profile") == profile


def test_a_bundle_of_another_account_is_left_and_said(scene: Scene) -> None:
    """The file and line of the environment's setting are said; its private root works as before."""
    scene.write("/home/bob/b.pem", scene.bundle, user="bob")
    scene.root.run(["chmod", "755", "/home/bob"], check=True)
    scene.write(f"{ONE}/pip.conf", "[global]\ncert = /home/bob/b.pem\n")
    told = scene.add()
    assert f"{ONE}/pip.conf line 2 names /home/bob/b.pem" in told
    assert scene.ask(ONE) == (TRUSTS, REFUSES)
    assert scene.root.read("/home/bob/b.pem") == scene.bundle


@pytest.mark.parametrize("kind", ["without cert", "unreadable", "no settings file"])
def test_a_file_that_decides_nothing_keeps_no_variable_away(scene: Scene, kind: str) -> None:
    """A pip.conf without `cert`, and one that pip cannot read and skips: variables are set, and the root is trusted."""
    if kind == "without cert":
        scene.write(f"{ONE}/pip.conf", "[global]\ntimeout = 9\n")
    elif kind == "unreadable":
        scene.root.write(f"{ONE}/pip.conf", f"[global]\ncert = {HOME}/c/one.pem\n", mode=0o600)
    else:
        scene.write(f"{ONE}/pip.conf", "timeout = 9\n")
    scene.add()
    assert scene.is_set() >= {"REQUESTS_CA_BUNDLE", "PIP_CERT"}
    if kind != "no settings file":  # pip itself refuses that one
        assert scene.ask(ONE) == (REFUSES, TRUSTS)


def test_a_condarc_of_an_environment(scene: Scene) -> None:
    """The bundle that conda's environment names gets the root, and no variable is set over it."""
    scene.write(f"{HOME}/envs/x/conda-meta/history", "")
    scene.write(f"{HOME}/envs/x/ssl/cacert.pem", scene.bundle)
    scene.write(f"{HOME}/envs/x/condarc.d/corp.yml", f"ssl_verify: {HOME}/c/one.pem\n")
    scene.add()
    assert scene.is_set() == {"PIP_CERT"}
    assert scene.root.read(f"{HOME}/c/one.pem") != scene.bundle
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.root.read(f"{HOME}/c/one.pem") == scene.bundle


@pytest.mark.parametrize("section", ["global", "install"])
def test_an_environment_without_pip(scene: Scene, section: str) -> None:
    """The settings of an environment without a pip of its own count for `pip --python`, and no variable hides them."""
    own = f"{HOME}/three/.venv"
    scene.root.run(["python3", "-m", "venv", "--without-pip", own], user="alice", check=True)
    scene.write(f"{own}/pip.conf", f"[{section}]\ncert = {HOME}/c/one.pem\n")
    pip = _PIP.replace("{}/bin/python -m pip", f"python3 -m pip --python {own}/bin/python")
    client = Asking("pip", sh(pip), FAILED)
    works = TRUSTS if section != "install" else REFUSES
    before = scene.home()
    assert client.ask(scene.root, scene.private, LOGIN) == works
    scene.add()
    assert scene.is_set() == set()
    assert client.ask(scene.root, scene.private, LOGIN) == works
    assert scene.root.read(f"{HOME}/c/one.pem") != scene.bundle
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.home() == before


def test_one_bundle_of_two_environments(scene: Scene) -> None:
    """The bundle gets the root once; when one environment is deleted it keeps it, and `remove` puts every byte back."""
    for each in (ONE, TWO):
        scene.write(f"{each}/pip.conf", f"[global]\ncert = {HOME}/c/one.pem\n")
    scene.add()
    added = scene.root.read(f"{HOME}/c/one.pem")
    assert added.count(b"-----BEGIN") == scene.bundle.count(b"-----BEGIN") + 1
    scene.root.run(["rm", "-r", ONE], user="alice", check=True)
    scene.root.trustinstall("repair", user="alice", check=True)
    assert scene.root.read(f"{HOME}/c/one.pem") == added
    assert scene.ask(TWO) == (TRUSTS, TRUSTS)
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.root.read(f"{HOME}/c/one.pem") == scene.bundle


def test_a_new_environment(scene: Scene) -> None:
    """An environment that comes after `add`, with settings of its own, is reached by the next `repair`."""
    scene.add()
    own = f"{HOME}/three/.venv"
    scene.root.run(["cp", "-a", f"{HOME}/one", f"{HOME}/three"], user="alice", check=True)
    scene.write(f"{own}/pip.conf", f"[global]\ncert = {HOME}/c/one.pem\n")
    scene.root.trustinstall("repair", user="alice", check=True)
    assert (scene.is_set(), scene.ask(own)) == (set(), (TRUSTS, TRUSTS))
    scene.root.run(["rm", "-r", own], user="alice", check=True)
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.root.read(f"{HOME}/c/one.pem") == scene.bundle


def test_a_relative_path_in_an_environment(scene: Scene) -> None:
    """A path that depends on pip's working directory is said with file and line; the private root works as before."""
    scene.write(f"{ONE}/pip.conf", "[global]\ncert = c/one.pem\n")
    assert scene.ask(ONE) == (TRUSTS, REFUSES)
    assert f"{ONE}/pip.conf line 2 says c/one.pem, and which file that is cannot be known" in scene.add()
    assert (scene.is_set(), scene.ask(ONE)) == (set(), (TRUSTS, REFUSES))


def test_the_condarc_in_an_environment(scene: Scene) -> None:
    """The file `.condarc` of an environment counts as one of its directory does."""
    scene.write(f"{HOME}/envs/x/conda-meta/history", "")
    scene.write(f"{HOME}/envs/x/ssl/cacert.pem", scene.bundle)
    scene.write(f"{HOME}/envs/x/.condarc", f"ssl_verify: {HOME}/c/one.pem\n")
    scene.add()
    assert scene.is_set() == {"PIP_CERT"}
    assert scene.root.read(f"{HOME}/c/one.pem") != scene.bundle
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.root.read(f"{HOME}/c/one.pem") == scene.bundle
