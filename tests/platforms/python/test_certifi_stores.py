"""Bundles of Python packages: what they hold, what they follow, and which are not written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.platforms.python.certifi_tree import BACKEND, CERTIFI, OTHER, PEM, PUBLIC, ROOT, SITE, Tree, add
from trustinstall.editing.pem_blocks import Blocks
from trustinstall.stores.observation import Observation, State
from trustinstall_platforms.python.known_bundles import SYSTEM_BUNDLES


@pytest.mark.parametrize("named", SYSTEM_BUNDLES)
@pytest.mark.parametrize("own", [True, False], ids=["with a bundle of its own", "without"])
def test_a_changed_package_follows_the_system(tree: Tree, named: str, *, own: bool) -> None:
    """Where a distribution's certifi names the system's bundle, that is what is read, and never written."""
    tree.file(named, ROOT.pem)
    tree.file(f"{SITE}/certifi/core.py", f"PATH = '{named}'\ndef where():\n    return PATH\n".encode())
    if own:
        tree.file(CERTIFI)
    assert tree.found(pythons=["/srv/app/.venv"]) == tree.found(searches=["/srv"]) == [CERTIFI]
    store = tree.store()
    assert (store.fed_by, store.why_blocked) == (named, None)
    assert BACKEND.observe(tree.host, store, frozenset()).anchors == {ROOT.sha256: State.TRUSTED}
    assert tree.plan(add(OTHER)).steps == ()
    assert BACKEND.verify(tree.host, store) is None


def test_an_unchanged_package_follows_nothing(tree: Tree) -> None:
    """Upstream's module speaks of its own file; a comment about the system's is no name of it."""
    tree.file(CERTIFI)
    tree.file(
        f"{SITE}/certifi/core.py",
        b"# not /etc/ssl/certs/ca-certificates.crt\nfiles('/usr/share').joinpath('cacert.pem')\n",
    )
    assert tree.store().fed_by is None


def test_a_link_to_the_systems_bundle_follows_it(tree: Tree) -> None:
    """A bundle that is a link to the system's follows what the link leads to in the end."""
    extracted = tree.file("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", ROOT.pem)
    tree.link("/etc/pki/tls/certs/ca-bundle.crt", extracted)
    tree.link(CERTIFI, "/etc/pki/tls/certs/ca-bundle.crt")
    store = tree.store()
    assert (store.location, store.fed_by) == (CERTIFI, extracted)
    assert BACKEND.observe(tree.host, store, frozenset()).anchors.keys() == {ROOT.sha256}


@pytest.mark.parametrize(
    "location",
    [
        "/snap/tool/12/lib/python3.12/site-packages/certifi/cacert.pem",
        "/nix/store/abc-certifi/lib/python3.12/site-packages/certifi/cacert.pem",
        "/home/tester/.local/share/flatpak/app/x/lib/python3.12/site-packages/certifi/cacert.pem",
        "/var/lib/docker/overlay2/x/diff/usr/lib/python3.12/site-packages/certifi/cacert.pem",
    ],
)
def test_sealed_places_are_not_writable(tree: Tree, location: str) -> None:
    """Where another tool answers for every byte, the store says why it is left alone."""
    store = tree.store(tree.file(location))
    assert store.why_blocked
    assert "cannot be changed" in store.why_blocked or "; " in store.why_blocked


def test_a_sealed_bundle_that_follows_needs_no_writing(tree: Tree) -> None:
    """Where the system's bundle is read, it does not matter that nothing can be written beside."""
    system = tree.file("/etc/ssl/certs/ca-certificates.crt")
    tree.link("/nix/store/x/lib/python3.12/site-packages/certifi/cacert.pem", system)
    store = tree.store("/nix/store/x/lib/python3.12/site-packages/certifi/cacert.pem")
    assert (store.fed_by, store.why_blocked) == (system, None)


def test_a_bundle_that_anybody_may_write_is_not_touched(tree: Tree) -> None:
    """In a directory that all accounts may write, nothing is written; the reason is named."""
    tree.file(CERTIFI)
    Path(tree.host.where("/srv/app")).chmod(0o777)
    assert "other accounts may write /srv/app" in (tree.store().why_blocked or "")


def test_a_bundle_that_went_away(tree: Tree) -> None:
    """A store that the ledger remembers is None once its file, or its environment, is gone."""
    assert BACKEND.at(tree.host, CERTIFI) is None
    store = tree.store(tree.file(CERTIFI))
    assert store.owner == os.geteuid()
    Path(tree.host.where(CERTIFI)).unlink()
    assert BACKEND.at(tree.host, CERTIFI) is None
    assert BACKEND.observe(tree.host, store, frozenset()) == Observation({}, problems=("the bundle is missing",))


def test_observing_says_what_is_wrong(tree: Tree) -> None:
    """Damaged and empty bundles are named as such; what is sound in them is still seen."""
    store = tree.store(tree.file(CERTIFI, PUBLIC[0].pem + ROOT.pem[:100] + b"\n" + PUBLIC[1].pem))
    seen = BACKEND.observe(tree.host, store, frozenset())
    assert seen.anchors.keys() == {PUBLIC[0].sha256, PUBLIC[1].sha256}
    assert seen.problems == ("1 of its PEM blocks are damaged",)
    tree.file(CERTIFI, b"")
    assert BACKEND.observe(tree.host, store, frozenset()).problems == ("the bundle holds no certificate",)


def test_a_marker_alone_is_not_ours(tree: Tree) -> None:
    """Only a block that really holds its certificate counts as managed."""
    text = Blocks(add=(ROOT,)).apply(PEM).replace(ROOT.pem, OTHER.pem)
    seen = BACKEND.observe(tree.host, tree.store(tree.file(CERTIFI, text)), frozenset())
    assert seen.marked == frozenset()
    assert OTHER.sha256 in seen.anchors
    assert ROOT.sha256 not in seen.anchors
