"""Bundles of Python packages: which there are, what they hold, and how managed roots go in and out."""

from __future__ import annotations

import errno
import math
import os
import posixpath
import shutil
import ssl
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import certifi
import pytest

from tests.support.fake_host import link, make, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.editing.pem_blocks import Blocks, marked
from trustinstall.engine import discovery
from trustinstall.engine.perform import inverse, perform
from trustinstall.engine.task import StoreTask
from trustinstall.errors import StoreError, UsageProblem
from trustinstall.host import Account, ActingHost
from trustinstall.host.paths import Entry
from trustinstall.stores.desired import Desired, Placement
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed
from trustinstall.stores.steps import Edit, Step
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.python.certifi import BUNDLES, SYSTEM_BUNDLES, Bundle, Certifi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT, OTHER = (Certificate(make_root(name).der) for name in ("Corp Root", "Corp Root G2"))
PUBLIC = tuple(Certificate(make_root(f"Public {number}").der) for number in range(12))
PEM = b"\n# Issuer: CN=Somebody\n".join(one.pem for one in PUBLIC)
SITE = "/srv/app/.venv/lib/python3.12/site-packages"
CERTIFI = f"{SITE}/certifi/cacert.pem"
BACKEND = Certifi()


class Asked(NamedTuple):
    """What a test asks of a bundle; `foreign`: copies of others go, too."""

    wanted: tuple[Desired, ...]
    foreign: bool = False


class Planned(NamedTuple):
    """The plan of a bundle, and what was decided about the copies in it."""

    steps: tuple[Step, ...]
    placed: tuple[Placed, ...]
    foreign: frozenset[str]
    kept: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Tree:
    """A made-up machine in a directory."""

    host: ActingHost

    def file(self, path: str, content: bytes = PEM) -> str:
        """Write a file: a bundle, where nothing else is said."""
        return write(self.host, path, content)

    def link(self, path: str, target: str) -> None:
        """Make a link and the directories above it."""
        link(self.host, path, target)

    def found(self, *, pythons: Sequence[str] = (), searches: Sequence[str] = ()) -> list[str]:
        """Discover, and return the locations, and what is handed to other accounts."""
        found = discovery.discover(self.host, (BACKEND,), DiscoveryOptions(tuple(pythons), tuple(searches)))
        others = [f"{uid}:{path}" for uid, paths in found.handoffs.items() for path in paths]
        return [store.location for _, store in found.stores.values()] + others

    def store(self, location: str = CERTIFI) -> Store:
        """Return the store at a location, which must be there."""
        store = BACKEND.at(self.host, location)
        assert store is not None
        return store

    def plan(self, desired: Asked, *known: Placement, at: str = CERTIFI) -> Planned:
        """Observe, decide and plan."""
        task = StoreTask(BACKEND, self.store(at), desired.wanted, {one.sha256: one for one in known}, desired.foreign)
        seen = task.observe(self.host)
        change = task.decide(seen)
        plan = task.plan(self.host, seen, change)
        return Planned(plan.steps, plan.placed, change.foreign, change.kept)

    def bring(self, desired: Asked, *known: Placement, at: str = CERTIFI) -> Planned:
        """Observe, plan and act."""
        planned = self.plan(desired, *known, at=at)
        for step in planned.steps:
            perform(self.host, step, "0123456789abcdef")
        return planned


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Make an empty machine, seen by the account that runs the tests."""
    return Tree(make(tmp_path, "tester", "/home/tester"))


def add(*certificates: Certificate) -> Asked:
    """Want these trusted."""
    return Asked(tuple(Desired(one, trusted=True) for one in certificates))


def remove(*certificates: Certificate, foreign: bool = False) -> Asked:
    """Want these gone."""
    return Asked(tuple(Desired(one, trusted=False) for one in certificates), foreign)


def placed(certificate: Certificate, *, adopted: bool = False) -> Placement:
    """Return what the ledger holds of a certificate in the store of `CERTIFI`."""
    return Placement(certificate.sha256, f"certifi:{CERTIFI}", (CERTIFI,), adopted=adopted)


# --- discovery ---


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

    def walk(
        self, top: str, limit: int = 2_000_000, seconds: float = math.inf, skipped: frozenset[str] = frozenset()
    ) -> Iterator[Entry]:
        """Walk as root does: what is bob's is named, and not entered."""
        for entry in super().walk(top, limit, seconds, skipped):
            if entry.path == "/data/endless":
                raise OSError(errno.EFBIG, f"more than {limit} entries", top)
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


# --- stores ---


@pytest.mark.parametrize("named", SYSTEM_BUNDLES)
@pytest.mark.parametrize("own", [True, False], ids=["with a bundle of its own", "without"])
def test_a_changed_package_follows_the_system(tree: Tree, named: str, own: bool) -> None:  # noqa: FBT001
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
