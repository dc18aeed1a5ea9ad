"""Bundles of Python packages: which there are."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import certifi
import pytest

from tests.platforms.python.certifi_tree import BACKEND, CERTIFI, PUBLIC, SITE, Tree
from trustinstall.errors import UsageProblem
from trustinstall.host import Account, ActingHost
from trustinstall.host.walking import Bounds, Entry
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.python.known_bundles import BUNDLES, Bundle


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.path)
def test_every_known_bundle_is_found(tree: Tree, bundle: Bundle) -> None:
    """Each row of the table is a store of its own, wherever its environment is."""
    path = tree.file(f"{SITE}/{bundle.path}")
    [store] = BACKEND.discover(tree.host, DiscoveryOptions(pythons=("/srv/app/.venv",)))
    assert isinstance(store, Store)
    assert (store.id, store.location, store.fed_by) == (f"certifi:{path}", path, None)
    assert store.clients == bundle.clients
    assert store.label.startswith("/srv/app/.venv (")
    assert tree.found(searches=["/srv"]) == [path]


@pytest.mark.parametrize(
    ("prefix", "environ", "prefixes"),
    [
        pytest.param("/srv/run", {}, ("/srv/run", "/usr"), id="the running one"),
        pytest.param("/srv/active", {"VIRTUAL_ENV": "/srv/active"}, (), id="an activated one"),
        pytest.param("/opt/conda", {"CONDA_PREFIX": "/opt/conda"}, (), id="an activated conda one"),
        pytest.param("/usr", {}, (), id="the distribution's"),
        pytest.param("/usr/local", {}, (), id="pip's as root"),
        pytest.param("/home/tester/.local", {}, (), id="the user's"),
        pytest.param("/home/tester/.local/share/pipx/venvs/ruff", {}, (), id="pipx"),
        pytest.param("/opt/pipx/venvs/ruff", {}, (), id="pipx for all"),
        pytest.param("/home/tester/.local/share/uv/tools/ruff", {}, (), id="uv tool"),
        pytest.param("/home/tester/.pyenv/versions/3.12.1", {}, (), id="pyenv"),
    ],
)
def test_environments_that_are_found_unasked(
    tree: Tree, prefix: str, environ: dict[str, str], prefixes: tuple[str, ...]
) -> None:
    """Environments that run, are active, or are where tools put them need no option."""
    path = tree.file(f"{prefix}/lib/python3.12/site-packages/certifi/cacert.pem")
    assert Tree(replace(tree.host, environ=environ, prefixes=prefixes)).found() == [path]


def test_dist_packages_are_packages(tree: Tree) -> None:
    """Debian's directories have no version, or another name."""
    paths = [
        tree.file("/usr/lib/python3/dist-packages/httplib2/cacerts.txt"),
        tree.file("/usr/local/lib/python3.11/dist-packages/certifi/cacert.pem"),
    ]
    assert tree.found() == paths


def test_lib64_has_packages_too(tree: Tree) -> None:
    """Fedora keeps packages with compiled parts, gRPC's for one, in a directory of their own."""
    path = tree.file("/usr/lib64/python3.12/site-packages/grpc/_cython/_credentials/roots.pem")
    assert tree.found() == [path]


def test_interpreters_on_path(tree: Tree) -> None:
    """A user's PATH counts, root's does not; what an interpreter links to is its environment."""
    path = tree.file("/srv/py/lib/python3.12/site-packages/certifi/cacert.pem")
    tree.file("/srv/py/bin/python3.12", b"")
    tree.link("/srv/bin/python3", "../py/bin/python3.12")
    environ = {"PATH": "relative:/srv/bin:/nowhere"}
    user = Account(1000, 1000, "user", None)
    assert Tree(replace(tree.host, environ=environ, account=user)).found() == [path]
    assert Tree(replace(tree.host, environ=environ, account=Account(0, 0, "root", None))).found() == []
    tree.link("/usr/local/bin/python3", "/srv/py/bin/python3.12")
    assert tree.found() == [path]


def test_pyenv_shims_lead_nowhere(tree: Tree) -> None:
    """A script called python, with no environment around it, is passed over."""
    tree.file("/srv/pyenv/shims/python3", b"#!/bin/sh\n")
    user = Account(1000, 1000, "user", None)
    assert Tree(replace(tree.host, environ={"PATH": "/srv/pyenv/shims"}, account=user)).found() == []


def test_a_named_interpreter_means_its_own_environment(tree: Tree) -> None:
    """A virtual environment's interpreter is a link, and means the environment that it is in."""
    path = tree.file(CERTIFI)
    tree.file("/srv/app/.venv/pyvenv.cfg", b"home = /usr/bin\n")
    tree.file("/data/py/bin/python3.12", b"")
    base = tree.file("/data/py/lib/python3.12/site-packages/certifi/cacert.pem")
    tree.link("/srv/app/.venv/bin/python", "/data/py/bin/python3.12")
    assert tree.found(pythons=["/srv/app/.venv/bin/python"]) == [path]
    assert tree.found(pythons=["/srv/app/.venv"]) == [path]
    assert tree.found(pythons=["/data/py/bin/python3.12"]) == [base]


@pytest.mark.parametrize("path", ["/srv/no\x1b[31mthing", "/srv/empty", "/srv/empty/notes"])
def test_a_named_place_without_an_environment_is_an_error(tree: Tree, path: str) -> None:
    """`--search` with something else says so, and what to name, in printable text."""
    tree.file("/srv/empty/notes", b"")
    with pytest.raises(UsageProblem, match="no Python environment is there; name") as raised:
        tree.found(pythons=[path])
    assert str(raised.value).isprintable()


def test_two_ways_to_one_file_are_one_store(tree: Tree) -> None:
    """Links to an environment, within it, and to the bundle itself make no second store."""
    path = tree.file(CERTIFI)
    tree.link("/srv/app/.venv/lib64", "lib")
    tree.link("/srv/current", "app/.venv")
    tree.link(f"{SITE}/botocore", "certifi")
    tree.link(f"{SITE}/requests/cacert.pem", CERTIFI)
    assert tree.found(pythons=["/srv/app/.venv", "/srv/current"], searches=["/srv"]) == [path]


def test_search_finds_what_it_should_and_no_more(tree: Tree) -> None:
    """Below a directory, known bundles count anywhere, other names only in packages with many public roots."""
    public = Path(certifi.where()).read_bytes()
    expected = {
        tree.file("/data/a/lib/python3.9/site-packages/certifi/cacert.pem"),
        tree.file("/data/b/c/lib/python3.9/site-packages/vendor/deep/ca-bundle.crt", public),
        tree.file("/data/sdk/third_party/certifi/cacert.pem"),
    }
    tree.file("/data/a/lib/python3.9/site-packages/tests/cacert.pem", PUBLIC[0].pem)
    tree.file("/data/doc/examples/cacert.pem")
    tree.file("/data/a/lib/python3.9/site-packages/service/rds-ca-bundle.pem")  # a pin of private roots
    tree.link("/data/a/lib/python3.9/site-packages/x/ca-bundle.crt", "/data/doc/examples/cacert.pem")
    tree.link("/data/loop", "/data")
    tree.link("/way", "/data")
    assert set(tree.found(searches=["/data"])) == expected
    assert set(tree.found(searches=["/way"])) == expected
    assert tree.found() == []


def test_a_search_nowhere_is_an_error(tree: Tree) -> None:
    """`--search` with something that is no directory says so."""
    tree.file("/data/file", b"")
    for path in ("/data/file", "/nowhere"):
        with pytest.raises(UsageProblem, match="no such directory; name one"):
            tree.found(searches=[path])


class Shared(ActingHost):
    """A machine on which /data/bob is another account's, seen by root."""

    def walk(self, top: str, bounds: Bounds = Bounds()) -> Iterator[Entry]:  # noqa: B008  as the original
        """Walk as root does: what is bob's is named, and not entered."""
        for entry in super().walk(top, bounds):
            if entry.path == "/data/endless":
                raise OSError(errno.EFBIG, f"more than {bounds.limit} entries", top)
            bob = entry.path.startswith("/data/bob")
            if not bob:
                yield entry
            elif entry.path == "/data/bob":
                yield Entry(entry.path, 1001, (), entered=False, below=[])

    def path_owner(self, path: str) -> int:
        """Say whose a path is."""
        return 1001 if path.startswith("/data/bob") else 0


def test_what_is_another_accounts_is_handed_to_it(tree: Tree) -> None:
    """Root does not look into another account's environment: named ones are handed over, others left."""
    bob = tree.file("/data/bob/env/lib/python3.9/site-packages/certifi/cacert.pem")
    mine = tree.file("/data/env/lib/python3.9/site-packages/certifi/cacert.pem")
    root = Account(0, 0, "root", None)
    host = Shared("linux", tree.host.root, {"VIRTUAL_ENV": "/data/bob/env"}, root)
    assert Tree(host).found() == []
    assert Tree(host).found(pythons=["/data/bob/env"]) == ["1001:/data/bob/env"]
    assert sorted(Tree(host).found(searches=["/data"])) == [mine, "1001:/data/bob"]
    worker = Tree(replace(tree.host, account=Account(1001, 1001, "bob", None)))
    assert worker.found(searches=["/data/bob"]) == [bob]


def test_an_endless_search_is_an_error(tree: Tree) -> None:
    """A directory with too much below it is refused in words."""
    tree.file("/data/endless/file", b"")
    host = Shared("linux", tree.host.root, {}, tree.host.account)
    with pytest.raises(UsageProblem, match="more than 2000000 entries; name a directory further down"):
        Tree(host).found(searches=["/data"])


def test_conda_has_a_bundle_of_its_own(tree: Tree) -> None:
    """Conda's OpenSSL reads a bundle in the environment; its second name is a link to it."""
    path = tree.file("/opt/conda/ssl/cacert.pem")
    tree.link("/opt/conda/ssl/cert.pem", "cacert.pem")
    conda = Tree(replace(tree.host, environ={"CONDA_PREFIX": "/opt/conda"}))
    tree.file("/opt/conda/lib/python3.12/site-packages/README", b"")
    assert conda.found() == []
    tree.file("/opt/conda/conda-meta/history", b"")
    assert conda.found() == [path]


def test_windows_has_another_layout(tree: Tree) -> None:
    """Python for all accounts, for one, and packages of one account are found on Windows."""
    home = "/Users/tester"
    paths = [
        tree.file(f"{home}/AppData/Local/Programs/Python/Python312/Lib/site-packages/certifi/cacert.pem"),
        tree.file(f"{home}/AppData/Roaming/Python/Python312/site-packages/certifi/cacert.pem"),
        tree.file("/Program Files/Python313/Lib/site-packages/pip/_vendor/certifi/cacert.pem"),
    ]
    account = Account(1000, 0, "tester", home)
    windows = Tree(replace(tree.host, platform="win32", environ={"ProgramFiles": "\\Program Files"}, account=account))
    assert windows.found() == paths
