"""Settings of projects: each kind of file that has precedence over the account's, and what does not count as one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.platforms.tools.effective_settings.home import CORP, HOME, PRIVATE, PUBLIC, change, tree
from tests.support.fake_host import make, program, write
from trustinstall.engine.outcome import Result
from trustinstall.host import ActingHost
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.tools.effective import projects
from trustinstall_platforms.tools.settings import Settings

PROJECT = f"{HOME}/src/app"
#: A project's file and its text, and the variable of ours that its client reads first.
FILES = {
    ".git/config": ('[core]\n\tbare = false\n[http]\n\tsslCAInfo = "PATH"\n', "GIT_SSL_CAINFO"),
    ".hg/hgrc": ("[web]\ncacerts = PATH\n", ""),
    ".cargo/config": ('[http]\ncainfo = "PATH"\n', "CARGO_HTTP_CAINFO"),
    ".cargo/config.toml": ('http.cainfo = "PATH"\n', "CARGO_HTTP_CAINFO"),
    ".bundle/config": ('---\nBUNDLE_SSL_CA_CERT: "PATH"\n', ""),
    ".npmrc": ("cafile=PATH\n", ""),
    ".user.ini": ("openssl.cafile = PATH ; mine\n", ""),
    ".yarnrc": ('cafile "PATH"\n', ""),
    ".yarnrc.yml": ("httpsCaFilePath: PATH\n", ""),
}
BUNDLE = f"{HOME}/certs/app.pem"


def _known(host: ActingHost, *paths: str) -> ActingHost:
    """Return the host after a scan that has noticed what there is of these files."""
    return replace(host, known=tuple(one for one in paths if Settings().notices(host, one)))


@pytest.mark.parametrize("path", FILES)
def test_the_bundle_of_a_project_gets_the_root(host: ActingHost, path: str) -> None:
    """No variable hides the project's file, and `remove` puts every byte back."""
    text, hiding = FILES[path]
    for name in ("git", "hg", "cargo", "bundle", "npm", "yarn"):
        program(host, f"/usr/bin/{name}")
    write(host, BUNDLE, PUBLIC.pem + PRIVATE.pem)
    write(host, f"{PROJECT}/{path}", text.replace("PATH", BUNDLE))
    before, host = tree(host), _known(host, f"{PROJECT}/{path}")
    found = change(host)
    assert (found[BUNDLE].result, CORP.pem in host.read(BUNDLE)) == (Result.ADDED, True)
    assert not hiding or f"{hiding}=" not in host.read(f"{HOME}/.profile").decode()
    said = [one.detail for one in found.values() if one.result is Result.FAILED]
    assert [hiding in one for one in said] == ([True] if hiding else [])
    change(host, trusted=False)
    assert tree(host) == before


@pytest.mark.parametrize("owner", [0, 1234])
def test_a_project_of_the_machine(tmp_path: Path, owner: int) -> None:
    """Root's projects count for root, and none whose files another account may change."""
    host = make(tmp_path)
    path = write(host, "/srv/www/.user.ini", "openssl.cafile = /etc/corp/a.pem\n")
    os.chown(host.where(path), owner, owner)
    root = replace(_known(host, path), account=replace(host.account, uid=0, home="/root"))
    write(host, "/etc/corp/a.pem", PUBLIC.pem + PRIVATE.pem)
    found = {one.location for one in Settings().discover(root, DiscoveryOptions())}
    assert ("/etc/corp/a.pem" in found) == (owner == 0)


@pytest.mark.parametrize(
    ("path", "text", "included"),
    [
        (".git/config", "[include]\n\tpath = ~/shared\n", "[http]\n\tsslCAInfo = PATH\n"),
        (".cargo/config.toml", 'include = ["../../../shared"]\n', 'http.cainfo = "PATH"\n'),
        (".hg/hgrc", "%include ~/shared\n", "[web]\ncacerts = PATH\n"),
    ],
)
def test_a_file_that_a_project_includes(host: ActingHost, path: str, text: str, included: str) -> None:
    """It decides in the project alone, wherever it lies: its bundle gets the root."""
    write(host, BUNDLE, PUBLIC.pem + PRIVATE.pem)
    write(host, f"{HOME}/shared", included.replace("PATH", BUNDLE))
    write(host, f"{PROJECT}/{path}", text)
    before, host = tree(host), _known(host, f"{PROJECT}/{path}")
    assert change(host)[BUNDLE].result is Result.ADDED
    hiding = FILES[path][1]
    assert not hiding or f"{hiding}=" not in host.read(f"{HOME}/.profile").decode()
    change(host, trusted=False)
    assert tree(host) == before


@pytest.mark.parametrize("kind", ["no roots", "the home's own", "a FIFO", "too long", "of no tool", "gone"])
def test_what_is_no_projects_setting(host: ActingHost, kind: str) -> None:
    """Such a file is not noticed: the variables are set as without it."""
    path = f"{PROJECT}/.git/config"
    if kind == "the home's own":
        path = f"{HOME}/.npmrc"
        write(host, path, "cafile=/x.pem\n")
    elif kind == "a FIFO":
        Path(host.where(path)).parent.mkdir(parents=True)
        os.mkfifo(host.where(path))
    elif kind == "of no tool":
        path = f"{PROJECT}/config"
        write(host, path, "[http]\nsslCAInfo = /x.pem\n")
    elif kind != "gone":
        write(host, path, "[core]\n" if kind == "no roots" else "[http]\nsslCAInfo = /x.pem\n" + "#" * (1 << 18))
    assert projects.projects(_known(host, path)) == ()
