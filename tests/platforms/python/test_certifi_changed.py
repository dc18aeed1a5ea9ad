"""Bundles of Python packages: how managed roots go in and out."""

from __future__ import annotations

import os
import posixpath
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import certifi
import pytest

from tests.platforms.python.certifi_tree import BACKEND, CERTIFI, OTHER, PEM, PUBLIC, ROOT, Asked, Tree, add, placed
from trustinstall.certificates.certificate import Certificate
from trustinstall.editing.pem_blocks import marked
from trustinstall.engine.perform import inverse, perform
from trustinstall.errors import StoreError
from trustinstall.host import Account, ActingHost
from trustinstall.stores.desired import Desired
from trustinstall.stores.steps import Edit


def remove(*certificates: Certificate, foreign: bool = False) -> Asked:
    """Want these gone."""
    return Asked(tuple(Desired(one, trusted=False) for one in certificates), foreign)


# --- changes ---


def test_many_certificates_are_one_edit(tree: Tree) -> None:
    """A batch is one edit; a second add plans nothing; remove restores every byte."""
    tree.file(CERTIFI)
    plan = tree.bring(add(ROOT, OTHER))
    [step] = plan.steps
    assert isinstance(step, Edit)
    assert {one.sha256 for one in plan.placed} == {ROOT.sha256, OTHER.sha256}
    assert all(one.entries == (CERTIFI,) for one in plan.placed)
    seen = BACKEND.observe(tree.host, tree.store(), frozenset())
    assert seen.marked == {ROOT.sha256, OTHER.sha256}
    assert len(seen.anchors) == len(PUBLIC) + 2
    assert BACKEND.verify(tree.host, tree.store()) is None
    again = tree.plan(add(ROOT, OTHER))
    assert again.steps == ()
    assert again.kept == {one.sha256: one.entries for one in plan.placed}
    tree.bring(remove(ROOT))
    assert marked(tree.host.read(CERTIFI)).keys() == {OTHER.sha256}
    tree.bring(remove(OTHER), placed(OTHER))
    assert tree.host.read(CERTIFI) == PEM
    assert tree.plan(remove(ROOT, OTHER)).steps == ()


def test_the_inverse_of_an_edit_restores_it(tree: Tree) -> None:
    """What the journal holds before an edit brings back the very bytes."""
    tree.file(CERTIFI, PEM[:-1])
    for wanted in (add(ROOT), remove(ROOT)):
        before = tree.host.read(CERTIFI)
        [step] = tree.plan(wanted).steps
        undo = inverse(tree.host, step)
        assert undo is not None
        perform(tree.host, step, "00")
        perform(tree.host, undo, "01")
        assert tree.host.read(CERTIFI) == before
        perform(tree.host, step, "02")


def test_a_package_caches_hard_link_keeps_its_bytes(tree: Tree) -> None:
    """Package managers hard-link bundles with a cache: the cache's copy must not change; the mode stays."""
    tree.file(CERTIFI)
    real = Path(tree.host.where(CERTIFI))
    real.chmod(0o640)
    cached = real.with_name("cached")
    os.link(real, cached)
    tree.bring(add(ROOT))
    assert cached.read_bytes() == PEM
    assert real.read_bytes() != PEM
    assert real.stat().st_mode & 0o7777 == 0o640


def test_a_foreign_copy_is_left_until_it_is_asked_for(tree: Tree) -> None:
    """Another program's copy is named, not touched; when asked, its PEM goes and nothing else."""
    tree.file(CERTIFI, PEM + b"# by hand\n" + ROOT.pem)
    for wanted in (add(ROOT), remove(ROOT)):
        plan = tree.plan(wanted)
        assert (plan.steps, plan.placed, plan.foreign) == ((), (), frozenset({ROOT.sha256}))
    tree.bring(remove(ROOT, foreign=True))
    assert tree.host.read(CERTIFI) == PEM + b"# by hand\n"


def test_an_adopted_copy_is_ours(tree: Tree) -> None:
    """A copy that the ledger has taken over is not foreign, and a remove takes it out."""
    tree.file(CERTIFI, PEM + ROOT.pem)
    known = placed(ROOT, adopted=True)
    plan = tree.plan(add(ROOT), known)
    assert (plan.steps, plan.foreign, list(plan.kept)) == ((), frozenset(), [ROOT.sha256])
    tree.bring(remove(ROOT, foreign=True), known)
    assert tree.host.read(CERTIFI) == PEM


def test_a_copy_without_marks_is_nobodys(tree: Tree) -> None:
    """A package upgrade took the managed copy along, and a person has appended the root since: it is named and left."""
    tree.file(CERTIFI, PEM + ROOT.pem)
    assert tree.bring(remove(ROOT), placed(ROOT)).foreign == {ROOT.sha256}
    assert tree.host.read(CERTIFI) == PEM + ROOT.pem


def test_a_foreign_copy_beside_ours_survives(tree: Tree) -> None:
    """The managed one goes, and the copy that another program put there, too, is named and stays."""
    tree.file(CERTIFI)
    tree.bring(add(ROOT))
    tree.file(CERTIFI, tree.host.read(CERTIFI) + ROOT.pem)
    plan = tree.bring(remove(ROOT), placed(ROOT))
    assert plan.foreign == {ROOT.sha256}
    assert tree.host.read(CERTIFI) == PEM + ROOT.pem


def test_nothing_is_added_to_a_damaged_bundle(tree: Tree) -> None:
    """Clients refuse a damaged bundle as a whole: that is said; `remove` of the managed root still works."""
    tree.file(CERTIFI)
    tree.bring(add(ROOT))
    damage = OTHER.pem[:80] + b"\n" + PUBLIC[0].pem
    tree.file(CERTIFI, tree.host.read(CERTIFI) + damage)
    with pytest.raises(StoreError, match="1 of its PEM blocks are damaged; install the package"):
        tree.plan(add(OTHER))
    assert BACKEND.verify(tree.host, tree.store()) is not None
    tree.bring(remove(ROOT))
    assert tree.host.read(CERTIFI) == PEM + damage


def test_a_real_environments_certifi_trusts_and_forgets(tmp_path: Path) -> None:
    """In a real virtual environment, the real certifi shows the root, and afterwards the old bytes."""
    venv = tmp_path / "venv"
    command = [sys.executable, "-m", "venv", "--without-pip", str(venv)]
    subprocess.run(command, check=True, timeout=100, env={"PATH": os.defpath})
    [packages] = venv.glob("lib/python3*/site-packages")
    shutil.copytree(Path(certifi.where()).parent, packages / "certifi")
    account = Account(os.geteuid(), os.getegid(), "tester", None)
    tree = Tree(ActingHost(sys.platform, "/", {}, account, (str(venv),)))
    real = str(venv.resolve())
    [location] = [path for path in tree.found() if path.startswith(real)]
    assert posixpath.relpath(location, real).endswith("site-packages/certifi/cacert.pem")
    old = tree.host.read(location)
    tree.bring(add(ROOT, OTHER), at=location)
    script = "import certifi; certifi.contents(); print(certifi.where())"
    asked = [str(venv / "bin" / "python"), "-I", "-c", script]
    where = subprocess.run(asked, check=True, timeout=60, env={}, capture_output=True, text=True).stdout.strip()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(where)
    trusted = context.get_ca_certs(binary_form=True)
    assert {ROOT.der, OTHER.der} <= set(trusted)
    assert len(trusted) == old.count(b"-----BEGIN CERTIFICATE-----") + 2
    tree.bring(remove(ROOT, OTHER), at=location)
    assert tree.host.read(location) == old
