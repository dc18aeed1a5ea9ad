"""Real tools whose verification is switched off: they accept an untrusted server, until `doctor --fix`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.end_to_end.clients.fetched import tarballs
from tests.support.fresh import copy_in, downloads
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server, git_repository, package_index
from trustinstall_platforms.tools.effective.switches import SWITCHES

pytestmark = pytest.mark.timeout(600)

CORP, STRANGER = make_root("Corp Root"), make_root("Stranger Root")


@dataclass(frozen=True)
class Way:
    """One way to switch a tool's verification off.

    Attributes:
        client: the tool, as the doctor calls it.
        file: where it is said, and in which line.
        text: what the file holds; the text before and after is alice's, and stays.
        removed: what `--fix` cuts out.
        command: how the tool asks a server; {url} stands for its address.
    """

    client: str
    file: str
    line: int
    text: str
    removed: str
    command: str
    user: str = "alice"


_GIT = "git ls-remote {url}/repo.git"
_PIP = "pip3 download --no-deps --retries=0 -d /tmp/{port} --index-url={url}/simple/ tinything"
_NPM = "cd && mkdir -p w && cd w && npm view --fetch-retries=0 --cache=c --registry={url} tinything"
_NODE = 'node -e \'require("https").get("{url}/").on("error", () => process.exit(1))\''
WAYS = {
    "git": Way(
        "git", "~/.gitconfig", 4, "[user]\n\tname = A\n[http]\n\tsslVerify = false\n", "\tsslVerify = false\n", _GIT
    ),
    "git for a host": Way(
        "git",
        "~/.gitconfig",
        2,
        '[http "https://localhost:PORT"]\n\tsslVerify = 0 # old\n',
        "\tsslVerify = 0 # old\n",
        _GIT,
    ),
    "git by a variable": Way(
        "git", "~/.bashrc", 2, "# mine\nexport GIT_SSL_NO_VERIFY=1\nPS1=x\n", "export GIT_SSL_NO_VERIFY=1\n", _GIT
    ),
    "curl": Way("curl", "~/.curlrc", 2, "silent\ninsecure\n", "insecure\n", "curl -o /dev/null {url}/"),
    "curl, short": Way("curl", "~/.curlrc", 1, "-k\n", "-k\n", "curl -o /dev/null {url}/"),
    "curl, a flag after another": Way(
        "curl", "~/.curlrc", 2, "no-insecure\n-k\n", "-k\n", "curl -s -o /dev/null {url}/"
    ),
    "wget": Way(
        "wget",
        "~/.wgetrc",
        1,
        "Check-Certificate = off\ntries = 1\n",
        "Check-Certificate = off\n",
        "wget -q -O /dev/null {url}/",
    ),
    "hg": Way(
        "Mercurial",
        "~/.hgrc",
        2,
        "[defaults]\nidentify = --insecure\n",
        "identify = --insecure\n",
        "hg identify {url}/",
    ),
    "pip": Way(
        "pip",
        "~/.config/pip/pip.conf",
        2,
        "[global]\ntrusted-host = localhost\ntimeout = 9\n",
        "trusted-host = localhost\n",
        _PIP,
    ),
    "pip, with an underscore": Way(
        "pip", "~/.config/pip/pip.conf", 2, "[global]\ntrusted_host = localhost\n", "trusted_host = localhost\n", _PIP
    ),
    "pip by a variable": Way(
        "pip",
        "~/.profile",
        1,
        "PIP_TRUSTED_HOST=localhost\nexport PIP_TRUSTED_HOST\n",
        "PIP_TRUSTED_HOST=localhost\n",
        _PIP,
    ),
    "npm": Way("npm", "~/.npmrc", 1, "strict-ssl=false\nfund=false\n", "strict-ssl=false\n", _NPM),
    "npm by a variable": Way(
        "npm", "~/.bashrc", 1, "export npm_config_strict_ssl=false\n", "export npm_config_strict_ssl=false\n", _NPM
    ),
    "Node.js": Way(
        "Node.js",
        "~/.bashrc",
        1,
        "export NODE_TLS_REJECT_UNAUTHORIZED=0\n",
        "export NODE_TLS_REJECT_UNAUTHORIZED=0\n",
        _NODE,
    ),
    "gem": Way(
        "RubyGems",
        "~/.gemrc",
        2,
        "---\n:ssl_verify_mode: 0\n:backtrace: true\n",
        ":ssl_verify_mode: 0\n",
        "gem list --remote --clear-sources --source {url}/ tiny",
    ),
    "Yarn 1": Way(
        "Yarn 1",
        "~/.yarnrc",
        2,
        "lastUpdateCheck 1\nstrict-ssl false\n",
        "strict-ssl false\n",
        "cd && node /opt/npm/yarn/package/bin/yarn.js info --registry={url} --network-timeout=9000 tinything",
    ),
    "Yarn": Way(
        "Yarn from 4 on",
        "~/.yarnrc.yml",
        1,
        "enableStrictSsl: false\nenableTelemetry: false\n",
        "enableStrictSsl: false\n",
        "mkdir -p ~/y && cd ~/y && echo {} >package.json && : >yarn.lock && YARN_HTTP_RETRY=0 "
        "YARN_NPM_REGISTRY_SERVER={url} node /opt/npm/berry/package/bin/yarn.js npm info tinything",
    ),
    "uv": Way(
        "uv",
        "~/.config/uv/uv.toml",
        1,
        'allow-insecure-host = ["localhost"]\noffline = false\n',
        'allow-insecure-host = ["localhost"]\n',
        "UV_HTTP_RETRIES=0 /srv/uv/bin/uv pip install --no-cache --dry-run --target /tmp/t "
        "--default-index={url}/simple/ tinything",
    ),
    "apt": Way(
        "apt",
        "/etc/apt/apt.conf.d/99corp",
        2,
        '// old\nAcquire::https::Verify-Peer "false";\n',
        'Acquire::https::Verify-Peer "false";\n',
        "/usr/lib/apt/apt-helper -o Acquire::Retries=0 download-file {url}/ /tmp/x",
        user="root",
    ),
}


_SETUP = """
set -e
for each in yarn berry; do mkdir -p /opt/npm/$each; tar -xzf /opt/tarballs/$each.tgz -C /opt/npm/$each; done
python3 -m venv --without-pip /srv/uv
pip3 --python /srv/uv/bin/python install --quiet --no-index --find-links /opt/uv uv
"""


@pytest.fixture(scope="module")
def added() -> Iterator[Throwaway]:
    """A Debian whose administrator has added the company's root."""
    with Throwaway(java=False) as root:
        root.write("/corp.crt", CORP.pem)
        copy_in(root, tarballs(), "/opt/tarballs")
        copy_in(root, downloads("uv"), "/opt/uv")
        root.run(["sh", "-c", _SETUP], timeout=180, check=True)
        root.trustinstall("add", "/corp.crt", "--yes", check=True)
        root.freeze()
        yield root


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    """The company's server, and an untrusted one."""
    files = {**git_repository(), **package_index(), "/tinything": b'{"name":"tinything","dist-tags":{},"versions":{}}'}
    with Server(CORP.issue("localhost"), files) as corp, Server(STRANGER.issue("localhost"), files) as stranger:
        yield corp, stranger


def _accepts(root: Throwaway, way: Way, server: Server) -> bool:
    """Whether the tool, started from an interactive login shell, asks a server for anything."""
    before = len(server.asked)
    command = way.command.replace("{url}", server.url).replace("{port}", str(server.port))
    root.run(["bash", "-lic", command], user=way.user, timeout=120)
    return len(server.asked) > before


def _doctor(root: Throwaway, way: Way, *words: str) -> dict[str, Any]:
    done = root.trustinstall("doctor", "--json", *words, user=way.user, timeout=120)
    assert done.returncode in {0, 10}, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _off(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in found["findings"] if one["id"] == "verification-off"]


@pytest.mark.parametrize("name", WAYS)
def test_a_switch_is_found_and_taken_back(added: Throwaway, servers: tuple[Server, Server], name: str) -> None:
    """The tool refuses a stranger, accepts it by the switch, and refuses it again after --fix."""
    way, (corp, stranger) = WAYS[name], servers
    path, text = way.file.replace("~", f"/home/{way.user}"), way.text.replace("PORT", str(stranger.port))
    try:
        assert (_accepts(added, way, corp), _accepts(added, way, stranger)) == (True, False)
        added.write(path, text, user=way.user)
        assert _accepts(added, way, stranger)
        (found,) = _off(_doctor(added, way))
        assert (found["client"], found["decided_by"]) == (way.client, f"{path} line {way.line}")
        assert found["remedy"][-2:] == ["doctor", "--fix"]
        done = _doctor(added, way, "--fix", "--yes")
        assert [(one["path"], one["line"], one["removed"]) for one in done["fixed"]] == [(path, way.line, way.removed)]
        assert (_off(done), added.read(path).decode()) == ([], text.replace(way.removed, ""))
        assert (_accepts(added, way, corp), _accepts(added, way, stranger)) == (True, False)
    finally:
        added.reset()


def test_every_row_that_is_called_real_is_proved() -> None:
    """A row of the table is "real" where a tool was asked here, by a variable or a settings file, and only there."""
    real = {(one.client, bool(one.place.variables)) for one in SWITCHES if one.place.known == "real"}
    assert real == {(one.client, one.file in {"~/.bashrc", "~/.profile"}) for one in WAYS.values()}
