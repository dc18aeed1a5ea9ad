"""Places of one client that are at odds: where the private root is named counts, and no variable or file hides it.

`add` runs without the variables of a login, as from a menu or cron: it has to find them in the files that set them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest

from tests.contract.machines import FULL
from tests.end_to_end.clients.asking import Asking
from tests.end_to_end.clients.programs import APP, BOTOCORE, FAILED, NODE_REFUSES, NPM, PIP, sh
from tests.end_to_end.clients.table import LIBRARY, REFUSES, TRUSTS, URLLIB
from tests.end_to_end.clients.ways import WAYS
from tests.support.fresh import copy_in, downloads
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(600)

CERTIFICATE, HOME = "/srv/corp.crt", "/home/alice"
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
LOGIN = next(one for one in WAYS if one.name == "bash -l").before
_SETUP = """
set -e
python3 -m venv --without-pip /srv/many
pip3 --python /srv/many/bin/python install --quiet --no-index --find-links /opt/wheels pip botocore requests
"""
_GIT_REFUSES = "server certificate verification failed"
_PHP = "echo file_get_contents($argv[1]);"
ASKED = {
    one.name: one
    for one in (
        Asking("git", ("git", "ls-remote", "{url}"), _GIT_REFUSES),
        Asking("git of work", ("git", "-C", f"{HOME}/work/a", "ls-remote", "{url}"), _GIT_REFUSES),
        Asking("pip", sh(PIP), FAILED),
        Asking("requests", (APP, "-c", LIBRARY.format("requests"), "{url}"), FAILED),
        Asking("urllib", ("/usr/bin/python3", "-c", URLLIB, "{url}"), FAILED),
        Asking("curl", ("curl", "--silent", "--show-error", "{url}"), r"curl: \(60\)"),
        Asking("npm", sh(NPM), NODE_REFUSES),
        Asking("wget", ("wget", "-nv", "--tries=1", "-O", "-", "{url}"), "certificate of .localhost. is not trusted"),
        Asking("botocore", (APP, "-c", BOTOCORE, "{url}"), "SSL validation failed"),
        Asking("hg", ("hg", "identify", "{url}"), FAILED),
        Asking("php", ("php", "-r", _PHP, "{url}"), FAILED),
    )
}


class Odd(NamedTuple):
    """What alice's files say: PATH is her bundle, DIRECTORY her directory of roots, and SERVER the private server's.

    Attributes:
        clients: names of ASKED.
        files: the texts, by path below her home; what goes into .profile is added to it.
        reached: whether the clients trust the added root afterwards, too; else `tools` says where they do not.
        code: the exit code of `add`: 3 if sessions of cron, which have no such variable, are not reached.
    """

    clients: tuple[str, ...]
    files: Mapping[str, str]
    reached: bool = True
    code: int = 0


def exported(*names: str, value: str = "PATH") -> dict[str, str]:
    """Return a profile that exports variables with one value."""
    return {".profile": "".join(f"export {name}={value}\n" for name in names)}


_GIT, _HTTP = "[http]\n\tsslCAInfo = PATH\n", '[http "SERVER/"]\n\tsslCAInfo = PATH\n'
_WORK = '[includeIf "gitdir:~/work/"]\n\tpath = ~/work.inc\n'
_COUNT = "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.{0}sslCAInfo GIT_CONFIG_VALUE_0={1}\n"
ODD = {
    "a variable below another one": Odd(("requests", "curl"), exported("CURL_CA_BUNDLE")),
    "pip's variable": Odd(("pip",), exported("PIP_CERT")),
    "OpenSSL's variable": Odd(("curl", "urllib"), exported("SSL_CERT_FILE")),
    "botocore without a variable of its own": Odd(("botocore", "pip"), exported("REQUESTS_CA_BUNDLE")),
    "directories": Odd(("urllib",), exported("SSL_CERT_DIR", value="~/none:DIRECTORY")),
    "directories of curl's": Odd(("curl",), exported("SSL_CERT_DIR", value="~/none:DIRECTORY"), reached=False),
    "a moved file of git": Odd(("git",), {"g": _GIT, **exported("GIT_CONFIG_GLOBAL", value="~/g")}),
    "a moved directory of git": Odd(("git",), {"x/git/config": _GIT, **exported("XDG_CONFIG_HOME", value="~/x")}),
    "a moved file of AWS": Odd(
        ("botocore",), {"a": "[default]\nca_bundle = PATH\n", **exported("AWS_CONFIG_FILE", value="~/a")}
    ),
    "a moved file of pip": Odd(("pip",), {"p": "[global]\ncert = PATH\n", **exported("PIP_CONFIG_FILE", value="~/p")}),
    "git's keys in variables": Odd(("git",), {".profile": _COUNT.format("", "PATH")}),
    "git's keys in variables, for a URL": Odd(
        ("git",), {".profile": _COUNT.format("SERVER/.", "'~/c/b.pem'")}, reached=False
    ),
    "a URL under a condition": Odd(("git of work",), {".gitconfig": _WORK, "work.inc": _HTTP}, reached=False),
    "a condition under a condition": Odd(
        ("git of work",),
        {".gitconfig": _WORK, "work.inc": '[includeIf "gitdir:~/work/a/"]\n\tpath = b.inc\n', "b.inc": _GIT},
    ),
    "npm's prefix": Odd(("npm",), {".npmrc": "prefix=${HOME}/n\n", "n/etc/npmrc": "cafile=PATH\n"}),
    "npm's prefix in a variable": Odd(
        ("npm",), {"n/etc/npmrc": "cafile=PATH\n", **exported("NPM_CONFIG_PREFIX", value="~/n")}, code=3
    ),
    "npm's other file": Odd(("npm",), {".npmrc": "globalconfig=~/n\n", "n": "cafile=PATH\n"}),
    "pip's name of an option": Odd(("pip",), {".config/pip/pip.conf": "[global]\n--CERT = PATH\n"}),
    "PHP's other directory": Odd(
        ("php",), {"ini/x.ini": "openssl.cafile = PATH\n", **exported("PHP_INI_SCAN_DIR", value=":~/ini")}
    ),
    "wget's moved file of the machine": Odd(
        ("wget",), {"w": "ca_certificate = PATH\n", **exported("SYSTEM_WGETRC", value="~/w")}, code=3
    ),
    "what git hands to its programs": Odd(
        ("git",), {".profile": "export GIT_CONFIG_PARAMETERS=\"'http.sslcainfo'='PATH'\"\n"}, reached=False
    ),
    "a shortened option of curl": Odd(("curl",), {".curlrc": "cacer = PATH\n"}),
    "npm's variable in mixed case": Odd(("npm",), exported("NPM_CONFIG_cafile"), reached=False, code=3),
    "a host of Mercurial's, and directives": Odd(
        ("hg",), {".hgrc": "[hostsecurity]\nlocalhost:verifycertsfile = PATH\n%unset style\n[ui]\n%include none\n"}
    ),
    "wget's directory": Odd(("wget",), {".wgetrc": "ca_directory = DIRECTORY\n"}),
}
#: The short form: one of each kind.
SHORT = (
    *("a variable below another one", "a moved file of git", "a URL under a condition", "npm's prefix"),
    *("wget's moved file of the machine", "a host of Mercurial's, and directives"),
)


class Scene(NamedTuple):
    """A throw-away root with the clients in it, and servers under the private root and under the added one."""

    root: Throwaway
    private: Server
    ours: Server

    def set_up(self, odd: Odd) -> None:
        """Write what alice's files say."""
        self.root.reset()
        for path, text in odd.files.items():
            said = text.replace("PATH", f"{HOME}/c/b.pem").replace("DIRECTORY", f"{HOME}/d")
            before = self.root.read(f"{HOME}/.profile").decode() + "\n" if path == ".profile" else ""
            self.root.write(f"{HOME}/{path}", before + said.replace("SERVER", self.private.url), user="alice")

    def ask(self, odd: Odd) -> dict[str, tuple[str, str]]:
        """What each client, started in a login, does with the server under the private root, and the added one."""
        asked = (self.private, self.ours)
        return {
            name: (ASKED[name].ask(self.root, asked[0], LOGIN), ASKED[name].ask(self.root, asked[1], LOGIN))
            for name in odd.clients
        }

    def is_effective(self, client: str) -> bool:
        """Whether `tools` says that a client trusts what was added in the login sessions of bash."""
        told = json.loads(self.root.trustinstall("tools", "--json", user="alice", check=True).stdout)
        found = [one for one in told["tools"] if one["name"] == client and "effective" in one]
        assert found
        first = found[0]
        return first["effective"] == "yes" or (first["effective"] == "in-part" and "bash login" not in first["not_in"])

    def home(self) -> list[str]:
        """Every file of alice's home but our own state and what clients leave, with what it holds."""
        left = "^./(npm|p)-|/[.]local/state/|/[.](cache|npm)/|wget-hsts"
        command = f"find . -type f | grep -Ev '{left}' | sort | xargs sha256sum"
        return self.root.run(["sh", "-c", command], user="alice", check=True).stdout.splitlines()


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """All clients, installed, and no settings."""
    private, ours = make_root("Private Root"), make_root("Corp Root")
    with (
        Server(private.issue("localhost")) as theirs,
        Server(ours.issue("localhost")) as known,
        Throwaway(java=False) as root,
    ):
        copy_in(root, downloads("pip==24.1", "botocore", "requests"), "/opt/wheels")
        root.run(["sh", "-c", _SETUP], timeout=180, check=True)
        root.write(CERTIFICATE, ours.pem)
        root.write(f"{HOME}/c/b.pem", root.read(SYSTEM) + private.pem, user="alice")
        root.write(f"{HOME}/d/p.pem", private.pem, user="alice")
        root.run(["openssl", "rehash", f"{HOME}/d"], user="alice", check=True)
        root.run(["git", "init", "--quiet", f"{HOME}/work/a"], user="alice", check=True)
        root.run(["rm", "-f", "/usr/bin/composer"], check=True)  # it reads one of OpenSSL's two variables, see `ours`
        root.freeze()
        yield Scene(root, theirs, known)


@pytest.mark.parametrize("name", ODD if FULL else SHORT)
def test_the_private_root_stays_trusted(scene: Scene, name: str) -> None:
    """Without root: each client reaches both servers after `add`, or `tools` says no; all bytes are as before."""
    odd = ODD[name]
    scene.set_up(odd)
    assert scene.ask(odd) == dict.fromkeys(odd.clients, (TRUSTS, REFUSES))
    before = scene.home()
    added = scene.root.trustinstall("add", CERTIFICATE, user="alice")
    assert added.returncode == odd.code, added.stdout + added.stderr
    assert scene.ask(odd) == dict.fromkeys(odd.clients, (TRUSTS, TRUSTS if odd.reached else REFUSES))
    for client in () if odd.reached else odd.clients:
        assert not scene.is_effective(client.partition(" ")[0])
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.home() == before


@pytest.mark.parametrize(("directory", "trusts"), [(f"{HOME}/d", False), ("/etc/ssl/certs", True)])
def test_a_directory_of_wget_replaces_the_systems(scene: Scene, directory: str, *, trusts: bool) -> None:
    """With root: `tools` says of wget what wget does, where its file names a directory of roots."""
    scene.root.reset()
    scene.root.write(f"{HOME}/.wgetrc", f"ca_directory = {directory}\n", user="alice")
    scene.root.trustinstall("add", CERTIFICATE, check=True)
    assert ASKED["wget"].ask(scene.root, scene.ours, LOGIN) == (TRUSTS if trusts else REFUSES)
    assert scene.is_effective("wget") == trusts
