"""Settings that a person changes after `add`: `remove` finds the blocks in the bundles that they named before."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import cycle
from typing import NamedTuple

import pytest

from tests.end_to_end.clients.asking import Asking
from tests.end_to_end.clients.programs import FAILED, sh
from tests.end_to_end.clients.table import REFUSES, TRUSTS
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(600)

FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"

HOME, CERTIFICATE = "/home/alice", "/srv/corp.crt"
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
_PIP = "python3 -m pip download --dest=p-$2 --retries=0 --no-deps --index-url=$1 tinything"


class Kind(NamedTuple):
    """One kind of setting: its file in the home, the lines before it, and the line that names a bundle."""

    path: str
    head: str
    line: str


KINDS = {
    "pip": Kind(".config/pip/pip.conf", "[global]\ntimeout = 9\n", "cert = {}\n"),
    "npm": Kind(".npmrc", "fund=false\n", "cafile={}\n"),
    "yarn-1": Kind(".yarnrc", "# mine\n", 'cafile "{}"\n'),
    "yarn": Kind(".yarnrc.yml", "enableTelemetry: false\n", 'httpsCaFilePath: "{}"\n'),
    "conda": Kind(".condarc", "auto_update_conda: false\n", "ssl_verify: {}\n"),
    "aws": Kind(".aws/config", "[default]\nregion = x\n", "ca_bundle = {}\n"),
    "gcloud": Kind(
        ".config/gcloud/configurations/config_default", "[core]\nproject = x\n", "custom_ca_certs_file = {}\n"
    ),
    "boto": Kind(".boto", "[Boto]\ndebug = 0\n", "ca_certificates_file = {}\n"),
    "wget": Kind(".wgetrc", "tries = 1\n", "ca_certificate = {}\n"),
    "hg": Kind(".hgrc", "[web]\nstyle = x\n", "cacerts = {}\n"),
    "gem": Kind(".gemrc", "---\n:verbose: true\n", ":ssl_ca_cert: {}\n"),
    "curl": Kind(".curlrc", "# mine\n", "cacert = {}\n"),
    "git": Kind(".gitconfig", "[user]\n\tname = a\n[http]\n", "\tsslCAInfo = {}\n"),
    "cargo": Kind(".cargo/config.toml", "[http]\n", 'cainfo = "{}"\n'),
    "poetry": Kind(".config/pypoetry/auth.toml", "[certificates.x]\n", 'cert = "{}"\n'),
    "profile": Kind(".profile", "# mine\n", "export REQUESTS_CA_BUNDLE={}\n"),
    "bashrc": Kind(".bashrc", "# mine\n", "export NODE_EXTRA_CA_CERTS={}\n"),
    "zshrc": Kind(".zshrc", "# mine\n", "export SSL_CERT_FILE={}\n"),
}
#: Every run asks the first two; the full level asks all.
CLIENTS = (
    Asking("git", ("git", "ls-remote", "{url}"), "server certificate verification failed"),
    Asking("curl", ("curl", "--silent", "--show-error", "{url}"), r"curl: \(60\)"),
    Asking("wget", ("wget", "-nv", "--tries=1", "-O", "-", "{url}"), "certificate of .localhost. is not trusted"),
    Asking("pip", sh(_PIP), FAILED),
)[: None if FULL else 2]
#: What a person does after `add`: a command of the shell for each kind, with FILE, OLD, NEW and THIRD bundle, and
#: MOVED one.
CHANGES = {
    "another bundle": "sed -i 's,OLD,NEW,' FILE",
    "a third bundle": "sed -i 's,NEW,THIRD,' FILE",
    "the line deleted": "sed -i '\\,OLD,d' FILE",
    "the file deleted": "rm FILE",
    "the bundle moved with its setting": "mv OLD MOVED; sed -i 's,OLD,MOVED,' FILE",
    "the bundle moved behind a link": "mv OLD MOVED; ln -s MOVED OLD",
    "another bundle, and the old one behind a link": "sed -i 's,OLD,NEW,' FILE; mv OLD MOVED; ln -s MOVED OLD",
    "the bundle deleted": "rm OLD",
    "a directory in the bundle's place": "rm OLD; mkdir OLD",
    "a link to what only root reads": "rm OLD; ln -s /etc/shadow OLD",
}
FIRST = tuple(how for how in CHANGES if how != "a third bundle")  # that one comes after "another bundle"
#: What is done to each kind, in the order of KINDS, repeated: every run does all changes at once, two kinds for each;
#: the full level does each change to all kinds, too.
DONE = {"each change": FIRST} | ({how: (how,) for how in FIRST} if FULL else {})


class Scene(NamedTuple):
    """A home in which every kind of setting names a bundle of its own, and the two servers."""

    root: Throwaway
    bundle: bytes
    private: Server
    ours: Server

    def sh(self, command: str) -> str:
        """Run a command of the shell as alice, in her home."""
        return self.root.run(["sh", "-c", command], user="alice", cwd=HOME, check=True).stdout

    def trustinstall(self, *words: str) -> str:
        """Run trustinstall as alice, and return what it prints."""
        return self.root.trustinstall(*words, user="alice", check=True).stdout

    def change(self, *done: str) -> None:
        """Do to every kind of setting, and its bundle, what CHANGES says; `done` is repeated over the kinds."""
        commands: list[str] = []
        for (kind, one), how in zip(KINDS.items(), cycle(done), strict=False):
            words = {"FILE": one.path, "OLD": old(kind), "NEW": new(kind), "MOVED": f"{HOME}/c/{kind}-moved.pem"}
            words["THIRD"] = f"{HOME}/c/{kind}-3.pem"
            command = CHANGES[how]
            for word, value in words.items():
                command = command.replace(word, value)
            commands.append(command)
        self.sh("\n".join(["set -e", *commands]))

    def holding(self) -> set[str]:
        """Return the bundles that are not as they were."""
        listed = self.sh("find c -type f -name '*.pem'").split()
        return {path for path in listed if self.root.read(f"{HOME}/{path}") != self.bundle}

    def files(self) -> dict[str, str]:
        """Return what is at each path of alice's home, but for our own state."""
        listed = self.sh(
            "find . -type l -exec sh -c 'echo link $(readlink $1) $1' sh {} ';';"
            " find . -type f | grep -v /.local/state/ | xargs sha256sum"
        )
        return {line.rpartition(" ")[2]: line for line in listed.splitlines()}

    def ask(self) -> dict[str, tuple[str, str]]:
        """What each client does with the server under the private root, and the one under the added root."""
        return {one.name: (one.ask(self.root, self.private), one.ask(self.root, self.ours)) for one in CLIENTS}

    def is_listed(self) -> bool:
        """Whether `list` still shows a certificate."""
        return bool(json.loads(self.trustinstall("list", "--json"))["certificates"])


def old(kind: str) -> str:
    """Return the bundle that the setting of a kind names at `add`."""
    return f"{HOME}/c/{kind}.pem"


def new(kind: str) -> str:
    """Return the bundle that it names later."""
    return f"{HOME}/c/{kind}-2.pem"


@pytest.fixture(scope="module")
def home() -> Iterator[Scene]:
    """The home before `add`."""
    private, ours = make_root("Private Root"), make_root("Corp Root")
    with (
        Server(private.issue("localhost")) as theirs,
        Server(ours.issue("localhost")) as known,
        Throwaway(java=False) as root,
    ):
        root.write(CERTIFICATE, ours.pem)
        bundle = root.read(SYSTEM) + private.pem
        for kind, one in KINDS.items():
            root.write(f"{HOME}/{one.path}", one.head + one.line.format(old(kind)), user="alice")
            root.write(old(kind), bundle, user="alice")
            root.write(new(kind), bundle, user="alice")
            root.write(f"{HOME}/c/{kind}-3.pem", bundle, user="alice")
        root.freeze()
        yield Scene(root, bundle, theirs, known)


@pytest.fixture
def scene(home: Scene) -> Scene:
    """The same, as at the start."""
    home.root.reset()
    return home


@pytest.mark.parametrize("done", DONE.values(), ids=DONE)
def test_a_bundle_that_no_setting_names_any_more(scene: Scene, done: tuple[str, ...]) -> None:
    """After any change of settings and bundles, `remove` leaves no managed block, and `list` shows nothing."""
    scene.trustinstall("add", CERTIFICATE)
    assert scene.holding() == {f"c/{kind}.pem" for kind in KINDS}
    scene.change(*done)
    told = scene.trustinstall("remove", CERTIFICATE)
    assert "no longer trusted" in told
    assert scene.holding() == set()
    assert not scene.is_listed()
    after = scene.files()
    scene.root.reset()
    scene.change(*done)
    assert after == scene.files()


@pytest.mark.parametrize("again", [("repair", "add"), *([("add", "repair")] if FULL else [])], ids="-".join)
def test_the_new_bundle_is_reached(scene: Scene, again: tuple[str, str]) -> None:
    """`add` and `repair` put the root into the bundle that a setting names now; `remove` finds it in all of them."""
    before = dict.fromkeys((one.name for one in CLIENTS), (TRUSTS, REFUSES))
    after = dict.fromkeys(before, (TRUSTS, TRUSTS))
    assert scene.ask() == before
    scene.trustinstall("add", CERTIFICATE)
    assert scene.ask() == after
    for change, command, end in zip(("another bundle", "a third bundle"), again, ("-2", "-3"), strict=True):
        scene.change(change)
        assert scene.ask() == before
        scene.trustinstall(command, *([CERTIFICATE] if command == "add" else []))
        assert scene.ask() == after
        assert scene.holding() >= {f"c/{kind}{end}.pem" for kind in KINDS}
    scene.trustinstall("remove", CERTIFICATE)
    assert scene.holding() == set()
    assert scene.ask() == before
    assert not scene.is_listed()


def test_a_bundle_that_cannot_be_changed_is_not_forgotten(scene: Scene) -> None:
    """An old bundle with a second name fails with its path; when that is mended, `remove` takes the block out."""
    scene.trustinstall("add", CERTIFICATE)
    scene.change("another bundle")
    scene.sh("ln c/pip.pem second")
    failed = scene.root.trustinstall("remove", CERTIFICATE, user="alice")
    assert failed.returncode == 3
    assert f"{HOME}/c/pip.pem has 2 names" in failed.stderr
    assert scene.holding() == {"c/pip.pem"}
    assert scene.is_listed()
    scene.sh("rm second")
    scene.trustinstall("remove", CERTIFICATE)
    assert scene.holding() == set()
    assert not scene.is_listed()


def test_a_link_into_the_files_of_another_account(scene: Scene) -> None:
    """A bundle in whose place a link to another account's bundle has come is none of alice's: that one stays."""
    scene.trustinstall("add", CERTIFICATE)
    held = scene.root.read(old("pip"))
    scene.root.write("/home/bob/b.pem", held, user="bob")
    scene.root.run(["chmod", "755", "/home/bob"], check=True)
    scene.change("another bundle")
    scene.sh("ln -sf /home/bob/b.pem c/pip.pem")
    scene.trustinstall("remove", CERTIFICATE)
    assert scene.root.read("/home/bob/b.pem") == held
    assert scene.holding() == set()
    assert not scene.is_listed()


def test_one_setting_alone(scene: Scene) -> None:
    """`remove --store` of a setting takes the root out of the bundle that this setting named, and out of no other."""
    scene.trustinstall("add", CERTIFICATE)
    scene.change("another bundle")
    scene.trustinstall("remove", CERTIFICATE, "--store", f"settings:{HOME}/{KINDS['pip'].path}")
    assert scene.holding() == {f"c/{kind}.pem" for kind in KINDS if kind != "pip"}
