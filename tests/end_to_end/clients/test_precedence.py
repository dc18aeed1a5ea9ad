"""Of two places that name a bundle the real client reads the one that counts more, as the tables of `effective` say.

Each ladder holds the places of one client, the one that counts first, first. Of each two neighbours one names a bundle
with the server's root, and the other one a bundle without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from tests.end_to_end.clients.asking import Asking
from tests.end_to_end.clients.fetched import install_cargo, npm_program, tarballs
from tests.end_to_end.clients.programs import (
    APP,
    BERRY,
    BOTOCORE,
    CARGO,
    FAILED,
    NODE_REFUSES,
    NPM,
    PIP,
    RUST_REFUSES,
    YARN,
    sh,
)
from tests.end_to_end.clients.table import REFUSES, TRUSTS
from tests.support.fresh import copy_in, downloads
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server
from trustinstall.host import Account, Host
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.model import Kind, Session, Setter, Variable

pytestmark = pytest.mark.timeout(600)

HOME = "/home/alice"
GOOD, BAD = f"{HOME}/good.pem", f"{HOME}/bad.pem"
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
REQUESTS = "import sys; from pip._vendor import requests; print(requests.get(sys.argv[1]).text)"
PHP = "echo file_get_contents($argv[1]);"
_SETUP = """
set -e
python3 -m venv --without-pip /srv/many
pip3 --python /srv/many/bin/python install --quiet --no-index --find-links /opt/wheels pip botocore uv
for each in yarn berry berry-3; do mkdir -p /opt/npm/$each; tar -xzf /opt/tarballs/$each.tgz -C /opt/npm/$each; done
"""


@dataclass(frozen=True)
class Place:
    """A place that names a bundle: a variable, or a text in a file; PATH stands for the bundle, INLINE for its text."""

    name: str
    text: str = ""


@dataclass(frozen=True)
class Ladder:
    """A client, its row's name in the tables, and its places."""

    client: str
    asking: Asking
    places: tuple[Place, ...]


def ladder(client: str, asking: Asking, *places: str | tuple[str, str]) -> Ladder:
    """Return a ladder: a word is a variable, and a pair is a file below the home (or absolute) and its text."""
    return Ladder(client, asking, tuple(Place(*(one if isinstance(one, tuple) else (one,))) for one in places))


_EXTRA = "NODE_EXTRA_CA_CERTS"
LADDERS = (
    ladder(
        "git",
        Asking("git", ("git", "ls-remote", "{url}"), "server certificate verification failed"),
        "GIT_SSL_CAINFO",
        (".gitconfig", "[http]\n\tsslCAInfo = PATH\n"),
        (".config/git/config", "[http]\n\tsslCAInfo = PATH\n"),
        ("/etc/gitconfig", "[http]\n\tsslCAInfo = PATH\n"),
    ),
    ladder(
        "curl",
        Asking("curl", ("curl", "--silent", "--show-error", "{url}"), r"curl: \(60\)"),
        (".curlrc", "cacert = PATH\n"),
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
    ),
    ladder(
        "wget",
        Asking("wget", ("wget", "-nv", "--tries=1", "-O", "-", "{url}"), "certificate of .localhost. is not trusted"),
        (".wgetrc", "ca-certificate = PATH\n"),
        ("/etc/wgetrc", "ca_certificate = PATH\n"),
    ),
    ladder(
        "requests",
        Asking("requests", (APP, "-c", REQUESTS, "{url}"), FAILED),
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ),
    ladder(
        "pip",
        Asking("pip", sh(PIP), FAILED),
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "PIP_CERT",
        (".config/pip/pip.conf", "[global]\ncert = PATH\n"),
        (".pip/pip.conf", "[global]\ncert = PATH\n"),
        ("/etc/pip.conf", "[global]\ncert = PATH\n"),
        ("/etc/xdg/pip/pip.conf", "[global]\ncert = PATH\n"),
    ),
    ladder(
        "AWS",
        Asking("botocore", (APP, "-c", BOTOCORE, "{url}"), "SSL validation failed"),
        "AWS_CA_BUNDLE",
        (".aws/credentials", "[default]\nca_bundle = PATH\n"),
        (".aws/config", "[default]\nca_bundle = PATH\n"),
    ),
    ladder(
        "Mercurial",
        Asking("hg", ("hg", "identify", "{url}"), FAILED),
        (".config/hg/hgrc", "[web]\ncacerts = PATH\n"),
        (".hgrc", "[web]\ncacerts = PATH\n"),
        ("/etc/mercurial/hgrc", "[web]\ncacerts = PATH\n"),
    ),
    ladder(
        "npm",
        Asking("npm", sh(NPM), NODE_REFUSES),
        "npm_config_cafile",
        (".npmrc", 'ca="INLINE"\n'),
        ("/usr/etc/npmrc", "cafile=PATH\n"),
        ("/usr/etc/npmrc", 'ca="INLINE"\n'),
        _EXTRA,
    ),
    ladder(
        "npm",
        Asking("npm of one file", sh(NPM), NODE_REFUSES),
        (".npmrc", 'ca="INLINE"\n'),
        (".npmrc", "cafile=PATH\n"),
    ),
    ladder(
        "Yarn 1",
        Asking("yarn", sh(YARN), NODE_REFUSES),
        "yarn_cafile",
        (".yarnrc", 'cafile "PATH"\n'),
        (".npmrc", "cafile=PATH\n"),
        _EXTRA,
    ),
    ladder(
        "Yarn 2 and 3",
        Asking("berry-3", sh(BERRY.replace("npm/berry/", "npm/berry-3/")), NODE_REFUSES),
        "YARN_CA_FILE_PATH",
        (".yarnrc.yml", "caFilePath: PATH\n"),
        _EXTRA,
    ),
    ladder(
        "Yarn from 4 on",
        Asking("berry", sh(BERRY), NODE_REFUSES),
        "YARN_HTTPS_CA_FILE_PATH",
        (".yarnrc.yml", "httpsCaFilePath: PATH\n"),
        _EXTRA,
    ),
    ladder(
        "Cargo",
        Asking("cargo", sh(CARGO), "the SSL certificate is invalid|SSL peer certificate"),
        "CARGO_HTTP_CAINFO",
        (".cargo/config.toml", '[http]\ncainfo = "PATH"\n'),
    ),
    ladder(
        "PHP",
        Asking("php", ("php", "-r", PHP, "{url}"), FAILED),
        ("/etc/php/8.2/cli/conf.d/90-corp.ini", "openssl.cafile = PATH\n"),
        ("/etc/php/8.2/cli/php.ini", "openssl.cafile = PATH\n"),
        "SSL_CERT_FILE",
    ),
)


@dataclass(frozen=True)
class Switch:
    """Variables of a client that takes switches, whether the system's store has the server's root, and what follows."""

    client: str
    asking: Asking
    variables: dict[str, str]
    in_system: bool
    trusts: bool


_UV = Asking(
    "uv",
    sh("/srv/many/bin/uv pip install --python /usr/bin/python3 --target=uv-$2 --no-cache --index-url=$1 tinything"),
    RUST_REFUSES,
)
_DENO = Asking(
    "deno", ("/opt/deno", "eval", "console.log(await (await fetch(Deno.args[0])).text())", "{url}"), RUST_REFUSES
)
_STORE = "DENO_TLS_CA_STORE"
SWITCHES = (
    Switch("uv", _UV, {"SSL_CERT_FILE": GOOD, "UV_SYSTEM_CERTS": "true"}, in_system=False, trusts=True),
    Switch("uv", _UV, {"SSL_CERT_FILE": BAD, "UV_SYSTEM_CERTS": "true"}, in_system=True, trusts=False),
    Switch("uv", _UV, {"UV_SYSTEM_CERTS": "true"}, in_system=True, trusts=True),
    Switch("uv", _UV, {"UV_SYSTEM_CERTS": "false"}, in_system=True, trusts=False),
    Switch("Deno", _DENO, {"DENO_CERT": GOOD, _STORE: "mozilla"}, in_system=False, trusts=True),
    Switch("Deno", _DENO, {"DENO_CERT": BAD, _STORE: "system"}, in_system=True, trusts=True),
    Switch("Deno", _DENO, {"DENO_CERT": BAD, "NODE_EXTRA_CA_CERTS": GOOD}, in_system=False, trusts=True),
    Switch("Deno", _DENO, {"DENO_CERT": BAD, _STORE: "mozilla"}, in_system=True, trusts=False),
)


@dataclass(frozen=True)
class Scene:
    """A throw-away root with the clients in it, and a server."""

    root: Throwaway
    server: Server
    sha256: str

    def says(self, one: Ladder, counting: Place, other: Place, *, good: bool) -> tuple[str, bool]:
        """Return what a client does where two places name bundles, and whether the tables have it trust the server."""
        self.root.reset()
        named = {counting: GOOD if good else BAD, other: BAD if good else GOOD}
        variables = {place.name: path for place, path in named.items() if not place.text}
        for place, path in reversed(named.items()):  # of one file the later line counts
            if place.text:
                inside = place.name.startswith("/")
                where = place.name if inside else f"{HOME}/{place.name}"
                before = self.root.path(where).read_bytes().decode() if self.root.path(where).exists() else ""
                pem = self.root.read(path).decode().replace("\n", "\\n")
                text = f"{before}\n{place.text.replace('PATH', path).replace('INLINE', pem)}".lstrip("\n")
                self.root.write(where, text, user="root" if inside else "alice")
        return one.asking.ask(self.root, self.server, env=variables), self._is_anchor(one.client, variables)

    def switched(self, one: Switch) -> tuple[str, bool]:
        """Return the same where variables switch, and the system's store may hold the server's root."""
        self.root.reset()
        if one.in_system:
            self.root.write(SYSTEM, self.root.read(SYSTEM) + self.root.read(GOOD))
        return one.asking.ask(self.root, self.server, env=one.variables), self._is_anchor(one.client, one.variables)

    def _is_anchor(self, client: str, variables: dict[str, str]) -> bool:
        alice = self.root.user("alice")
        host = Host("linux", str(self.root.path("/")), {}, Account(alice.uid, alice.gid, "alice", HOME))
        setter = Setter(Kind.VARIABLE)
        session = Session("test", {name: Variable(name, value, setter) for name, value in variables.items()})
        scene = decide.bare(host)._replace(session=session)
        row, found = next(each for each in decide.all_of_them(scene) if each[0].name == client)
        return self.sha256 in decide.anchors(host, row, found)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """All clients, installed, and two bundles of alice's."""
    corp, other = make_root("Corp Root"), make_root("Other Root")
    with Server(corp.issue("localhost")) as server, Throwaway(java=False) as root:
        copy_in(root, downloads("pip==24.1", "botocore", "uv"), "/opt/wheels")
        root.write("/opt/deno", npm_program("deno").read_bytes(), mode=0o755)
        copy_in(root, tarballs(), "/opt/tarballs")
        install_cargo(root)
        root.run(["sh", "-c", _SETUP], timeout=180, check=True)
        root.write(GOOD, corp.pem, user="alice")
        root.write(BAD, other.pem, user="alice")
        root.freeze()
        yield Scene(root, server, corp.sha256)


@pytest.mark.parametrize("one", LADDERS, ids=[one.asking.name for one in LADDERS])
def test_the_place_that_counts_more_decides(scene: Scene, one: Ladder) -> None:
    """The real client does what `effective` says, if either of two neighbours names the server's root."""
    for counting, other in pairwise(one.places):
        found = [scene.says(one, counting, other, good=good) for good in (True, False)]
        assert found == [(TRUSTS, True), (REFUSES, False)], (counting.name, other.name)


@pytest.mark.parametrize("one", SWITCHES, ids=[f"{one.client} {' '.join(one.variables)}" for one in SWITCHES])
def test_switches_and_bundles_of_one_client(scene: Scene, one: Switch) -> None:
    """The real client does what `effective` says, where one variable names a bundle and another one a store."""
    assert scene.switched(one) == (TRUSTS if one.trusts else REFUSES, one.trusts)
