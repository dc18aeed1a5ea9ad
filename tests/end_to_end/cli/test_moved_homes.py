"""Accounts that are renamed, and homes that are moved: every kind of store that an account has, in one home."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.cli.machine import CERT, DEBIAN, FULL, ROOT, quick, told
from tests.support.jks import jks
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway

OWN = make_root("Own Root")
HOME = "/home/bob"
LINKED = "/srv/disk/bob"  # the directory of a home that is a link
#: Settings files and lines of shells, each with something of bob's; those of the last lines name bundles of his own.
FILES = {
    ".npmrc": "fund=false\n",
    ".config/pip/pip.conf": "[global]\ntimeout = 5\n",
    ".wgetrc": "tries = 3\n",
    ".hgrc": "[ui]\nusername = x\n",
    ".subversion/servers": "[global]\nhttp-timeout = 5\n",
    ".yarnrc.yml": "enableTelemetry: false\n",
    ".yarnrc": "x true\n",
    ".condarc": "channels: [a]\n",
    ".aws/config": "[default]\nregion = x\n",
    ".lima/_config/override.yaml": "cpus: 2\n",
    ".claude/settings.json": '{"model": "x"}\n',
    ".vscode-server/server-env-setup": "export X=1\n",
    ".boto": "[Boto]\nx = 1\n",
    ".bashrc": "# mine\n",
    ".profile": "# mine\n",
    ".zshenv": "# mine\n",
    ".config/fish/config.fish": "# mine\n",
    ".minikube/config/config.json": "{}\n",
    ".config/StorageExplorer/settings.json": "{}\n",
    "venv/pyvenv.cfg": "home = /usr/bin\n",
    "miniconda3/conda-meta/history": "",
    ".sdkman/candidates/java/17.0.1/release": 'JAVA_VERSION="17.0.1"\n',
    ".sdkman/candidates/java/17.0.1/bin/java": "",
    ".sdkman/candidates/java/17.0.1/lib/modules": "",
    ".gradle/gradle.properties": f"systemProp.javax.net.ssl.trustStore={HOME}/gradle.jks\n",
    ".curlrc": f"cacert = {HOME}/curl.pem\n",
    ".gitconfig": f"[http]\n\tsslCAInfo = {HOME}/git.pem\n",
    ".cargo/config.toml": f'[http]\ncainfo = "{HOME}/cargo.pem"\n',
    "venv/pip.conf": f"[global]\ncert = {HOME}/venv.pem\n",
    "project/package.json": "{}\n",
    "project/.npmrc": f"cafile={HOME}/project.pem\n",
}
BUNDLES = ("curl.pem", "git.pem", "cargo.pem", "venv.pem", "project.pem")
SITE = "lib/python3.11/site-packages/certifi/cacert.pem"
PUBLIC = (f".local/{SITE}", f"venv/{SITE}", f"miniconda3/{SITE}", "miniconda3/ssl/cacert.pem")
KEYSTORES = ("gradle.jks", ".sdkman/candidates/java/17.0.1/lib/security/cacerts")
DATABASES = """
mkdir -p .mozilla/firefox/x.default .pki/nssdb
for each in .mozilla/firefox/x.default .pki/nssdb; do certutil -N --empty-password -d sql:$each; done
printf '[Profile0]\\nName=x\\nIsRelative=1\\nPath=x.default\\n' >.mozilla/firefox/profiles.ini
"""
STORES = 29  # in this home, at least: the machine's variables reach an account for which root adds

BOTH = "usermod --login robert --home /home/robert --move-home bob"
#: What an administrator does, and the name and the home of the account then. Those of `LINKS` begin with a home that
#: is a link to another disk.
MOVES = {
    "a new name": ("usermod --login robert bob", "robert", HOME),
    "a new home": ("usermod --home /home/new --move-home bob", "bob", "/home/new"),
    "both": (BOTH, "robert", "/home/robert"),
    "both, and a link in the old place": (f"{BOTH}; ln -s /home/robert {HOME}", "robert", "/home/robert"),
    "to another disk, and a link in the old place": (f"mv {HOME} /srv/bob; ln -s /srv/bob {HOME}", "bob", HOME),
}
LINKS = {
    "back from another disk": (f"rm {HOME}; mv {LINKED} {HOME}", "bob", HOME),
    "to a third disk": (f"mv {LINKED} /srv/bob; ln -sfn /srv/bob {HOME}", "bob", HOME),
    "from another disk to a new home": (
        f"rm {HOME}; mv {LINKED} /home/new; usermod --home /home/new bob",
        "bob",
        "/home/new",
    ),
}
BEFORE = ("", "add", "repair")  # what is run before `remove`
EVERY = [*itertools.product([*MOVES, *LINKS], ("root", "bob"), BEFORE)]
_EACH = itertools.cycle(itertools.product(BEFORE, ("bob", "root")))
SHORT = [(move, who, before) for move, (before, who) in zip([*MOVES, *LINKS], _EACH, strict=False)]


@pytest.fixture(scope="module")
def furnished() -> Iterator[Throwaway]:
    """A machine on which bob has a store of every kind."""
    with Throwaway(java=False) as root:
        quick(root)
        root.write(CERT, ROOT.pem)
        for name, content in FILES.items():
            root.write(f"{HOME}/{name}", content, user="bob")
        for name in BUNDLES:
            root.write(f"{HOME}/{name}", OWN.pem, user="bob")
        for name in PUBLIC:
            root.write(f"{HOME}/{name}", root.read(DEBIAN), user="bob")
        for name in KEYSTORES:
            root.write(f"{HOME}/{name}", jks(("own", OWN.der)), user="bob")
        root.run(["sh", "-ec", DATABASES], user="bob", check=True)
        root.freeze()
        yield root


def contents(root: Throwaway, home: str) -> str:
    """The checksum of every file of a home, and its directories; NSS' databases aside, which keep free pages."""
    script = (
        "find . ! -name '*.db' ! -path './.local/state*' "
        "\\( -type f -exec sha256sum {} \\; -o -type d -printf 'directory  %p\\n' \\) | sort -k 2"
    )
    return root.run(["sh", "-c", script], cwd=f"{home}/.", check=True).stdout


def trusting(root: Throwaway, home: str) -> list[str]:
    """The databases that hold the root."""
    databases = [f"{home}/{name}" for name in (".mozilla/firefox/x.default", ".pki/nssdb")]
    listed = {one: root.run(["certutil", "-L", "-d", f"sql:{one}"], check=True).stdout for one in databases}
    return [one for one, text in listed.items() if "trustinstall" in text]


@pytest.mark.parametrize(("move", "who", "before"), EVERY if FULL else SHORT)
def test_an_account_is_followed_wherever_it_goes(furnished: Throwaway, move: str, who: str, before: str) -> None:
    """`remove` takes everything out of the home as it is called now, and `add` and `repair` renew the old paths."""
    root = furnished
    root.reset()
    if move in LINKS:
        root.run(["sh", "-ec", f"mkdir /srv/disk; mv {HOME} {LINKED}; ln -s {LINKED} {HOME}"], check=True)
    delivered = contents(root, HOME)
    user = ["--user", "bob"] if who == "root" else []
    added = told(root.trustinstall("add", "--json", "--yes", *user, CERT, user=who))
    in_scope = [one["id"] for one in added["stores"] if one["scope"] == "bob" and one["result"] != "not-in-scope"]
    assert (added["exit_code"], len(in_scope) >= STORES) == (0, True), added
    script, name, home = {**MOVES, **LINKS}[move]
    root.run(["sh", "-ec", script], check=True)
    caller = "root" if who == "root" else name
    if before:
        user = ["--user", name, "--yes", CERT] if who == "root" and before == "add" else []
        user = user or (["--yes", CERT] if before == "add" else [])
        assert root.trustinstall(before, *user, user=caller).returncode == 0
        if home != HOME:
            named = root.run(["grep", "-rl", f"{HOME}/.local/share", f"{home}/.", "--exclude-dir=trustinstall"])
            assert named.stdout == ""
    gone = told(root.trustinstall("remove", "--json", ROOT.sha256, user=caller))
    assert gone["exit_code"] == 0, gone
    assert contents(root, home) == delivered
    assert trusting(root, home) == []
    again = told(root.trustinstall("remove", "--json", ROOT.sha256, user=caller))
    assert (again["exit_code"], again["changed"]) == (0, False), again


def test_settings_that_moved_into_a_repository(furnished: Throwaway) -> None:
    """A link leads to each of them now: `add` changes nothing, and `remove` leaves them as they were."""
    root, moved = furnished, (".npmrc", ".claude/settings.json", ".hgrc", ".minikube", "curl.pem", "gradle.jks")
    root.reset()
    script = "mkdir -p dotfiles/.claude; for each; do mv $each dotfiles/$each; ln -s ~/dotfiles/$each $each; done"
    move = ["sh", "-ec", script, "sh", *moved]
    root.run(move, cwd=HOME, user="bob", check=True)
    delivered = contents(root, HOME)
    root.reset()
    assert root.trustinstall("add", "--yes", CERT, user="bob").returncode == 0
    root.run(move, cwd=HOME, user="bob", check=True)
    again = told(root.trustinstall("add", "--json", "--yes", CERT, user="bob"))
    assert (again["exit_code"], again["changed"]) == (0, False), again
    assert "gone" not in again["counts"]["results"], again
    listed = json.loads(root.trustinstall("list", "--json", user="bob").stdout)
    assert "gone" not in str(listed["certificates"]), listed
    gone = told(root.trustinstall("remove", "--json", ROOT.sha256, user="bob"))
    assert gone["exit_code"] == 0, gone
    assert contents(root, HOME) == delivered


@pytest.mark.parametrize("move", ["both", "back from another disk"])
def test_proxies_of_a_document_are_followed_as_well(furnished: Throwaway, move: str) -> None:
    """Once the document names none, `apply --prune` takes them out of the home as it is called now."""
    root, trust = furnished, "/srv/trust.toml"
    root.reset()
    if move in LINKS:
        root.run(["sh", "-ec", f"mkdir /srv/disk; mv {HOME} {LINKED}; ln -s {LINKED} {HOME}"], check=True)
    delivered = contents(root, HOME)
    proxy = "http://proxy.corp.example:3128"
    root.write(trust, f'version = 1\n[proxies]\nhttp = "{proxy}"\nhttps = "{proxy}"\n')
    root.trustinstall("apply", trust, user="bob", check=True)
    assert proxy.encode() in root.read(f"{HOME}/.npmrc")
    script, name, home = {**MOVES, **LINKS}[move]
    root.run(["sh", "-ec", script], check=True)
    root.write(trust, "version = 1\n")
    root.trustinstall("apply", trust, "--prune", user=name, check=True)
    assert contents(root, home) == delivered
