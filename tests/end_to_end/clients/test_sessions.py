"""Node.js in real sessions whose files name a bundle of their own: it loses nothing, and is reached, or that is said.

Every scene starts from an environment with nothing in it, so that only files count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.contract.machines import FULL
from tests.end_to_end.clients.table import REFUSES, TRUSTS
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import GREETING, Server

pytestmark = pytest.mark.timeout(300)

CERTIFICATE, HOME, CORP = "/srv/corp.crt", "/home/alice/x.pem", "/etc/corp/x.pem"
NAME = "NODE_EXTRA_CA_CERTS"
_GENERATOR = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
_NODE = (
    "require('https').get(process.argv[1], answer => answer.pipe(process.stdout)).on('error', error => "
    "{ console.log('no: ' + error.code); process.exitCode = 1 })"
)
_REFUSAL = "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY|GET)"
BASH = ("bash", "-l", "-c", 'exec "$@"', "bash")
IN_BASH = ("bash", "-i", "-c", 'exec "$@"', "bash")
ZSH = ("zsh", "-l", "-i", "-c", 'exec "$@"', "zsh")
FISH = ("fish", "-l", "-i", "-c", "exec $argv")
CSH = ("bash", "-c", """exec -a -tcsh tcsh -c 'exec $argv:q' "$@" """, "bash")
IN_SCRIPT = (*BASH[:3], 'exec bash -c \'exec "$@"\' bash "$@"', "bash")
SYSTEMD = ("sh", "-c", f'eval "$({_GENERATOR} | sed "s/^/export /")"; exec "$@"', "sh")


class Scene(NamedTuple):
    """What stands in a file before `add`.

    Attributes:
        file: where.
        text: the line that names the bundle.
        session: the words that start a program in it.
        reached: whether `add` reaches Node.js there; else it says the file and the line.
        worked: whether the private root worked before.
        also: more files.
    """

    file: str
    text: str
    session: tuple[str, ...] = BASH
    reached: bool = True
    worked: bool = True
    also: tuple[tuple[str, str], ...] = ()

    @property
    def user(self) -> str:
        """The account that adds."""
        return "alice" if self.file.startswith("/home/") else "root"


PROFILE = "/home/alice/.profile"
_ALIASES = ("/home/alice/.bashrc", 'for each in "$HOME"/.bashrc.d/*; do [ -r "$each" ] && . "$each"; done\n')
SCENES = {
    "a variable in quotes": Scene(PROFILE, f'export {NAME}="$HOME/x.pem"'),
    "a variable in braces": Scene(PROFILE, f"export {NAME}=${{HOME}}/x.pem"),
    "a tilde": Scene("/home/alice/.bashrc", f"export {NAME}=~/x.pem", IN_BASH),
    "a variable of the same file": Scene(PROFILE, f"certs=$HOME; {NAME}=$certs/x.pem; export {NAME}"),
    "a command": Scene(PROFILE, f'export {NAME}="$(dirname /home/alice/x)/x.pem"', reached=False),
    "a list": Scene(PROFILE, f"export {NAME}={HOME}:/home/alice/y.pem", reached=False, worked=False),
    "a missing file": Scene(PROFILE, f"export {NAME}=/home/alice/gone.pem", reached=False, worked=False),
    "zsh": Scene("/home/alice/.zshrc", f"export {NAME}=~/x.pem", ZSH),
    "zsh's logins": Scene("/home/alice/.zprofile", f'export {NAME}="$HOME/x.pem"', ZSH),
    "fish": Scene("/home/alice/.config/fish/config.fish", f"set -gx {NAME} ~/x.pem", FISH),
    "bash's aliases": Scene("/home/alice/.bash_aliases", f"export {NAME}=~/x.pem", IN_BASH),
    "bash's directory": Scene("/home/alice/.bashrc.d/corp", f"export {NAME}=~/x.pem", IN_BASH, also=(_ALIASES,)),
    "a default behind ours": Scene(PROFILE, f'export {NAME}="${{{NAME}:-$HOME/x.pem}}"'),
    "csh": Scene("/home/alice/.cshrc", f"setenv {NAME} ~/x.pem", CSH),
    "csh's logins": Scene("/home/alice/.login", f"if ( 1 ) setenv {NAME} /home/alice/x.pem", CSH, reached=False),
    "a script of bash": Scene(
        "/home/alice/.more", f"export {NAME}=~/x.pem", IN_SCRIPT, also=((PROFILE, "export BASH_ENV=~/.more\n"),)
    ),
    "the machine's csh": Scene("/etc/csh.login", f"setenv {NAME} {CORP}", CSH),
    "the machine's profile": Scene("/etc/profile.d/corp.sh", f"export {NAME}={CORP}"),
    "a default of the machine's": Scene("/etc/profile.d/zz.sh", f'export {NAME}="${{{NAME}:-{CORP}}}"'),
    "the machine's systemd": Scene("/etc/environment.d/10-corp.conf", f"{NAME}={CORP}", SYSTEMD),
    "the machine's zsh": Scene("/etc/zsh/zshrc", f"export {NAME}={CORP}", ZSH),
    "the machine's fish": Scene("/etc/fish/config.fish", f"set -gx {NAME} {CORP}", FISH),
}
#: The short form: one of each kind.
SHORT = ("a command", "csh", "zsh", "a default of the machine's", "the machine's systemd")


class Servers(NamedTuple):
    """A throw-away root, and servers under the private root and under the one that is added."""

    root: Throwaway
    private: Server
    added: Server


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Both servers, and the bundles that the scenes name."""
    private, added = make_root("Private Root"), make_root("Corp Root")
    with (
        Server(private.issue("localhost")) as theirs,
        Server(added.issue("localhost")) as ours,
        Throwaway(java=False) as root,
    ):
        root.write(CERTIFICATE, added.pem)
        root.write(HOME, private.pem, user="alice")
        root.write(CORP, private.pem)
        root.freeze()
        yield Servers(root, theirs, ours)


def _asked(servers: Servers, scene: Scene) -> tuple[str, str]:
    """What Node.js does in the session with the server under the private root, and with the other one."""
    return _ask(servers.root, scene, servers.private), _ask(servers.root, scene, servers.added)


def _ask(root: Throwaway, scene: Scene, server: Server) -> str:
    done = root.run([*scene.session, "node", "-e", _NODE, server.url], user="alice")
    if GREETING.decode() in done.stdout:
        return TRUSTS
    return REFUSES if re.search(_REFUSAL, done.stdout) else f"neither: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("name", SCENES if FULL else SHORT)
def test_a_session_that_names_a_bundle(servers: Servers, name: str) -> None:
    """The private root always works; the added one does after `add`, or the report has file and line; all is undone."""
    scene, root = SCENES[name], servers.root
    root.reset()
    for path, text in (*scene.also, (scene.file, f"# mine\n{scene.text}\n")):
        old = root.read(path).decode() if root.path(path).exists() else ""
        root.write(path, old + text, user=scene.user)
    root.run((*FISH[:-1], "true"), user="alice")  # it makes files for itself
    before = {path: entry for path, entry in root.changes().items() if not path.startswith("/home/alice/.local")}
    worked = TRUSTS if scene.worked else REFUSES
    assert _asked(servers, scene) == (worked, REFUSES)
    added = root.trustinstall("add", "--json", CERTIFICATE, user=scene.user)
    report = json.loads(added.stdout)
    assert _asked(servers, scene) == (worked, TRUSTS if scene.reached else REFUSES)
    said = [one for one in report["stores"] if one["location"] == f"{scene.file}#{NAME}"]
    if scene.reached:
        assert [(one["id"], one["detail"]) for one in report["stores"] if one["result"] == "failed"] == []
        assert (added.returncode, said) == (0, [])
    else:
        assert (added.returncode, [one["result"] for one in said]) == (3, ["failed"])
        line = root.read(scene.file).decode().splitlines().index(scene.text) + 1  # below the section that `add` wrote
        assert f"{NAME} in {scene.file} line {line}" in said[0]["detail"]
    root.trustinstall("remove", CERTIFICATE, user=scene.user, check=True)
    assert _asked(servers, scene) == (worked, REFUSES)
    assert root.read(HOME) == root.read(CORP)
    after = root.changes(ignore=("/home/alice/.local", "/var/lib/trustinstall", "/var/log"))
    assert after.keys() - before.keys() <= {"/usr/local/share", "/home/alice/.local"}
    assert {path: after[path] for path in before if path in after} == before


def test_npm_where_one_session_names_a_bundle(servers: Servers) -> None:
    """Npm keeps the private root in that session and gets the new one; sessions without the variable are named."""
    root = servers.root
    root.reset()
    bashrc = "/home/alice/.bashrc"
    root.write(bashrc, root.read(bashrc).decode() + f"export {NAME}=~/x.pem\n", user="alice")
    root.write("/home/alice/.npmrc", "fund=false\n", user="alice")
    assert _pings(servers, *IN_BASH) == (TRUSTS, REFUSES)
    added = root.trustinstall("add", CERTIFICATE, "--yes", user="alice")
    assert _pings(servers, *IN_BASH) == (TRUSTS, TRUSTS)
    assert _pings(servers) == (REFUSES, REFUSES)
    said = " ".join(added.stdout.split())
    assert added.returncode == 0, added.stderr
    assert "npm: not trusted in cron (PAM): a setting of ours would hide" in said
    (row,) = (one for one in json.loads(_tools(root))["tools"] if one["name"] == "npm")
    assert (row["effective"], row["not_in"]) == ("in-part", ["cron (PAM)"])
    root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert root.read("/home/alice/.npmrc") == b"fund=false\n"
    assert root.read(HOME) == root.read(CORP)


def _tools(root: Throwaway) -> str:
    return root.trustinstall("tools", "--json", user="alice", check=True).stdout


def _pings(servers: Servers, *session: str) -> tuple[str, str]:
    """What npm does in a session with the server under the private root, and with the other one."""
    words = (*session, "npm", "ping", "--fetch-retries=0", "--cache=/tmp/npm-cache")
    found: list[str] = []
    for server in (servers.private, servers.added):
        done = servers.root.run([*words, f"--registry={server.url}"], user="alice")
        answer = TRUSTS if "E404" in done.stderr else f"neither: {done.stderr}"
        found.append(REFUSES if re.search(_REFUSAL, done.stderr) else answer)
    return found[0], found[1]


def test_an_alias_that_replaces_a_client(servers: Servers) -> None:
    """Curl by an alias with roots of its own is not said to trust: `tools` and `doctor` name the file and line."""
    root, bashrc = servers.root, "/home/alice/.bashrc"
    root.reset()
    text = root.read(bashrc).decode() + "alias curl='curl --cacert ~/x.pem --capath /none'\n"
    root.write(bashrc, text, user="alice")
    by = f"{bashrc} line {len(text.splitlines())}"
    root.trustinstall("add", CERTIFICATE, check=True)
    typed = root.run(["bash", "-ic", f"curl --silent --show-error {servers.added.url}"], user="alice")
    assert "curl: (60)" in typed.stderr
    (row,) = (one for one in json.loads(_tools(root))["tools"] if one["name"] == "curl")
    assert (row["effective"], row["decided_by"]) == ("unknown", by)
    said = json.loads(root.trustinstall("doctor", "--json", user="alice").stdout)
    found = [(one["id"], one["client"]) for one in said["findings"] if one["decided_by"] == by]
    assert found == [("setting-unknown", "curl")]


def test_a_file_that_is_a_mount_of_its_own(servers: Servers) -> None:
    """A settings file or bundle that a container mounts cannot be replaced: the report says so, and nothing changes."""
    root, profile = servers.root, "/home/alice/.profile"
    root.reset()
    text = root.read(profile).decode() + f"export {NAME}={HOME}\n"
    root.write(profile, text, user="alice")
    for path in (profile, HOME):
        root.run(["mount", "--bind", path, path], check=True)
    added = root.trustinstall("add", "--json", CERTIFICATE, user="alice")
    said = {one["location"]: one["detail"] for one in json.loads(added.stdout)["stores"] if one["result"] == "failed"}
    assert (added.returncode, "findmnt" in said[profile], "findmnt" in said[HOME]) == (3, True, True)
    root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    root.run(["umount", profile, HOME], check=True)
    assert root.read(profile).decode() == text
    assert root.read(HOME) == root.read(CORP)


def test_a_directory_that_curls_file_names(servers: Servers) -> None:
    """Curl with `capath` beside `cacert` reads no other directory: root's `add` does not reach it, and that is said."""
    root = servers.root
    root.reset()
    root.write("/home/alice/.curlrc", f"cacert = {HOME}\ncapath = /none\n", user="alice")
    root.trustinstall("add", CERTIFICATE, check=True)
    asked = root.run(["curl", "--silent", "--show-error", servers.added.url], user="alice")
    assert "curl: (60)" in asked.stderr
    (row,) = (one for one in json.loads(_tools(root))["tools"] if one["name"] == "curl")
    assert (row["effective"], row["decided_by"]) == ("no", "/home/alice/.curlrc line 1")
